"""The flows of network ACLs: of an ACL, and of the border of the subnets that a port is in."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from alcor.dataplane.driver import Endpoint
from alcor.dataplane.network_acls import NetworkAcl, NetworkAclRule, SubnetAcl
from alcor.dataplane.ovs import acl_rules as rules
from alcor.dataplane.ovs.pipeline import COPY_TWINS
from alcor.dataplane.ovs.rendering import Flow, Pipeline, single_flow
from alcor.dataplane.ovs.security_flows import (
    ALL_PORTS,
    ICMP,
    ICMP_FIELDS,
    ICMPV6,
    LATER_FRAGMENT,
    PORT_FIELDS,
    port_masks,
    prefix_numbers,
)
from alcor.dataplane.ovs.tables import Match
from alcor.model.identifiers import Id

_REMEMBERED_RULES = 8192
_NO_LATER_FRAGMENT = Match("ip_frag", 0, 0x02)
_ETHERTYPES = {4: 0x0800, 6: 0x86DD}
_ICMP_OF = {4: ICMP, 6: ICMPV6}
_BORDERS = {
    4: (rules.EGRESS_BORDER, rules.INGRESS_BORDER),
    6: (rules.EGRESS_BORDER_IPV6, rules.INGRESS_BORDER_IPV6),
}
_OTHER_END = {
    # (of ingress, version)
    (False, 4): "ipv4_dst",
    (False, 6): "ipv6_dst",
    (True, 4): "ipv4_src",
    (True, 6): "ipv6_src",
}


def border_flows(pipeline: Pipeline, endpoint: Endpoint, port: int) -> Iterator[Flow]:
    """The flows that have a port's packets judged where they cross the border of a subnet; none without an ACL.

    Raises OverflowError when a number does not fit its field.
    """
    if not any(each.acl for each in endpoint.network_acls):
        return
    values = {"port": port, "vni": endpoint.vni, "mac": endpoint.mac}
    for rule in (rules.ENTERS, COPY_TWINS[rules.ENTERS]):
        yield pipeline[rule].flow(values)
    if endpoint.port_security:
        yield pipeline[rules.ENTERED_GUARDED].flow(values)
    for version, borders in _BORDERS.items():
        subnets = [each for each in endpoint.network_acls if each.version == version]
        for border in borders:
            yield from _border_flows(pipeline, border, subnets or endpoint.network_acls[:1], version, port)


def _border_flows(
    pipeline: Pipeline, border: rules.Border, subnets: Sequence[SubnetAcl], version: int, port: int
) -> Iterator[Flow]:
    first, *others = subnets
    if first.acl is not None:
        values = _border_values(first, port)
        if first.version == version:
            yield pipeline[border.within_first].flow(values)
        yield pipeline[border.across_first].flow(values)
    for subnet in others:
        values = _border_values(subnet, port)
        if subnet.acl is None:
            if first.acl is not None:
                yield pipeline[border.exempt].flow(values)
        else:
            yield pipeline[border.within].flow(values)
            yield pipeline[border.across].flow(values)


def _border_values(subnet: SubnetAcl, port: int) -> dict[str, int]:
    acl = int.from_bytes(subnet.acl or b"")
    return {"port": port, "network": subnet.network, "mask": subnet.mask, "acl": acl}


def acl_flows(acl: NetworkAcl) -> dict[int, Flow]:
    """The flows of a network ACL, whatever ports are in its subnets, by digest.

    Raises OverflowError when a number does not fit its field.
    """
    return dict(flow for rule in acl.rules for flow in _rule_flows(acl.id, rule))


@lru_cache(maxsize=_REMEMBERED_RULES)  # an ACL is told whole when one of its rules has changed
def _rule_flows(acl: Id, rule: NetworkAclRule) -> tuple[tuple[int, Flow], ...]:
    """With their digests."""
    base = rules.INGRESS_NUMBERED if rule.ingress else rules.EGRESS_NUMBERED
    base = base._replace(priority=base.priority - rule.number)
    if not rule.allow:
        base = base._replace(actions=())
    values = {"acl": int.from_bytes(acl)}
    flows = [
        single_flow(base._replace(matches=(matches[0], *base.matches, *matches[1:])), values)
        for matches in _matches(rule)
    ]
    return tuple((flow.digest(), flow) for flow in flows)


def _matches(rule: NetworkAclRule) -> Iterator[tuple[Match, ...]]:
    """What a packet must be like: in any of these ways."""
    about = [Match("eth_type", _ETHERTYPES[rule.version])]
    if rule.prefix.length:
        about.append(Match(_OTHER_END[rule.ingress, rule.version], *prefix_numbers(rule.prefix)))
    if rule.protocol is not None:
        about.append(Match("ip_proto", rule.protocol))
    if not rule.names_ports() and not rule.names_types():
        yield tuple(about)
        return
    details = _details(rule)
    for each in details:
        yield (*about, *each) if rule.allow else (*about, _NO_LATER_FRAGMENT, *each)
    if rule.allow and details:
        yield (*about, LATER_FRAGMENT)


def _details(rule: NetworkAclRule) -> Sequence[tuple[Match, ...]]:
    """Of packets that say their ports or types."""
    if not rule.names_types() and rule.protocol in PORT_FIELDS:
        low, high = rule.port_range_min or 0, ALL_PORTS if rule.port_range_max is None else rule.port_range_max
        return [(Match(PORT_FIELDS[rule.protocol], *mask),) for mask in port_masks(low, high)]
    if not rule.names_ports() and rule.protocol == _ICMP_OF[rule.version]:
        kinds = zip(ICMP_FIELDS[rule.protocol], (rule.icmp_type, rule.icmp_code), strict=True)
        return [tuple(Match(field, value) for field, value in kinds if value is not None)]
    return ()
