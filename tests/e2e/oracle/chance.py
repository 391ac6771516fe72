"""Worlds, changes and probes that follow from a seed."""

import ipaddress
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from tests.e2e.oracle.verdict import passes
from tests.e2e.oracle.world import PORTS, VERSIONS, Acl, AclRule, Direction, Group, Probe, Rule, Subnet, Workload, World
from tests.e2e.probes import Protocol

PROTOCOLS: tuple[Protocol, ...] = ("tcp", "udp", "icmp")
NETWORKS = ("n1", "n2")
ROUTERS = ("r1", "r2")
SUBNETS = 4
STATEFUL, STATELESS = ("g1", "g2", "g3", "g4"), ("g5", "g6")
ADDRESS_GROUPS = ("a1", "a2")
ACLS = {"l1": "n1", "l2": "n2"}  # and the networks they are of
WORKLOADS = 8
_DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")
_PORT_RANGES = ((7000, 7000), (7001, 7008), (1000, 65535), (32768, 65535))
_ICMP_TYPES = {4: (8, 0, 13), 6: (128, 129, 1)}

Change = tuple[str, tuple[Any, ...]]
"""The name of a method of Real, and what it takes."""


def world(dice: Random) -> World:
    """A world before it has rules about anybody."""
    subnets = {f"s{number}": _subnet(dice, number) for number in range(1, SUBNETS + 1)}
    made = World(
        on_demand={name: dice.random() < 0.5 for name in NETWORKS},
        routers=dict.fromkeys(ROUTERS, True),
        subnets=subnets,
        groups={name: Group(name in STATEFUL) for name in STATEFUL + STATELESS},
        address_groups={name: {_prefix(dice, subnets, version) for version in VERSIONS} for name in ADDRESS_GROUPS},
        acls={name: Acl(network) for name, network in ACLS.items()},
        workloads={},
    )
    for acl in made.acls.values():
        acl.rules |= {AclRule(50, direction, True) for direction in _DIRECTIONS if dice.random() < 0.8}
        for _ in range(3):
            acl.rules.add(_acl_rule(dice, made, acl))
    for number in range(1, WORKLOADS + 1):
        made.workloads[f"w{number}"] = _workload(dice, made, number)
    for group in made.groups.values():
        if dice.random() < 0.75:  # as groups begin
            group.rules |= {Rule("egress", version) for version in VERSIONS}
        group.rules |= {rule(dice, made) for _ in range(dice.randint(3, 6))}
    return made


def _subnet(dice: Random, number: int) -> Subnet:
    cidrs = {4: f"10.9.{number}.0/24", 6: f"2001:db8:9:{number}::/64"}
    network = dice.choice(NETWORKS)
    acl = dice.choice(("", "", *_acls_of(network)))
    return Subnet(network, cidrs, dice.choice((*ROUTERS, ROUTERS[0], ROUTERS[0], "")), acl)


def _acls_of(network: str) -> list[str]:
    return [name for name, of in ACLS.items() if of == network]


def _acl_rule(dice: Random, made: World, acl: Acl) -> AclRule:
    """A rule that has a number of its own."""
    direction = dice.choice(_DIRECTIONS)
    taken = {each.number for each in acl.rules if each.direction == direction}
    number = dice.choice([each for each in range(100) if each not in taken])
    version = dice.choice((*VERSIONS, None))
    protocol = dice.choice((None, *(PROTOCOLS if version else PROTOCOLS[:2])))
    prefix = _prefix(dice, made.subnets, version) if version and dice.random() < 0.4 else ""
    ports = _ports(dice, version, protocol)
    return AclRule(number, direction, dice.random() < 0.5, version, protocol, ports, prefix)


def _ports(dice: Random, version: int | None, protocol: Protocol | None) -> tuple[int, int] | None:
    if not protocol or dice.random() < 0.5:
        return None
    if protocol != "icmp":
        return dice.choice(_PORT_RANGES)
    number = dice.choice(_ICMP_TYPES[version or 4])
    return number, number


def _workload(dice: Random, made: World, number: int) -> Workload:
    subnet = dice.choice(list(made.subnets))
    addresses = {
        version: str(ipaddress.ip_network(cidr)[16 + number]) for version, cidr in made.subnets[subnet].cidrs.items()
    }
    is_guarded = dice.random() < 0.85
    return Workload(number % 2, subnet, groups(dice) if is_guarded else (), is_guarded, addresses=addresses)


def groups(dice: Random) -> tuple[str, ...]:
    """Those of a port: all of them stateful, or none."""
    kind = STATEFUL if dice.random() < 0.75 else STATELESS
    return tuple(dice.sample(kind, dice.choice((1, 1, 2))))


