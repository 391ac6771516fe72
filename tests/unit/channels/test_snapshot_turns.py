"""Snapshots are sent a few at a time, and a host that takes nothing delays no other and lets nothing pile up."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from alcor.channels.fast_path.snapshot_turns import SnapshotTurns

PATIENCE = 0.02


class Host:
    """It is sent a snapshot of so many items, and takes a part of it whenever the test says so."""

    def __init__(self, items: int = 1) -> None:
        self.snapshot_items = 0
        self.moved_at = 0.0
        self.begun = asyncio.Event()
        self.taken = asyncio.Event()
        self.given_up = asyncio.Event()
        self._items = items
        self.task: asyncio.Task[None] | None = None

    def take_part(self) -> None:
        self.moved_at = time.monotonic()

    def give_up(self) -> None:
        assert self.task is not None
        self.given_up.set()
        self.task.cancel()

    async def send(self) -> None:
        self.snapshot_items = self._items
        self.take_part()
        self.begun.set()
        await self.taken.wait()


class Server:
    """Sends snapshots, two at a time."""

    def __init__(self, most_items: int = 1_000_000) -> None:
        self._turns = SnapshotTurns(at_once=2, patience=PATIENCE, most_items=most_items)
        self._hosts: list[Host] = []

    def serve(self, *hosts: Host) -> None:
        for host in hosts:
            host.task = asyncio.create_task(self._turns.send(host, host.send))
            self._hosts.append(host)

    async def stop(self) -> None:
        tasks = [host.task for host in self._hosts if host.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def serving(most_items: int = 1_000_000) -> AsyncIterator[Server]:
    server = Server(most_items)
    try:
        async with asyncio.timeout(20):
            yield server
    finally:
        await server.stop()


async def test_no_more_than_a_few_snapshots_are_taken_at_the_same_time() -> None:
    async with serving() as server:
        hosts = [Host() for _ in range(5)]
        server.serve(*hosts)
        for host in hosts:
            await host.begun.wait()
            assert sum(other.begun.is_set() and not other.taken.is_set() for other in hosts) <= 2
            host.taken.set()
            await asyncio.sleep(0)


async def test_hosts_that_take_nothing_delay_no_other() -> None:
    async with serving() as server:
        dead, alive = [Host() for _ in range(20)], Host()
        server.serve(*dead, alive)
        await alive.begun.wait()
        alive.taken.set()
        assert alive.task is not None
        await alive.task
        assert not any(host.given_up.is_set() for host in dead), "there is room for what they hold"


async def test_a_host_that_goes_on_taking_parts_keeps_its_turn() -> None:
    async with serving() as server:
        slow, other, next_one = Host(), Host(), Host()
        server.serve(slow, other, next_one)
        for _ in range(40):
            slow.take_part()
            other.take_part()
            await asyncio.sleep(PATIENCE / 8)
        assert not next_one.begun.is_set()
        await next_one.begun.wait()  # for they take nothing any more
        assert not slow.taken.is_set()


async def test_a_host_that_lost_its_turn_is_sent_the_rest_all_the_same() -> None:
    async with serving() as server:
        hosts = [Host() for _ in range(6)]
        server.serve(*hosts)
        await hosts[-1].begun.wait()
        hosts[0].taken.set()
        assert hosts[0].task is not None
        await hosts[0].task


async def test_of_hosts_that_hold_too_much_the_one_that_took_nothing_for_longest_is_ended() -> None:
    async with serving(most_items=25) as server:
        first, second, third = Host(10), Host(10), Host(10)
        server.serve(first, second, third)
        await third.begun.wait()  # one of the others has lost its turn
        first.take_part()
        await second.given_up.wait()
        assert not first.given_up.is_set()
        assert not third.given_up.is_set()


async def test_a_snapshot_larger_than_all_that_may_be_held_is_sent_alone() -> None:
    async with serving(most_items=25) as server:
        large, quick, next_one = Host(1000), Host(), Host()
        server.serve(large, quick, next_one)
        while not next_one.begun.is_set():  # once the large one has lost its turn
            quick.take_part()
            await asyncio.sleep(PATIENCE / 8)
        for host in (quick, next_one, large):
            host.taken.set()
            assert host.task is not None
            await host.task
        assert not large.given_up.is_set()


async def test_a_host_that_goes_makes_room() -> None:
    async with serving() as server:
        gone = [Host(), Host()]
        server.serve(*gone)
        for host in gone:
            await host.begun.wait()
            assert host.task is not None
            host.task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await host.task
        nobody = [Host() for _ in range(3)]
        server.serve(*nobody)
        await nobody[2].begun.wait()
