"""IPv6 inside a subnet over Open vSwitch, between kernels that use neighbour discovery as ever."""

import itertools
import socket

import pytest

from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import INTERFACE
from tests.conformance.driver import packets
from tests.e2e.ipv6.site import Site, addresses, wait_settled

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

HOSTS = {"a": 0, "b": 0, "c": 1}


async def populate(site: Site) -> None:
    await site.add_subnet()
    for name, host in HOSTS.items():
        await site.add(name, host)
    site.testbed.wait_steady()


async def test_everybody_reaches_everybody(site: Site) -> None:
    await populate(site)
    for name, peer in itertools.permutations(HOSTS, 2):
        assert site.workloads[name].ping(site.address(peer)) is not None, f"{name} does not reach {peer}"
        assert site.workloads[name].ping(site.link_local(peer)) is not None, f"{name} does not reach {peer}'s own"


async def test_a_connection_carries_what_is_sent(site: Site) -> None:
    await populate(site)
    sent = bytes(range(256)) * 4000

    def listen() -> socket.socket:
        listener = socket.create_server((site.address("c"), 4321), family=socket.AF_INET6)
        listener.settimeout(10)
        return listener

    listener = site.workloads["c"].namespace.inside(listen)
    client = site.workloads["a"].namespace.inside(lambda: socket.create_connection((site.address("c"), 4321), 10))
    server, peer = listener.accept()
    with listener, client, server:
        assert peer[0] == site.address("a")
        for start in range(0, len(sent), 32768):
            piece = sent[start : start + 32768]
            client.sendall(piece)
            assert server.recv(len(piece), socket.MSG_WAITALL) == piece


async def test_own_addresses_are_free_and_those_of_others_are_not(site: Site) -> None:
    await populate(site)
    workload = site.workloads["a"]
    workload.namespace.ip("address", "add", f"{site.address('c')}/64", "dev", INTERFACE)
    wait_settled(workload)
    failed = {each["local"] for each in addresses(workload) if each.get("dadfailed")}
    assert failed == {site.address("c")}


async def test_what_is_forged_is_dropped_and_counted(site: Site) -> None:
    await populate(site)
    a, c = site.workloads["a"], site.workloads["c"]
    assert a.ping(site.address("c")) is not None
    mac, peer = (int(site.ports[name]["mac_address"].replace(":", ""), 16) for name in ("a", "c"))
    own, others, target = (socket.inet_pton(socket.AF_INET6, site.address(name)) for name in ("a", "b", "c"))
    link_local = packets.link_local(mac)
    forged = {
        "neighbour_guard/forged_neighbour_advertisement": packets.neighbour_advertisement(
            (mac, peer), (own, target), others, mac
        ),
        "source_guard/forged_router_advertisement": packets.ethernet(
            peer, mac, 0x86DD, packets.icmpv6(link_local, target, 134, bytes.fromhex("40000708") + bytes(8))
        ),
        "source_guard/forged_dhcpv6_server": packets.ethernet(
            peer, mac, 0x86DD, packets.ipv6(own, target, 17, packets.udp_payload(547, 546, b"take this"))
        ),
        "source_guard/spoofed": packets.ipv6_frame(peer, mac, others, target, b"as somebody else"),
    }
    before = {rule: site.packets(0, rule) for rule in forged}
    listener = c.listen()
    raw = a.namespace.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    raw.bind((INTERFACE, 0))
    with raw:
        for frame in forged.values():
            raw.send(frame)
    for rule in forged:
        wait_until(lambda rule=rule: site.packets(0, rule) > before[rule], f"{rule} to count")  # type: ignore[misc]
    assert a.ping(site.address("c")) is not None
    assert not set(forged.values()) & set(listener.heard())
    listener.close()


async def test_a_peer_that_is_deleted_is_not_answered_for(site: Site) -> None:
    await populate(site)
    assert site.workloads["a"].ping(site.address("c")) is not None
    await site.cloud.delete("port", site.ports["c"]["id"])
    site.workloads["a"].namespace.ip("-6", "neighbour", "flush", "dev", INTERFACE)
    wait_until(lambda: site.workloads["a"].ping(site.address("c"), 0.3) is None, "the peer to be silent")
