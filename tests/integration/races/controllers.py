"""Controller processes that can be killed, and started again."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.processes import free_port

_START_SECONDS = 30
_POLL_SECONDS = 0.05


class Controller:
    """A controller on a database, at an address that stays its own; it goes with the tests."""

    def __init__(self, directory: Path, database: str) -> None:
        self._directory, self._database = directory, database
        self.address = f"127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it. Raises AssertionError when it does not serve in time."""
        places = ["--listen", self.address, "--southbound", f"unix:{self._directory}/southbound"]
        places += ["--data-directory", str(self._directory), "--database", self._database]
        command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "alcor", "controller", *places]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_SECONDS
        while not self._serves():
            assert time.monotonic() < deadline and self._process.poll() is None, self.log()
            time.sleep(_POLL_SECONDS)

    def _serves(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://{self.address}/readyz").status_code == 200
        return False

    def kill(self) -> None:
        """End it at once (SIGKILL), whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        """What it said."""
        return (self._directory / "log").read_text()
