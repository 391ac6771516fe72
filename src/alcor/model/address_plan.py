"""The addresses of a subnet: its gateway, the pools that addresses are given out from, and which are usable. Pure.

Pools are ranges of numbers (first, last); what is wrong with one is raised as Neutron would answer it.
"""

import ipaddress
import itertools
from collections.abc import Iterable, Mapping, Sequence

from alcor.model.errors import bad_request, conflict, invalid_input
from alcor.model.number_ranges import Range, normalised, without

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LIMITED_BROADCAST = ipaddress.IPv4Address("255.255.255.255")
_LONGEST_WITH_HOSTS = {4: 30, 6: 126}  # prefixes beyond have no address that is only a network's or a broadcast's


def usable(network: Network) -> Range:
    """The first and last number that an interface may have: not the network's own, nor IPv4's broadcast address."""
    first, last = int(network.network_address), int(network.broadcast_address)
    if network.prefixlen > _LONGEST_WITH_HOSTS[network.version]:
        return first, last
    return first + 1, last - 1 if network.version == 4 else last


def default_gateway(network: Network) -> str:
    """The address after the network's own; in IPv6 that one itself, which any router has (RFC 4291, 2.6.1)."""
    return address_text(network.version, int(network.network_address) + (network.version == 4))


def default_pools(network: Network, gateway_ip: str | None) -> list[Range]:
    """All usable addresses but the gateway's."""
    everything = usable(network)
    gateway = int(ipaddress.ip_address(gateway_ip)) if gateway_ip else None
    if gateway is None or not everything[0] <= gateway <= everything[1]:
        return [everything]
    return without([everything], [gateway])


def given_pools(network: Network, pools: Sequence[Mapping[str, str]], cidr: str) -> list[Range]:
    """Pools as a request says them. Raises AlcorError when one is upside down, outside the subnet, or overlaps."""
    ranges: list[Range] = []
    first, last = usable(network)
    for pool in pools:
        start, end = ipaddress.ip_address(pool["start"]), ipaddress.ip_address(pool["end"])
        text = f"{start}-{end}"
        if start.version != network.version or end.version != network.version or int(start) > int(end):
            raise bad_request(f"The allocation pool {text} is not valid.", "InvalidAllocationPool")
        if not first <= int(start) <= int(end) <= last:
            raise bad_request(
                f"The allocation pool {text} spans beyond the subnet cidr {cidr}.", "OutOfBoundsAllocationPool"
            )
        ranges.append((int(start), int(end)))
    ranges.sort()
    for one, other in itertools.pairwise(ranges):
        if other[0] <= one[1]:
            raise conflict(
                "OverlappingAllocationPools",
                f"Found overlapping allocation pools: {_range_text(network.version, one)} "
                f"{_range_text(network.version, other)} for subnet {cidr}.",
            )
    return ranges


def check_gateway(network: Network, gateway_ip: str | None, pools: Iterable[Range]) -> None:
    """Raises AlcorError unless the gateway can be one and no port will be given its address.

    It may lie outside the subnet: the subnet's hosts may know how to reach it (Neutron).
    """
    if gateway_ip is None:
        return
    gateway = ipaddress.ip_address(gateway_ip)
    if gateway.version != network.version:
        raise invalid_input(f"gateway_ip '{gateway_ip}' does not match the ip_version '{network.version}'")
    has_hosts = network.version == 4 and network.prefixlen <= _LONGEST_WITH_HOSTS[4]
    if has_hosts and gateway in (network.network_address, network.broadcast_address):
        raise invalid_input("Gateway is not valid on subnet")
    for pool in pools:
        if pool[0] <= int(gateway) <= pool[1]:
            raise conflict(
                "GatewayConflictWithAllocationPools",
                f"Gateway ip {gateway_ip} conflicts with allocation pool {_range_text(network.version, pool)}.",
            )


def pool_views(version: int, pools: Iterable[Range]) -> list[dict[str, str]]:
    """Pools as the API shows them."""
    return [{"start": address_text(version, first), "end": address_text(version, last)} for first, last in pools]


def pool_ranges(pools: Iterable[Mapping[str, str]]) -> list[Range]:
    """The same, read back."""
    return normalised(
        (int(ipaddress.ip_address(pool["start"])), int(ipaddress.ip_address(pool["end"]))) for pool in pools
    )


def address_text(version: int, number: int) -> str:
    """The text of an address given as a number."""
    return str(ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number))


def interface_identifier(prefix: int, mac: int) -> int:
    """The address that stateless autoconfiguration makes in a /64 from a MAC address (RFC 4291, appendix A)."""
    return prefix | (mac >> 24 ^ 0x020000) << 40 | 0xFFFE << 24 | mac & 0xFFFFFF


def check_range(network: Network) -> None:
    """Raises AlcorError for a range in which no subnet makes sense."""
    if network.prefixlen == 0:
        raise invalid_input("0 is not allowed as CIDR prefix length")
    if network.is_multicast or network.is_loopback:
        raise invalid_input(f"Subnet {network} is not possible: it is a multicast or loopback range")
    if network.version == 6 and network.is_link_local:
        raise invalid_input(f"Subnet {network} is not possible: every interface has link-local addresses by itself")
    if int(network.network_address) == 0 or network.broadcast_address == _LIMITED_BROADCAST:
        raise invalid_input(f"Subnet {network} is not possible: it has an address that cannot be an interface's")


def check_dhcp(network: Network) -> None:
    """Raises AlcorError for a range too small for DHCP."""
    if network.prefixlen > _LONGEST_WITH_HOSTS[network.version]:
        raise invalid_input("Subnet has a prefix length that is incompatible with DHCP service enabled")


def _range_text(version: int, pool: Range) -> str:
    return f"{address_text(version, pool[0])}-{address_text(version, pool[1])}"
