"""Names over Open vSwitch: workloads find the ports of their VPC by name, wherever they are, and everybody else."""

import asyncio
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.reversename
import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.program import Program
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import Workload
from tests.e2e.migrated import start_migrated
from tests.e2e.services import fake_resolver
from tests.e2e.services.site import IPV4, IPV6

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]
BOTH = pytest.mark.parametrize("server", [IPV4, IPV6])
_CONFIG = '\n[dns]\nresolvers = ["127.0.0.1"]\n'
PLACES = {
    "web": ("small", 0, "10.1.0.10", "fd00:1::10"),
    "db": ("small", 0, "10.1.0.11", "fd00:1::11"),
    "far": ("small", 1, "10.1.0.12", "fd00:1::12"),
    "one": ("large", 0, "10.1.0.10", "fd00:1::10"),
    "two": ("large", 1, "10.1.0.12", "fd00:1::12"),
}
"""Workloads that are called so: network, host and addresses. Of the second network hosts are told nothing ahead."""
DOMAINS = {"small": "cloud.example", "large": "openstacklocal"}


class Site:
    def __init__(self, testbed: Testbed) -> None:
        self.testbed = testbed
        self.workloads: dict[str, Workload] = {}
        self.leases: dict[str, Any] = {}
        self.subnets: dict[str, tuple[Any, Any]] = {}
        self.resolvers = [self._resolver(host, kind) for host in testbed.hosts for kind in ("udp", "tcp")]

    def _resolver(self, host: Any, kind: str) -> Program:
        command = (sys.executable, str(Path(fake_resolver.__file__)), "127.0.0.1", *(["tcp"] if kind == "tcp" else []))
        return Program(host.namespace.popen, command, host.outside(f"{kind}-resolver.log"))

    async def fill(self, cloud: Cloud) -> None:
        await cloud.register(self.testbed.hosts)
        for host in self.testbed.hosts:
            config = host.outside("agent.toml")
            config.write_text(config.read_text() + _CONFIG)
        self.testbed.start_hosts()
        for resolver in self.resolvers[:2]:
            resolver.start()
        for name, programming in (("small", "push"), ("large", "on_demand")):
            domain = {"dns_domain": "cloud.example."} if name == "small" else {}
            network = await cloud.create("network", name=name, **domain)
            await cloud.set_programming(network["id"], programming)
            common = {"network_id": network["id"]}
            modes = {"ipv6_ra_mode": "dhcpv6-stateful", "ipv6_address_mode": "dhcpv6-stateful"}
            self.subnets[name] = (
                await cloud.create("subnet", ip_version=4, cidr="10.1.0.0/24", **common),
                await cloud.create("subnet", ip_version=6, cidr="fd00:1::/64", **common, **modes),
            )
        for name in PLACES:
            await self.add(cloud, name)
        for host in self.testbed.hosts:
            wait_until(lambda host=host: host.status().get("services") == "answered", "the agent to answer workloads")  # type: ignore[misc]
        self.testbed.wait_steady()

    async def add(self, cloud: Cloud, name: str) -> None:
        network, number, *addresses = PLACES[name]
        host = self.testbed.hosts[number]
        pairs = zip(self.subnets[network], addresses, strict=True)
        port = await cloud.create(
            "port",
            network_id=self.subnets[network][0]["network_id"],
            fixed_ips=[{"subnet_id": subnet["id"], "ip_address": address} for subnet, address in pairs],
            dns_name=name,
            **{"binding:host_id": host.name},
        )
        workload = self.workloads[name] = self.testbed.add_workload(name, host)
        workload.plug(port["id"], port["mac_address"])
        await cloud.wait_for_status("port", port["id"], "ACTIVE")
        self.leases[name] = workload.request_lease()
        shown = partial(workload.namespace.ip, "-6", "address", "show", "dev", "eth0")
        wait_until(lambda: "inet6" in shown() and "tentative" not in shown(), f"{name} to have its IPv6 address")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    async def filled(testbed: Testbed) -> Site:
        site = Site(testbed)
        async with Cloud(testbed.controller) as cloud:
            await site.fill(cloud)
        return site

    with Testbed() as testbed:
        start_migrated(testbed.controller)
        testbed.make_hosts(2)
        yield asyncio.run(filled(testbed))


def ask(
    workload: Workload, name: str, kind: str = "A", server: str = IPV4, tcp: bool = False, timeout: float = 15
) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    way = dns.query.tcp if tcp else dns.query.udp
    return workload.namespace.inside(lambda: way(query, server, timeout))


def values(answer: dns.message.Message) -> list[str]:
    return [record.to_text() for records in answer.answer for record in records]


