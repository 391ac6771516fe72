"""Hosts are told which Network Config Managers there are, and are served as ever meanwhile."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alcor.channels.checks import MalformedMessage
from alcor.channels.fast_path.client import Backoff, Connection, FastPathClient
from alcor.channels.fast_path.server import FastPathServer
from alcor.channels.interface import HostConnection
from alcor.channels.messages import Hello, Welcome
from alcor.channels.told import Told
from alcor.model.goal_state import GoalStateDelta, Subnet
from tests.integration.southbound.conftest import eventually
from tests.integration.southbound.many_agents import ManyAgents

ONE, TWO = ("10.0.0.1:9697",), ("10.0.0.1:9697", "10.0.0.2:9697")


class Listener:
    """Knows the connection of each host."""

    def __init__(self) -> None:
        self.hosts: dict[str, HostConnection] = {}

    def host_connected(self, connection: HostConnection) -> None:
        self.hosts[connection.hello.host_id] = connection

    def host_disconnected(self, connection: HostConnection) -> None:
        del self.hosts[connection.hello.host_id]


class Host:
    """An agent's end that writes down what comes, in its order."""

    def __init__(self, address: str, host_id: str, *, takes_ncms: bool = True) -> None:
        self.heard: list[object] = []
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.connections = 0
        self._client = FastPathClient(
            [address],
            lambda: Hello(host_id, b"b" * 16, applied_revision=1),
            told=Told(ncms=self.heard.append if takes_ncms else None),
            backoff=Backoff(first=0.02, maximum=0.1),
        )

    async def run(self) -> None:
        async with contextlib.aclosing(self._client.connections()) as connections:
            async for connection in connections:
                self.connections += 1
                await self._read(connection)

    async def _read(self, connection: Connection) -> None:
        await self.may_read.wait()
        async for delta in connection.goal_states():
            self.heard.append(delta.revision)
            await self.may_read.wait()


class Region:
    """A server, and hosts connected to it."""

    def __init__(self, directory: Path) -> None:
        self.address, self.listener = f"unix:{directory}/c1", Listener()
        self.server = FastPathServer(self.address, Welcome(b"l" * 16), self.listener)  # type: ignore[arg-type]
        self._tasks: list[asyncio.Task[None]] = []

    async def host(self, host_id: str, *, takes_ncms: bool = True) -> Host:
        host = Host(self.address, host_id, takes_ncms=takes_ncms)
        self._tasks.append(asyncio.create_task(host.run()))
        await eventually(lambda: host_id in self.listener.hosts and host.connections > 0, f"{host_id} is connected")
        return host

    def deliver(self, host_id: str, revision: int, subnets: int = 0) -> None:
        ids = [number.to_bytes(16, "big") for number in range(subnets)]
        delta = GoalStateDelta(
            revision=revision, subnets={name: Subnet(name, 1, "10.0.0.0/8", "", True) for name in ids}
        )
        self.listener.hosts[host_id].deliver(delta)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.server.stop(0)


@pytest.fixture
async def region(directory: Path) -> AsyncIterator[Region]:
    region = Region(directory)
    await region.server.start()
    yield region
    await region.stop()


async def heard(host: Host, *expected: object) -> None:
    await eventually(lambda: len(host.heard) >= len(expected), f"the host hears {expected}, not {host.heard}")
    assert host.heard == list(expected)


async def test_hosts_are_told_when_they_come_and_at_each_change(region: Region) -> None:
    early = await region.host("early")
    region.server.tell_ncms(ONE)
    await heard(early, ONE)
    late = await region.host("late")
    await heard(late, ONE)
    for told in (TWO, ()):
        region.server.tell_ncms(told)
    await heard(early, ONE, ())
    await heard(late, ONE, ())


async def test_a_host_is_told_nothing_that_is_not_new(region: Region) -> None:
    host = await region.host("host-1")
    region.deliver("host-1", 2)
    await heard(host, 2)
    region.server.tell_ncms(TWO)
    await heard(host, 2, TWO)
    region.server.tell_ncms(tuple(reversed(TWO)))
    region.deliver("host-1", 3)
    await heard(host, 2, TWO, 3)


async def test_that_there_are_none_is_told_too(region: Region) -> None:
    region.server.tell_ncms(())
    await heard(await region.host("host-1"), ())


async def test_an_agent_of_before_is_served_and_not_told(region: Region) -> None:
    region.server.tell_ncms(ONE)
    host = await region.host("host-1", takes_ncms=False)
    region.server.tell_ncms(TWO)
    region.deliver("host-1", 2)
    await heard(host, 2)
    assert host.connections == 1


async def test_a_slow_host_holds_up_nobody_and_hears_the_latest(region: Region) -> None:
    slow, other = await region.host("slow"), await region.host("other")
    slow.may_read.clear()
    for revision in range(2, 7):  # far more than the stream takes while nobody reads
        region.deliver("slow", revision, subnets=20_000)
        await asyncio.sleep(0)
    region.server.tell_ncms(ONE)
    await heard(other, ONE)
    region.server.tell_ncms(TWO)
    await heard(other, ONE, TWO)
    slow.may_read.set()
    await eventually(lambda: TWO in slow.heard and 6 in slow.heard, "the slow host hears everything")
    assert [one for one in slow.heard if isinstance(one, tuple)][-1] == TWO
    revisions = [one for one in slow.heard if isinstance(one, int)]
    assert revisions == sorted(revisions)
    assert slow.connections == 1


async def test_a_stream_of_many_hosts_is_told_once(region: Region) -> None:
    region.server.tell_ncms(ONE)
    many = ManyAgents(region.address, ["host-1", "host-2", "host-3"])
    many.start()
    await eventually(lambda: len(region.listener.hosts) == 3, "all are connected")
    await eventually(lambda: many.ncms == [ONE], "the list is told")
    region.server.tell_ncms(TWO)
    await eventually(lambda: many.ncms == [ONE, TWO], "the change is told")
    await many.stop()


async def test_a_list_that_hosts_would_not_take_is_told_to_nobody(region: Region) -> None:
    host = await region.host("host-1")
    with pytest.raises(MalformedMessage):
        region.server.tell_ncms(("10.0.0.1",))
    region.server.tell_ncms(ONE)
    await heard(host, ONE)
