"""Controllers of its own for a benchmark: real processes on loopback, on a new durable database."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from alcor.services.quota import LIMITED
from benchmarks.identity import ANYBODY, Callers
from tests.databases import run_database
from tests.processes import free_port

_START_SECONDS = 300  # it reads everything before it is ready
_STOP_SECONDS = 30


class Controller(msgspec.Struct, frozen=True):
    """Where it is reached."""

    port: int
    southbound: str
    process: int
    start_seconds: float  # until it was ready

    def memory(self) -> int:
        """The MiB the process has in memory."""
        status = Path(f"/proc/{self.process}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) // 1024


@contextmanager
def run_controller(database: str, callers: Callers = ANYBODY) -> Iterator[Controller]:
    """A ready controller on SQLite or on a private PostgreSQL; nothing of it stays behind."""
    with run_database(database) as url, run_process(url, *callers.options, **callers.environment) as controller:
        yield controller


@contextmanager
def run_process(url: str, *options: str, **environment: str) -> Iterator[Controller]:
    """A ready controller on the database of a URL, by default an SQLite file, with more options if there are any."""
    with tempfile.TemporaryDirectory(prefix="alcor-benchmark-") as directory:
        port = free_port()
        southbound = f"unix:{directory}/southbound"
        command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "alcor", "controller"]
        command += ["--listen", f"127.0.0.1:{port}", "--southbound", southbound, "--database", url]
        command += ["--data-directory", directory, "--log-level", "warning", *options]
        command += [f"--quota={resource}=-1" for resource in LIMITED]
        started = time.monotonic()
        # Ctrl-C ends the benchmark first, and that the controller.
        process = subprocess.Popen(command, process_group=0, env=os.environ | environment)
        try:
            wait_until_answered(process, f"http://127.0.0.1:{port}/readyz")
            yield Controller(port, southbound, process.pid, time.monotonic() - started)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_answered(process: "subprocess.Popen[bytes]", url: str) -> None:
    """Return when a process serves the URL. Raises RuntimeError when it ends instead, or TimeoutError."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None:
                raise RuntimeError(f"{url} is not served: status {process.returncode}") from None
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} is not served after {_START_SECONDS} s") from None
            time.sleep(0.05)
