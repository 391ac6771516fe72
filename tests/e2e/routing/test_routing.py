"""Routing on hosts over Open vSwitch, programmed by the API's routers, proven with packets."""

import itertools
import sys

import pytest

from alcor.testbed.waiting import wait_until
from tests.e2e.probes import reaches
from tests.e2e.routing.site import GATEWAYS, Site, echo_requests, time_to_live
from tests.e2e.two_hosts import lose_nothing_to_restarts

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

PLACES = {
    "a": ("near", 0),
    "b": ("same", 0),
    "c": ("same", 1),
    "d": ("other", 0),
    "e": ("other", 1),
}


async def test_everybody_reaches_everybody_and_every_gateway(site: Site) -> None:
    await site.populate(PLACES)
    for name, peer in itertools.permutations(PLACES, 2):
        sender, address = site.workloads[name].namespace, site.address(peer)
        assert await reaches(sender, address, "icmp", 0, 5), f"{name} does not reach {peer}"
    for name, gateway in itertools.product(PLACES, GATEWAYS.values()):
        assert site.workloads[name].ping(gateway) is not None, f"{gateway} does not answer {name}"


@pytest.mark.parametrize("peer", ["b", "c", "d", "e"])
async def test_a_routed_packet_comes_from_the_gateway_with_one_less_to_live(site: Site, peer: str) -> None:
    await site.populate(PLACES, "a", peer)
    listener = site.workloads[peer].listen()
    assert site.workloads["a"].ping(site.address(peer)) is not None
    (request,) = echo_requests(listener.heard())
    assert request[6:12] == await site.gateway_mac(PLACES[peer][0])
    assert time_to_live(request) == 63
    listener.close()


async def test_a_host_with_ports_in_one_vpc_only_speaks_to_the_other(site: Site) -> None:
    """Of the other VPC it is told nothing ahead, not even that it is there."""
    await site.populate(PLACES, "a", "e")
    assert site.host(0).status()["vpcs"] == 1
    assert site.workloads["a"].ping(site.address("e")) is not None
    assert site.workloads["e"].ping(site.address("a")) is not None


async def test_a_gateway_answers_while_no_agent_runs(site: Site) -> None:
    await site.populate(PLACES, "a")
    assert site.workloads["a"].ping(GATEWAYS["near"]) is not None
    site.host(0).agent.kill()
    for gateway in GATEWAYS.values():
        assert site.workloads["a"].ping(gateway) is not None


async def test_who_cannot_be_reached_is_said_by_the_gateway(site: Site) -> None:
    await site.populate(PLACES, "a", "e")
    run = site.workloads["a"].namespace.run
    assert "Time to live exceeded" in run("ping", "-n", "-c", "1", "-W", "5", "-t", "1", site.address("e"), check=False)
    absent = run("ping", "-n", "-c", "1", "-W", "5", "10.2.0.200", check=False)
    assert f"From {GATEWAYS['near']}" in absent
    assert "Destination Host Unreachable" in absent
    assert "Destination Net Unreachable" in run("ping", "-n", "-c", "1", "-W", "5", "192.0.2.1", check=False)


async def test_what_is_too_big_for_the_other_vpc_arrives_in_pieces_or_the_gateway_says_so(site: Site) -> None:
    await site.cloud.update("network", site.subnets["other"]["network_id"], {"mtu": 1300})
    await site.populate(PLACES, "a", "d", "e")
    run = site.workloads["a"].namespace.run
    for peer in ("d", "e"):
        ping = ("ping", "-n", "-c", "3", "-i", "0.2", "-W", "5", "-s", "1400", site.address(peer))
        listener = site.workloads[peer].listen()
        assert " 0% packet loss" in run(*ping, "-M", "dont", check=False)
        pieces = [frame for frame in listener.heard() if frame[12:14] == b"\x08\x00" and frame[23] == 1]
        listener.close()
        assert [len(frame) - 14 for frame in pieces] == [20 + 1280, 20 + 8 + 1400 - 1280] * 3
        assert f"From {GATEWAYS['near']} icmp_seq=1 Frag needed and DF set (mtu = 1300)" in run(
            *ping, "-M", "do", check=False
        )
        assert "mtu 1300" in run("ip", "route", "get", site.address(peer))


