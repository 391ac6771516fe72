"""Packets that are too big for the VPC they go on in are taken to pieces, or their senders told."""

import msgspec
import pytest

from alcor.dataplane.driver import NextHop
from alcor.model.goal_state import Router
from tests.conformance.driver.packets import ethernet, ipv4
from tests.unit.agent.goal_states import MACS, port_id
from tests.unit.agent.routing.routing_host import (
    AHEAD_ADDRESS,
    FAR_ADDRESS,
    FAR_VNI,
    FAR_VTEP,
    GATEWAY,
    LOCAL,
    LOCAL_ADDRESS,
    NEAR_MAC,
    OWN,
    OWN_ADDRESS,
    ROUTER,
    ROUTER_ID,
    SECOND,
    SECOND_ID,
    RoutingHost,
)

NARROW = 1300
DONT_FRAGMENT, MORE_FRAGMENTS = 0x4000, 0x2000


def sized(size: int, fragment: int = 0, address: int = AHEAD_ADDRESS) -> bytes:
    """The frame of a packet of so many bytes."""
    return ethernet(NEAR_MAC, MACS[OWN], 0x0800, ipv4(OWN_ADDRESS, address, 254, bytes(size - 20), fragment))


@pytest.fixture
async def narrow_host(host: RoutingHost) -> RoutingHost:
    """One whose router goes on in VPCs that have room for less."""
    interfaces = (ROUTER.interfaces[0], *(msgspec.structs.replace(each, mtu=NARROW) for each in ROUTER.interfaces[1:]))
    await host.change(routers={ROUTER_ID: Router(ROUTER_ID, interfaces)})
    return host


async def test_who_sends_too_much_at_once_is_told_how_much_there_may_be(narrow_host: RoutingHost) -> None:
    narrow_host.core.driver.inject(port_id(OWN), sized(NARROW + 1, DONT_FRAGMENT))
    await narrow_host.core.reconciler.step()
    (error,) = await narrow_host.received()
    assert error[26:34] == GATEWAY.to_bytes(4) + OWN_ADDRESS.to_bytes(4)
    assert (*error[34:36], int.from_bytes(error[38:42])) == (3, 4, NARROW)
    assert narrow_host.next_hops() == {}


@pytest.mark.parametrize("size", [NARROW, NARROW + 1, 3000])
async def test_what_may_be_taken_to_pieces_arrives_in_pieces(narrow_host: RoutingHost, size: int) -> None:
    await narrow_host.send(LOCAL_ADDRESS)
    await narrow_host.received()
    narrow_host.core.driver.inject(port_id(OWN), sized(size, address=LOCAL_ADDRESS))
    await narrow_host.core.reconciler.step()
    arrived = list(narrow_host.core.driver.received(port_id(LOCAL)))
    assert all(len(frame) - 14 <= NARROW and frame[22] == 63 for frame in arrived)
    assert sum(len(frame) - 34 for frame in arrived) == size - 20
    assert len(arrived) == -(-(size - 20) // 1280)
    assert await narrow_host.received() == [], "nobody is told"


async def test_pieces_wait_for_a_next_hop_that_must_be_found(narrow_host: RoutingHost) -> None:
    narrow_host.core.driver.inject(port_id(OWN), sized(2000, address=FAR_ADDRESS))
    await narrow_host.manager.answer()
    assert narrow_host.next_hops() == {FAR_VNI: {FAR_ADDRESS: NextHop(MACS[4], FAR_VTEP)}}
    assert narrow_host.counter("held_packets_sent") == 2


async def test_pieces_that_are_too_big_further_on_are_taken_to_pieces_again(narrow_host: RoutingHost) -> None:
    narrower = [msgspec.structs.replace(each, mtu=600) for each in SECOND.interfaces]
    first = (narrow_host.core.wanted.state.routers[ROUTER_ID].interfaces, (("10.7.0.0/24", "10.0.1.253"),))
    narrow_host.manager.addresses[0x0A070004] = MACS[4]
    await narrow_host.change(
        routers={ROUTER_ID: Router(ROUTER_ID, *first), SECOND_ID: Router(SECOND_ID, tuple(narrower))}
    )
    narrow_host.core.driver.inject(port_id(OWN), sized(1400, address=0x0A070004))
    await narrow_host.manager.answer()
    assert narrow_host.counter("packets_taken_to_pieces") == 2
    assert narrow_host.counter("held_packets_sent") == 4


async def test_each_piece_counts_towards_the_workloads_rate(narrow_host: RoutingHost) -> None:
    await narrow_host.send(LOCAL_ADDRESS)
    for _ in range(60):
        narrow_host.core.driver.inject(port_id(OWN), sized(2000, address=LOCAL_ADDRESS))
        await narrow_host.core.reconciler.step()
    assert narrow_host.counter("packets_taken_to_pieces") == 49
    assert narrow_host.counter("held_packets_sent") == 1 + 2 * 49


async def test_what_trails_a_packet_is_no_part_of_it(narrow_host: RoutingHost) -> None:
    """A data plane that counts it takes the packet for too big, whatever the agent thinks."""
    sent = sized(NARROW, address=LOCAL_ADDRESS)
    narrow_host.core.reconciler.packet_for_router(port_id(OWN), sent + bytes(100))
    await narrow_host.core.reconciler.step()
    (arrived,) = narrow_host.core.driver.received(port_id(LOCAL))
    assert len(arrived) == len(sent)
