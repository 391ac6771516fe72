"""Network ACLs: lists of numbered rules that say what may enter and leave subnets, whatever their ports."""

from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import chosen_id, standard_attributes
from alcor.model.values import boolean, cidr, integer, list_of, one_of, optional, schema_of, takes, uuid, whole_number

DIRECTIONS = ("ingress", "egress")
TCP, UDP, ICMP, ICMPV6, ALL = "tcp", "udp", "icmp", "icmpv6", "all"
IPV4, IPV6 = "ipv4", "ipv6"
ALLOW, DENY = "allow", "deny"
LAST_NUMBER = 32767
"""The number of the rules that every ACL ends with; others come before."""

_MOST_SUBNETS = 1000  # of one ACL

_port = optional(integer(1, 65535))
_number = takes(schema_of(integer(0, LAST_NUMBER)))(integer(0, LAST_NUMBER - 1))  # the last one is shown, too
_icmp = optional(integer(0, 255))


def _own(*attributes: Attribute) -> tuple[Attribute, ...]:
    return chosen_id(), *(each for each in standard_attributes() if each.name != "id"), *attributes


NETWORK_ACL = Resource(
    "network_acl",
    "network_acls",
    _own(
        Attribute("vpc_id", uuid, Unset.REQUIRED, update=False, column="vpc_id", parse_filter=str),
        Attribute("is_default", boolean, False, column="is_default", parse_filter=boolean),
        Attribute("associated_subnets", list_of(uuid, _MOST_SUBNETS), [], kept=Kept.COMPUTED, parse_filter=str),
        Attribute("network_acl_rules", kept=Kept.COMPUTED),
    ),
    lenient=True,
)

NETWORK_ACL_RULE = Resource(
    "network_acl_rule",
    "network_acl_rules",
    _own(
        Attribute("network_acl_id", uuid, Unset.REQUIRED, update=False, column="network_acl_id", parse_filter=str),
        Attribute("number", _number, Unset.REQUIRED, column="number", parse_filter=whole_number),
        Attribute("direction", one_of(*DIRECTIONS), Unset.REQUIRED, column="direction", parse_filter=str),
        Attribute("action", one_of(ALLOW, DENY), Unset.REQUIRED, column="action", parse_filter=str),
        Attribute("protocol", one_of(TCP, UDP, ICMP, ICMPV6, ALL), ALL, column="protocol", parse_filter=str),
        Attribute("ether_type", optional(one_of(IPV4, IPV6)), None, column="ether_type", parse_filter=str),
        Attribute("ip_prefix", optional(cidr), None, column="ip_prefix", parse_filter=str),
        Attribute("port_range_min", _port, None, column="port_range_min", parse_filter=whole_number),
        Attribute("port_range_max", _port, None, column="port_range_max", parse_filter=whole_number),
        Attribute("icmp_type", _icmp, None, column="icmp_type", parse_filter=whole_number),
        Attribute("icmp_code", _icmp, None, column="icmp_code", parse_filter=whole_number),
    ),
    lenient=True,
)
