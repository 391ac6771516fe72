"""A workload that does its worst: its neighbours notice nothing, the agent goes on, and counters tell of it."""

import contextlib
import itertools
import random
import socket
import struct
from collections.abc import AsyncIterator, Iterable, Iterator

import pytest

from alcor.model.addresses import ip_bytes, ipv4_number, mac_number
from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import INTERFACE
from tests.conformance.driver import packets
from tests.e2e.routing.site import Site, create_site
from tests.e2e.two_hosts import two_hosts

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]

ATTACKER, LEARNER, SPEAKER, NEAR, FAR = "attacker", "learner", "speaker", "near", "far"
PLACES = {ATTACKER: 0, LEARNER: 0, SPEAKER: 0, NEAR: 0, FAR: 1}
VICTIMS = (NEAR, FAR)
LARGEST_FRAME = 9000
MOST_FRAGMENTS = 1000
"""That Open vSwitch keeps in userspace, unless told otherwise."""
ALL_NODES = ip_bytes("ff02::1")
SERVICES, SERVICES_MAC = ip_bytes("169.254.169.254"), 0xFE0000000001
FAILURES = ("punted_packets_failed", "replies_failed", "dns_failed", "data_plane_restarts", "data_plane_errors")
"""Counters of the agent that nothing a workload sends may move."""


class Scene:
    """Whoever attacks, and others on the same host and on another."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.macs = {name: mac_number(port["mac_address"]) for name, port in site.ports.items()}
        self.addresses = {name: ipv4_number(site.address(name)) for name in site.ports}
        self._socket = site.workloads[ATTACKER].namespace.inside(
            lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        )
        self._socket.bind((INTERFACE, 0))

    def attack(self, frames: Iterable[bytes]) -> None:
        for frame in frames:
            self._socket.send(frame)

    def counter(self, name: str) -> int:
        """Of the agent of the attacker's host."""
        value: int = self.site.host(0).status()["counters"].get(name, 0)
        return value

    def dropped(self) -> int:
        """How many packets the rules against forgery and tags have met on the attacker's host."""
        return self.met("classify/tagged:", "source_guard/spoofed:", "source_guard/forged_", "neighbour_guard/forged_")

    def met(self, *rules: str) -> int:
        """How many packets these rules have met on the attacker's host."""
        lines = [line for line in self.site.host(0).flows() if line.startswith(rules)]
        return sum(int(line.rpartition("[packets ")[2].partition(",")[0]) for line in lines)

    @contextlib.contextmanager
    def nobody_notices(self) -> Iterator[None]:
        """Two others lose nothing meanwhile, two more go on across hosts, and so do both agents.

        Across hosts all share what the wire holds, and what is sent too fast for it is anybody's.
        """
        pings = {name: self.site.workloads[SPEAKER].keep_pinging(self.site.address(name)) for name in VICTIMS}
        for ping in pings.values():
            ping.wait_for_answers(20)
        yield
        for ping in pings.values():
            ping.wait_for_answers(50)
            ping.stop()
        assert pings[NEAR].lost() == 0
        for number in (0, 1):
            status = self.site.host(number).status()
            assert status["goal_state"] == "complete"
            assert {name: status["counters"].get(name, 0) for name in FAILURES} == dict.fromkeys(FAILURES, 0)

    def all_still_learn(self) -> None:
        """A workload that knows nobody any more gets its address, and reaches its neighbours."""
        workload = self.site.workloads[LEARNER]
        workload.namespace.ip("neighbour", "flush", "dev", INTERFACE)
        workload.request_lease()
        for name in VICTIMS:
            assert workload.ping(self.site.address(name)) is not None


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with two_hosts(()) as (testbed, cloud):
        site = await create_site(testbed, cloud)
        for name, host in PLACES.items():
            await site.add(name, "near", host, mtu=LARGEST_FRAME if name == ATTACKER else 1450)
        site.workloads[ATTACKER].namespace.ip("link", "set", INTERFACE, "mtu", str(LARGEST_FRAME))
        testbed.wait_steady()
        for name in VICTIMS:
            assert site.workloads[SPEAKER].ping(site.address(name)) is not None
        yield Scene(site)


