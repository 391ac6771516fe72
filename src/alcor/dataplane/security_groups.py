"""What a data plane is told of security groups: rules, and who is in a group that rules speak of."""

import ipaddress
from functools import lru_cache
from typing import NamedTuple

import msgspec

from alcor.model import records
from alcor.model.identifiers import Id


class Prefix(NamedTuple):
    """A range of addresses: IPv4 (4 bytes) or IPv6 (16 bytes), without bits past its length."""

    address: bytes
    length: int


class SecurityRule(msgspec.Struct, frozen=True):
    """What may pass, of one direction as the workload sees it and one IP version.

    Ports are the destination's: a range, both ends belonging to it. Of ICMP they are the type and the code, as in
    Neutron; one that is None is any. At most one of the remotes says who the other end must be; none: anybody.
    """

    ingress: bool
    ipv6: bool
    protocol: int | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    remote_prefix: Prefix | None = None
    remote_group: Id | None = None
    remote_address_group: Id | None = None


class SecurityGroup(msgspec.Struct, frozen=True):
    """What the workloads behind its ports may receive and send.

    Of a stateful group, what a rule lets begin may be answered, and goes on for as long as the rule is there. Rules of
    a stateless group are about each packet by itself.
    """

    id: Id
    stateful: bool
    rules: tuple[SecurityRule, ...]


class MembersDelta(msgspec.Struct):
    """Addresses that belong to a group and addresses that no longer do."""

    put: set[Prefix] = set()
    removed: set[Prefix] = set()


class StrangersDelta(msgspec.Struct):
    """Addresses of one VPC that are known to be in no group they were asked for, and such that no longer are."""

    put: set[bytes] = set()
    removed: set[bytes] = set()


ANY_VPC = -1
"""Members in no VPC in particular: those of address groups."""


@lru_cache(maxsize=10_000)
def prefix_of(cidr: str) -> Prefix:
    """A CIDR, or an address as a range of itself alone."""
    network = ipaddress.ip_network(cidr, strict=False)
    return Prefix(network.network_address.packed, network.prefixlen)


def data_plane_rule(rule: records.SecurityRule) -> SecurityRule:
    """A rule of a goal state as the data plane is told of it."""
    return SecurityRule(
        ingress=rule.ingress,
        ipv6=rule.ipv6,
        protocol=rule.protocol,
        port_range_min=rule.port_range_min,
        port_range_max=rule.port_range_max,
        remote_prefix=prefix_of(rule.remote_prefix) if rule.remote_prefix else None,
        remote_group=rule.remote_group or None,
        remote_address_group=rule.remote_address_group or None,
    )
