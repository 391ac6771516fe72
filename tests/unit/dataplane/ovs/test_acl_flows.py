"""What network ACLs cost in flows, and that they say no more and no less than rules and subnets do."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane.acl_verdicts import judging_acl, lets_pass
from alcor.dataplane.driver import Change, Endpoint
from alcor.dataplane.network_acls import MOST_NUMBER, NetworkAcl, NetworkAclRule, SubnetAcl
from alcor.dataplane.ovs.acl_flows import acl_flows
from alcor.dataplane.ovs.endpoint_flows import endpoint_flows
from alcor.dataplane.ovs.flow_programming import OfAcl
from alcor.dataplane.ovs.openflow.actions import decode_instructions
from alcor.dataplane.ovs.openflow.fields import FieldValue
from alcor.dataplane.ovs.punt_meters import PortMeters
from alcor.dataplane.ovs.rendering import Flow, compile_pipeline
from alcor.dataplane.ovs.shared_flows import SharedFlows, removed_shared, shared_by, staged_shared
from alcor.dataplane.ovs.tables import EGRESS_ACL, ENTERING, INGRESS_ACL, LEAVING
from alcor.dataplane.packet import packet_in
from alcor.dataplane.security_groups import Prefix
from alcor.model.identifiers import Id
from tests.unit.dataplane.ovs.asked_packets import ADDRESSES, ETHERTYPES, PORTS, PROTOCOLS, asked_packet
from tests.unit.dataplane.ovs.test_endpoint_flows import matches

PIPELINE = compile_pipeline(metered=True, idle_seconds=60)
PORT, METERS = 7, PortMeters(7, 1007, 2007, 3007, 4007)
TCP, UDP = 6, 17
ANYBODY = Prefix(bytes(4), 0)


def acl_id(number: int) -> Id:
    return number.to_bytes(16)


def about_port(port: int) -> NetworkAclRule:
    return NetworkAclRule(port, True, True, 4, ANYBODY, TCP, port, port)


def acl(*rules: NetworkAclRule, number: int = 1) -> NetworkAcl:
    return NetworkAcl(acl_id(number), rules)


def endpoint(*subnets: SubnetAcl) -> Endpoint:
    return Endpoint(bytes(16), 70001, 0xFA163E000001, ipv4=(0x0A000001,), network_acls=subnets)


def flows_of(port: Endpoint) -> list[Flow]:
    return list(endpoint_flows(PIPELINE, port, PORT, METERS))


def test_a_port_without_an_acl_costs_nothing() -> None:
    without = SubnetAcl(4, 0x0A000000, 0xFFFFFF00)
    assert flows_of(endpoint(without)) == flows_of(endpoint())


def test_a_port_costs_the_same_whatever_rules_its_acl_has() -> None:
    """A border out and in, of either version of IP; where it or a copy is delivered, before and after."""
    judged = SubnetAcl(4, 0x0A000000, 0xFFFFFF00, acl_id(1))
    assert len(flows_of(endpoint(judged))) - len(flows_of(endpoint())) == 2 * (2 + 1) + 3


def bodies(shared: SharedFlows, change: Change) -> list[bytes]:
    staged, removed = staged_shared((), change.network_acls.values()), removed_shared(change)
    modifications = [body for _, body in shared.modifications(removed, staged, 1)]
    shared.apply(removed, staged)
    return modifications


def test_a_change_of_an_acl_costs_its_difference() -> None:
    """A rule about ports is a flow, and one for later fragments."""
    many = [about_port(port) for port in range(1, 1001)]
    shared = SharedFlows()
    assert len(bodies(shared, Change(network_acls={acl_id(1): acl(*many)}))) == 2000
    assert bodies(shared, Change(network_acls={acl_id(1): acl(*many)})) == []
    assert len(bodies(shared, Change(network_acls={acl_id(1): acl(*many[:-1])}))) == 2
    assert len(bodies(shared, Change(removed_network_acls={acl_id(1)}))) == 1998


def test_an_acl_that_cannot_be_programmed_is_the_failure_of_the_ports_in_its_subnets() -> None:
    impossible = NetworkAclRule(1, True, True, 4, ANYBODY, 999)
    shared = SharedFlows()
    assert bodies(shared, Change(network_acls={acl_id(1): acl(impossible), acl_id(2): acl(number=2)})) == []
    ports = [endpoint(SubnetAcl(4, 0x0A000000, 0xFFFFFF00, acl_id(number))) for number in (1, 2)]
    failures = [shared.failure(shared_by(port)) for port in ports]
    assert failures[0] is not None and failures[0].startswith("a network ACL is not programmed: ")
    assert failures[1] is None
    bodies(shared, Change(network_acls={acl_id(1): acl(about_port(1))}))
    assert shared.failure(shared_by(ports[0])) is None
    shared.fail(OfAcl(acl_id(1)), "refused")
    assert shared.failure(shared_by(ports[0])) == "a network ACL is not programmed: refused"


def decision(flows: Iterable[Flow], packet: dict[str, int]) -> list[str]:
    """What the flow of the highest priority does of those that match; such as match are never in doubt."""
    matching = [flow for flow in flows if matches(flow, packet)]
    if not matching:
        return []
    first = max(flow.priority for flow in matching)
    (steps,) = {flow.body[flow.compiled.match_length :] for flow in matching if flow.priority == first}
    return decode_instructions(steps, form)


def form(field: FieldValue) -> str:
    return str(field.value)


PREFIXES = {
    4: st.sampled_from([Prefix(bytes((10, 0, 0, 0)), length) for length in (8, 16, 24)] + [ANYBODY]),
    6: st.sampled_from([Prefix(b"\xfd" + bytes(15), length) for length in (8, 16, 128)] + [Prefix(bytes(16), 0)]),
}


@st.composite
def rules(draw: st.DrawFn, number: int) -> NetworkAclRule:
    version = draw(st.sampled_from([4, 6]))
    protocol = draw(st.none() | st.sampled_from([1, 58, 6, 17, 47]))
    ports = types = (None, None)
    if draw(st.booleans()):
        ports = tuple(sorted((draw(PORTS), draw(PORTS))))
    if draw(st.booleans()) and protocol in (None, 1, 58):
        types = (draw(st.none() | PORTS), draw(st.none() | PORTS))
    prefix = draw(PREFIXES[version])
    return NetworkAclRule(number, draw(st.booleans()), draw(st.booleans()), version, prefix, protocol, *ports, *types)


@st.composite
def acls(draw: st.DrawFn) -> NetworkAcl:
    numbers = draw(st.lists(st.sampled_from([0, 1, 2, 100, MOST_NUMBER]), max_size=5, unique=True))
    return acl(*(draw(rules(number)) for number in numbers))


@given(acls(), st.booleans(), st.booleans(), PROTOCOLS, PORTS, st.booleans())
def test_flows_let_pass_what_the_memory_data_plane_lets_pass(
    asked: NetworkAcl, ingress: bool, ipv6: bool, kind: int, port: int, later: bool
) -> None:
    source, destination = ADDRESSES[ipv6]
    protocol, begins, frame = asked_packet(ipv6, kind, port)
    judged = packet_in(frame)
    assert judged is not None
    if later:
        judged = judged._replace(source_port=None, destination_port=None, later_fragment=True)
    kinds, ports = (begins if kind == 1 and not later else 0), (port if not later else 0)
    version = "ipv6" if ipv6 else "ipv4"
    packet = {
        "eth_type": ETHERTYPES[ipv6],
        "xxreg0": int.from_bytes(asked.id),
        "ip_proto": protocol,
        "ip_frag": 3 if later else 0,
        f"{version}_src": int.from_bytes(source),
        f"{version}_dst": int.from_bytes(destination),
        **dict.fromkeys(("tcp_dst", "udp_dst", "sctp_dst"), ports),
        **dict.fromkeys(("icmpv4_type", "icmpv6_type"), kinds),
    }
    table = INGRESS_ACL if ingress else EGRESS_ACL
    flows = [flow for flow in acl_flows(asked).values() if flow.compiled.rule.table is table]
    assert bool(decision(flows, packet)) == lets_pass(asked, judged, ingress)


SUBNETS = st.sampled_from(
    [
        (4, 0x0A000000, 0xFFFFFF00),
        (4, 0x0A000100, 0xFFFFFF00),
        (4, 0x0A010000, 0xFFFF0000),
        (6, 0xFD << 120, 0xFFFF << 112),
        (6, 0xFD01 << 112, 0xFFFF << 112),
    ]
)
WHERE = {
    False: st.sampled_from(
        [bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2)), bytes((10, 0, 1, 1)), bytes((10, 1, 0, 1)), bytes(4)]
    ),
    True: st.sampled_from([b"\xfd" + bytes(15), b"\xfd" + bytes(14) + b"\1", b"\xfd\1" + bytes(14), bytes(16)]),
}


@given(st.data(), st.lists(SUBNETS, max_size=4, unique=True), st.booleans(), st.booleans())
def test_flows_have_the_acl_judge_that_the_memory_data_plane_has_judge(
    data: st.DataObject, where: list[tuple[int, int, int]], ipv6: bool, ingress: bool
) -> None:
    subnets = [SubnetAcl(*each, data.draw(st.sampled_from([None, acl_id(1), acl_id(2)]))) for each in where]
    own, other = data.draw(WHERE[ipv6]), data.draw(WHERE[ipv6])
    source, destination = (other, own) if ingress else (own, other)
    version = "ipv6" if ipv6 else "ipv4"
    packet = {
        "eth_type": ETHERTYPES[ipv6],
        "reg6" if ingress else "in_port": PORT,
        f"{version}_src": int.from_bytes(source),
        f"{version}_dst": int.from_bytes(destination),
    }
    table = ENTERING if ingress else LEAVING
    flows = [flow for flow in flows_of(endpoint(*subnets)) if flow.compiled.rule.table is table]
    steps = decision(flows, packet)
    expected = judging_acl(subnets, own, other) if subnets else None
    judged = f"set_field:{int.from_bytes(expected or b'')}->xxreg0"
    assert (judged in steps) == (expected is not None)
    assert expected is not None or not any("xxreg0" in step for step in steps)
