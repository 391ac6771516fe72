"""A host whose way to its Network Config Manager went dead asks on as soon as it knows another."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alcor.agent.rescue.relay import connect
from alcor.agent.rescue.splice import Stream, splice
from tests.integration.agent.managers import Host, Ncm
from tests.integration.southbound.conftest import eventually

VNI = 1


class DeadEnd:
    """A way that is cut one day: it takes what is sent from then on, passes nothing on, and tells nobody."""

    def __init__(self, path: Path) -> None:
        self.path, self.is_cut = path, False
        self._streams: list[Stream] = []
        self._passing: list[asyncio.Task[None]] = []

    @contextlib.asynccontextmanager
    async def way(self, address: str) -> AsyncIterator[str]:
        """The way for one connection; the direct one when this one is cut."""
        if self.is_cut:
            yield address
            return

        async def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._streams = [(reader, writer), await connect(address)]
            self._passing.append(asyncio.create_task(splice(*self._streams, lambda octets: None)))

        server = await asyncio.start_unix_server(enter, self.path)
        try:
            yield f"unix:{self.path}"
        finally:
            server.close()

    def cut(self) -> None:
        self.is_cut = True
        for _, writer in self._streams:
            writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def close(self) -> None:
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)


@pytest.fixture
async def directory() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="alcor-ncm-") as name:
        (Path(name) / "host").mkdir()
        yield Path(name)


async def test_questions_go_another_way_before_the_dead_one_is_found_dead(directory: Path) -> None:
    ncm, dead_end = Ncm(directory, "ncm"), DeadEnd(directory / "way")
    host = Host(directory / "host", range(VNI, VNI + 1), [ncm.address], dead_end.way)
    await ncm.start()
    await host.start()
    try:
        await eventually(lambda: host.asks()[VNI] == ncm.address, "the manager is asked on the first way")
        dead_end.cut()
        host.ask(VNI)
        await asyncio.sleep(0.5)
        assert not ncm.questions, "nothing comes through"
        host.asking.dial_anew()
        await eventually(lambda: host.knows(VNI), "the question is asked again, on the other way")
        assert host.counters.values["ncm_connections"] == 2
    finally:
        await host.stop()
        await dead_end.close()
        await ncm.kill()
