"""What a data plane is told of network ACLs: numbered rules, and which subnets of a port have them.

An ACL holds at the border of a subnet, for every port in it: rules of egress for what leaves the subnet, where it is
sent, and rules of ingress for what enters it, where it is delivered. Each packet is judged by itself, answers as well.
The rule of the lowest number that is about a packet decides; what no rule is about does not pass.
"""

import msgspec

from alcor.dataplane.security_groups import Prefix
from alcor.model.identifiers import Id


class NetworkAclRule(msgspec.Struct, frozen=True):
    """What passes (``allow``) or does not, of one direction as the subnet sees it and one version of IP (4 or 6).

    Numbers are from 0 to MOST_NUMBER; no two rules of one direction, version and number are about the same packet.
    ``prefix`` is that of the other end, of length 0 for any. Ports are the destination's, of TCP, UDP and SCTP: a
    range, both ends belonging to it. What is None is any; a rule that names ports or types of a protocol that has none
    is about nothing. Later fragments say neither ports nor types: rules that name them are about those where they
    allow, and not where they deny.
    """

    number: int
    ingress: bool
    allow: bool
    version: int
    prefix: Prefix
    protocol: int | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None

    def names_ports(self) -> bool:
        """Whether it is about certain ports only."""
        return self.port_range_min is not None or self.port_range_max is not None

    def names_types(self) -> bool:
        """Whether it is about certain ICMP messages only."""
        return self.icmp_type is not None or self.icmp_code is not None


MOST_NUMBER = 32767
"""The highest number of a rule."""


class NetworkAcl(msgspec.Struct, frozen=True):
    """Rules, in any order: their numbers say which counts."""

    id: Id
    rules: tuple[NetworkAclRule, ...] = ()


class SubnetAcl(msgspec.Struct, frozen=True):
    """A subnet (version of IP, network and mask as numbers) and the ACL that it has, if any.

    Those of one port do not overlap.
    """

    version: int
    network: int
    mask: int
    acl: Id | None = None

    def covers(self, address: bytes) -> bool:
        """Whether a packed address is in the subnet."""
        version = 6 if len(address) == 16 else 4
        return self.version == version and int.from_bytes(address) & self.mask == self.network
