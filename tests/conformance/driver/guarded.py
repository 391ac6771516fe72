"""A port under security groups, and what passes between it and its peers.

B, on the first host, has the groups that a test is about. Whom it speaks to, A on the same host and C on the other, may
send and receive anything.
"""

from collections.abc import Callable, Iterable

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint
from alcor.dataplane.security_groups import Prefix, SecurityGroup, SecurityRule
from tests.conformance.driver.cloud import A, B, C, Cloud, has_received
from tests.conformance.driver.harness import Host
from tests.conformance.driver.probes import Probe

GROUP_ID, OTHER_ID, REMOTE_ID = (name.ljust(16, b".") for name in (b"group", b"other", b"remote"))


def rule(
    protocol: int | None = None, low: int | None = None, high: int | None = None, ipv6: bool = False
) -> Callable[[bool], SecurityRule]:
    return lambda ingress: SecurityRule(ingress, ipv6, protocol, low, high)


EVERYTHING = tuple(SecurityRule(ingress, ipv6) for ingress in (False, True) for ipv6 in (False, True))


def group(*rules: SecurityRule, stateful: bool = True, group_id: bytes = GROUP_ID) -> SecurityGroup:
    return SecurityGroup(group_id, stateful, rules)


async def guard(cloud: Cloud, *groups: SecurityGroup) -> None:
    """Let B have these groups, and no others."""
    port = msgspec.structs.replace(B, security_groups=tuple(each.id for each in groups))
    change = Change(endpoints={B.port_id: port}, security_groups={each.id: each for each in groups})
    assert await cloud.first.driver.apply(change) == {}


async def change_rules(cloud: Cloud, changed: SecurityGroup) -> None:
    assert await cloud.first.driver.apply(Change(security_groups={changed.id: changed})) == {}


def host_of(cloud: Cloud, port: Endpoint) -> Host:
    return cloud.second if port.port_id == C.port_id else cloud.first


async def arrived(cloud: Cloud, sent: Iterable[tuple[Endpoint, Endpoint, bytes]]) -> list[bool]:
    """Which of these frames, each from one port to another, arrive."""
    sent = tuple(sent)
    for source, _, each in sent:
        await host_of(cloud, source).inject(source.port_id, each)
    await cloud.fabric.settle()
    return [has_received(host_of(cloud, target), target, each) for _, target, each in sent]


async def arrives(cloud: Cloud, source: Endpoint, target: Endpoint, probe: Probe) -> bool:
    return all(await arrived(cloud, [(source, target, probe(source, target))]))


def undecided(host: Host, sent: bytes) -> list[bool]:
    """How often the agent was asked of a frame to B or from it, and on which way."""
    return [ingress for port_id, each, ingress in host.events.undecided if port_id == B.port_id and each == sent]


both_ways = pytest.mark.parametrize("ingress", [True, False], ids=["ingress", "egress"])
any_peer = pytest.mark.parametrize("peer", [A, C], ids=["on the same host", "on another host"])
stateful_or_not = pytest.mark.parametrize("stateful", [True, False], ids=["stateful", "stateless"])


def ends(peer: Endpoint, ingress: bool) -> tuple[Endpoint, Endpoint]:
    """Who begins, and with whom."""
    return (peer, B) if ingress else (B, peer)


async def lets(cloud: Cloud, ingress: bool, probes: Iterable[Probe]) -> list[bool]:
    """Which of these pass between B and each of its peers."""
    pairs = [(*ends(peer, ingress), probe) for probe in probes for peer in (A, C)]
    return await arrived(cloud, [(source, target, probe(source, target)) for source, target, probe in pairs])


def whole(address: bytes) -> Prefix:
    return Prefix(address, len(address) * 8)
