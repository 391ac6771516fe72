"""A baseline, the least that any server does: it answers from memory, and makes one row durable for a create.

What one client gets of it bounds what one client gets of a controller, on this machine at this time.
"""

import itertools
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from sqlalchemy import make_url

from benchmarks.controller import wait_until_answered
from benchmarks.http_load import drive, request
from tests.databases import run_database
from tests.processes import free_port

_PORT = b"x" * 1_200  # as many bytes as a port has as JSON
_TABLE = "CREATE TABLE made (what TEXT)"


async def measure_baseline(database: str, seconds: float) -> tuple[float, float]:
    """How many answers a second, and how many durable creates, one client gets on a database of this kind."""
    with _run_baseline(database) as port:
        show, create = request("GET", "/"), request("POST", "/", {"port": {"name": "benchmark"}})
        shows = await drive(port, itertools.repeat(show), 1, seconds=seconds)
        creates = await drive(port, itertools.repeat(create), 1, seconds=seconds)
    return shows.rate, creates.rate


@contextmanager
def _run_baseline(database: str) -> Iterator[int]:
    """The port of such a server, on a new durable database."""
    port = free_port()
    with run_database(database) as url, tempfile.TemporaryDirectory(prefix="alcor-baseline-") as directory:
        url = url or f"sqlite:///{directory}/baseline.db"
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.baseline", str(port), url])
        try:
            wait_until_answered(process, f"http://127.0.0.1:{port}/")
            yield port
        finally:
            process.kill()
            process.wait()


async def _serve(port: int, url: str) -> None:
    make_durable = _sqlite(url) if url.startswith("sqlite") else _postgresql(url)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_PORT))]

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] == "POST":
            await receive()
            make_durable()
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _PORT})

    server: Any = Server(
        application, port=port, interface=Interfaces.ASGINL, http=HTTPModes.http1, websockets=False, log_enabled=False
    )
    await server.serve()


def _sqlite(url: str) -> Callable[[], object]:
    connection = sqlite3.connect(str(make_url(url).database), isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", _TABLE):
        connection.execute(statement)
    return lambda: connection.execute("INSERT INTO made VALUES (?)", (_PORT.decode(),))


def _postgresql(url: str) -> Callable[[], object]:
    its = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(its, autocommit=True, prepare_threshold=0)
    connection.execute(_TABLE)
    return lambda: connection.execute("INSERT INTO made VALUES (%s)", (_PORT.decode(),))


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2]))
