"""Broadcast and multicast in a small VPC, between kernels' own sockets on two hosts."""

import contextlib
import itertools
import socket
import struct
import time
from collections.abc import AsyncIterator

import pytest

from alcor.model.addresses import address_of, ip_bytes, mac_number
from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import INTERFACE, Workload
from tests.conformance.driver import packets
from tests.e2e.ipv6.site import wait_settled
from tests.e2e.neighbours.kernel import add_address, be_sure_of_neighbours
from tests.e2e.routing.site import Site, create_site
from tests.e2e.two_hosts import two_hosts

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]

SPEAKER, NEAR, FAR, DEAF, ELSEWHERE = "speaker", "near", "far", "deaf", "elsewhere"
PLACES = {SPEAKER: ("near", 0), NEAR: ("near", 0), FAR: ("near", 1), DEAF: ("near", 1), ELSEWHERE: ("other", 1)}
PORT = 5353
GROUP, IPV6_GROUP = "224.0.0.251", "ff02::fb"
DESTINATIONS = (GROUP, "10.1.0.255", "255.255.255.255", IPV6_GROUP)
SHARED = {"10.1.0.99": "24", "2001:db8::99": "64"}
"""Addresses that two workloads may use, each with the bits of its prefix."""
ALL_NODES = ip_bytes("ff02::1")
SILENCE = 0.5  # seconds in which what is copied would be heard
_numbers = itertools.count(1)


class Hearers:
    """Who hears what, by sockets that joined the groups."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._sockets = {
            name: [site.workloads[name].namespace.inside(opened) for opened in (_ipv4_socket, _ipv6_socket)]
            for name in PLACES
        }

    def speak(self, destination: str) -> bytes:
        """Have the speaker say something new to a destination."""
        sent = b"number %d" % next(_numbers)
        version = 1 if ":" in destination else 0
        self._sockets[SPEAKER][version].sendto(sent, (destination, PORT))
        return sent

    def heard(self) -> list[tuple[str, bytes]]:
        """What was heard since the last time, and by whom."""
        found: list[tuple[str, bytes]] = []
        for name, sockets in self._sockets.items():
            for each in sockets if name != SPEAKER else ():
                with contextlib.suppress(BlockingIOError):
                    while True:
                        found.append((name, each.recv(100)))
        return found

    def wait_until_heard(self, destination: str, *names: str) -> None:
        """Return when these hear what is said to a destination."""
        heard: set[str] = set()

        def is_heard() -> bool:
            self.speak(destination)
            heard.update(name for name, _ in self.heard())
            return heard >= set(names)

        wait_until(is_heard, f"{names} to hear what is said to {destination}")

    def all_heard(self) -> list[tuple[str, bytes]]:
        """All that was heard before a last word is."""
        last = self.speak(GROUP)
        heard: list[tuple[str, bytes]] = []

        def is_over() -> bool:
            heard.extend(self.heard())
            return {(NEAR, last), (FAR, last)} <= set(heard)

        wait_until(is_over, "the last word to be heard")
        return [each for each in heard if each[1] != last]

    def close(self) -> None:
        for each in itertools.chain(*self._sockets.values()):
            each.close()


def _ipv4_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    index = socket.if_nametoindex(INTERFACE)
    joined = struct.pack("4s4si", socket.inet_aton(GROUP), bytes(4), index)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, joined)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, INTERFACE.encode())
    made.setblocking(False)
    made.bind(("", PORT))
    return made


def _ipv6_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    index = socket.if_nametoindex(INTERFACE)
    joined = struct.pack("16sI", socket.inet_pton(socket.AF_INET6, IPV6_GROUP), index)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, joined)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
    made.setblocking(False)
    made.bind(("::", PORT))
    return made


def announce(site: Site, name: str, address: str) -> None:
    """Have a workload say that it has an address, as keepalived does."""
    mac = mac_number(site.ports[name]["mac_address"])
    packed = address_of(address)
    if isinstance(packed, int):
        frame = packets.arp_request(mac, packed, packed)
    else:
        macs = mac, packets.group_mac(ALL_NODES)
        frame = packets.neighbour_advertisement(macs, (packed, ALL_NODES), packed, mac, flags=0x20)
    raw = site.workloads[name].namespace.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    with raw:
        raw.bind((INTERFACE, 0))
        raw.send(frame)


@pytest.fixture
async def hearers() -> AsyncIterator[Hearers]:
    async with two_hosts(()) as (testbed, cloud):
        site = await create_site(testbed, cloud)
        open_to_all, closed = [await cloud.create("security_group", name=name) for name in ("open", "closed")]
        rules = [
            {"security_group_id": open_to_all["id"], "direction": "ingress", "ethertype": version}
            for version in ("IPv4", "IPv6")
        ]
        await cloud.create_many("security_group_rule", rules)
        for name, (subnet, host) in PLACES.items():
            group = closed if name == DEAF else open_to_all
            await site.add(name, subnet, host, security_groups=[group["id"]])
        for workload in site.workloads.values():
            wait_settled(workload)
        testbed.wait_steady()
        hearers = Hearers(site)
        yield hearers
        hearers.close()


async def test_everybody_in_the_vpc_whose_groups_let_him_hears_it_once(hearers: Hearers) -> None:
    for destination in DESTINATIONS:
        hearers.wait_until_heard(destination, NEAR, FAR)
    hearers.all_heard()
    said = [hearers.speak(destination) for destination in DESTINATIONS for _ in range(5)]
    assert sorted(hearers.all_heard()) == sorted((name, each) for name in (NEAR, FAR) for each in said)


async def test_an_address_of_two_workloads_is_where_it_was_announced_last(hearers: Hearers) -> None:
    """As one that VRRP moves: it is in no record, and the client asks nobody again for what it knows."""
    site, (client, *holders) = hearers.site, (hearers.site.workloads[name] for name in (SPEAKER, NEAR, FAR))
    for name in (NEAR, FAR):
        pairs = [{"ip_address": address} for address in SHARED]
        await site.cloud.update("port", site.ports[name]["id"], {"allowed_address_pairs": pairs})
    be_sure_of_neighbours(client)
    client.namespace.ip("address", "add", "2001:db8::5/64", "dev", INTERFACE, "nodad")
    await site.cloud.update(
        "port", site.ports[SPEAKER]["id"], {"allowed_address_pairs": [{"ip_address": "2001:db8::5"}]}
    )
    for holder, other in (holders, reversed(holders)):
        for address, length in SHARED.items():
            other.namespace.run("ip", "address", "delete", f"{address}/{length}", "dev", INTERFACE, check=False)
            add_address(holder, address, length)

            def is_reached(address: str = address, holder: Workload = holder) -> bool:
                announce(site, holder.name, address)
                return client.ping(address, timeout=0.5) is not None

            wait_until(is_reached, f"{address} to be reached")
            known = client.namespace.ip("neighbour", "show", address)
            assert site.ports[holder.name]["mac_address"] in known


async def test_in_a_vpc_on_demand_nobody_hears_it_and_told_ahead_again_all_do(hearers: Hearers) -> None:
    hearers.wait_until_heard(GROUP, NEAR, FAR)
    network_id = hearers.site.subnets["near"]["network_id"]
    await hearers.site.cloud.set_programming(network_id, "on_demand")

    def is_silent() -> bool:
        hearers.heard()
        for destination in DESTINATIONS:
            hearers.speak(destination)
        time.sleep(SILENCE)
        return not hearers.heard()

    wait_until(is_silent, "the VPC to be silent")
    await hearers.site.cloud.set_programming(network_id, "push")
    hearers.wait_until_heard(GROUP, NEAR, FAR)
