"""What a security group costs in flows, and that they say no more and no less than its rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane.driver import Endpoint
from alcor.dataplane.memory.firewall import Firewall, Verdict
from alcor.dataplane.ovs.endpoint_flows import endpoint_flows
from alcor.dataplane.ovs.flow_programming import OfGroup
from alcor.dataplane.ovs.openflow.fields import decode_match
from alcor.dataplane.ovs.punt_meters import PortMeters
from alcor.dataplane.ovs.rendering import Flow, compile_pipeline
from alcor.dataplane.ovs.security_flows import group_flows, member_flows, port_masks
from alcor.dataplane.ovs.security_rules import INGRESS_RULES, OF_CONNECTION
from alcor.dataplane.ovs.shared_flows import SharedFlows, staged_shared
from alcor.dataplane.ovs.tables import GROUP, GROUP_RULES, GROUPS_OF_PORT
from alcor.dataplane.security_groups import ANY_VPC, Prefix, SecurityGroup, SecurityRule
from alcor.model.identifiers import Id
from tests.unit.dataplane.ovs.asked_packets import ADDRESSES, ETHERTYPES, PORTS, PROTOCOLS, asked_packet
from tests.unit.dataplane.ovs.test_endpoint_flows import matches

PIPELINE = compile_pipeline(metered=True, idle_seconds=60)
TCP, UDP, SCTP, DCCP, UDP_LITE = 6, 17, 132, 33, 136


def group_id(number: int) -> Id:
    return number.to_bytes(16)


def group(*rules: SecurityRule, number: int = 1, stateful: bool = True) -> SecurityGroup:
    return SecurityGroup(group_id(number), stateful, rules)


@given(st.integers(0, 65535), st.integers(0, 65535))
def test_a_range_of_ports_is_covered_by_masks_and_nothing_else_is(one: int, other: int) -> None:
    low, high = sorted((one, other))
    masks = list(port_masks(low, high))
    covered = [port for value, mask in masks for port in range(value, value + (0xFFFF & ~mask) + 1)]
    assert covered == list(range(low, high + 1))
    assert all(value & mask == value for value, mask in masks)
    assert len(masks) <= 30


def test_a_range_that_is_upside_down_has_no_port() -> None:
    assert list(port_masks(5, 4)) == []


def in_table(flows: list[Flow], number: int) -> list[Flow]:
    return [flow for flow in flows if flow.compiled.rule.table.number == number]


@pytest.mark.parametrize("ports", [1, 1000])
def test_a_rule_is_one_flow_whatever_ports_have_its_group(ports: int) -> None:
    assert len(in_table(list(group_flows(group(SecurityRule(True, False, TCP))).values()), GROUP_RULES.number)) == 1
    endpoint = Endpoint(bytes(16), 7, 1, security_groups=tuple(group_id(number) for number in range(ports)))
    flows = list(endpoint_flows(PIPELINE, endpoint, 7, PortMeters(7, 1007, 2007, 3007, 4007)))
    assert len(in_table(flows, GROUPS_OF_PORT.number)) == 1
    assert in_table(flows, GROUP.number) == in_table(flows, GROUP_RULES.number) == []


def test_a_member_is_one_flow_whatever_rules_name_its_group() -> None:
    members = [Prefix(bytes((10, 0, 0, number)), 32) for number in range(100)]
    assert len(list(member_flows(PIPELINE, 7, group_id(2), members))) == 100


@pytest.mark.parametrize("vni", [7, ANY_VPC])
@pytest.mark.parametrize(
    "prefix", [Prefix(bytes((10, 1, 0, 0)), 16), Prefix(bytes(16), 0), Prefix(b"\xfd" + bytes(15), 8)]
)
def test_a_member_is_matched_by_its_group_its_address_and_its_vpc_if_that_counts(vni: int, prefix: Prefix) -> None:
    (flow,) = member_flows(PIPELINE, vni, group_id(2), [prefix])
    fields = {field.name: field for field in decode_match(flow.body)[0]}
    assert ("metadata" in fields) == (vni != ANY_VPC)
    address = fields["reg11" if len(prefix.address) == 4 else "xxreg2"]
    assert address.value == int.from_bytes(prefix.address)
    assert address.mask is not None and address.mask.bit_count() == prefix.length


rules = st.builds(
    SecurityRule,
    ingress=st.booleans(),
    ipv6=st.booleans(),
    protocol=st.none() | st.sampled_from([1, 6, 17, 47, 58, 132]),
    port_range_min=st.none() | st.integers(0, 255),
    port_range_max=st.none() | st.integers(0, 255),
    remote_group=st.none() | st.integers(1, 3).map(group_id),
)


@given(st.lists(rules, max_size=5).map(tuple), st.booleans())
def test_flows_of_a_group_that_may_overlap_do_the_same(some: tuple[SecurityRule, ...], stateful: bool) -> None:
    """OpenFlow takes any one of the flows of the highest priority that match."""
    places: dict[tuple[int, int, bytes], bytes] = {}
    for flow in group_flows(SecurityGroup(group_id(1), stateful, some)).values():
        rule = flow.compiled.rule
        if rule.table is not GROUP_RULES:
            continue
        fields = {field.name: field.value for field in decode_match(flow.body)[0]}
        steps = flow.body[flow.compiled.match_length :]
        asked = fields["reg7"] << 256 | fields["xxreg3"] << 128 | fields["eth_type"]
        assert places.setdefault((rule.priority, asked, b""), steps) == steps


@pytest.mark.parametrize("protocol", [DCCP, UDP_LITE])
def test_a_rule_about_ports_that_the_switch_cannot_see_lets_nothing_pass(protocol: int) -> None:
    assert (
        in_table(list(group_flows(group(SecurityRule(True, False, protocol, 5, 6))).values()), GROUP_RULES.number) == []
    )
    assert in_table(list(group_flows(group(SecurityRule(True, False, protocol))).values()), GROUP_RULES.number)


def bodies(groups: SharedFlows, removed: set[Id], *changed: SecurityGroup) -> list[bytes]:
    staged, gone = staged_shared(changed, ()), set(map(OfGroup, removed))
    modifications = [body for _, body in groups.modifications(gone, staged, 1)]
    groups.apply(gone, staged)
    return modifications


def test_a_change_of_a_group_costs_its_difference() -> None:
    """A flow for each port, and for each protocol one for later fragments and one to ask."""
    many = tuple(SecurityRule(True, False, TCP, port, port) for port in range(1, 1001))
    groups = SharedFlows()
    assert len(bodies(groups, set(), group(*many))) == 1002
    assert bodies(groups, set(), group(*many)) == []
    assert len(bodies(groups, set(), group(*many[:-1]))) == 1
    assert len(bodies(groups, set(), group(*many, SecurityRule(True, False, UDP, 53, 53)))) == 3
    assert len(bodies(groups, {group_id(1)})) == 1004


def test_a_group_that_names_too_many_others_is_the_failure_of_the_ports_that_have_it_or_name_it() -> None:
    named = tuple(SecurityRule(True, False, remote_group=group_id(number)) for number in range(2, 3000))
    groups = SharedFlows()
    assert bodies(groups, set(), group(*named), group(number=3000)) == []
    assert groups.failure([OfGroup(group_id(1))]) is not None
    assert groups.failure([OfGroup(group_id(3000))]) is None
    bodies(groups, set(), group(*named[:5]))
    assert groups.failure([OfGroup(group_id(1))]) is None
    groups.fail(OfGroup(group_id(3)), "refused")
    assert groups.failure([OfGroup(group_id(1))]) == "a security group is not programmed: refused"
    assert groups.failure([OfGroup(group_id(3000))]) is None


ENDPOINT = Endpoint(bytes(16), 7, 1, security_groups=(group_id(1),))
PREFIXES = st.sampled_from(
    [
        *(Prefix(bytes((10, 0, 0, 0)), length) for length in (8, 16, 24)),
        *(Prefix(b"\xfd" + bytes(15), length) for length in (8, 16, 128)),
    ]
)


@st.composite
def local_rules(draw: st.DrawFn) -> SecurityRule:
    """Rules that a packet alone decides."""
    prefix = draw(st.none() | PREFIXES)
    ipv6 = draw(st.booleans()) if prefix is None else len(prefix.address) == 16
    protocol = draw(st.none() | st.sampled_from([58 if ipv6 else 1, 6, 17, 47]))
    ports = (draw(st.none() | PORTS), draw(st.none() | PORTS)) if protocol in (1, 58) else (None, None)
    if protocol in (6, 17) and draw(st.booleans()):
        low, high = sorted((draw(PORTS), draw(PORTS)))
        ports = (low, high)
    return SecurityRule(draw(st.booleans()), ipv6, protocol, *ports, remote_prefix=prefix)


@given(
    st.lists(local_rules(), max_size=4).map(tuple),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    PROTOCOLS,
    PORTS,
)
def test_flows_let_pass_what_the_memory_data_plane_lets_pass(
    some: tuple[SecurityRule, ...], stateful: bool, ingress: bool, ipv6: bool, kind: int, port: int
) -> None:
    asked = SecurityGroup(group_id(1), stateful, some)
    source, destination = ADDRESSES[ipv6]
    protocol, begins, frame = asked_packet(ipv6, kind, port)
    firewall = Firewall()
    firewall.groups[asked.id] = asked
    expected = firewall.judge(ENDPOINT, frame, ingress) is Verdict.PASSES

    transport = {1: (begins, 0), 58: (begins, 0), 6: (1111, port), 17: (1111, port), 47: (0, 0)}[protocol]
    packet = {
        "reg7": INGRESS_RULES * ingress | OF_CONNECTION * stateful,
        "xxreg2": int.from_bytes(asked.id),
        "eth_type": ETHERTYPES[ipv6],
        "ct_state": 0x21 if stateful else 0,
        "ct_nw_proto" if stateful else "ip_proto": protocol,
        "ct_tp_src": transport[0],
        "ct_tp_dst": transport[1],
        **dict.fromkeys(("tcp_dst", "udp_dst", "icmpv4_code", "icmpv6_code"), transport[1]),
        **dict.fromkeys(("icmpv4_type", "icmpv6_type"), transport[0]),
    }
    version = "ipv6" if ipv6 else "nw" if stateful else "ipv4"
    prefix = "ct_" if stateful else ""
    packet[f"{prefix}{version}_src"] = int.from_bytes(source)
    packet[f"{prefix}{version}_dst"] = int.from_bytes(destination)
    flows = in_table(list(group_flows(asked).values()), GROUP_RULES.number)
    assert any(matches(flow, packet) for flow in flows) == expected