def rule(dice: Random, made: World) -> Rule:
    """A rule that may be about anything."""
    version = dice.choice(VERSIONS)
    protocol = dice.choice((None, None, *PROTOCOLS))
    ports = _ports(dice, version, protocol)
    remote: dict[str, str] = {}
    kind = dice.random()
    if kind < 0.25:
        remote["remote_group"] = dice.choice(list(made.groups))
    elif kind < 0.4:
        remote["remote_prefix"] = _prefix(dice, made.subnets, version)
    elif kind < 0.5:
        remote["remote_address_group"] = dice.choice(list(made.address_groups))
    return Rule(dice.choice(_DIRECTIONS), version, protocol, ports, **remote)


def _prefix(dice: Random, subnets: dict[str, Subnet], version: int) -> str:
    network = ipaddress.ip_network(dice.choice(list(subnets.values())).cidrs[version])
    parts = [network, ipaddress.ip_network((network[16], network.max_prefixlen - 2))]  # w1 to w3 in the second
    return str(dice.choice(parts))


def change(dice: Random, made: World, but: str = "") -> Change:
    """Something that can be done in this world, but one thing."""
    return next(found for found in _tries(dice, made) if found is not None and found[0] != but)


def _tries(dice: Random, made: World) -> Iterator[Change | None]:
    while True:
        yield dice.choice(_CHANGES)(dice, made)


def _add_rule(dice: Random, made: World) -> Change | None:
    group, added = dice.choice(list(made.groups)), rule(dice, made)
    return None if added in made.groups[group].rules else ("add_rule", (group, added))


def _remove_rule(dice: Random, made: World) -> Change | None:
    group = dice.choice(list(made.groups))
    rules = sorted(made.groups[group].rules, key=repr)
    return ("remove_rule", (group, dice.choice(rules))) if rules else None


def _set_groups(dice: Random, made: World) -> Change | None:
    return "set_groups", (dice.choice(list(made.workloads)), groups(dice))


def _stop_guarding(dice: Random, made: World) -> Change | None:
    return "stop_guarding", (dice.choice(list(made.workloads)),)


def _set_up(dice: Random, made: World) -> Change | None:
    name = dice.choice(list(made.workloads))
    return "set_up", (name, not made.workloads[name].is_up)


def _set_router_up(dice: Random, made: World) -> Change | None:
    name = dice.choice(ROUTERS)
    return "set_router_up", (name, not made.routers[name])


def _join(dice: Random, made: World) -> Change | None:
    name = dice.choice(list(made.subnets))
    return ("leave", (name,)) if made.subnets[name].router else ("join", (name, dice.choice(ROUTERS)))


def _add_acl_rule(dice: Random, made: World) -> Change | None:
    name = dice.choice(list(ACLS))
    return "add_acl_rule", (name, _acl_rule(dice, made, made.acls[name]))


def _remove_acl_rule(dice: Random, made: World) -> Change | None:
    name = dice.choice(list(ACLS))
    rules = sorted(made.acls[name].rules, key=repr)
    return ("remove_acl_rule", (name, dice.choice(rules))) if rules else None


def _set_acl(dice: Random, made: World) -> Change | None:
    name = dice.choice(list(made.subnets))
    subnet = made.subnets[name]
    return "set_acl", (name, "" if subnet.acl else dice.choice(_acls_of(subnet.network)))


def _set_addresses(dice: Random, made: World) -> Change | None:
    name = dice.choice(ADDRESS_GROUPS)
    return "set_addresses", (name, {_prefix(dice, made.subnets, dice.choice(VERSIONS)) for _ in range(3)})


def _set_on_demand(dice: Random, made: World) -> Change | None:
    name = dice.choice(NETWORKS)
    return "set_on_demand", (name, not made.on_demand[name])


def _move(dice: Random, made: World) -> Change | None:
    name = dice.choice(list(made.workloads))
    return "move", (name, 1 - made.workloads[name].host)


_CHANGES: tuple[Callable[[Random, World], Change | None], ...] = (
    *(_add_rule,) * 4,
    *(_remove_rule,) * 4,
    *(_set_groups,) * 3,
    *(_join,) * 3,
    *(_set_addresses,) * 2,
    *(_add_acl_rule,) * 2,
    *(_remove_acl_rule,) * 2,
    *(_set_acl,) * 2,
    _stop_guarding,
    _set_up,
    _set_router_up,
    _set_on_demand,
    _move,
)


def probes(dice: Random, made: World, count: int) -> list[Probe]:
    """Some of those that can be made; half of them should pass, if so many do."""
    possible = [
        Probe(source, target, version, protocol, port)
        for source in made.workloads
        for target in made.workloads
        if source != target
        for version in VERSIONS
        for protocol in PROTOCOLS
        for port in (PORTS if protocol != "icmp" else (0,))
    ]
    passing = [probe for probe in possible if passes(made, probe)]
    chosen = dice.sample(passing, min(count // 2, len(passing)))
    return chosen + dice.sample([probe for probe in possible if probe not in chosen], count - len(chosen))