async def test_an_interface_that_is_removed_ends_connectivity_and_a_new_one_brings_it_back(site: Site) -> None:
    await site.populate(PLACES, "a", "b", "e")
    pings = {peer: site.workloads["a"].keep_pinging(site.address(peer)) for peer in ("b", "e")}
    for ping in pings.values():
        ping.wait_for_answers(20)
    await site.detach("other")
    pings["e"].wait_for_silence()
    pings["b"].wait_for_answers(20)
    await site.attach("other")
    pings["e"].wait_for_answers(20)
    await site.detach("near")
    for ping in pings.values():
        ping.wait_for_silence()
        ping.stop()


async def test_a_router_that_is_down_does_not_route(site: Site) -> None:
    await site.populate(PLACES, "a", "e")
    ping = site.workloads["a"].keep_pinging(site.address("e"))
    ping.wait_for_answers(20)
    await site.cloud.update("router", site.router["id"], {"admin_state_up": False})
    ping.wait_for_silence()
    await site.cloud.update("router", site.router["id"], {"admin_state_up": True})
    ping.wait_for_answers(20)
    ping.stop()


async def test_a_peer_that_moves_is_followed(site: Site) -> None:
    await site.populate(PLACES, "a", "e")
    ping = site.workloads["a"].keep_pinging(site.address("e"))
    ping.wait_for_answers(20)
    await site.cloud.update("port", site.ports["e"]["id"], {"binding:host_id": site.host(0).name})
    site.workloads["e"].move(site.host(0))
    await site.cloud.wait_for_status("port", site.ports["e"]["id"], "ACTIVE")
    ping.wait_for_answers(50)
    ping.stop()


async def test_a_peer_that_is_deleted_is_silent_and_its_flow_goes(site: Site) -> None:
    await site.populate(PLACES, "a", "e")
    assert site.workloads["a"].ping(site.address("e")) is not None
    assert any(site.address("e") in flow for flow in site.flows(0))
    await site.cloud.delete("port", site.ports["e"]["id"])
    wait_until(lambda: not any(site.address("e") in flow for flow in site.flows(0)), "the flow to the peer to go")
    assert site.workloads["a"].ping(site.address("e"), timeout=0.5) is None


async def test_what_is_routed_notices_no_restart(site: Site) -> None:
    await site.populate(PLACES, "a", "c", "e")
    pings = [site.workloads["a"].keep_pinging(site.address(peer)) for peer in ("c", "e")]
    lose_nothing_to_restarts(site.testbed, site.testbed.hosts, pings)


async def test_rules_follow_own_ports_and_peers_in_use_and_not_the_vpc(site: Site) -> None:
    await site.populate(PLACES, "a", "e")
    before = site.flows(0)
    for _ in range(30):
        await site.bound_port("other", 1)
    assert site.workloads["a"].ping(site.address("e")) is not None
    more = [flow for flow in site.flows(0) if flow not in before]
    to_peer = [flow for flow in more if flow.startswith("next_hop/")]
    members = [flow for flow in more if flow.startswith("members/")]
    assert len(to_peer) == 1, more
    assert site.address("e") in to_peer[0]
    assert len(members) == len(more) - 1 <= 1, more


async def test_a_gateway_answers_a_ping_in_fragments(site: Site) -> None:
    """Of a port without port security: of others, connection tracking in userspace keeps what begins a packet."""
    await site.populate(PLACES, "a", "e")
    run = site.workloads["a"].namespace.run
    ping = ("ping", "-n", "-c", "2", "-i", "0.2", "-W", "5", "-s", "4000")
    assert " 0% packet loss" in run(*ping, site.address("e"))
    unguarded = {"port_security_enabled": False, "security_groups": []}
    await site.cloud.update("port", site.ports["a"]["id"], unguarded)
    for address in GATEWAYS.values():
        wait_until(lambda address=address: " 0% packet loss" in run(*ping, address, check=False), address)  # type: ignore[misc]


_KNOCK = """
import socket, sys
kind = socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM
knock = socket.socket(socket.AF_INET, kind)
knock.settimeout(5)
try:
    knock.connect((sys.argv[2], 7))
    knock.send(b"anybody there?")
    knock.recv(100)
except OSError as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
async def test_nobody_listens_at_a_gateway_and_that_is_said_at_once(site: Site, protocol: str) -> None:
    await site.populate(PLACES, "a")
    for gateway in GATEWAYS.values():
        told = site.workloads["a"].namespace.run(sys.executable, "-c", _KNOCK, protocol, gateway)
        assert told.strip() == "ConnectionRefusedError"
