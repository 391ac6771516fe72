"""What routers tell workloads of themselves and of the subnets they are in (RFC 4861, section 4.2; RFC 8106). Pure."""

import ipaddress
import struct
from collections.abc import Iterable, Mapping

import msgspec

from alcor.agent.dhcp.options import domain_labels
from alcor.agent.dns.names import domain_of
from alcor.agent.routing.router_index import RouterIndex
from alcor.agent.services.name_servers import name_servers
from alcor.dataplane import ipv6
from alcor.dataplane.ipv6 import ALL_NODES, ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION, UNSPECIFIED
from alcor.dataplane.neighbour_discovery import SOURCE_ADDRESS, is_valid, mac_option, parse_options
from alcor.model.addresses import ip_bytes, link_local
from alcor.model.goal_state import Port, Subnet, Vpc
from alcor.model.identifiers import Id
from alcor.model.ipv6_modes import OWN_ADDRESSES, STATEFUL, STATELESS

_HOP_LIMIT = 64
_ROUTER_SECONDS = 9000  # the longest that RFC 4861 allows: workloads keep their routes while no agent runs
_VALID_SECONDS, _PREFERRED_SECONDS = 30 * 86400, 7 * 86400
_PREFIX, _MTU, _DNS_SERVERS, _DNS_SEARCH_LIST = 3, 5, 25, 31
_MANAGED, _OTHER = 0x80, 0x40
_ON_LINK, _AUTONOMOUS = 0x80, 0x40


class Prefix(msgspec.Struct, frozen=True):
    """A subnet's range of addresses, and whether workloads make theirs of it."""

    network: bytes
    length: int
    autonomous: bool


class RouterAdvertisement(msgspec.Struct, frozen=True):
    """What one router tells."""

    mac: int
    prefixes: tuple[Prefix, ...]
    managed: bool  # addresses are to be had by DHCPv6
    other: bool  # and so is the rest of the configuration
    mtu: int = 0
    dns_servers: tuple[bytes, ...] = ()
    search_list: bytes = b""


class RouterSolicitation(msgspec.Struct, frozen=True):
    """Which routers are there? Asked by ``source``, which is ``::`` of somebody without an address yet."""

    source_mac: int
    source: bytes
    stated_mac: bytes | None  # in an option; it should be the source_mac


def router_solicitation(frame: bytes) -> RouterSolicitation | None:
    """The router solicitation in a frame, or None when there is none that is valid (RFC 4861, section 6.1.1)."""
    header = ipv6.ipv6(frame)
    if header is None or not is_valid(frame, header, ROUTER_SOLICITATION, 8):
        return None
    options = parse_options(frame[header.start + 8 : header.end])
    if options is None or (header.source == UNSPECIFIED and SOURCE_ADDRESS in options):
        return None
    return RouterSolicitation(int.from_bytes(frame[6:12]), header.source, options.get(SOURCE_ADDRESS))


def advertisements(
    port: Port, subnets: Mapping[Id, Subnet], vpc: Vpc | None, routers: RouterIndex
) -> dict[int, RouterAdvertisement]:
    """What each router, by its MAC address, tells the workload behind a port.

    A router speaks only of subnets in which the port has an address, and which say how: others' prefixes would give
    the workload addresses that it may not use.
    """
    told: dict[int, list[Subnet]] = {}
    for subnet_id in dict.fromkeys(subnet_id for subnet_id, _ in port.fixed_ips):
        subnet = subnets.get(subnet_id)
        if subnet is not None and subnet.ipv6_ra_mode:
            for mac in dict.fromkeys(each.mac for each in routers.in_subnet(subnet.vni, subnet.cidr)):
                told.setdefault(mac, []).append(subnet)
    return {mac: _advertisement(mac, chosen, vpc) for mac, chosen in told.items()}


def _advertisement(mac: int, subnets: list[Subnet], vpc: Vpc | None) -> RouterAdvertisement:
    modes = {subnet.ipv6_ra_mode for subnet in subnets}
    servers = name_servers(subnets, 6)
    return RouterAdvertisement(
        mac=mac,
        prefixes=tuple(map(_prefix, subnets)),
        managed=STATEFUL in modes,
        other=STATELESS in modes,
        mtu=vpc.mtu if vpc else 0,
        dns_servers=tuple(map(ip_bytes, servers)),
        search_list=search_list(vpc),
    )


def search_list(vpc: Vpc | None) -> bytes:
    """The domain in which names are looked up first, as labels (RFC 1035); empty when it cannot be."""
    try:
        return domain_labels(domain_of(vpc))
    except ValueError:
        return b""


def _prefix(subnet: Subnet) -> Prefix:
    network = ipaddress.IPv6Network(subnet.cidr, strict=False)
    return Prefix(network.network_address.packed, network.prefixlen, subnet.ipv6_ra_mode in OWN_ADDRESSES)


def advertisement_frame(
    told: RouterAdvertisement, mac: int | None = None, address: bytes = ALL_NODES, final: bool = False
) -> bytes:
    """The frame that tells it to all nodes or to one of them, perhaps as the router's last word (section 6.2.5)."""
    flags = (_MANAGED if told.managed else 0) | (_OTHER if told.other else 0)
    lifetime = 0 if final else _ROUTER_SECONDS
    message = struct.pack("!BBHBBHII", ROUTER_ADVERTISEMENT, 0, 0, _HOP_LIMIT, flags, lifetime, 0, 0)
    message += mac_option(SOURCE_ADDRESS, told.mac) + b"".join(_options(told))
    target = ipv6.multicast_mac(address) if mac is None else mac
    return ipv6.icmpv6_frame((told.mac, target), (link_local(told.mac), address), message)


def _options(told: RouterAdvertisement) -> Iterable[bytes]:
    if told.mtu:
        yield struct.pack("!BBHI", _MTU, 1, 0, told.mtu)
    for each in told.prefixes:
        flags = _ON_LINK | (_AUTONOMOUS if each.autonomous else 0)
        lifetimes = _VALID_SECONDS, _PREFERRED_SECONDS
        yield struct.pack("!BBBBIII", _PREFIX, 4, each.length, flags, *lifetimes, 0) + each.network
    if told.dns_servers:
        yield _lasting_option(_DNS_SERVERS, b"".join(told.dns_servers))
    if told.search_list:
        yield _lasting_option(_DNS_SEARCH_LIST, told.search_list)


def _lasting_option(kind: int, value: bytes) -> bytes:
    """An option that holds as long as the router does, filled up to a multiple of 8 bytes."""
    value += bytes(-len(value) % 8)
    return struct.pack("!BBHI", kind, 1 + len(value) // 8, 0, _ROUTER_SECONDS) + value
