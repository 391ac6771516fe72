"""A host that reaches no controller asks neighbours, one after the other, and goes back to the direct way by itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alcor.agent.counters import Counters
from alcor.agent.rescue import relay as relaying
from alcor.agent.rescue.relay import Relay
from alcor.agent.rescue.rescue import Rescue, RescueSettings, Way, patience_of
from alcor.agent.rescue.splice import Stream
from alcor.channels.either_way import PATIENCE_SECONDS as EITHER_WAY_SECONDS
from alcor.channels.messages import RelayCandidate, RelayCandidates
from alcor.channels.rescue import handshake
from alcor.model.addresses import ipv4_number
from tests.unit.agent.rescue.test_relay import free_port, say_back, until

SECRET = b"s" * 32
ONE, TWO = "127.0.0.2", "127.0.0.3"
SETTINGS = RescueSettings(after=0.1, check=0.05, timeout=10.0, patience=2.0)


def candidates(*addresses: str) -> RelayCandidates:
    found = (
        RelayCandidate(each, ipv4_number(each), handshake.token(handshake.relay_key(SECRET, each), "host-1"))
        for each in addresses
    )
    return RelayCandidates(b"k" * 32, tuple(found))


class Site:
    """A host whose direct way to its controller can be cut, and neighbours that can lead it there."""

    def __init__(self, doors: Path) -> None:
        self.port, self.doors = free_port(), doors
        self.controller = f"127.0.0.1:{free_port()}"
        self.is_cut = True
        self.counters = Counters()
        self.tasks: list[asyncio.Task[None]] = []
        self.rescue = Rescue(
            "host-1", [self.controller], self.port, doors, self.counters, SETTINGS, connect=self.connect_directly
        )

    async def connect_directly(self, address: str) -> Stream:
        if self.is_cut:
            raise ConnectionRefusedError
        return await relaying.connect(address)

    def neighbour(self, address: str) -> asyncio.Task[None]:
        """A neighbour, named like its address, that works until cancelled."""
        key = handshake.relay_key(SECRET, address)
        relay = Relay(address, self.port, lambda: key, lambda: [self.controller], lambda: False, Counters())
        task = asyncio.create_task(relay.run())
        self.tasks.append(task)
        return task

    async def relayed_way(self, stack: contextlib.AsyncExitStack) -> Way:
        """A way by a neighbour, as soon as one leads there."""
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(OSError):
                    way = await stack.enter_async_context(self.rescue.way(self.controller))
                    if way.relay:
                        return way
                await asyncio.sleep(0.02)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(tmp_path / "rescue")
    host, _, port = site.controller.rpartition(":")
    server = await asyncio.start_server(say_back, host, int(port))
    site.tasks.append(asyncio.create_task(site.rescue.run()))
    yield site
    server.close()
    for task in site.tasks:
        task.cancel()
    await asyncio.gather(*site.tasks, return_exceptions=True)


async def enter(way: Way) -> Stream:
    return await asyncio.open_unix_connection(way.target.removeprefix("unix:"))


async def is_heard(stream: Stream) -> bool:
    stream[1].write(b"hello")
    return await stream[0].read(100) == b"hello"


async def ended(stream: Stream) -> None:
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionError):
            while await stream[0].read(100):
                pass


async def test_a_host_that_is_served_or_knows_nobody_goes_the_direct_way(site: Site) -> None:
    await asyncio.sleep(1)
    assert not site.rescue.is_relayed, "nobody is known"
    site.rescue.served()
    site.rescue.told(candidates(ONE))
    await asyncio.sleep(1)
    assert not site.rescue.is_relayed, "it is served"
    async with site.rescue.way(site.controller) as way:
        assert way == Way(site.controller)


async def test_a_neighbour_leads_to_the_controller_and_a_second_one_when_it_dies(site: Site) -> None:
    site.rescue.told(candidates(ONE, TWO))
    neighbours = {address: site.neighbour(address) for address in (ONE, TWO)}
    async with contextlib.AsyncExitStack() as stack:
        way = await site.relayed_way(stack)
        stream = await enter(way)
        assert await is_heard(stream)
        with pytest.raises(OSError):
            await enter(Way(way.target + "x"))
        await _kill(neighbours.pop(way.relay))
        await ended(stream)
    (left,) = neighbours
    async with contextlib.AsyncExitStack() as stack:
        way = await site.relayed_way(stack)
        assert way.relay == left
        assert await is_heard(await enter(way))


async def test_a_way_is_for_one_connection_and_ends_with_it(site: Site) -> None:
    site.rescue.told(candidates(ONE))
    site.neighbour(ONE)
    async with contextlib.AsyncExitStack() as stack:
        way = await site.relayed_way(stack)
        stream = await enter(way)
        assert await is_heard(stream)
        await ended(await enter(way))
        assert await is_heard(stream)
    await ended(stream)
    with pytest.raises(FileNotFoundError):
        await enter(way)


async def test_neighbours_that_say_nothing_or_garbage_are_passed_over(site: Site) -> None:
    async def say_garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3")

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    garbage, silent = "127.0.0.4", "127.0.0.5"
    servers = [
        await asyncio.start_server(say_garbage, garbage, site.port),
        await asyncio.start_server(say_nothing, silent, site.port),
    ]
    site.rescue.told(candidates(garbage, silent, "127.0.0.6", ONE))
    site.neighbour(ONE)
    async with contextlib.AsyncExitStack() as stack:
        way = await site.relayed_way(stack)
        assert way.relay == ONE
        assert await is_heard(await enter(way))
    for server in servers:
        server.close()


async def test_the_direct_way_is_taken_again_when_it_is_there_and_relayed_streams_end(site: Site) -> None:
    site.rescue.told(candidates(ONE))
    site.neighbour(ONE)
    async with contextlib.AsyncExitStack() as stack:
        way = await site.relayed_way(stack)
        site.rescue.served()
        stream = await enter(way)
        assert await is_heard(stream)
        site.is_cut = False
        await ended(stream)
        assert not site.rescue.is_relayed
    async with site.rescue.way(site.controller) as way:
        assert way == Way(site.controller)


async def test_a_host_that_nobody_leads_tries_the_direct_way_first_each_time(site: Site) -> None:
    site.rescue.told(candidates(ONE))
    await until(lambda: site.rescue.is_relayed)
    with pytest.raises(OSError, match="neighbours"):
        async with site.rescue.way(site.controller):
            pass
    site.is_cut = False
    async with site.rescue.way(site.controller) as way:
        assert way == Way(site.controller)
    assert not site.rescue.is_relayed


def test_a_host_with_a_message_queue_has_time_to_be_served_over_it_first() -> None:
    assert patience_of(5, has_queue=False).after == 5
    assert patience_of(5, has_queue=True).after > 5 + EITHER_WAY_SECONDS
    assert patience_of(0, has_queue=True).after == 0, "never"


async def test_what_was_told_is_known_after_a_restart(site: Site) -> None:
    told = candidates(ONE, TWO)
    site.rescue.told(told)
    again = Rescue("host-1", [site.controller], site.port, site.doors, Counters(), SETTINGS)
    again.restore(site.rescue.dump())
    assert again.key() == told.key
    assert again.dump() == site.rescue.dump()
    with pytest.raises(ValueError, match=r"."):
        again.restore(b"garbage")


async def _kill(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
