"""Servers' metadata over Open vSwitch: Nova is asked for each workload by its own name, whatever addresses it has."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import until, wait_until
from tests.e2e.migrated import start_migrated
from tests.e2e.services import fake_nova
from tests.e2e.services.site import IPV4, IPV6, Site, ask, create_site

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]
BOTH = pytest.mark.parametrize("address", [IPV4, IPV6])


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Testbed() as testbed:
        start_migrated(testbed.controller)
        testbed.make_hosts(1)
        yield asyncio.run(create_site(testbed))


def identity(name: str) -> dict[str, list[str]]:
    return {
        "X-Instance-ID": [f"server-{name}"],
        "X-Tenant-ID": [f"project-of-{name}"],
        "X-Forwarded-For": ["10.1.0.10"],
    }


@BOTH
@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_each_workload_is_known_though_all_have_the_same_address(site: Site, name: str, address: str) -> None:
    """The last has neither a gateway nor a security group that lets anything pass."""
    assert ask(site.workloads[name], address, "/latest?a=b%20c").told() == identity(name)


def test_it_is_found_through_the_gateway_too(site: Site) -> None:
    """Whether or not a router is there: the host answers, whoever the packet is addressed to."""
    workload = site.workloads["b"]
    workload.namespace.ip("route", "del", f"{IPV4}/32")
    assert "via 10.1.0.1" in workload.namespace.ip("route", "get", IPV4)
    workload.namespace.ip("neigh", "replace", "10.1.0.1", "lladdr", "02:00:00:00:00:99", "dev", "eth0")
    assert ask(workload, IPV4).told() == identity("b")


@BOTH
def test_what_a_workload_says_of_itself_is_not_believed(site: Site, address: str) -> None:
    forged = {"X__Instance__ID": "server-b", "X_Instance_ID": "server-b", "X__Forwarded__For": "10.9.9.9"}
    answer = ask(site.workloads["a"], address, X__Tenant__ID="project-of-b", **forged)
    assert answer.told() == identity("a")
    assert not [name for name in json.loads(answer.body)["others"] if name.lower().startswith("x")]


@BOTH
def test_bodies_pass_both_ways(site: Site, address: str) -> None:
    assert ask(site.workloads["a"], address, "/large").body == b"x" * fake_nova.LARGE
    posted = ask(site.workloads["a"], address, "/password", method="POST", body=b"y" * 60_000)
    assert json.loads(posted.body)["body"] == "y" * 60_000
    assert ask(site.workloads["a"], address, "/password", method="POST", body=b"y" * 70_000).status == 413


def test_many_ask_at_once(site: Site) -> None:
    told: dict[int, object] = {}

    def one(number: int) -> None:
        told[number] = ask(site.workloads["ab"[number % 2]], IPV4).told()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == {number: identity("ab"[number % 2]) for number in range(16)}


@BOTH
async def test_a_port_that_becomes_a_servers_later_is_known_then(site: Site, address: str) -> None:
    """Its port security is off, besides."""
    async with Cloud(site.testbed.controller) as cloud:
        for device_id, status in (("", 404), ("server-d", 200)):
            await cloud.update("port", site.ports["d"]["id"], {"device_id": device_id})
            await until(lambda status=status: ask(site.workloads["d"], address).status == status, "the change")  # type: ignore[misc]


@BOTH
def test_nothing_else_of_the_host_is_reached(site: Site, address: str) -> None:
    for port in (22, 9680, fake_nova.PORT):
        with pytest.raises(TimeoutError):
            ask_briefly(site, address, port)
    assert not site.workloads["a"].ping("100.64.255.254", timeout=1)


def ask_briefly(site: Site, address: str, port: int) -> None:
    def connect() -> None:
        socket.create_connection((address, port), timeout=0.5).close()

    site.workloads["a"].namespace.inside(connect)


def test_it_survives_restarts_of_all(site: Site) -> None:
    site.nova.kill()
    assert ask(site.workloads["a"], IPV4).status == 502
    site.nova.start()
    site.host.agent.kill()
    site.host.agent.start()
    wait_until(lambda: answered(site, "a"), "the agent to answer again")
    site.host.switch.switch.kill()
    site.host.switch.start_switch()
    wait_until(lambda: answered(site, "b"), "the agent to answer again")
    for name in ("a", "b"):
        for address in (IPV4, IPV6):
            wait_until(lambda name=name, address=address: answered(site, name, address), "an answer")  # type: ignore[misc]
            assert ask(site.workloads[name], address).told() == identity(name)


def test_it_survives_what_others_do_to_the_hosts_interface(site: Site) -> None:
    for command in (("address", "flush", "dev", "alcor-services"), ("link", "set", "alcor-services", "down")):
        site.host.namespace.ip(*command)
        for address in (IPV4, IPV6):
            wait_until(lambda address=address: answered(site, "a", address), "an answer")  # type: ignore[misc]


def answered(site: Site, name: str, address: str = IPV4) -> bool:
    try:
        return ask(site.workloads[name], address).status == 200
    except OSError:
        return False
