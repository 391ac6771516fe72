"""What a driver says would become of a packet is what becomes of it, and asking changes nothing."""

import asyncio
from typing import Any

import msgspec
import pytest

from alcor.dataplane.driver import Outcome
from alcor.dataplane.security_groups import Prefix, SecurityGroup, SecurityRule
from alcor.model.resources.port_trace import PORT_TRACE
from alcor.trace.question import asked_packet
from alcor.trace.wire import ip_packet
from tests.conformance.driver import routing
from tests.conformance.driver.cloud import ABSENT_MAC, OPEN, OPENED, A, B, C, Cloud, frame, has_received, state
from tests.conformance.driver.harness import Fabric
from tests.conformance.driver.packets import dhcp_discover, ethernet

_PATIENCE_SECONDS = 30


async def test_what_becomes_of_a_packet_is_told_without_sending_it(fabric: Fabric) -> None:
    near, far = fabric.hosts
    for host, port in ((near, A), (near, B), (far, C)):
        await host.attach(port.port_id)
    await near.driver.replace(state([A, B], [C], far.vtep))
    await far.driver.replace(state([C], [A, B], near.vtep))
    here = await near.driver.trace(A.port_id, frame(A, B))
    assert (here.outcome, here.port_id) == (Outcome.DELIVERED, B.port_id)
    there = await near.driver.trace(A.port_id, frame(A, C))
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while there.outcome is Outcome.DROPPED:  # a slow underlay: the driver waits a moment for its neighbours only
            there = await near.driver.trace(A.port_id, frame(A, C))
    assert (there.outcome, there.vtep, there.vni) == (Outcome.TUNNELLED, far.vtep, A.vni)
    nowhere = await near.driver.trace(A.port_id, frame(A, msgspec.structs.replace(B, mac=ABSENT_MAC)))
    assert nowhere.outcome is Outcome.DROPPED
    spoofed = await near.driver.trace(A.port_id, frame(msgspec.structs.replace(A, ipv4=C.ipv4), B))
    assert (spoofed.outcome, bool(spoofed.where)) == (Outcome.DROPPED, True)
    question = dhcp_discover(A.mac, 7)
    asked = await near.driver.trace(A.port_id, question)
    assert asked.outcome is Outcome.ASKED
    await fabric.settle()
    for host, port in ((near, B), (far, C)):
        assert not has_received(host, port, frame(A, port)[:12])
    assert (A.port_id, question) not in near.events.punted


async def test_what_becomes_of_a_packet_where_it_arrives_is_told_without_delivering_it(fabric: Fabric) -> None:
    near, far = fabric.hosts
    await near.attach(A.port_id)
    await far.attach(C.port_id)
    await near.driver.replace(state([A], [C], far.vtep))
    await far.driver.replace(state([C], [A], near.vtep))
    sent = frame(A, C)
    arriving = await far.driver.trace_arriving(C.vni, sent)
    assert (arriving.outcome, arriving.port_id) == (Outcome.DELIVERED, C.port_id)
    assert (await far.driver.trace_arriving(C.vni + 1, sent)).outcome is Outcome.DROPPED
    not_here = await far.driver.trace_arriving(C.vni, frame(C, A))
    assert not_here.outcome is Outcome.DROPPED
    await far.driver.replace(state([msgspec.structs.replace(C, security_groups=())], [A], near.vtep))
    refused = await far.driver.trace_arriving(C.vni, sent)
    assert (refused.outcome, bool(refused.where)) == (Outcome.DROPPED, True)
    await fabric.settle()
    assert not has_received(far, C, sent)


async def test_what_a_router_sends_to_another_host_is_told_as_it_arrives_there(routed: Cloud) -> None:
    for target in (routing.SAME_VPC_THERE, routing.OTHER_VPC_THERE):
        sent = routing.to_router(target.ipv4[0])
        there = await routed.first.driver.trace(routing.A.port_id, sent)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while there.outcome is Outcome.DROPPED:
                there = await routed.first.driver.trace(routing.A.port_id, sent)
        assert (there.outcome, there.vni, there.frame) == (
            Outcome.TUNNELLED,
            target.vni,
            routing.as_routed(sent, target),
        )
        arriving = await routed.second.driver.trace_arriving(there.vni, there.frame)
        assert (arriving.outcome, arriving.port_id) == (Outcome.DELIVERED, target.port_id)


async def test_what_no_rule_lets_pass_is_told(fabric: Fabric) -> None:
    near, _ = fabric.hosts
    for port in (A, B):
        await near.attach(port.port_id)
    deaf = msgspec.structs.replace(B, security_groups=())
    await near.driver.replace(state([A, deaf]))
    fate = await near.driver.trace(A.port_id, frame(A, B))
    assert fate.outcome is Outcome.DROPPED
    assert (await near.driver.trace(B.port_id, frame(B, A))).outcome is Outcome.DROPPED


async def test_a_port_without_an_interface_sends_nothing(fabric: Fabric) -> None:
    near, _ = fabric.hosts
    await near.attach(B.port_id)
    await near.driver.replace(state([B]))
    assert (await near.driver.trace(A.port_id, frame(A, B))).outcome is Outcome.DROPPED


async def test_rules_about_ports_and_members_decide_as_they_do_for_packets(fabric: Fabric) -> None:
    near, _ = fabric.hosts
    for port in (A, B):
        await near.attach(port.port_id)
    group_id = b"rules".ljust(16, b".")
    receiver = msgspec.structs.replace(B, security_groups=(group_id,))
    for rule, outcome in (
        (SecurityRule(True, False, 17, 4001, 4001), Outcome.DELIVERED),
        (SecurityRule(True, False, 17, 4002, 4002), Outcome.DROPPED),
        (SecurityRule(True, False, 6, 4001, 4001), Outcome.DROPPED),
        (SecurityRule(True, False, remote_group=OPEN.id), Outcome.DELIVERED),
    ):
        wanted = state([A, receiver])
        wanted.security_groups = {**OPENED, group_id: SecurityGroup(group_id, True, (rule,))}
        wanted.members = {(A.vni, OPEN.id): {Prefix(A.ipv4[0].to_bytes(4), 32)}}
        await near.driver.replace(wanted)
        assert (await near.driver.trace(A.port_id, frame(A, B))).outcome is outcome, rule


PROTOCOLS = ({"protocol": "tcp", "port": 443}, {"protocol": "udp", "port": 53}, {"protocol": "sctp", "port": 9},
             {"protocol": "icmp"}, {"protocol": "gre"})  # fmt: skip


@pytest.mark.parametrize("asked", PROTOCOLS, ids=lambda asked: asked["protocol"])
@pytest.mark.parametrize("ends", [("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8::2")], ids=["ipv4", "ipv6"])
async def test_packets_of_any_protocol_can_be_asked_about(
    fabric: Fabric, asked: dict[str, Any], ends: tuple[str, str]
) -> None:
    near, _ = fabric.hosts
    for port in (A, B):
        await near.attach(port.port_id)
    packet = asked_packet(PORT_TRACE.check_create({"from": ends[0], "to": ends[1], **asked}))
    whole = ethernet(B.mac, A.mac, 0x86DD if packet.ipv6 else 0x0800, ip_packet(packet))
    await near.driver.replace(state([A, B]))
    assert (await near.driver.trace(A.port_id, whole)).outcome is Outcome.DELIVERED
    await near.driver.replace(state([A, msgspec.structs.replace(B, security_groups=())]))
    assert (await near.driver.trace(A.port_id, whole)).outcome is Outcome.DROPPED
