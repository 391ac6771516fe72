"""Which source addresses a workload may use: the rule every driver enforces (Neutron's port_security_enabled)."""

import ipaddress
from functools import lru_cache

from alcor.dataplane.driver import Endpoint


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


def link_local(mac: int) -> bytes:
    """The IPv6 link-local address of a MAC address, RFC 4291 appendix A."""
    octets = (mac ^ 1 << 41).to_bytes(6, "big")
    return b"\xfe\x80" + bytes(6) + octets[:3] + b"\xff\xfe" + octets[3:]


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
