"""The routers of this host as its workloads see them over IPv6, found by their addresses. Pure."""

import ipaddress
from collections.abc import Iterable

import msgspec

from alcor.model.addresses import ip_bytes, link_local
from alcor.model.goal_state import Router


class Gateway(msgspec.Struct, frozen=True):
    """Where a router is in a subnet of a VPC."""

    vni: int
    mac: int
    address: bytes
    cidr: str

    def is_near(self, address: bytes) -> bool:
        """Whether an address is in the subnet."""
        return ipaddress.IPv6Address(address) in ipaddress.IPv6Network(self.cidr, strict=False)

    def link_local(self) -> bytes:
        """The address from which it advertises itself (RFC 4861, section 4.2)."""
        return link_local(self.mac)


class Gateways:
    """Those of all routers. Each has its address in the subnet and the link-local address of its MAC address."""

    def __init__(self, routers: Iterable[Router] = ()) -> None:
        self._macs: dict[tuple[int, bytes], int] = {}
        self._by_subnet: dict[tuple[int, str], list[Gateway]] = {}
        for router in routers:
            for interface in router.interfaces:
                for cidr, address in interface.addresses:
                    if ":" in cidr:
                        self._add(Gateway(interface.vni, interface.mac, ip_bytes(address), cidr))

    def owner_of(self, vni: int, address: bytes) -> int | None:
        """The MAC address of the router that has an address in a VPC."""
        return self._macs.get((vni, address))

    def of_subnet(self, vni: int, cidr: str) -> list[Gateway]:
        """Those in a subnet."""
        return self._by_subnet.get((vni, cidr), [])

    def all(self) -> Iterable[Gateway]:
        """All of them."""
        return (gateway for gateways in self._by_subnet.values() for gateway in gateways)

    def _add(self, gateway: Gateway) -> None:
        for address in (gateway.address, gateway.link_local()):
            self._macs[gateway.vni, address] = gateway.mac
        self._by_subnet.setdefault((gateway.vni, gateway.cidr), []).append(gateway)