def forgeries(scene: Scene) -> list[bytes]:
    """What says that somebody is who he is not, to each of the others."""
    mac, address = scene.macs[ATTACKER], scene.addresses[ATTACKER]
    own = packets.link_local(mac)
    forged = []
    for victim, other in (VICTIMS, reversed(VICTIMS)):
        to, at, others_mac, others = (
            scene.macs[victim],
            scene.addresses[victim],
            scene.macs[other],
            scene.addresses[other],
        )
        link_local, others_link_local = packets.link_local(to), packets.link_local(others_mac)
        poison = packets.arp(2, mac, others, to, at)
        forged += [
            packets.udp_frame(to, others_mac, others, at, b"as somebody else"),
            packets.udp_frame(to, mac, others, at, b"from somebody else's address"),
            packets.udp_frame(to, others_mac, address, at, b"from somebody else's MAC address"),
            packets.ethernet(to, mac, 0x0806, poison),
            packets.ethernet(packets.BROADCAST, mac, 0x0806, packets.arp(2, mac, others, packets.BROADCAST, others)),
            packets.ethernet(packets.BROADCAST, mac, 0x0806, packets.arp(1, mac, others, 0, others)),
            packets.ethernet(to, mac, 0x8100, b"\0\x01\x08\x06" + poison),
            packets.ethernet(
                to, mac, 0x0800, packets.ipv4(address, at, 17, packets.udp_payload(67, 68, b"your address"))
            ),
            packets.neighbour_advertisement((mac, to), (own, link_local), others_link_local, mac),
            packets.ethernet(to, mac, 0x86DD, packets.icmpv6(own, link_local, 134, bytes(12))),
            packets.ethernet(to, mac, 0x86DD, packets.icmpv6(own, ALL_NODES, 134, bytes(12))),
            packets.ethernet(to, mac, 0x86DD, packets.icmpv6(own, link_local, 137, bytes(4) + others_link_local + own)),
            packets.ethernet(
                to, mac, 0x86DD, packets.ipv6(own, link_local, 17, packets.udp_payload(547, 546, b"your address"))
            ),
        ]
    return forged


async def test_what_is_forged_reaches_nobody_and_is_counted(scene: Scene) -> None:
    forged, dropped = forgeries(scene), scene.dropped()
    listeners = [scene.site.workloads[name].listen() for name in VICTIMS]
    with scene.nobody_notices():
        for number in range(1, 4):
            scene.attack(forged)
            wait_until(lambda: scene.dropped() >= dropped + number * len(forged), "what is forged to be counted")  # noqa: B023
    for listener in listeners:
        assert not set(forged) & set(listener.heard())
        listener.close()
    scene.all_still_learn()


def nonsense(scene: Scene) -> Iterator[bytes]:
    """Questions for the agent and for the host's programs that begin well and end anyhow."""
    chance = random.Random(5)
    mac, address = scene.macs[ATTACKER], scene.addresses[ATTACKER]
    own, all_servers = packets.link_local(mac), ip_bytes("ff02::1:2")
    while True:
        noise = chance.randbytes(chance.randrange(600))
        discover = packets.dhcp_discover(mac, 1)[42:]
        options = discover[: chance.randrange(len(discover))] + noise
        yield packets.ethernet(
            packets.BROADCAST, mac, 0x0800, packets.ipv4(0, 0xFFFFFFFF, 17, packets.udp_payload(68, 67, options))
        )
        yield packets.ethernet(
            packets.group_mac(all_servers),
            mac,
            0x86DD,
            packets.ipv6(own, all_servers, 17, packets.udp(own, all_servers, 546, 547, b"\x01" + noise)),
        )
        yield packets.ethernet(packets.group_mac(ALL_NODES), mac, 0x86DD, packets.icmpv6(own, ALL_NODES, 133, noise))
        yield packets.ethernet(packets.group_mac(ALL_NODES), mac, 0x86DD, packets.icmpv6(own, ALL_NODES, 135, noise))
        yield packets.ethernet(packets.BROADCAST, mac, 0x0806, packets.arp(1, mac, address, 0, address + 1) + noise)
        yield packets.ethernet(packets.BROADCAST, mac, 0x0806, packets.arp(1, mac, address, 0, 0)[: len(noise) % 28])
        question = packets.udp(address.to_bytes(4), SERVICES, 5300, 53, noise)
        yield packets.ip_frame(SERVICES_MAC, mac, address.to_bytes(4), SERVICES, 17, question)


