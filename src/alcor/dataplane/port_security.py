"""Which source addresses a workload may use: the rule every driver enforces (Neutron's port_security_enabled)."""

import ipaddress
from functools import lru_cache

from alcor.dataplane import ipv6, neighbour_discovery
from alcor.dataplane.driver import Endpoint
from alcor.model.addresses import link_local

_FORGED_ICMPV6 = {ipv6.ROUTER_ADVERTISEMENT, ipv6.REDIRECT}
_DHCPV6_ANSWER = (547, 546)


def permits_mac(endpoint: Endpoint, mac: int) -> bool:
    """True when the workload may send from this MAC address."""
    return (
        not endpoint.port_security
        or mac == endpoint.mac
        or any(mac == pair_mac for _, pair_mac in endpoint.allowed_address_pairs)
    )


def permits_ipv4(endpoint: Endpoint, mac: int, address: int) -> bool:
    """True when the workload may send from this MAC and IPv4 address together."""
    if not endpoint.port_security or (mac == endpoint.mac and address in endpoint.ipv4):
        return True
    return _pair_covers(endpoint, mac, 4, address)


def permits_ipv6(endpoint: Endpoint, mac: int, address: bytes) -> bool:
    """True when the workload may send from this MAC and IPv6 address together.

    With every MAC it may use goes the link-local address that follows from it: IPv6 does not work without.
    """
    if not endpoint.port_security or (mac == endpoint.mac and address in endpoint.ipv6):
        return True
    if address == link_local(mac) and permits_mac(endpoint, mac):
        return True
    return _pair_covers(endpoint, mac, 6, int.from_bytes(address, "big"))


def permits_ipv6_packet(endpoint: Endpoint, mac: int, frame: bytes) -> bool:
    """True when the workload may send this IPv6 packet: as :func:`permits_ipv6`, or without an address.

    It is no router and no DHCP server, and advertises only its own addresses to its neighbours.
    """
    if not endpoint.port_security:
        return True
    header = ipv6.ipv6(frame)
    if header is None:
        return False
    kind = ipv6.icmpv6_type(frame, header)
    if kind in _FORGED_ICMPV6 or ipv6.udp_ports(frame, header) == _DHCPV6_ANSWER:
        return False
    if kind == ipv6.NEIGHBOUR_ADVERTISEMENT and not _advertises_itself(endpoint, mac, frame, header):
        return False
    if header.source == ipv6.UNSPECIFIED:
        return kind is not None and header.destination[0] == 0xFF and permits_mac(endpoint, mac)
    return permits_ipv6(endpoint, mac, header.source)


def _advertises_itself(endpoint: Endpoint, mac: int, frame: bytes, header: ipv6.Ipv6) -> bool:
    advertised = neighbour_discovery.advertised(frame, header)
    return advertised is not None and advertised[1] in (mac, 0, None) and permits_ipv6(endpoint, mac, advertised[0])


def _pair_covers(endpoint: Endpoint, mac: int, version: int, address: int) -> bool:
    for cidr, pair_mac in endpoint.allowed_address_pairs:
        pair_version, network, mask = _network(cidr)
        if mac == pair_mac and version == pair_version and address & mask == network:
            return True
    return False


@lru_cache(maxsize=4096)
def _network(cidr: str) -> tuple[int, int, int]:
    network = ipaddress.ip_network(cidr, strict=False)
    return network.version, int(network.network_address), int(network.netmask)
