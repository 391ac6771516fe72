"""A message queue for one test: a broker of Apache Pulsar on loopback, as a checkout of Alcor can have it."""

import asyncio
import contextlib
import subprocess
from pathlib import Path

from alcor.scale.controller import free_port
from alcor.scale.errors import ScaleError
from alcor.scale.http_client import HttpClient, RequestFailed
from alcor.scale.work_directory import WorkDirectory

_ROOT = Path(__file__).parents[3]
_INSTALLED = _ROOT / ".pulsar" / "installed"
_STANDALONE = _ROOT / "tools" / "pulsar" / "standalone"
_START_SECONDS = 180.0
_POLL_SECONDS = 0.1
_LAST_WORDS = 2000  # characters


class OwnBroker:
    """Pulsar standalone, in a directory of its own that is removed with it."""

    def __init__(self) -> None:
        """Raises ScaleError when it is not installed."""
        if not (_INSTALLED.exists() and _STANDALONE.exists()):
            raise ScaleError(
                "these hosts use a message queue, and there is none: name a broker with "
                "--message-queue pulsar://HOST:PORT, or install one in a checkout of Alcor with make install-pulsar"
            )
        self._directory = WorkDirectory()
        self._ports = free_port(), free_port(), free_port()
        self.url = f"pulsar://127.0.0.1:{self._ports[0]}"
        self._log = self._directory.path / "broker.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int | None:
        """The process, when it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start it; it is not ready yet."""
        ports = [str(port) for port in self._ports]
        # The kernel ends it with this process, however that ends.
        command = ["setpriv", "--pdeathsig", "KILL", str(_STANDALONE), str(self._directory.path / "pulsar"), *ports]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    async def wait_until_ready(self) -> None:
        """Raises ScaleError when it is not ready in time."""
        client = HttpClient(f"http://127.0.0.1:{self._ports[1]}")
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await _is_ready(client):
                    if self.process_id is None:
                        raise ScaleError(f"the broker ended: {self._last_words()}")
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as error:
            raise ScaleError(f"the broker is not ready after {_START_SECONDS:g} s: {self._last_words()}") from error
        finally:
            client.close()

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-_LAST_WORDS:].strip()

    def close(self) -> None:
        """End it at once, and remove what it left: nothing of it is needed any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._directory.remove()


async def _is_ready(client: HttpClient) -> bool:
    with contextlib.suppress(RequestFailed):
        namespaces = await client.json("GET", "/admin/v2/namespaces/public")
        return "public/default" in namespaces  # it makes that last
    return False
