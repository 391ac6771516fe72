"""Which flows the switch has, whoever else writes to it and whatever it refuses."""

import contextlib
from collections.abc import Iterator

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint, RemoteDelta
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import (
    ABSENT_MAC,
    EVERYONE,
    OTHER_VNI,
    VNI,
    A,
    B,
    C,
    Cloud,
    endpoint,
    frame,
    has_received,
    state,
)
from tests.e2e.ovs.fabric import OvsHost, Sniffer
from tests.e2e.ovs.stream import stream

pytestmark = pytest.mark.root


async def test_foreign_flows_on_the_bridge_are_removed(cloud: Cloud) -> None:
    switch = cloud.first.switch
    ours = switch.flows()
    switch.ofctl("add-flow", "table=60,priority=200,actions=drop")
    switch.ofctl("add-flow", "cookie=0xb10000000000000f,table=99,actions=NORMAL")
    switch.appctl("revalidator/wait")
    assert await cloud.reached() == set()
    assert await cloud.first.driver.replace(state((A, B), (C,), cloud.second.vtep)) == {}
    assert switch.flows() == ours
    assert await cloud.reached() == EVERYONE


async def test_flows_on_other_bridges_are_none_of_ours(cloud: Cloud) -> None:
    first = cloud.first
    first.switch.ofctl("add-flow", "table=7,cookie=0x77,actions=drop", bridge="br-phy")
    await first.restart_driver()
    assert await first.driver.replace(state((A, B), (C,), cloud.second.vtep)) == {}
    assert "cookie=0x77" in first.switch.ofctl("dump-flows", bridge="br-phy")
    assert await cloud.reached() == EVERYONE


async def test_a_flow_somebody_removed_comes_back(cloud: Cloud) -> None:
    switch = cloud.first.switch
    ours = switch.rules()
    switch.ofctl("del-flows", "table=60")
    switch.appctl("revalidator/wait")
    assert await cloud.reached() == set()
    assert await cloud.first.driver.replace(state((A, B), (C,), cloud.second.vtep)) == {}
    assert switch.rules() == ours
    assert await cloud.reached() == EVERYONE


async def test_being_told_the_same_again_changes_nothing_under_traffic(cloud: Cloud) -> None:
    first, second = cloud.first, cloud.second
    before = first.switch.flows()
    with stream(first, A, second, C) as running:
        await running.goes_on()
        for _ in range(20):
            assert await first.driver.replace(state((A, B), (C,), second.vtep)) == {}
            assert first.driver.replaced() == 0
        first.switch.ofctl("add-flow", "table=99,priority=200,actions=drop")
        assert await first.driver.replace(state((A, B), (C,), second.vtep)) == {}
        assert first.driver.replaced() == 1
        await running.goes_on()
    await running.has_lost_nothing()
    assert first.switch.flows() == before


async def test_a_change_touches_no_other_flow_and_no_traffic(cloud: Cloud) -> None:
    first, second, newcomer = cloud.first, cloud.second, endpoint(4)
    await first.attach(newcomer.port_id)
    before = first.switch.flows()
    with stream(first, A, second, C) as running:
        await running.goes_on()
        for _ in range(50):
            there = RemoteDelta(put={ABSENT_MAC + number: second.vtep for number in range(20)})
            await first.driver.apply(Change({newcomer.port_id: newcomer}, remotes={VNI: there, OTHER_VNI: there}))
            gone = RemoteDelta(removed=set(there.put))
            await first.driver.apply(Change(removed_endpoints={newcomer.port_id}, remotes={VNI: gone, OTHER_VNI: gone}))
        await running.goes_on()
    await running.has_lost_nothing()
    assert first.switch.flows() == before


@contextlib.contextmanager
def room_for(host: OvsHost, flows: int) -> Iterator[None]:
    """Let the table that guards sources hold so many flows and no more."""
    table = ("--id=@table", "create", "flow_table", f"flow_limit={flows}", "overflow_policy=refuse")
    host.switch.vsctl(*table, "--", "set", "bridge", "br-int", "flow_tables:10=@table")
    try:
        yield
    finally:
        host.switch.vsctl("clear", "bridge", "br-int", "flow_tables")


