"""Hosts probe each other over real sockets, and nothing that comes in between stops them."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable

import pytest

from alcor.agent.counters import Counters
from alcor.agent.health import datagram
from alcor.agent.health.probing import Probing
from alcor.channels.messages import Fault, ProbeTargets
from alcor.model.addresses import ipv4_number

ONE, TWO = "127.0.0.1", "127.0.0.2"


@pytest.fixture
def port() -> int:
    """A UDP port that is free at both addresses for now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("0.0.0.0", 0))
        number: int = probe.getsockname()[1]
        return number


@contextlib.asynccontextmanager
async def running(address: str, port: int, peer: str = "") -> AsyncIterator[tuple[Probing, Counters]]:
    counters = Counters()
    probing = Probing(address, port, counters)
    if peer:
        probing.told(ProbeTargets({7: ipv4_number(peer)}, interval=0.05, packet_bytes=1500))
    task = asyncio.create_task(probing.run())
    try:
        yield probing, counters
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_host_that_goes_is_missed_and_found_again(port: int) -> None:
    async with running(ONE, port, TWO) as (probing, _):
        assert probing.probed() == 1
        for _ in range(2):
            await until(lambda: probing.unreached() == {7: Fault.UNREACHABLE})
            async with running(TWO, port):
                await until(lambda: probing.unreached() == {})


async def test_what_nobody_asked_for_is_counted_and_changes_nothing(port: int) -> None:
    async with running(ONE, port, TWO) as (probing, counters):
        await until(lambda: probing.unreached() == {7: Fault.UNREACHABLE})
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind((TWO, 0))
            for data in (b"", b"garbage" * 200, datagram.answer(b"x" * 8), b"ALCp\x09\x01" + b"\0" * 10):
                stranger.sendto(data, (ONE, port))
            await until(lambda: counters.values["probes_malformed"] >= 3)
            await until(lambda: counters.values["probe_answers_not_asked_for"] >= 1)
        assert probing.unreached() == {7: Fault.UNREACHABLE}
        async with running(TWO, port):
            await until(lambda: probing.unreached() == {})


async def test_targets_told_anew_keep_what_is_known_of_those_that_stay(port: int) -> None:
    async with running(ONE, port, TWO) as (probing, _):
        await until(lambda: probing.unreached() == {7: Fault.UNREACHABLE})
        probing.told(ProbeTargets({7: ipv4_number(TWO), 8: ipv4_number("127.0.0.3")}, interval=3600.0))
        assert probing.unreached() == {7: Fault.UNREACHABLE}
        probing.told(ProbeTargets({7: ipv4_number("127.0.0.4")}, interval=3600.0))
        assert probing.unreached() == {}, "the host has another address now"


async def test_an_address_that_is_not_the_hosts_is_trouble_and_not_the_others_fault(port: int) -> None:
    async with running("192.0.2.1", port, TWO) as (probing, _):
        await until(lambda: bool(probing.trouble))
        assert "192.0.2.1" in probing.trouble
        assert probing.probed() == 0
        assert probing.unreached() == {}
