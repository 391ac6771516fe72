"""The cloud's controller, which may be killed and started again."""

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from alcor.testbed.waiting import wait_until
from tests.conformance.errors import server_errors
from tests.processes import answers, guarded, wait_until_up

_START_SECONDS = 60
_POLL_SECONDS = 0.1


class RunningController:
    """Known by where its API is. Those that are started here end with the stack, and add to this log."""

    def __init__(self, url: str, stack: contextlib.ExitStack, log: Path) -> None:
        self._url, self._stack, self._log = url, stack, log
        self._process = _of_address(urlsplit(url).netloc)
        self._command, self._environment = self._process.cmdline(), self._process.environ()
        self._earlier_errors: list[str] = []

    def kill(self) -> None:
        """End it and all its processes at once (kill -9)."""
        self._earlier_errors += server_errors(self._url)
        processes = [self._process, *self._process.children(recursive=True)]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        wait_until(lambda: not any(_lives(each) for each in processes), "the controller's end")

    def start(self) -> None:
        """Start another one as this one was, and wait until it is ready."""
        directory = Path(tempfile.mkdtemp(prefix="alcor-kuryr-", dir="/tmp"))
        log = self._stack.enter_context(guarded(self._command, directory, environment=self._environment))
        self._stack.callback(_add, log, self._log)
        wait_until_up("the controller", lambda: answers(f"{self._url}/readyz"), log)
        self._process = _of_address(urlsplit(self._url).netloc)

    def errors(self) -> list[str]:
        """What it answered with a 5xx in all its lives."""
        return self._earlier_errors + server_errors(self._url)


def _of_address(address: str) -> psutil.Process:
    """The process that was told to listen there; not the guard, whose command holds the same words."""
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or [""]
        if command[0] == sys.executable and address in command:
            return process
    raise RuntimeError(f"no controller listens at {address}")


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _add(log: Path, place: Path) -> None:
    with place.open("ab") as kept, log.open("rb") as said:
        shutil.copyfileobj(said, kept)
