"""Long-running programs of a testbed."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from alcor.testbed.errors import TestbedError

_STOP_SECONDS = 20.0
_LAST_WORDS = 2000  # characters

Popen = Callable[..., "subprocess.Popen[bytes]"]
"""Starts a command in its place: Sandbox.popen or NetworkNamespace.popen."""


class Program:
    """A program that can be started, stopped, killed and started again; what it prints is added to its log."""

    def __init__(self, popen: Popen, command: tuple[str, ...], log: Path, environment: dict[str, str] | None = None):
        self.log = log
        self._popen, self._command, self._environment = popen, command, environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int:
        """The machine's number of the process. Raises TestbedError when it was never started."""
        if self._process is None:
            raise TestbedError(f"{self._command[0]} was not started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended since."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it. One that runs is left alone."""
        if not self.running:
            with self.log.open("ab") as log:
                self._process = self._popen(*self._command, stdout=log, stderr=log, environment=self._environment)

    def stop(self) -> None:
        """SIGTERM, and wait for its end. Raises subprocess.TimeoutExpired when it does not come."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        self._end(signal.SIGKILL)

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-_LAST_WORDS:].strip() if self.log.exists() else ""

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_STOP_SECONDS)