@BOTH
@pytest.mark.parametrize("tcp", [False, True], ids=["UDP", "TCP"])
def test_ports_are_found_by_name_on_either_host(site: Site, server: str, tcp: bool) -> None:
    """Two VPCs have the same addresses, and one of them is on demand: each workload finds those of its own."""
    for asker, peer in (("web", "db"), ("web", "far"), ("far", "web"), ("one", "two"), ("two", "one"), ("two", "two")):
        network, _, ipv4, ipv6 = PLACES[peer]
        for kind, address in (("A", ipv4), ("AAAA", ipv6)):
            answer = ask(site.workloads[asker], f"{peer.upper()}.{DOMAINS[network]}", kind, server, tcp)
            assert values(answer) == [address], f"{asker} asks for {peer}: {answer}"
            assert answer.flags & dns.flags.AA


def test_a_name_of_another_vpc_is_not_found(site: Site) -> None:
    for asker, name in (("web", "two.cloud.example"), ("one", "web.openstacklocal"), ("web", "absent.cloud.example")):
        answer = ask(site.workloads[asker], name)
        assert answer.rcode() == dns.rcode.NXDOMAIN
        assert answer.flags & dns.flags.AA
        assert answer.authority


def test_addresses_have_names_and_names_of_addresses_need_nobody(site: Site) -> None:
    web = site.workloads["web"]
    for address, name in (("10.1.0.11", "db"), ("fd00:1::12", "far"), ("10.1.0.99", "host-10-1-0-99")):
        assert values(ask(web, str(dns.reversename.from_address(address)), "PTR")) == [f"{name}.cloud.example."]
    assert values(ask(web, "host-10-1-0-99.cloud.example")) == ["10.1.0.99"]
    assert values(ask(web, "host-fd00-1--99.cloud.example", "AAAA")) == ["fd00:1::99"]
    assert ask(web, "db.cloud.example", "MX").rcode() == dns.rcode.NOERROR


def test_a_name_that_changes_is_found_anew(site: Site) -> None:
    async def rename(name: str) -> None:
        async with Cloud(site.testbed.controller) as cloud:
            (port,) = [each for each in await cloud.list_all("port") if each["id"] == site.workloads["far"].port_id]
            await cloud.update("port", port["id"], {"dns_name": name})

    web = site.workloads["web"]
    assert ask(web, "later.cloud.example").rcode() == dns.rcode.NXDOMAIN
    asyncio.run(rename("later"))

    def is_found() -> bool:
        time.sleep(0.05)  # who asks more often than a hundred times a second is not answered
        return values(ask(web, "later.cloud.example")) == ["10.1.0.12"]

    wait_until(is_found, "the new name to be found")
    asyncio.run(rename("far"))


@BOTH
@pytest.mark.parametrize("tcp", [False, True], ids=["UDP", "TCP"])
def test_other_names_are_asked_of_the_hosts_resolvers(site: Site, server: str, tcp: bool) -> None:
    assert values(ask(site.workloads["web"], "www.example.org", "A", server, tcp)) == ["198.51.100.7"]
    answer = ask(site.workloads["web"], "absent.example.org", "A", server, tcp)
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert not answer.flags & dns.flags.AA


def test_what_is_too_large_for_a_datagram_is_asked_for_by_tcp(site: Site) -> None:
    short = ask(site.workloads["web"], "large.example.org", "TXT")
    assert (bool(short.flags & dns.flags.TC), values(short)) == (True, [])
    whole = ask(site.workloads["web"], "large.example.org", "TXT", tcp=True)
    assert len(values(whole)) == fake_resolver.COUNT, whole


def test_without_a_resolver_it_fails_and_names_of_the_vpc_do_not(site: Site) -> None:
    """None runs on the second host."""
    assert ask(site.workloads["far"], "www.example.org").rcode() == dns.rcode.SERVFAIL
    assert values(ask(site.workloads["far"], "web.cloud.example")) == ["10.1.0.10"]


def test_workloads_are_told_of_it_and_their_own_resolver_finds_peers(site: Site) -> None:
    lease = site.leases["web"]
    assert (lease.dns, lease.domain) == (IPV4, "cloud.example")
    assert site.leases["one"].domain == "openstacklocal"
    file = site.testbed.sandbox.outside("/run/resolv.conf")
    file.write_text(f"search {lease.domain}\nnameserver {lease.dns}\n")
    script = "mount --bind /run/resolv.conf /etc/resolv.conf && getent ahostsv4 far && ping -c 1 -W 5 far"
    said = site.workloads["web"].namespace.run("unshare", "--mount", "sh", "-c", script)
    assert "10.1.0.12" in said
    assert "1 received" in said


def test_the_rest_is_answered_while_no_controller_runs(site: Site) -> None:
    """Last, since it stops the controller: what only others know fails, and nothing waits for long."""
    site.testbed.controller.program.kill()
    web = site.workloads["web"]
    assert values(ask(web, "db.cloud.example")) == ["10.1.0.11"]
    assert values(ask(web, "www.example.org")) == ["198.51.100.7"]
    assert ask(web, "not-yet-asked-for.cloud.example").rcode() == dns.rcode.SERVFAIL
