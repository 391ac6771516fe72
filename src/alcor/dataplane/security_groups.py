"""What a data plane is told of security groups: rules, and who is in a group that rules speak of."""

from typing import NamedTuple

import msgspec

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
