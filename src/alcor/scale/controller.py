"""The controller under test: a process of its own that is started and removed, or one that runs already."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from typing import Self

from alcor.scale.errors import ScaleError
from alcor.scale.http_client import HttpClient, RequestFailed
from alcor.scale.work_directory import WorkDirectory

_START_SECONDS = 300.0  # it reads everything before it is ready
_STOP_SECONDS = 30.0
_LAST_WORDS = 2000  # characters
_POLL_SECONDS = 0.02


class Controller:
    """Where the controller is reached, and its process when that is ours."""

    def __init__(self, url: str, southbound: str) -> None:
        self.url = url
        self.southbound = southbound
        self.client = HttpClient(url)

    @property
    def process_id(self) -> int | None:
        """The process, or None when it is not ours."""
        return None

    async def wait_until_ready(self) -> None:
        """Raises ScaleError when it is not ready in time."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                while True:
                    if await self._is_ready():
                        return
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as error:
            raise ScaleError(f"controller {self.url} is not ready after {_START_SECONDS:g} s") from error

    async def _is_ready(self) -> bool:
        with contextlib.suppress(RequestFailed):
            await self.client.ask("GET", "/readyz")
            return True
        return False

    def close(self) -> None:
        """Leave it alone."""
        self.client.close()


class OwnController(Controller):
    """An ``alcor controller`` on loopback, on a new SQLite file or a given database."""

    def __init__(self, database: str = "", options: Sequence[str] = ()) -> None:
        """``options`` are of the command line, beside those that this chooses."""
        self._directory = WorkDirectory()
        directory = self._directory.path
        port = free_port()
        super().__init__(f"http://127.0.0.1:{port}", f"unix:{directory}/agents")
        # The kernel ends it with this process, however that ends.
        command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "alcor", "controller"]
        command += [*options, "--listen", f"127.0.0.1:{port}", "--southbound", self.southbound, "--database", database]
        self._command = [*command, "--data-directory", str(directory), "--log-level", "warning"]
        self._log = directory / "controller.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def process_id(self) -> int | None:
        """The process, when it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start it; it is not ready yet."""
        with self._log.open("ab") as log:
            environment = {name: value for name, value in os.environ.items() if not name.startswith("ALCOR_")}
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, env=environment
            )

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """The end of its log."""
        return self._log.read_text(errors="replace")[-_LAST_WORDS:].strip() if self._log.exists() else ""

    async def _is_ready(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise ScaleError(f"the controller ended with status {self._process.returncode}:\n{self.last_words()}")
        return await super()._is_ready()

    def close(self) -> None:
        """Stop it and remove what it left."""
        super().close()
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._directory.remove()


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
