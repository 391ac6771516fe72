"""Security groups of the API, over Open vSwitch on two hosts, in a subnet and through a router, proven with packets."""

import socket
from typing import Any

import pytest

from alcor.testbed.waiting import wait_until
from tests.e2e.routing.site import Site
from tests.e2e.two_hosts import lose_nothing_to_restarts

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

PLACES = {"a": ("near", 0), "here": ("near", 0), "there": ("near", 1), "other": ("other", 1)}
PEERS = ("here", "there", "other")
SECONDS = 3.0


async def put_in(site: Site, name: str, *groups: Any) -> None:
    """Have a workload's port be in these groups alone."""
    await site.cloud.update("port", site.ports[name]["id"], {"security_groups": [each["id"] for each in groups]})


async def allow(site: Site, group: Any, **rule: Any) -> Any:
    usual = {"security_group_id": group["id"], "direction": "ingress", "ethertype": "IPv4"}
    return await site.cloud.create("security_group_rule", **usual | rule)


async def open_group(site: Site) -> Any:
    """A group that lets everything in."""
    group = await site.cloud.create("security_group", name="open")
    await allow(site, group)
    return group


class Server:
    """A TCP server of a workload, on a port."""

    def __init__(self, site: Site, name: str, port: int) -> None:
        self._address = (site.address(name), port)
        self._listening = site.workloads[name].namespace.inside(self._listen)

    def _listen(self) -> socket.socket:
        return socket.create_server(self._address)

    def reached_by(self, site: Site, name: str, seconds: float = 1.0) -> "Connection | None":
        """A connection from a workload; None when none comes about."""

        def connect() -> socket.socket | None:
            try:
                return socket.create_connection(self._address, timeout=seconds)
            except OSError:
                return None

        client = site.workloads[name].namespace.inside(connect)
        if client is None:
            return None
        self._listening.settimeout(SECONDS)
        server, _ = self._listening.accept()
        return Connection(client, server)

    def close(self) -> None:
        self._listening.close()


class Connection:
    """Both ends of a TCP connection."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._client, self._server = client, server

    def carries(self, seconds: float = SECONDS) -> bool:
        """Whether what is said comes through, there and back."""
        for speaker, hearer in ((self._client, self._server), (self._server, self._client)):
            hearer.settimeout(seconds)
            speaker.send(b"!")
            try:
                hearer.recv(100)
            except TimeoutError:
                return False
        return True

    def close(self) -> None:
        self._client.close()
        self._server.close()


async def test_members_of_the_default_group_reach_each_other_and_nobody_else_does(site: Site) -> None:
    await site.populate(PLACES, "a", *PEERS)
    for peer in PEERS:
        assert site.workloads["a"].ping(site.address(peer)) is not None, f"a does not reach {peer}"
        assert site.workloads[peer].ping(site.address("a")) is not None, f"{peer} does not reach a"
    pings = {peer: site.workloads[peer].keep_pinging(site.address("a")) for peer in PEERS}
    for ping in pings.values():
        ping.wait_for_answers(10)
    await put_in(site, "a")
    for ping in pings.values():
        ping.wait_for_silence()
        ping.stop()
    for peer in PEERS:
        assert site.workloads["a"].ping(site.address(peer), timeout=1) is None


@pytest.mark.parametrize("peer", PEERS)
async def test_what_a_rule_lets_in_comes_in_and_ends_with_the_rule(site: Site, peer: str) -> None:
    await site.populate(PLACES, "a", peer)
    web = await site.cloud.create("security_group", name="web")
    rule = await allow(site, web, protocol="tcp", port_range_min=8000, port_range_max=8010)
    await put_in(site, "a", web)
    await put_in(site, peer, await open_group(site))
    allowed, denied = Server(site, "a", 8003), Server(site, "a", 9000)
    wait_until(lambda: denied.reached_by(site, peer, seconds=0.5) is None, "the default group to be left", SECONDS)
    connection = allowed.reached_by(site, peer)
    assert connection is not None
    assert site.workloads[peer].ping(site.address("a"), timeout=1) is None
    assert site.workloads["a"].ping(site.address(peer)) is not None, "what a begins is answered"
    await allow(site, web, protocol="tcp", port_range_min=9000, port_range_max=9000)
    assert connection.carries(), "a rule that comes disturbs nothing"
    late = denied.reached_by(site, peer, seconds=SECONDS)
    assert late is not None
    await site.cloud.delete("security_group_rule", rule["id"])
    wait_until(lambda: not connection.carries(seconds=0.5), "the connection to end with its rule", SECONDS)
    assert late.carries()
    for each in (connection, late, allowed, denied):
        each.close()


@pytest.mark.parametrize("peer", PEERS)
async def test_members_of_a_remote_group_come_in(site: Site, peer: str) -> None:
    await site.populate(PLACES, "a", peer)
    web, friends = [await site.cloud.create("security_group", name=name) for name in ("web", "friends")]
    await allow(site, web, protocol="icmp", remote_group_id=friends["id"])
    await put_in(site, "a", web)
    ping = site.workloads[peer].keep_pinging(site.address("a"))
    ping.wait_for_silence(seconds=1.0)
    await put_in(site, peer, friends)
    ping.wait_for_answers(20)
    await put_in(site, peer, web)
    ping.wait_for_silence()
    await put_in(site, peer, friends)
    ping.wait_for_answers(20)
    ping.stop()


async def test_what_may_be_sent_is_said_by_the_senders_groups(site: Site) -> None:
    await site.populate(PLACES, "a", "there", "other")
    partners = await site.cloud.create("address_group", name="partners", addresses=[f"{site.address('other')}/32"])
    strict = await site.cloud.create("security_group", name="strict")
    for rule in strict["security_group_rules"]:
        await site.cloud.delete("security_group_rule", rule["id"])
    await allow(site, strict, direction="egress", remote_address_group_id=partners["id"])
    await put_in(site, "a", strict)
    open_to_all = await open_group(site)
    for peer in ("there", "other"):
        await put_in(site, peer, open_to_all)
    pings = {peer: site.workloads["a"].keep_pinging(site.address(peer)) for peer in ("there", "other")}
    pings["other"].wait_for_answers(20)
    pings["there"].wait_for_silence(seconds=1.0)
    body = {"addresses": [f"{site.address('there')}/32"]}
    await site.cloud.act("address_group", partners["id"], "add_addresses", **body)
    pings["there"].wait_for_answers(20)
    for ping in pings.values():
        ping.stop()


async def test_connections_notice_no_restart_of_agent_or_controller(site: Site) -> None:
    await site.populate(PLACES, "a", "there")
    ping = site.workloads["there"].keep_pinging(site.address("a"))
    lose_nothing_to_restarts(site.testbed, site.testbed.hosts, [ping])


async def test_a_workload_does_without_port_security(site: Site) -> None:
    await site.populate(PLACES, "a", "there")
    await put_in(site, "a")
    ping = site.workloads["there"].keep_pinging(site.address("a"))
    ping.wait_for_silence(seconds=1.0)
    await site.cloud.update("port", site.ports["a"]["id"], {"port_security_enabled": False})
    ping.wait_for_answers(20)
    ping.stop()
