"""The flows of security groups: of a port that has some, of a group, of the members of those that rules name."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from alcor.dataplane.driver import Endpoint
from alcor.dataplane.ovs import security_rules as rules
from alcor.dataplane.ovs.openflow.actions import Instruction, Move, SetField
from alcor.dataplane.ovs.rendering import Flow, Pipeline, single_flow
from alcor.dataplane.ovs.tables import Match, Rule
from alcor.dataplane.security_groups import ANY_VPC, Prefix, SecurityGroup, SecurityRule
from alcor.model.identifiers import Id

ICMP, TCP, UDP, ICMPV6, SCTP = 1, 6, 17, 58, 132
PORT_FIELDS = {TCP: "tcp_dst", UDP: "udp_dst", SCTP: "sctp_dst"}
ICMP_FIELDS = {ICMP: ("icmpv4_type", "icmpv4_code"), ICMPV6: ("icmpv6_type", "icmpv6_code")}
ALL_PORTS = 0xFFFF
_REMEMBERED_RULES = 8192
_VALID_CONNECTION = Match("ct_state", 0x20, 0x30)  # tracked, not invalid: what its fields need
_BEGUN_THIS_WAY, _ANSWER = Match("ct_state", 0x20, 0x38), Match("ct_state", 0x28, 0x38)
LATER_FRAGMENT = Match("ip_frag", 0x03, 0x03)
"""It does not say its ports. It is of use to nobody without the first fragment, which does."""

_OTHER_END = {
    # (of ingress, of the connection, IPv6)
    (False, False, False): "ipv4_dst",
    (False, False, True): "ipv6_dst",
    (True, False, False): "ipv4_src",
    (True, False, True): "ipv6_src",
    (False, True, False): "ct_nw_dst",
    (False, True, True): "ct_ipv6_dst",
    (True, True, False): "ct_nw_src",
    (True, True, True): "ct_ipv6_src",
}


def security_flows(pipeline: Pipeline, endpoint: Endpoint, port: int, meter: int) -> Iterator[Flow]:
    """The flows that have a port's security groups asked."""
    values = {"port": port, "vni": endpoint.vni, "mac": endpoint.mac, "undecided_meter": meter}
    for rule in (rules.GUARD_EGRESS, rules.GUARD_INGRESS, rules.ASK_AGENT):
        yield pipeline[rule].flow(values)
    groups = [int.from_bytes(group) for group in endpoint.security_groups]
    if groups:
        yield single_flow(repeated(rules.ASK_GROUPS, "group", groups), values)


def group_flows(group: SecurityGroup) -> dict[int, Flow]:
    """The flows of a security group, whatever ports have it, by digest.

    Raises OverflowError when a number does not fit its field, or the group names more remote groups than a flow holds.
    """
    remotes: dict[int, set[int]] = {}  # by question
    flows: dict[int, Flow] = {}
    for rule in group.rules:
        for question in _questions(group, rule):
            remote = rule.remote_group or rule.remote_address_group or bytes(16)
            remotes.setdefault(question, set()).add(int.from_bytes(remote))
            flows.update(_rule_flows(group.id, rule, question))
    for question, named in sorted(remotes.items()):
        values = {"group": int.from_bytes(group.id), "question": question}
        flow = single_flow(repeated(rules.ASK_RULES, "remote", sorted(named)), values)
        flows[flow.digest()] = flow
    return flows


def remote_groups(group: SecurityGroup) -> set[Id]:
    """The security and address groups that its rules name."""
    named = {rule.remote_group for rule in group.rules} | {rule.remote_address_group for rule in group.rules}
    return {remote for remote in named if remote is not None}


def member_flows(pipeline: Pipeline, vni: int, group: Id, members: Iterable[Prefix]) -> Iterator[Flow]:
    """The flow of each member of a group that rules name."""
    by_version = rules.MEMBER_ANYWHERE if vni == ANY_VPC else rules.MEMBER
    values = {"vni": vni, "remote": int.from_bytes(group)}
    for member in members:
        address, mask = prefix_numbers(member)
        yield pipeline[by_version[len(member.address) == 16]].flow(values | {"address": address, "address_mask": mask})


def stranger_flows(pipeline: Pipeline, vni: int, addresses: Iterable[bytes]) -> Iterator[Flow]:
    """The flow of each stranger of a VPC, by its packed address."""
    for address in addresses:
        rule = rules.STRANGER_IPV6 if len(address) == 16 else rules.STRANGER_IPV4
        yield pipeline[rule].flow({"vni": vni, "address": int.from_bytes(address)})


def _questions(group: SecurityGroup, rule: SecurityRule) -> Iterator[int]:
    """Whenever the rule has an answer."""
    direction = rules.INGRESS_RULES if rule.ingress else 0
    yield direction | (rules.OF_CONNECTION if group.stateful else 0)
    of_loners = rule.protocol is None or (rule.protocol == ICMPV6 and rule.port_range_min in (None, *rules.LONERS))
    if group.stateful and rule.ipv6 and of_loners:
        yield direction | rules.OF_LONER


