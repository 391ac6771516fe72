"""Hosts for a benchmark: real control agents on the memory driver, many of them in one process of their own."""

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import uvloop

from alcor.agent.agent import serve
from alcor.agent.settings import AgentSettings
from alcor.dataplane.driver import Change, Failures
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.model.identifiers import Id

_STOP_SECONDS = 30


def host_name(number: int) -> str:
    """What the API calls a host."""
    return f"host-{number}"


def vtep(number: int) -> str:
    """The address of a host's tunnel end point."""
    return f"198.51.{100 + number // 250}.{number % 250 + 1}"


@contextmanager
def run_hosts(count: int, southbound: str, programmed: Connection | None = None) -> Iterator[None]:
    """So many agents that connect to the controller, until the end of the block.

    ``programmed`` is sent (port ids, time.monotonic()) whenever a data plane has taken ports in.
    """
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="alcor-hosts-") as directory:
        stop = context.Event()
        process = context.Process(
            target=_run_agents, args=(count, southbound, directory, programmed, stop), daemon=True
        )
        process.start()
        try:
            yield
        finally:
            stop.set()
            process.join(_STOP_SECONDS)
            process.kill()


def _run_agents(count: int, southbound: str, directory: str, programmed: Connection | None, stop: Event) -> None:
    uvloop.run(_agents(count, southbound, Path(directory), programmed, stop))


async def _agents(count: int, southbound: str, directory: Path, programmed: Connection | None, stop: Event) -> None:
    stopped = asyncio.Event()
    agents = [_agent(number, southbound, directory, programmed, stopped) for number in range(count)]
    running = asyncio.gather(*agents)
    await asyncio.to_thread(stop.wait)
    stopped.set()
    await running


async def _agent(
    number: int, southbound: str, directory: Path, programmed: Connection | None, stopped: asyncio.Event
) -> None:
    data = directory / str(number)
    data.mkdir()
    settings = AgentSettings(host_name(number), (southbound,), vtep(number), str(data), driver="memory")
    await serve(settings, _EagerDataPlane(programmed), stopped)


class _AllPluggedIn(frozenset[Id]):
    """The interfaces of a host where the workload of any port is plugged in already."""

    def __contains__(self, _port_id: object) -> bool:
        return True

    def __sub__(self, _events: object) -> "_AllPluggedIn":
        return self


class _EagerDataPlane(MemoryDataPlane):
    """A data plane that is never waiting for a workload, and says when it has taken ports in."""

    def __init__(self, programmed: Connection | None) -> None:
        super().__init__()
        self._programmed = programmed

    def interfaces(self) -> frozenset[Id]:
        """See DataPlane.interfaces."""
        return _AllPluggedIn()

    async def apply(self, change: Change) -> Failures:
        """See DataPlane.apply."""
        for port_id in change.endpoints:
            self.switch.plug(port_id)
        failures = await super().apply(change)
        if self._programmed is not None and change.endpoints:
            self._programmed.send((list(change.endpoints), time.monotonic()))
        return failures
