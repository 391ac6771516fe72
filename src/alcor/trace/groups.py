"""What the security groups of a port say of a packet, and which rule of which of them decides."""

from collections.abc import Sequence
from typing import NamedTuple

from alcor.dataplane.group_verdicts import is_about
from alcor.dataplane.packet import ESSENTIAL_ICMPV6, ICMP, ICMPV6, TCP, Packet
from alcor.dataplane.prefixes import holds
from alcor.dataplane.security_groups import Prefix, data_plane_rule, prefix_of
from alcor.model.addresses import ip_text, link_local
from alcor.model.identifiers import Id, id_text
from alcor.model.records import SecurityRule
from alcor.trace.cloud import Group, Port, Rule
from alcor.trace.question import protocol_name
from alcor.trace.steps import Step, passes, stops


class Asked(NamedTuple):
    """A packet on its way to a workload (``ingress``) or from it, and the ports that its ends may be.

    ``began`` is the packet that it answers, where the workload's host has tracked it.
    """

    packet: Packet
    ingress: bool
    peers: Sequence[Port]
    is_answer: bool = False
    began: Packet | None = None

    def may_begin(self) -> bool:
        """Whether a connection may begin with it, or it belongs to none."""
        is_first = self.packet.may_begin() or self.packet.is_alone()
        return is_first and not (self.is_answer and self.packet.protocol == TCP)


class Judgement(NamedTuple):
    """What becomes of it, and whether the answer to it will be known for one."""

    step: Step
    is_tracked: bool


def judge(port: Port, groups: Sequence[Group], asked: Asked) -> Judgement:
    """As data planes judge: stateless groups by the packet itself, stateful ones by what its connection began with."""
    name = "security groups of receiver" if asked.ingress else "security groups of sender"
    to_do = "come in" if asked.ingress else "leave"
    if not port.record.port_security:
        return Judgement(passes(name, "Port security is off: no security group is asked.", port.thing), True)
    if asked.packet.protocol == ICMPV6 and asked.packet.source_port in ESSENTIAL_ICMPV6:
        return Judgement(passes(name, "It is essential to IPv6: no security group is asked.", port.thing), True)
    found = _passing(port, groups, asked, asked.packet, asked.ingress, stateful=False)
    if found is not None:
        group, rule = found
        reason = f"A rule of a stateless security group lets it {to_do}."
        return Judgement(passes(name, reason, group.thing, rule_text(rule)), False)
    if asked.began is not None:
        found = _passing(port, groups, asked, asked.began, not asked.ingress, stateful=True)
        reason = "It answers what a rule of a stateful security group let begin."
    elif asked.may_begin():
        found = _passing(port, groups, asked, asked.packet, asked.ingress, stateful=True)
        reason = f"A rule of a security group lets it {to_do}."
    if found is not None:
        group, rule = found
        return Judgement(passes(name, reason, group.thing, rule_text(rule)), True)
    return Judgement(_refusal(name, port, groups, asked, to_do), False)


def _refusal(name: str, port: Port, groups: Sequence[Group], asked: Asked, to_do: str) -> Step:
    needed = f"a rule that lets it {to_do}: {_needed(asked)}"
    if not groups:
        return stops(
            name,
            "The port is in no security group: nothing may pass.",
            port.thing,
            f"Put it in a security group with {needed}.",
        )
    names = ", ".join(each.thing.name or each.thing.id for each in groups)
    reason = f"No rule of the port's security groups lets it {to_do}."
    if not asked.may_begin():
        reason = "No connection begins with such a packet, and no rule of a stateless security group lets it pass."
    if asked.is_answer:
        reason = f"No rule lets the answer {to_do}: what a stateless security group let pass is not remembered."
    return stops(name, reason, groups[0].thing, f"Add {needed}.", f"security groups: {names}")


def _needed(asked: Asked) -> str:
    packet = asked.packet
    direction, end = ("ingress", "from") if asked.ingress else ("egress", "to")
    other = packet.other_end(asked.ingress)
    ports = "" if packet.destination_port is None else f" {packet.destination_port}"
    if packet.protocol in (ICMP, ICMPV6):
        ports = f" type {packet.source_port}"
    version = 6 if packet.ipv6 else 4
    return f"{direction} IPv{version} {protocol_name(packet.protocol)}{ports} {end} {ip_text(other)}/{len(other) * 8}"


def _passing(
    port: Port, groups: Sequence[Group], asked: Asked, packet: Packet, ingress: bool, stateful: bool
) -> tuple[Group, Rule] | None:
    """The first rule that lets the packet pass, of the groups that are stateful or of the others."""
    for group in groups:
        for rule in group.rules if group.stateful == stateful else ():
            said = rule.record
            if (
                said.ingress == ingress
                and is_about(data_plane_rule(said), packet)
                and _is_remote(port, group, said, packet.other_end(ingress), asked.peers)
            ):
                return group, rule
    return None


def _is_remote(port: Port, group: Group, rule: SecurityRule, address: bytes, peers: Sequence[Port]) -> bool:
    if rule.remote_prefix:
        return holds({prefix_of(rule.remote_prefix)}, address)
    if rule.remote_address_group:
        cidrs = group.address_groups.get(rule.remote_address_group, ())
        return holds(set(map(prefix_of, cidrs)), address)
    if rule.remote_group:
        return any(
            rule.remote_group in peer.record.security_groups and holds(_addresses(peer, port.record.vpc_id), address)
            for peer in peers
        )
    return True


def _addresses(peer: Port, vpc_id: Id) -> set[Prefix]:
    """What a member of a group may send from, as a VPC sees it."""
    record = peer.record
    own = {Prefix(address, len(address) * 8) for _, address in record.fixed_ips}
    own |= {prefix_of(cidr) for cidr, _ in record.allowed_address_pairs}
    if record.vpc_id == vpc_id and any(len(each.address) == 16 for each in own):
        own.add(Prefix(link_local(record.mac), 128))
    return own


def rule_text(rule: Rule) -> str:
    """``egress IPv4 tcp 80-443 to 10.0.0.0/8 (rule …)``: a rule in a line."""
    said = rule.record
    protocol = "any protocol" if said.protocol is None else protocol_name(said.protocol)
    words = ["ingress" if said.ingress else "egress", "IPv6" if said.ipv6 else "IPv4", protocol, *_ports(said)]
    words += ["from" if said.ingress else "to", _remote(said)]
    return f"{' '.join(words)} (rule {rule.id})"


def _ports(rule: SecurityRule) -> list[str]:
    low, high = rule.port_range_min, rule.port_range_max
    if low is None and high is None:
        return []
    if rule.protocol in (ICMP, ICMPV6):
        return [f"type {low}"] if high is None else [f"type {low}", f"code {high}"]
    return [str(low)] if low == high else [f"{low}-{high}"]


def _remote(rule: SecurityRule) -> str:
    if rule.remote_group:
        return f"members of security group {id_text(rule.remote_group)}"
    if rule.remote_address_group:
        return f"address group {id_text(rule.remote_address_group)}"
    return rule.remote_prefix or "anywhere"
