"""What should pass in a world, said in a few lines that share nothing with what programs hosts."""

import ipaddress
from dataclasses import dataclass

from tests.e2e.oracle.world import AclRule, Direction, Probe, Rule, Workload, World
from tests.e2e.probes import Protocol

_ECHO = {4: 8, 6: 128}
_ECHO_REPLY = {4: 0, 6: 129}
_CLIENT_PORT = 40_000  # any of those that kernels give to clients


@dataclass(frozen=True)
class _Packet:
    version: int
    protocol: Protocol
    number: int  # the port that it is for, or its ICMP type


def passes(world: World, probe: Probe) -> bool:
    """Whether the answer comes back."""
    source, target = world.workloads[probe.source], world.workloads[probe.target]
    question, answer = _packets(probe)
    return (
        source.is_up
        and target.is_up
        and _are_joined(world, source, target)
        and _crosses(world, source, target, question)
        and _crosses(world, target, source, answer)
        and _lets_pass(world, source, target, "egress", question)
        and _lets_pass(world, target, source, "ingress", question)
        and (_remembers(world, target) or _lets_pass(world, target, source, "egress", answer))
        and (_remembers(world, source) or _lets_pass(world, source, target, "ingress", answer))
    )


def _packets(probe: Probe) -> tuple[_Packet, _Packet]:
    numbers = (probe.port, _CLIENT_PORT)
    if probe.protocol == "icmp":
        numbers = (_ECHO[probe.version], _ECHO_REPLY[probe.version])
    question, answer = [_Packet(probe.version, probe.protocol, number) for number in numbers]
    return question, answer


def _are_joined(world: World, source: Workload, target: Workload) -> bool:
    """Whether packets find their way: within a subnet, or by a router that is in both and up."""
    if source.subnet == target.subnet:
        return True
    routers = {world.subnets[each.subnet].router for each in (source, target)}
    return len(routers) == 1 and world.routers.get(routers.pop(), False)


def _crosses(world: World, sender: Workload, receiver: Workload, packet: _Packet) -> bool:
    """Whether the network ACLs of both subnets let a packet pass; nobody asks them within a subnet."""
    return sender.subnet == receiver.subnet or (
        _acl_allows(world, sender, receiver, "egress", packet)
        and _acl_allows(world, receiver, sender, "ingress", packet)
    )


def _acl_allows(world: World, workload: Workload, other: Workload, direction: Direction, packet: _Packet) -> bool:
    acl = world.subnets[workload.subnet].acl
    if not acl:
        return True
    rules = [
        rule
        for rule in world.acls[acl].rules
        if rule.direction == direction
        and _is_for(rule, packet)
        and _is_in(rule.prefix, other.addresses[packet.version])
    ]
    return bool(rules) and min(rules, key=lambda rule: rule.number).allows


def _is_in(prefix: str, address: str) -> bool:
    return not prefix or ipaddress.ip_address(address) in ipaddress.ip_network(prefix)


def _remembers(world: World, workload: Workload) -> bool:
    """Whether answers pass because the question did; all groups of a port are stateful, or none is."""
    return not workload.is_guarded or all(world.groups[each].is_stateful for each in workload.groups)


def _lets_pass(world: World, workload: Workload, other: Workload, direction: Direction, packet: _Packet) -> bool:
    if not workload.is_guarded:
        return True
    rules = [rule for group in workload.groups for rule in world.groups[group].rules if rule.direction == direction]
    return any(_is_for(rule, packet) and _is_about(world, rule, other) for rule in rules)


def _is_for(rule: Rule | AclRule, packet: _Packet) -> bool:
    if rule.version not in (None, packet.version) or rule.protocol not in (None, packet.protocol):
        return False
    return rule.ports is None or rule.ports[0] <= packet.number <= rule.ports[1]


def _is_about(world: World, rule: Rule, other: Workload) -> bool:
    if rule.remote_group:
        return rule.remote_group in other.groups
    prefixes = {rule.remote_prefix}
    if rule.remote_address_group:
        prefixes = world.address_groups[rule.remote_address_group]
    return any(_is_in(prefix, other.addresses[rule.version]) for prefix in prefixes)
