"""Real controller processes, for tests of clients that others wrote, and of what happens when they are killed."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.processes import free_port

_START_SECONDS = 180  # where others keep the machine busy; three on an idle one
_STOP_SECONDS = 20
_POLL_SECONDS = 0.05


class Controller:
    """A controller process at an address that stays its own. It goes with the tests, also when they are killed."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self._log = directory / "log"
        places = ["--listen", self.address, "--southbound", f"unix:{directory}/agents"]
        places += ["--data-directory", str(directory)]
        self._command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "alcor", "controller"]
        self._command += [*places, *options]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again. Raises AssertionError when it does not serve in time."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)
        deadline = time.monotonic() + _START_SECONDS
        while not self._serves():
            assert time.monotonic() < deadline and self._process.poll() is None, self.log()
            time.sleep(_POLL_SECONDS)

    def _serves(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://{self.address}/readyz").status_code == 200
        return False

    def stop(self) -> None:
        """Have it end in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_STOP_SECONDS)

    def kill(self) -> None:
        """End it at once (SIGKILL), whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        """What it said."""
        return self._log.read_text()


@contextlib.contextmanager
def running_controller(directory: Path, *options: str) -> Iterator[str]:
    """The address of a controller's API."""
    controller = Controller(directory, *options)
    try:
        controller.start()
        yield controller.address
    finally:
        controller.stop()
