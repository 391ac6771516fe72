"""A host of the site: its agent, a process, and the links by which it reaches controllers and the broker."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec

from alcor.agent.wanted import Wanted
from alcor.model.digest import Digest, digest_of
from tests.integration.chaos import memory_host
from tests.links.links import Link

_ROOT = Path(__file__).parents[3]
_LAST_WORDS = 4000  # characters


class Noted(msgspec.Struct, frozen=True):
    """What the data plane was told of a port, and when (seconds since the epoch)."""

    at: float
    what: str
    port_id: str


class Host:
    """One with these links, to each controller and to the broker if it has one, and these settings of its agent."""

    def __init__(
        self, name: str, number: int, directory: Path, controllers: Sequence[Link], broker: Link | None, **settings: Any
    ) -> None:
        self.name, self.address = name, f"127.77.0.{number}"
        self.controllers, self.broker = controllers, broker
        self._directory = directory
        (directory / memory_host.INTERFACES).mkdir()
        # A neighbour leads to a controller by the name that the host it leads has for it: so all have the same, and
        # each finds its own link there.
        lines = {
            "host_id": name,
            "controllers": [f"unix:{Path(link.address).name}" for link in controllers],
            "vtep_ip": self.address,
            "data_directory": str(directory),
            "driver": "memory",
            **settings,
        }
        text = "\n".join(f"{key} = {_toml(value)}" for key, value in lines.items())
        (directory / "agent.toml").write_text(text)
        self.deaths: list[str] = []
        """Of agents that nobody killed: what each said last."""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the agent, or start it again."""
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", memory_host.__name__, "agent.toml"],
                cwd=self._directory,
                stdout=log,
                stderr=log,
                env={"PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT}", "PYTHONFAULTHANDLER": "1"},
            )

    def kill(self) -> None:
        """End the agent at once (SIGKILL)."""
        if self._process is not None:
            self.look()
            self._process.kill()
            self._process.wait()
            self._process = None

    def look(self) -> None:
        """See whether the agent has ended by itself."""
        if self._process is not None and (code := self._process.poll()) is not None:
            self.deaths.append(f"the agent of {self.name} ended by itself ({code}): {self.log()}")
            self._process = None

    def last_words(self) -> str:
        """What the agent said last. One that does not answer is ended, and says where each of its threads is."""
        self.look()
        if self._process is not None:
            self._process.send_signal(signal.SIGABRT)
            self._process.wait()
            self._process = None
        return self.log()

    def plug(self, port_id: str) -> None:
        """The workload's interface appears."""
        (self._directory / memory_host.INTERFACES / port_id).touch()

    def unplug(self, port_id: str) -> None:
        """The workload's interface is gone, if it was there."""
        (self._directory / memory_host.INTERFACES / port_id).unlink(missing_ok=True)

    def has_interface(self, port_id: str) -> bool:
        """Whether the workload of a port is there."""
        return (self._directory / memory_host.INTERFACES / port_id).exists()

    def ask(self, page: str = "status") -> Any:
        """What the agent says of itself; None while it does not answer."""
        transport = httpx.HTTPTransport(uds=str(self._directory / "agent.sock"))
        try:
            with httpx.Client(transport=transport, base_url="http://agent", timeout=5) as client:
                return client.get(f"/{page}").json()
        except httpx.TransportError:
            return None

    def digest(self) -> Digest:
        """Of what the agent wants, as it is on its disk."""
        wanted = Wanted(self._directory)
        wanted.load()
        return digest_of(wanted.state)

    def journal(self) -> Sequence[Noted]:
        """What the data plane was told of ports."""
        lines = (self._directory / memory_host.JOURNAL).read_text().splitlines()
        return [Noted(float(at), what, port_id) for at, what, port_id in (line.split(" ") for line in lines)]

    def log(self) -> str:
        """What the agent said last, in whichever of its lives."""
        return (self._directory / "log").read_text()[-_LAST_WORDS:]


def _toml(value: Any) -> str:
    return "[" + ", ".join(map(_toml, value)) + "]" if isinstance(value, list) else msgspec.json.encode(value).decode()