@lru_cache(maxsize=_REMEMBERED_RULES)  # a group is told whole when one of its rules has changed
def _rule_flows(group: Id, rule: SecurityRule, question: int) -> tuple[tuple[int, Flow], ...]:
    """With their digests."""
    remote = rule.remote_group or rule.remote_address_group
    values = {"group": int.from_bytes(group), "question": question, "remote": int.from_bytes(remote or b"")}
    of_connection = bool(question & rules.OF_CONNECTION)
    other_end = _OTHER_END[rule.ingress, of_connection, rule.ipv6]
    if remote is None:
        base, actions = rules.LETS_ANYBODY, rules.LETS_ANYBODY.actions
    else:
        base = (rules.LETS_GROUP if rule.remote_group else rules.LETS_ADDRESS_GROUP)[rule.ipv6]
        actions = _with_other_end(base.actions, other_end)
    flows = []
    for matches in _matches(rule, of_connection, other_end):
        known = {match.field for match in matches}
        fixed = tuple(match for match in base.matches if match.field not in known)
        flows.append(single_flow(base._replace(matches=(*matches, *fixed), actions=actions), values))
    return tuple((flow.digest(), flow) for flow in flows)


def _with_other_end(actions: Sequence[Instruction], field: str) -> tuple[Instruction, ...]:
    return tuple(action._replace(source=field) if isinstance(action, Move) else action for action in actions)


def _matches(rule: SecurityRule, of_connection: bool, other_end: str) -> Iterator[tuple[Match, ...]]:
    """What a packet, or the connection it belongs to, must be like: in any of these ways."""
    about = [Match("eth_type", 0x86DD if rule.ipv6 else 0x0800)]
    if of_connection:
        about.insert(0, _VALID_CONNECTION)
    if rule.remote_prefix is not None and rule.remote_prefix.length:
        about.append(Match(other_end, *prefix_numbers(rule.remote_prefix)))
    if rule.protocol is not None:
        about.append(Match("ct_nw_proto" if of_connection else "ip_proto", rule.protocol))
    low, high = rule.port_range_min, rule.port_range_max
    if rule.protocol is None or low is high is None:
        yield tuple(about)
    elif rule.protocol in ICMP_FIELDS:
        fields = ("ct_tp_src", "ct_tp_dst") if of_connection else ICMP_FIELDS[rule.protocol]
        values = zip(fields, (low, high), strict=True)
        yield (*about, *(Match(field, value) for field, value in values if value is not None))
        yield (*about, LATER_FRAGMENT)
    elif rule.protocol in PORT_FIELDS:  # of any other the switch sees no ports: then the rule lets nothing pass
        if rule.protocol == SCTP and of_connection:
            yield from _sctp_matches(about, low, high)
        else:
            yield from _with_ports(about, "ct_tp_dst" if of_connection else PORT_FIELDS[rule.protocol], low, high)
        yield (*about, LATER_FRAGMENT)


def _sctp_matches(about: Sequence[Match], low: int | None, high: int | None) -> Iterator[tuple[Match, ...]]:
    """Connections of SCTP are tracked without their ports, at least by ovs-vswitchd itself: the packet's own count."""
    of_packet = [match for match in about if match.field not in ("ct_state", "ct_nw_proto")]
    for state, field in ((_BEGUN_THIS_WAY, "sctp_dst"), (_ANSWER, "sctp_src")):
        yield from _with_ports([state, *of_packet, Match("ip_proto", SCTP)], field, low, high)


def _with_ports(about: Sequence[Match], field: str, low: int | None, high: int | None) -> Iterator[tuple[Match, ...]]:
    for value, mask in port_masks(low or 0, ALL_PORTS if high is None else high):
        yield (*about, Match(field, value, mask))


def port_masks(low: int, high: int) -> Iterator[tuple[int, int]]:
    """The fewest (value, mask) pairs that cover a range of ports, both ends belonging to it, and nothing else."""
    while low <= high:
        size = low & -low or ALL_PORTS + 1
        while low + size - 1 > high:
            size //= 2
        yield low, ALL_PORTS + 1 - size
        low += size


def prefix_numbers(prefix: Prefix) -> tuple[int, int]:
    """Address and mask of a prefix."""
    bits = len(prefix.address) * 8
    return int.from_bytes(prefix.address), (1 << bits) - (1 << bits - prefix.length)


def repeated(rule: Rule, parameter: str, numbers: Collection[int]) -> Rule:
    """The rule whose actions are done once for each of these numbers."""
    values: list[Mapping[str, int]] = [{parameter: number} for number in numbers]
    return rule._replace(actions=tuple(_filled(step, each) for each in values for step in rule.actions))


def _filled(step: Instruction, values: Mapping[str, int]) -> Instruction:
    if isinstance(step, SetField) and isinstance(step.value, str) and step.value in values:
        return step._replace(value=values[step.value])
    return step
