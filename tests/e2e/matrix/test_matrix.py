"""Every feature with every other: where workloads are, how they were told of each other, what they say, who may.

A guarded workload and its peers on the same and on another host, in the same subnet, another one and another VPC, told
ahead and on demand, over IPv4 and IPv6, by TCP, UDP and ICMP, in both directions. The guard has one rule at a time.
Each probe is made under every rule: it has to pass under its own, and under no other. So what is denied is denied by
the security group, and not by a probe that cannot pass.
"""

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.workload import Workload
from tests.e2e.matrix.site import PLACES, PROGRAMMING, SUBNETS, VERSIONS, Region
from tests.e2e.probes import Protocol, reaches, serve
from tests.e2e.two_hosts import two_hosts

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

DIRECTIONS = ("ingress", "egress")
PROTOCOLS: tuple[Protocol, ...] = ("tcp", "udp", "icmp")
PORT, BESIDE = 7000, 7001  # the port that probes ask for, and one of the range beside it
PATIENCE, SILENCE = 30.0, 0.7  # seconds in which what is allowed has to pass, and in which what is denied has not to


class Way(NamedTuple):
    """Between the guarded workload and one of its peers."""

    programming: str
    direction: str  # as the guarded workload sees it
    place: str
    subnet: str


class Kind(NamedTuple):
    """What is said."""

    version: int
    protocol: Protocol


WAYS = [Way(*each) for each in itertools.product(PROGRAMMING, DIRECTIONS, PLACES, SUBNETS)]
KINDS = [Kind(*each) for each in itertools.product(VERSIONS, PROTOCOLS)]
Rule = dict[str, Any]


def rules_for(kind: Kind) -> list[Rule]:
    """What lets just this pass, in both directions."""
    echo_request = {4: 8, 6: 128}[kind.version]
    ports = (echo_request, 0) if kind.protocol == "icmp" else (PORT, PORT)
    return [_rule(direction, kind, *ports) for direction in DIRECTIONS]


def rules_beside() -> list[Rule]:
    """Rules for everything that miss what is said by a port, or by the type of an ICMP message."""
    other_type = {4: 13, 6: 1}
    ports = {kind: (other_type[kind.version], 0) if kind.protocol == "icmp" else (BESIDE, BESIDE + 8) for kind in KINDS}
    return [_rule(direction, kind, *ports[kind]) for direction, kind in itertools.product(DIRECTIONS, KINDS)]


def _rule(direction: str, kind: Kind, port_range_min: int, port_range_max: int) -> Rule:
    protocol = "ipv6-icmp" if (kind.version, kind.protocol) == (6, "icmp") else kind.protocol
    return {
        "direction": direction,
        "ethertype": f"IPv{kind.version}",
        "protocol": protocol,
        "port_range_min": port_range_min,
        "port_range_max": port_range_max,
    }


class Guard:
    """The security group of the guarded workloads."""

    def __init__(self, cloud: Cloud, group: Any) -> None:
        self._cloud, self.group = cloud, group
        self._rules: list[Any] = group["security_group_rules"]

    async def have(self, rules: list[Rule]) -> None:
        """Have these rules and no others; those before go first."""
        for rule in self._rules:
            await self._cloud.delete("security_group_rule", rule["id"])
        added = [{"security_group_id": self.group["id"], **rule} for rule in rules]
        self._rules = await self._cloud.create_many("security_group_rule", added)


class Matrix:
    """Which probes passed under which rules."""

    def __init__(self, regions: dict[str, Region]) -> None:
        self._regions = regions
        self.passed: set[tuple[Kind | None, Way, Kind]] = set()
        """(the kind there is a rule for; None when the rules are beside all of them, way, what was said)"""

    async def probe(self, allowed: Kind | None) -> None:
        """Make every probe under the rules there are: first those that pass, which tells that the rules are there."""
        first = KINDS[:2] + KINDS[3:5] if allowed is None else [allowed]
        port = BESIDE + 4 if allowed is None else PORT
        came = await asyncio.gather(*(self._passes(way, kind, port, PATIENCE) for way in WAYS for kind in first))
        denied = [(way, kind) for way in WAYS for kind in KINDS if kind != allowed]
        passed = await asyncio.gather(*(self._passes(way, kind, PORT, SILENCE) for way, kind in denied))
        self.passed |= {(allowed, *each) for each, is_through in zip(denied, passed, strict=True) if is_through}
        if allowed is None:
            assert all(came), "a rule for a range of ports does not let its ports pass"
        else:
            self.passed |= {(allowed, way, allowed) for way, is_through in zip(WAYS, came, strict=True) if is_through}

    async def _passes(self, way: Way, kind: Kind, port: int, seconds: float) -> bool:
        region = self._regions[way.programming]
        ends: list[Workload] = [region.guarded, region.peers[way.place, way.subnet]]
        source, target = ends if way.direction == "egress" else ends[::-1]
        return await reaches(source.namespace, region.address(target, kind.version), kind.protocol, port, seconds)


async def _measured() -> Matrix:
    async with two_hosts(()) as (testbed, cloud):
        await cloud.register(testbed.hosts)
        await asyncio.to_thread(testbed.start_hosts)
        guard = Guard(cloud, await cloud.create("security_group", name="guard"))
        open_to_all = await cloud.create("security_group", name="open")
        for version in VERSIONS:
            rule = {"security_group_id": open_to_all["id"], "direction": "ingress", "ethertype": f"IPv{version}"}
            await cloud.create("security_group_rule", **rule)
        regions = {programming: Region(testbed, cloud, programming) for programming in PROGRAMMING}
        await asyncio.gather(*(region.make(guard.group, open_to_all) for region in regions.values()))
        servers = [
            await serve(workload.namespace, port)
            for region in regions.values()
            for workload in (region.guarded, *region.peers.values())
            for port in (PORT, BESIDE + 4)
        ]
        await asyncio.to_thread(testbed.wait_steady)
        matrix = Matrix(regions)
        for kind in KINDS:
            await guard.have(rules_for(kind))
            await matrix.probe(kind)
        await guard.have(rules_beside())
        await matrix.probe(None)
        for close in servers:
            close()
        return matrix


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    yield asyncio.run(_measured())


def _name(case: Any) -> str:
    programming, direction, place, subnet = case[0]
    return f"{programming}-{direction}-{place}-{subnet}-IPv{case[1].version}-{case[1].protocol}"


CASES = list(itertools.product(WAYS, KINDS))


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_what_the_rule_is_for_passes(matrix: Matrix, case: tuple[Way, Kind]) -> None:
    assert (case[1], *case) in matrix.passed


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_the_same_is_denied_under_a_rule_for_anything_else(matrix: Matrix, case: tuple[Way, Kind]) -> None:
    under = {allowed for allowed, *probe in matrix.passed if tuple(probe) == case}
    assert under <= {case[1]}


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_the_same_is_denied_under_a_rule_for_ports_beside_it(matrix: Matrix, case: tuple[Way, Kind]) -> None:
    assert (None, *case) not in matrix.passed
