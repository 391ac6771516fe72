"""A host on a simulated data plane, as a process: python -m tests.integration.chaos.memory_host SETTINGS.toml

Interfaces are the files of a directory, which stay when the process is killed. What the data plane was told, and when,
stands in a journal, one line each, written before anybody else can know of it.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from alcor.agent.agent import run_agent
from alcor.agent.settings import load_settings
from alcor.controller import logs
from alcor.dataplane.driver import Endpoint
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.dataplane.memory.switch import Fabric, MemorySwitch
from alcor.model.identifiers import Id, id_bytes, id_text

INTERFACES, JOURNAL = "interfaces", "data-plane"
PUT, REMOVED, STARTED = "put", "removed", "started"

_LOOK_SECONDS = 0.02


class JournaledSwitch(MemorySwitch):
    """Notes what it is told of endpoints."""

    def __init__(self, journal: int) -> None:
        super().__init__(Fabric(), 0)
        self._journal = journal
        self._note(STARTED, "")

    def put_endpoint(self, endpoint: Endpoint) -> None:
        """See MemorySwitch."""
        super().put_endpoint(endpoint)
        self._note(PUT, id_text(endpoint.port_id))

    def remove_endpoint(self, port_id: Id) -> None:
        """See MemorySwitch."""
        if port_id in self.endpoints:
            self._note(REMOVED, id_text(port_id))
        super().remove_endpoint(port_id)

    def _note(self, what: str, port_id: str) -> None:
        os.write(self._journal, f"{time.time():.6f} {what} {port_id}\n".encode())


def _names(directory: Path) -> set[str]:
    return {file.name for file in directory.iterdir()}


async def _follow_interfaces(directory: Path, data_plane: MemoryDataPlane) -> None:
    present: set[str] = set()
    while True:
        now = _names(directory)
        for port_id in now - present:
            data_plane.attach(id_bytes(port_id))
        for port_id in present - now:
            data_plane.detach(id_bytes(port_id))
        present = now
        await asyncio.sleep(_LOOK_SECONDS)


async def _run(path: Path) -> None:
    logs.configure("info")
    settings = load_settings(path)
    directory = Path(settings.data_directory)
    journal = os.open(directory / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    data_plane = MemoryDataPlane(JournaledSwitch(journal))
    following = asyncio.create_task(_follow_interfaces(directory / INTERFACES, data_plane))
    try:
        await run_agent(settings, data_plane)
    finally:
        following.cancel()


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1])))
