"""Clouds to race on: one controller on SQLite, in this process, or two real ones on PostgreSQL.

What is left to chance follows from a seed, which is printed; ALCOR_SEED sets it.
"""

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random, SystemRandom

import httpx
import pytest
from prometheus_client import CollectorRegistry

from alcor.api.app import ApiSettings, create_app
from alcor.store.engine import open_engine, reading
from alcor.store.store import open_store
from tests import invariants
from tests.databases import PostgreSQL
from tests.integration.races.racing import Cloud
from tests.integration.running import running_controller

HOSTS = ("host-1", "host-2")
_TIMEOUT_SECONDS = 60


@pytest.fixture(scope="session")
def seed() -> int:
    return int(os.environ.get("ALCOR_SEED") or SystemRandom().randrange(10**6))


@pytest.fixture
def random(seed: int, request: pytest.FixtureRequest) -> Random:
    print(f"run again with ALCOR_SEED={seed}")
    return Random(f"{seed} {request.node.nodeid}")


@pytest.fixture(scope="session")
def two_controllers(postgresql: PostgreSQL, postgresql_template: str) -> Iterator[tuple[str, list[str]]]:
    """The URL of a database, and the addresses of two controllers on it."""
    url = postgresql.url(postgresql.create_database(postgresql_template))
    with contextlib.ExitStack() as stack:
        directories = [Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp"))) for _ in range(2)]
        yield url, [stack.enter_context(running_controller(each, "--database", url)) for each in directories]
        for each in directories:
            log = (each / "log").read_text()
            assert "Traceback" not in log, log
            assert "tried again" not in log, log  # a deadlock, or a failure to serialise


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, list[str]]:
    """The URL of the database, and the addresses of the controllers; none where it is to be in this process."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/alcor.db", []
    found: tuple[str, list[str]] = request.getfixturevalue("two_controllers")
    return found


@pytest.fixture
async def cloud(place: tuple[str, list[str]], random: Random) -> AsyncIterator[Cloud]:
    """A cloud with two nodes, of which every invariant must be true after a race."""
    url, addresses = place
    async with contextlib.AsyncExitStack() as stack:
        opened = [_client(each) for each in addresses] or [await stack.enter_async_context(_in_this_process(url))]
        clients = [await stack.enter_async_context(each) for each in opened]
        for number, host in enumerate(HOSTS, 1):
            node = {"node_id": host, "local_ip": f"192.0.2.{number}"}
            answer = await clients[0].post("/nodes", json={"host_info": node})
            assert answer.status_code in (201, 409), answer.text
        yield Cloud(clients, random)
    check(url)


def _client(address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://{address}", timeout=_TIMEOUT_SECONDS)


@contextlib.asynccontextmanager
async def _in_this_process(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a controller, which goes with it."""
    store = await open_store(url)
    try:
        application = create_app(store, ApiSettings(), lambda: None, CollectorRegistry())
        yield httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://alcor")
    finally:
        await store.close()


def check(url: str) -> None:
    """Raises AssertionError for a database that is not as it must be."""
    engine = open_engine(url, 1)
    try:
        with reading(engine) as connection:
            invariants.check(connection)
    finally:
        engine.dispose()