async def test_what_makes_no_sense_is_counted_and_answers_go_on(scene: Scene) -> None:
    counters = ("dhcp_malformed", "dhcpv6_malformed", "router_solicitations_malformed", "dns_malformed")
    frames = nonsense(scene)
    with scene.nobody_notices():

        def is_counted() -> bool:
            scene.attack(next(frames) for _ in range(70))
            return all(scene.counter(name) > 0 for name in counters)

        wait_until(is_counted, f"{counters} to count")
    scene.all_still_learn()


async def test_storms_cost_the_others_nothing(scene: Scene) -> None:
    mac, address = scene.macs[ATTACKER], scene.addresses[ATTACKER]
    own = packets.link_local(mac)
    storm = [
        packets.arp_request(mac, address, scene.addresses[FAR]),
        packets.dhcp_discover(mac, 7),
        packets.neighbour_solicitation(mac, own, packets.link_local(scene.macs[FAR]), mac),
        packets.udp_frame(0xFA163EEEEEEE, mac, address, address + 100, b"to nobody"),
        packets.udp_frame(packets.BROADCAST, mac, address, 0xFFFFFFFF, b"to everybody"),
    ]
    before = scene.counter("punted_packets")
    with scene.nobody_notices():
        for _ in range(4):
            for _ in range(1000):
                scene.attack(storm)
            scene.all_still_learn()
    assert 0 < scene.counter("punted_packets") - before < 4 * 1000 * len(storm) // 2


def fragment(scene: Scene, victim: str, number: int, offset: int, payload: bytes, more: bool = True) -> bytes:
    """A piece of an IPv4 packet; the offset is in units of 8 bytes."""
    mac, address = scene.macs[ATTACKER], scene.addresses[ATTACKER]
    piece = packets.ipv4(address, scene.addresses[victim], 17, payload, offset | 0x2000 * more)
    header = piece[:4] + struct.pack("!H", number) + piece[6:10] + b"\0\0" + piece[12:20]
    header = header[:10] + struct.pack("!H", packets.checksum(header)) + header[12:]
    return packets.ethernet(scene.macs[victim], mac, 0x0800, header + piece[20:])


async def test_pieces_that_do_not_fit_and_giants_stop_nothing(scene: Scene) -> None:
    whole = packets.udp_payload(4000, 4001, bytes(1392))
    frames = []
    for number, victim in enumerate(VICTIMS * 100, 1):
        overlapping = 100 + number % 50
        frames += [
            fragment(scene, victim, number, 0, whole),
            fragment(scene, victim, number, overlapping, b"over what was there".ljust(1400)),
            fragment(scene, victim, number, 175, b"end".ljust(16), more=False),
            fragment(scene, victim, number + 1000, 0, whole[:8]),
            fragment(scene, victim, number + 1000, 1, b"after a tiny one", more=False),
            fragment(scene, victim, number + 2000, 0x1FFF, bytes(1000), more=False),
            fragment(scene, victim, number + 3000, 0, b""),
        ]
    giant = packets.udp_payload(4000, 4001, bytes(LARGEST_FRAME - 28))
    mac, address = scene.macs[ATTACKER], scene.addresses[ATTACKER]
    for victim in VICTIMS:
        frame = packets.ipv4(address, scene.addresses[victim], 17, giant)
        frames += [packets.ethernet(scene.macs[victim], mac, 0x0800, frame)] * 20
    with scene.nobody_notices():
        scene.attack(frames)
    scene.all_still_learn()


def unfinished(scene: Scene, numbers: Iterable[int]) -> list[bytes]:
    """First pieces of packets to another host, each of another, that nothing follows."""
    first = packets.udp_payload(4000, 4001, bytes(1392))
    return [fragment(scene, FAR, number, 0, first) for number in numbers]


async def test_packets_that_are_never_finished_leave_room_for_those_of_others(scene: Scene) -> None:
    """More than a switch keeps in all."""
    numbers = itertools.count(1)
    with scene.nobody_notices():

        def are_enough() -> bool:
            scene.attack(unfinished(scene, itertools.islice(numbers, 20)))
            return scene.met("classify/fragment_from_workload:") > 2 * MOST_FRAGMENTS

        wait_until(are_enough, "fragments to be counted", timeout=60)
        for name in VICTIMS:
            wait_until(
                lambda: scene.site.workloads[SPEAKER].ping(scene.site.address(name), 1, size=4000) is not None,  # noqa: B023
                f"{name} to answer in fragments",
                timeout=5,
            )
    scene.all_still_learn()