def crowded(port: Endpoint) -> Endpoint:
    """The port with more allowed addresses than a table of 50 flows has room for."""
    pairs = tuple((f"10.9.{number}.0/24", port.mac) for number in range(100))
    return msgspec.structs.replace(port, allowed_address_pairs=pairs)


def guards(host: OvsHost) -> set[str]:
    """What the flows that guard sources match."""
    return {flow.split(", ", 2)[2] for flow in host.switch.flows() if ", table=10, " in flow}


async def test_a_refused_flow_of_a_change_fails_its_own_port_only(cloud: Cloud) -> None:
    first, newcomer = cloud.first, endpoint(4)
    await first.attach(newcomer.port_id)
    change = Change(
        endpoints={A.port_id: crowded(A), newcomer.port_id: newcomer},
        remotes={VNI: RemoteDelta(put={ABSENT_MAC: cloud.second.vtep})},
    )
    with room_for(first, 50):
        failures = await first.driver.apply(change)
        assert failures.keys() == {A.port_id}
        assert "the table is full" in failures[A.port_id]
        assert await cloud.reached() == {(2, 3), (3, 2)}
        assert await cloud.passes(first, newcomer, first, B)
        assert not any("dl_src=fa:16:3e:00:00:01" in guard for guard in guards(first))
    assert await first.driver.apply(change) == {}
    assert await cloud.reached() == EVERYONE


async def test_a_refused_flow_of_all_fails_its_own_port_only(cloud: Cloud) -> None:
    first = cloud.first
    wanted = state((crowded(A), B), (C,), cloud.second.vtep)
    await first.restart_data_plane()
    with room_for(first, 50):
        failures = await first.driver.replace(wanted)
        assert failures.keys() == {A.port_id}
        assert await cloud.reached() == {(2, 3), (3, 2)}
    assert await first.driver.replace(wanted) == {}
    assert await cloud.reached() == EVERYONE


async def test_an_endpoint_that_cannot_be_said_fails_alone(cloud: Cloud) -> None:
    odd = msgspec.structs.replace(A, allowed_address_pairs=(("10.0.0.0/99", A.mac),))
    failures = await cloud.first.driver.apply(Change(endpoints={A.port_id: odd, B.port_id: B}))
    assert failures.keys() == {A.port_id}
    assert "10.0.0.0/99" in failures[A.port_id]
    assert await cloud.reached() == {(2, 3), (3, 2)}


async def test_what_is_for_nobody_does_not_leave_the_host(cloud: Cloud) -> None:
    underlay = Sniffer(cloud.second.namespace, "eth0")
    stray = [
        packets.udp_frame(mac, A.mac, A.ipv4[0], 0x0A0000FF, b"for nobody")
        for mac in (packets.BROADCAST, 0x01005E0000FB, 0x333300000001, ABSENT_MAC)
    ]
    for sent in stray:
        await cloud.first.inject(A.port_id, sent)
    assert await cloud.passes(cloud.first, A, cloud.second, C)
    underlay.close()
    assert any(frame(A, C)[:42] in carried for carried in underlay.frames)
    assert not any(b"for nobody" in carried for carried in underlay.frames)


async def test_tagged_frames_pass_no_rule(cloud: Cloud) -> None:
    plain = frame(A, B)
    tagged = plain[:12] + bytes.fromhex("81000001") + plain[12:]
    await cloud.first.inject(A.port_id, tagged)
    await cloud.fabric.settle()
    assert not has_received(cloud.first, B, tagged) and not has_received(cloud.first, B, plain)


async def test_describe_names_tables_rules_and_ports(cloud: Cloud) -> None:
    lines = await cloud.first.driver.describe()
    assert len(lines) == len(cloud.first.switch.flows())
    text = "\n".join(lines)
    for rule in ("classify/from_workload", "source_guard/guard_ipv4", "local/guard_ingress", "remote/to_host"):
        assert f"\n{rule}: " in text
    assert f"in_port=port:{VNI.to_bytes(8, 'big').hex()[:8]}-" in text
    assert "output:tunnel" in text and "?" not in text
