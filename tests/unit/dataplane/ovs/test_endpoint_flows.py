"""The flows that guard a port let pass what port security permits, no less and no more."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane import port_security
from alcor.dataplane.driver import Endpoint
from alcor.dataplane.ovs.endpoint_flows import endpoint_flows
from alcor.dataplane.ovs.flood_rules import NOT_TO_SENDER
from alcor.dataplane.ovs.openflow.fields import decode_match
from alcor.dataplane.ovs.pipeline import COPY_TWINS
from alcor.dataplane.ovs.punt_meters import PortMeters
from alcor.dataplane.ovs.rendering import Flow, compile_pipeline
from alcor.dataplane.ovs.tables import COPY, LOCAL, SOURCE_GUARD
from alcor.model.addresses import link_local

PIPELINE = compile_pipeline(metered=True, idle_seconds=60)
PORT, METERS = 7, PortMeters(7, 1007, 2007, 3007, 4007)
MACS = st.sampled_from([0xFA163E000001, 0xFA163E000002, 0x00005E000101])
IPV4 = st.sampled_from([0x0A000001, 0x0A000002, 0x0A0000FF, 0x0A090001])
IPV6 = st.sampled_from(
    [
        *(bytes.fromhex("20010db8") + number.to_bytes(12, "big") for number in (1, 2, 1 << 64)),
        *(link_local(mac) for mac in (0xFA163E000001, 0xFA163E000002)),
    ]
)
CIDRS = st.sampled_from(["10.0.0.2/32", "10.0.0.0/24", "10.9.0.7/16", "0.0.0.0/0", "2001:db8::/64", "::/0"])

endpoints = st.builds(
    Endpoint,
    port_id=st.just(bytes(16)),
    vni=st.just(70001),
    mac=MACS,
    ipv4=st.lists(IPV4, max_size=2, unique=True).map(tuple),
    ipv6=st.lists(IPV6, max_size=2, unique=True).map(tuple),
    port_security=st.booleans(),
    allowed_address_pairs=st.lists(st.tuples(CIDRS, MACS), max_size=2).map(tuple),
)


def matches(flow: Flow, packet: dict[str, int]) -> bool:
    fields, _ = decode_match(flow.body)
    return all(
        packet.get(field.name, 0) & (field.mask if field.mask is not None else -1) == field.value for field in fields
    )


def passes_guard(endpoint: Endpoint, packet: dict[str, int]) -> bool:
    guards = [
        flow for flow in endpoint_flows(PIPELINE, endpoint, PORT, METERS) if flow.compiled.rule.table is SOURCE_GUARD
    ]
    return any(matches(flow, packet | {"in_port": PORT}) for flow in guards)


@given(endpoints, MACS, IPV4)
def test_ipv4_passes_as_port_security_permits(endpoint: Endpoint, mac: int, address: int) -> None:
    packet = {"eth_type": 0x0800, "eth_src": mac, "ipv4_src": address, "ip_proto": 6}
    assert passes_guard(endpoint, packet) == port_security.permits_ipv4(endpoint, mac, address)


@given(endpoints, MACS, IPV6)
def test_ipv6_passes_as_port_security_permits(endpoint: Endpoint, mac: int, address: bytes) -> None:
    packet = {"eth_type": 0x86DD, "eth_src": mac, "ipv6_src": int.from_bytes(address, "big"), "ip_proto": 6}
    assert passes_guard(endpoint, packet) == port_security.permits_ipv6(endpoint, mac, address)


@given(endpoints, MACS, MACS, IPV4)
def test_arp_passes_when_sender_and_source_are_one_the_port_may_be(
    endpoint: Endpoint, source: int, sender: int, address: int
) -> None:
    packet = {"eth_type": 0x0806, "eth_src": source, "arp_op": 2, "arp_sha": sender, "arp_spa": address}
    honest = source == sender and port_security.permits_ipv4(endpoint, sender, address)
    assert passes_guard(endpoint, packet) == (honest or not endpoint.port_security)


@given(endpoints, MACS)
def test_a_workload_without_an_address_may_probe_and_ask_by_dhcp(endpoint: Endpoint, mac: int) -> None:
    permitted = port_security.permits_mac(endpoint, mac)
    probe = {"eth_type": 0x0806, "eth_src": mac, "arp_op": 1, "arp_sha": mac, "arp_spa": 0}
    discover = {"eth_type": 0x0800, "eth_src": mac, "ip_proto": 17, "ipv4_src": 0, "ipv4_dst": 0xFFFFFFFF}
    discover |= {"udp_src": 68, "udp_dst": 67}
    duplicate_detection = {"eth_type": 0x86DD, "eth_src": mac, "ip_proto": 58, "ipv6_src": 0, "ipv6_dst": 0xFF << 120}
    for packet in (probe, discover, duplicate_detection):
        assert passes_guard(endpoint, packet) == permitted


@given(endpoints, MACS, st.sampled_from([0x88CC, 0x8847, 0x0842]))
def test_other_protocols_pass_only_without_port_security(endpoint: Endpoint, mac: int, ethertype: int) -> None:
    assert passes_guard(endpoint, {"eth_type": ethertype, "eth_src": mac}) == (not endpoint.port_security)


@given(endpoints)
def test_no_flow_of_a_port_is_there_twice(endpoint: Endpoint) -> None:
    flows = endpoint_flows(PIPELINE, endpoint, PORT, METERS)
    places = {(flow.compiled.identity, flow.match()) for flow in flows}
    assert len(places) == len({flow.digest() for flow in flows}) == len(flows)


@given(endpoints)
def test_a_port_that_is_administratively_down_has_no_flow(endpoint: Endpoint) -> None:
    down = Endpoint(endpoint.port_id, endpoint.vni, endpoint.mac, admin_state_up=False)
    assert endpoint_flows(PIPELINE, down, PORT, METERS) == ()


@given(endpoints)
def test_copies_are_delivered_by_the_same_rules_as_what_is_for_the_port_alone(endpoint: Endpoint) -> None:
    rules = [flow.compiled.rule for flow in endpoint_flows(PIPELINE, endpoint, PORT, METERS)]
    delivering = {rule for rule in rules if rule.table is LOCAL}
    assert delivering
    assert {rule for rule in rules if rule.table is COPY} == {COPY_TWINS[rule] for rule in delivering} | {NOT_TO_SENDER}


@pytest.mark.parametrize("cidr", ["10.0.0.0/33", "x", "", "10.0.0.0/24/24"])
def test_an_allowed_address_pair_that_is_no_cidr_is_an_error(cidr: str) -> None:
    odd = Endpoint(bytes(16), 70001, 1, allowed_address_pairs=((cidr, 1),))
    with pytest.raises(ValueError):
        endpoint_flows(PIPELINE, odd, PORT, METERS)


@pytest.mark.parametrize("odd", [{"mac": 1 << 48}, {"vni": 1 << 64}, {"mac": -1}])
def test_a_number_that_fits_no_field_is_an_error(odd: dict[str, int]) -> None:
    with pytest.raises(OverflowError):
        endpoint_flows(PIPELINE, Endpoint(bytes(16), **({"vni": 1, "mac": 1} | odd)), PORT, METERS)


def test_the_networks_of_pairs_are_whole() -> None:
    """A CIDR with host bits set stands for its network."""
    port = Endpoint(bytes(16), 70001, 1, allowed_address_pairs=(("10.9.0.7/16", 1),))
    address = int(ipaddress.IPv4Address("10.9.255.1"))
    assert passes_guard(port, {"eth_type": 0x0800, "eth_src": 1, "ipv4_src": address})
