"""A real controller process, for tests of clients that others wrote."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

_START_SECONDS = 30


@contextlib.contextmanager
def running_controller(directory: Path, *options: str) -> Iterator[str]:
    """The address of a controller's API. The controller goes with the tests, also when they are killed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    places = ["--listen", address, "--southbound", f"unix:{directory}/agents", "--data-directory", str(directory)]
    command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "alcor", "controller", *places, *options]
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait_until_ready(process, address, log)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the controller did not start: {log.read_text()}")
