"""Goal states survive the wire in any cut, and nothing malformed gets through."""

import contextlib

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from alcor.channels.checks import MalformedMessage
from alcor.channels.codec import PART_BYTES, delta_from_messages, goal_state_to_messages
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, Port, VpcNeighbours
from alcor.southbound.v1 import southbound_pb2 as pb
from tests.unit.channels import strategies

ID = b"0123456789abcdef"


def of_rule(**values: object) -> pb.GoalState:
    """A goal state with an ACL of one rule."""
    return pb.GoalState(network_acls=[pb.NetworkAcl(id=ID, rules=[pb.NetworkAclRule(**values)])])  # type: ignore[arg-type]


@given(strategies.deltas, st.integers(1, 2000) | st.just(PART_BYTES))
def test_a_goal_state_is_the_same_after_the_wire_in_any_cut(delta: GoalStateDelta, max_bytes: int) -> None:
    wire = [part.SerializeToString() for part in goal_state_to_messages(delta, max_bytes)]
    assert delta_from_messages(pb.GoalState.FromString(data) for data in wire) == delta


def test_parts_of_a_large_vpc_are_bounded_and_nearly_full() -> None:
    neighbours = VpcNeighbours({mac: mac % 7 for mac in range(100_000)}, {ip: ip for ip in range(100_000)}, {})
    delta = GoalStateDelta(revision=1, neighbours={5: NeighbourDelta(put=neighbours)})
    sizes = [part.ByteSize() for part in goal_state_to_messages(delta, 100_000)]
    assert max(sizes) <= 100_000
    assert sum(sizes) / 100_000 > 0.6 * len(sizes)


def test_parts_of_few_but_large_things_are_bounded() -> None:
    options = tuple(("bootfile-name", "x" * 200, 4) for _ in range(3))
    ports = {bytes([n]) * 16: Port(bytes([n]) * 16, 5, n, (), dhcp_options=options) for n in range(10)}
    parts = list(goal_state_to_messages(GoalStateDelta(revision=1, ports=ports), 3000))
    assert max(part.ByteSize() for part in parts) <= 3000
    assert [part.more for part in parts] == [True] * (len(parts) - 1) + [False]
    assert delta_from_messages(parts).ports == ports


@given(st.binary(max_size=200))
def test_garbage_becomes_a_goal_state_or_a_typed_error(data: bytes) -> None:
    with contextlib.suppress(MalformedMessage, DecodeError):
        delta_from_messages([pb.GoalState.FromString(data)])


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (pb.GoalState(vpcs=[pb.Vpc(id=b"short", vni=1)]), "16 bytes"),
        (pb.GoalState(vpcs=[pb.Vpc(id=ID, vni=1 << 24)]), "24 bits"),
        (pb.GoalState(subnets=[pb.Subnet(id=ID, vni=1, cidr="10.0.0.0/40")]), "CIDR"),
        (pb.GoalState(subnets=[pb.Subnet(id=ID, vni=1, cidr="10.0.0.0/8", gateway_ip="gate")]), "gateway"),
        (pb.GoalState(subnets=[pb.Subnet(id=ID, vni=1, cidr="10.0.0.0/8", dns_nameservers=["\0"])]), "name server"),
        (pb.GoalState(subnets=[pb.Subnet(id=ID, vni=1, cidr="2001:db8::/64", ipv6_ra_mode="dhcp")]), "IPv6 mode"),
        (pb.GoalState(ports=[pb.Port(id=ID, vni=1, mac=1 << 48)]), "48 bits"),
        (pb.GoalState(ports=[pb.Port(id=ID, fixed_ips=[pb.FixedIp(subnet_id=b"", address="10.0.0.1")])]), "16 bytes"),
        (pb.GoalState(ports=[pb.Port(id=ID, fixed_ips=[pb.FixedIp(subnet_id=ID, address="10.0.1")])]), "IP address"),
        (pb.GoalState(forwarding=[pb.Forwarding(vni=1, macs=[1, 2], host_indexes=[1])]), "2 and 1"),
        (pb.GoalState(forwarding=[pb.Forwarding(vni=1, macs=[1 << 48], host_indexes=[1])]), "48 bits"),
        (pb.GoalState(forwarding=[pb.Forwarding(vni=1 << 30)]), "24 bits"),
        (pb.GoalState(addresses=[pb.Addresses(vni=1, ipv4=[1])]), "1 and 0"),
        (pb.GoalState(addresses=[pb.Addresses(vni=1, ipv6=b"123", ipv6_macs=[1])]), "IPv6"),
        (pb.GoalState(subnets=[pb.Subnet(id=ID, vni=1, cidr="10.0.0.0/8", network_acl=b"acl")]), "network ACL"),
        (pb.GoalState(network_acls=[pb.NetworkAcl(id=b"short")]), "network ACL"),
        (of_rule(prefix=""), "CIDR"),
        (of_rule(prefix="2001:db8::/32"), "IP version"),
        (of_rule(prefix="10.0.0.0/8", ipv6=True), "IP version"),
        (of_rule(prefix="10.0.0.0/8", number=1 << 16), "number"),
        (of_rule(prefix="10.0.0.0/8", protocol=256), "protocol"),
        (of_rule(prefix="10.0.0.0/8", port_range_max=1 << 16), "port_range_max"),
        (of_rule(prefix="10.0.0.0/8", icmp_type=256), "icmp_type"),
        (pb.GoalState(removed_network_acls=[b"short"]), "network ACL"),
        (pb.GoalState(removed_ports=[b""]), "16 bytes"),
        (pb.GoalState(removed_vpcs=[1 << 31]), "24 bits"),
        (pb.GoalState(base_revision=5, revision=4), "back to 4"),
    ],
)
def test_malformed_parts_are_refused_with_the_reason(part: pb.GoalState, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        delta_from_messages([part])


def test_parts_of_different_goal_states_do_not_mix() -> None:
    with pytest.raises(MalformedMessage, match="inside another"):
        delta_from_messages([pb.GoalState(revision=1, more=True), pb.GoalState(revision=2)])
    with pytest.raises(MalformedMessage, match="missing"):
        delta_from_messages([pb.GoalState(revision=1, more=True)])
    with pytest.raises(MalformedMessage, match="after the last"):
        delta_from_messages([pb.GoalState(revision=1), pb.GoalState(revision=1)])
