"""What a driver says would become of a packet is what becomes of it, and asking changes nothing."""

import msgspec

from alcor.dataplane.driver import Outcome
from tests.conformance.driver.harness import Fabric
from tests.conformance.driver.packets import dhcp_discover
from tests.conformance.driver.suite import ABSENT_MAC, A, B, C, frame, has_received, state


async def test_what_becomes_of_a_packet_is_told_without_sending_it(fabric: Fabric) -> None:
    near, far = fabric.hosts
    for host, port in ((near, A), (near, B), (far, C)):
        await host.attach(port.port_id)
    await near.driver.replace(state([A, B], [C], far.vtep))
    await far.driver.replace(state([C], [A, B], near.vtep))
    here = await near.driver.trace(A.port_id, frame(A, B))
    assert (here.outcome, here.port_id) == (Outcome.DELIVERED, B.port_id)
    there = await near.driver.trace(A.port_id, frame(A, C))
    assert (there.outcome, there.vtep) == (Outcome.TUNNELLED, far.vtep)
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
