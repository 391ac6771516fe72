"""Packets for the agent: whatever a workload sends, and however much."""

import random

import pytest

from alcor.testbed.waiting import until
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import EVERYONE, A, B, C, Cloud, was_punted

pytestmark = pytest.mark.root


def garbage(chance: random.Random) -> bytes:
    """A frame that a rule may punt, with nothing behind its headers that makes sense."""
    noise = chance.randbytes(chance.randrange(1400))
    arp = packets.arp(1, A.mac, A.ipv4[0], 0, C.ipv4[0])
    frame = chance.choice(
        (
            packets.ethernet(packets.BROADCAST, A.mac, 0x0806, arp + noise),
            packets.ethernet(packets.BROADCAST, A.mac, 0x0806, arp[: chance.randrange(len(arp))]),
            packets.ethernet(packets.BROADCAST, A.mac, 0x0806, noise),
            packets.ethernet(packets.BROADCAST, A.mac, 0x0800, noise),
            packets.ethernet(
                packets.BROADCAST, A.mac, 0x0800, packets.ipv4(0, 0xFFFFFFFF, 17, packets.udp_payload(68, 67, noise))
            ),
            packets.ethernet(
                C.mac, A.mac, 0x0800, packets.ipv4(A.ipv4[0], C.ipv4[0], 17, packets.udp_payload(68, 67, noise))
            ),
        )
    )
    return frame if len(frame) >= 14 else frame + bytes(14)


async def test_garbage_stops_nothing(cloud: Cloud) -> None:
    chance = random.Random(2)
    for _ in range(500):
        await cloud.first.inject(A.port_id, garbage(chance))
    await cloud.fabric.settle()
    assert cloud.first.events.punted
    request = packets.arp_request(B.mac, B.ipv4[0], C.ipv4[0])
    await cloud.first.inject(B.port_id, request)
    await until(lambda: was_punted(cloud.first, B, request), "the request that makes sense to be punted")
    assert cloud.first.events.restarts == 0
    assert await cloud.reached() == EVERYONE


async def test_a_flood_of_requests_reaches_the_agent_in_part_and_keeps_nobody_else_from_it(cloud: Cloud) -> None:
    flood = packets.arp_request(A.mac, A.ipv4[0], C.ipv4[0])
    other = packets.arp_request(B.mac, B.ipv4[0], C.ipv4[0])
    for _ in range(5000):
        await cloud.first.inject(A.port_id, flood)
    await cloud.first.inject(B.port_id, other)
    await until(lambda: was_punted(cloud.first, B, other), "the request of the other workload to be punted")
    punted = sum(port_id == A.port_id for port_id, _ in cloud.first.events.punted)
    assert 0 < punted < 2500


async def test_requests_before_a_driver_restart_and_after_it_reach_the_agent(cloud: Cloud) -> None:
    request = packets.arp_request(A.mac, A.ipv4[0], C.ipv4[0])
    for _ in range(2):
        await cloud.first.inject(A.port_id, request)
        await until(lambda: was_punted(cloud.first, A, request), "the request to be punted")
        await cloud.first.restart_driver()
    assert cloud.first.events.punted == []
