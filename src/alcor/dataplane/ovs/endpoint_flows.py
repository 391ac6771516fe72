"""The flows of one port: what lets its workload speak and be spoken to."""

import ipaddress
from collections.abc import Iterator

from alcor.dataplane.driver import Endpoint
from alcor.dataplane.ovs import ipv6_rules
from alcor.dataplane.ovs import pipeline as rules
from alcor.dataplane.ovs.acl_flows import border_flows
from alcor.dataplane.ovs.flood_rules import FLOOD_FROM_WORKLOAD, NOT_TO_SENDER
from alcor.dataplane.ovs.punt_meters import PortMeters
from alcor.dataplane.ovs.rendering import Flow, Pipeline
from alcor.dataplane.ovs.routing_rules import TO_AGENT
from alcor.dataplane.ovs.security_flows import security_flows
from alcor.dataplane.ovs.security_rules import GUARD_INGRESS
from alcor.model.addresses import link_local

_ALL_IPV4 = 0xFFFFFFFF
_ALL_IPV6 = (1 << 128) - 1
_EVERYWHERE = (
    rules.FROM_WORKLOAD,
    rules.FRAGMENT_FROM_WORKLOAD,
    rules.FRAGMENT_FROM_WORKLOAD_IPV6,
    rules.PUNT_ARP,
    rules.PUNT_DHCP,
    ipv6_rules.PUNT_NEIGHBOUR_SOLICITATION,
    ipv6_rules.PUNT_ROUTER_SOLICITATION,
    ipv6_rules.PUNT_DHCPV6,
    rules.MISSED,
    TO_AGENT,
    FLOOD_FROM_WORKLOAD,
    NOT_TO_SENDER,
)
_OWN_IPV6 = (ipv6_rules.GUARD_IPV6, ipv6_rules.OWN_NEIGHBOUR, ipv6_rules.OWN_NEIGHBOUR_WITHOUT_MAC)
_WITHOUT_ADDRESS = (rules.GUARD_ARP_PROBE, rules.GUARD_DHCP, ipv6_rules.GUARD_IPV6_UNSPECIFIED)


def endpoint_flows(pipeline: Pipeline, endpoint: Endpoint, port: int, meters: PortMeters) -> tuple[Flow, ...]:
    """Every flow of a port whose interface has this OpenFlow port number; none when it is administratively down.

    Raises ValueError when an allowed address pair is no CIDR, OverflowError when a number does not fit its field.
    """
    if not endpoint.admin_state_up:
        return ()
    common = {"port": port, "vni": endpoint.vni, "mac": endpoint.mac, "meter": meters.punted}
    common |= {"flood_meter": meters.floods, "fragment_meter": meters.fragments}
    flows = [pipeline[rule].flow(common) for rule in _EVERYWHERE]
    delivering = GUARD_INGRESS if endpoint.port_security else rules.DELIVER
    flows.append(pipeline[rules.COPY_TWINS[delivering]].flow(common))
    flows += border_flows(pipeline, endpoint, port)
    if not endpoint.port_security:
        return (*flows, *(pipeline[rule].flow(common) for rule in (rules.UNGUARDED, rules.DELIVER)))
    asked = security_flows(pipeline, endpoint, port, meters.undecided)
    return (*flows, *_guard(pipeline, endpoint, port), *asked)


def _guard(pipeline: Pipeline, endpoint: Endpoint, port: int) -> Iterator[Flow]:
    ipv4, ipv6 = _allowed_sources(endpoint)
    for mac, network, mask in sorted(ipv4):
        values = {"port": port, "mac": mac, "ipv4": network, "ipv4_mask": mask}
        for rule in (rules.GUARD_ARP, rules.GUARD_IPV4):
            yield pipeline[rule].flow(values)
    for mac, network, mask in sorted(ipv6):
        values = {"port": port, "mac": mac, "ipv6": network, "ipv6_mask": mask}
        for rule in _OWN_IPV6:
            yield pipeline[rule].flow(values)
    for mac in sorted({endpoint.mac, *(mac for _, mac in endpoint.allowed_address_pairs)}):
        for rule in _WITHOUT_ADDRESS:
            yield pipeline[rule].flow({"port": port, "mac": mac})


def _allowed_sources(endpoint: Endpoint) -> tuple[set[tuple[int, int, int]], set[tuple[int, int, int]]]:
    """The (MAC, network, mask) triples the port may send from, for IPv4 and for IPv6."""
    ipv4 = {(endpoint.mac, address, _ALL_IPV4) for address in endpoint.ipv4}
    ipv6 = {(endpoint.mac, int.from_bytes(address, "big"), _ALL_IPV6) for address in endpoint.ipv6}
    macs = {endpoint.mac}
    for cidr, mac in endpoint.allowed_address_pairs:
        network = ipaddress.ip_network(cidr, strict=False)
        chosen = ipv4 if network.version == 4 else ipv6
        chosen.add((mac, int(network.network_address), int(network.netmask)))
        macs.add(mac)
    ipv6 |= {(mac, int.from_bytes(link_local(mac), "big"), _ALL_IPV6) for mac in macs}
    return ipv4, ipv6
