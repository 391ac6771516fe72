"""Punted packets are answered within a rate, and no packet does any harm."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alcor.dataplane.host_services import SERVICE_IPV4, SERVICE_IPV6, SERVICE_MAC
from alcor.model.addresses import link_local
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, Vpc, VpcNeighbours
from tests.conformance.driver import packets
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import SUBNET_ID, port, port_id, subnet

A, B = port(1), port(2, address="10.0.0.2", mac=0xFA163E000002)
OWN_IP, NEIGHBOUR_IP, NEIGHBOUR_MAC = 0x0A000001, 0x0A000003, 0xFA163E000003
REQUEST = packets.arp_request(A.mac, OWN_IP, NEIGHBOUR_IP)


@pytest.fixture
async def core(tmp_path: Path) -> Core:
    core = Core(tmp_path)
    for attached in (A, B):
        core.driver.attach(attached.id)
    await core.deliver(
        GoalStateDelta(
            revision=1,
            snapshot=True,
            vpcs={1: Vpc(bytes(16), 1, 1450)},
            subnets={SUBNET_ID: subnet()},
            ports={A.id: A, B.id: B},
            neighbours={1: NeighbourDelta(put=VpcNeighbours(ipv4={NEIGHBOUR_IP: NEIGHBOUR_MAC}))},
        )
    )
    return core


async def send_replies(core: Core, count: int) -> None:
    """Let the replies go out; there must be so many."""
    task = asyncio.create_task(core.punted.send_replies())
    for _ in range(100):
        await asyncio.sleep(0)
    task.cancel()
    assert len(core.driver.received(A.id)) + len(core.driver.received(B.id)) == count


async def test_arp_is_answered_from_the_neighbours_through_the_data_plane(core: Core) -> None:
    core.driver.inject(A.id, REQUEST)
    await send_replies(core, 1)
    assert core.driver.received(A.id) == [packets.arp_reply(NEIGHBOUR_MAC, NEIGHBOUR_IP, A.mac, OWN_IP)]
    assert core.driver.received(B.id) == []


async def test_arp_is_answered_for_ports_of_the_same_host(core: Core) -> None:
    core.driver.inject(A.id, packets.arp_request(A.mac, OWN_IP, 0x0A000002))
    await send_replies(core, 1)
    assert core.driver.received(A.id) == [packets.arp_reply(B.mac, 0x0A000002, A.mac, OWN_IP)]


async def test_the_address_of_the_hosts_services_is_always_answered_for(core: Core) -> None:
    core.driver.inject(A.id, packets.arp_request(A.mac, OWN_IP, SERVICE_IPV4))
    core.driver.inject(A.id, packets.neighbour_solicitation(A.mac, link_local(A.mac), SERVICE_IPV6))
    await send_replies(core, 2)
    reply, advertisement = core.driver.received(A.id)
    assert reply == packets.arp_reply(SERVICE_MAC, SERVICE_IPV4, A.mac, OWN_IP)
    assert advertisement[6:12] == SERVICE_MAC.to_bytes(6)


async def test_arp_answers_vanish_with_the_neighbour(core: Core) -> None:
    gone = {1: NeighbourDelta(removed_ipv4={NEIGHBOUR_IP})}
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, neighbours=gone))
    core.driver.inject(A.id, REQUEST)
    assert core.counters.values["arp_unknown_address"] == 1
    assert core.counters.values["arp_answered"] == 0


@pytest.mark.parametrize(
    "question",
    [
        packets.arp_request(A.mac, OWN_IP, 0x0A000063),
        packets.neighbour_solicitation(
            A.mac, link_local(A.mac), bytes.fromhex("20010db8") + bytes(11) + b"\x63", A.mac
        ),
    ],
    ids=["arp", "neighbour discovery"],
)
async def test_what_no_record_has_is_asked_of_the_workloads(core: Core, question: bytes) -> None:
    for asked in (question, REQUEST):
        core.driver.inject(A.id, asked)
    task = asyncio.create_task(core.punted.flood_questions())
    for _ in range(100):
        await asyncio.sleep(0)
    task.cancel()
    assert core.driver.received(B.id) == [question]


async def test_the_gateway_is_not_answered_for_unless_a_port_has_it(core: Core) -> None:
    core.driver.inject(A.id, packets.arp_request(A.mac, OWN_IP, 0x0A0000FE))
    assert core.counters.values["arp_unknown_address"] == 1


async def test_dhcp_is_answered(core: Core) -> None:
    core.driver.inject(A.id, packets.dhcp_discover(A.mac, 7))
    await send_replies(core, 1)
    assert core.counters.values["dhcp_offered"] == 1


async def test_one_port_cannot_use_up_the_others_share(core: Core) -> None:
    for _ in range(100):
        core.driver.inject(A.id, REQUEST)
    assert core.counters.values["arp_answered"] == 10
    assert core.counters.values["punted_over_port_rate"] == 90
    core.driver.inject(B.id, packets.arp_request(B.mac, 0x0A000002, NEIGHBOUR_IP))
    assert core.counters.values["arp_answered"] == 11
    core.now += 1
    for _ in range(100):
        core.driver.inject(A.id, REQUEST)
    assert core.counters.values["arp_answered"] == 16


async def test_the_host_has_a_limit_too(core: Core) -> None:
    for number in range(50):
        core.punted.take(port_id(number), REQUEST)
    assert core.counters.values["punted_over_host_rate"] == 30


async def test_a_port_not_in_the_goal_state_is_not_answered(core: Core) -> None:
    core.punted.take(port_id(9), REQUEST)
    assert core.counters.values["punted_by_unknown_port"] == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=400))
async def test_no_frame_raises(core: Core, frame: bytes) -> None:
    core.now += 10
    core.punted.take(A.id, frame)
    core.punted.take(A.id, REQUEST[:12] + frame)
    assert core.counters.values["punted_packets_failed"] == 0
