"""Ports on two hosts, and frames from one to another: what most of the suite is about."""

import itertools
from collections.abc import Callable, Iterable

import pytest

from alcor.dataplane.driver import Endpoint, State
from alcor.dataplane.security_groups import SecurityGroup, SecurityRule
from tests.conformance.driver import packets
from tests.conformance.driver.harness import Fabric, Host

VNI, OTHER_VNI = 70001, 70002
ABSENT_MAC = 0xFA163EEEEEEE
_serial = itertools.count(1)
OPEN = SecurityGroup(
    b"open".ljust(16, b"."),
    stateful=True,
    rules=tuple(SecurityRule(ingress, ipv6) for ingress in (False, True) for ipv6 in (False, True)),
)
"""Lets everything pass: for tests of something else."""
OPENED = {OPEN.id: OPEN}


def endpoint(number: int, vni: int = VNI) -> Endpoint:
    """Port number n of a VPC: 10.0.0.n, 2001:db8::n."""
    return Endpoint(
        port_id=vni.to_bytes(8, "big") + number.to_bytes(8, "big"),
        vni=vni,
        mac=0xFA163E000000 + number,
        ipv4=(0x0A000000 + number,),
        ipv6=(bytes.fromhex("20010db8") + number.to_bytes(12, "big"),),
        security_groups=(OPEN.id,),
    )


A, B, C = endpoint(1), endpoint(2), endpoint(3)


def state(local: Iterable[Endpoint], remote: Iterable[Endpoint] = (), vtep: int = 0) -> State:
    """These endpoints here, those behind a VTEP."""
    wanted = State(security_groups=OPENED, endpoints={port.port_id: port for port in local})
    for port in remote:
        wanted.remotes.setdefault(port.vni, {})[port.mac] = vtep
        wanted.vteps.add(vtep)
    return wanted


def frame(source: Endpoint, target: Endpoint) -> bytes:
    """A datagram from one port to another, unlike any other."""
    return packets.udp_frame(target.mac, source.mac, source.ipv4[0], target.ipv4[0], b"%08d" % next(_serial))


def has_received(host: Host, port: Endpoint, sent: bytes) -> bool:
    return any(received.startswith(sent) for received in host.received(port.port_id))


def was_punted(host: Host, port: Endpoint, sent: bytes) -> bool:
    return any(port_id == port.port_id and frame.startswith(sent) for port_id, frame in host.events.punted)


class Cloud:
    """Ports on the fabric's two hosts: A and B on the first, C on the second, unless a test moves them."""

    def __init__(self, fabric: Fabric) -> None:
        self.fabric = fabric
        self.first, self.second = fabric.hosts

    async def attach(self, host: Host, *ports: Endpoint) -> None:
        for port in ports:
            await host.attach(port.port_id)

    async def replace(self, first: Iterable[Endpoint], second: Iterable[Endpoint]) -> None:
        """Program both hosts with the ports each has; either knows the other's."""
        first, second = tuple(first), tuple(second)
        assert await self.first.driver.replace(state(first, second, self.second.vtep)) == {}
        assert await self.second.driver.replace(state(second, first, self.first.vtep)) == {}

    async def passes(self, source_host: Host, source: Endpoint, target_host: Host, target: Endpoint) -> bool:
        """Does a frame from one port reach another?"""
        sent = frame(source, target)
        return await self.delivers(source_host, source, target_host, target, sent)

    async def delivers(
        self, source_host: Host, source: Endpoint, target_host: Host, target: Endpoint, sent: bytes
    ) -> bool:
        await source_host.inject(source.port_id, sent)
        await self.fabric.settle()
        return has_received(target_host, target, sent)

    async def reached(self) -> set[tuple[int, int]]:
        """Which of A, B and C hear which, by number."""
        places = ((1, A, self.first), (2, B, self.first), (3, C, self.second))
        sent = {}
        for (source_number, source, host), (number, target, _) in itertools.permutations(places, 2):
            sent[source_number, number] = frame(source, target)
            await host.inject(source.port_id, sent[source_number, number])
        await self.fabric.settle()
        return {
            (source, number)
            for (source, number), datagram in sent.items()
            for other, target, host in places
            if number == other and has_received(host, target, datagram)
        }


async def are_punted(cloud: Cloud, *sent: tuple[Endpoint, bytes]) -> None:
    """Check that what ports of the first host send goes to its agent, and to no workload."""
    for port, request in sent:
        await cloud.first.inject(port.port_id, request)
    await cloud.fabric.settle()
    for port, request in sent:
        assert was_punted(cloud.first, port, request)
        others = ((cloud.first, A), (cloud.first, B), (cloud.second, C))
        assert not any(has_received(host, other, request) for host, other in others)


async def on_two_hosts(
    fabric: Fabric, here: Iterable[Endpoint], there: Iterable[Endpoint], wanted: Callable[[Cloud], State]
) -> Cloud:
    """Ports on the first host, which does what is wanted, and ports on the second, which has no more than these."""
    cloud = Cloud(fabric)
    there = tuple(there)
    await cloud.attach(cloud.first, *here)
    await cloud.attach(cloud.second, *there)
    assert await cloud.first.driver.replace(wanted(cloud)) == {}
    second = State(security_groups=OPENED, endpoints={port.port_id: port for port in there})
    assert await cloud.second.driver.replace(second) == {}
    return cloud


EVERYONE = set(itertools.permutations((1, 2, 3), 2))


@pytest.fixture
async def cloud(fabric: Fabric) -> Cloud:
    """A and B attached and programmed on the first host, C on the second."""
    cloud = Cloud(fabric)
    await cloud.attach(cloud.first, A, B)
    await cloud.attach(cloud.second, C)
    await cloud.replace((A, B), (C,))
    return cloud
