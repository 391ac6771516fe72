"""What a host costs follows its own workloads and whom they speak to, not how large their VPC is."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.host import Host
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from tests.e2e.by_hand import plug_by_hand
from tests.e2e.two_hosts import two_hosts

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

SMALL, LARGE = 10, 10_000
AT_ONCE, MORE = 1000, 20


class Cost(NamedTuple):
    """Of one host."""

    rules: int  # in its data plane, once its workload has spoken to the others
    known: int  # peers that it was told of
    for_ports_elsewhere: int  # messages that it was sent while ports came and went that are in its workload's group
    for_a_rule: int  # messages that it was sent for one more rule of that group


class Elsewhere(NamedTuple):
    """A host of the cloud, of which nothing but its address is there."""

    name: str
    vtep_ip: str


ELSEWHERE = Elsewhere("elsewhere", "198.18.99.99")


class Vpc:
    """Two subnets that a router joins, with three workloads on two hosts, and many ports elsewhere."""

    def __init__(self, testbed: Testbed, cloud: Cloud) -> None:
        self._testbed, self._cloud = testbed, cloud
        self._subnets: list[Any] = []
        self._workloads: list[Any] = []
        self._ports: list[Any] = []
        self._group: Any = None

    async def make(self, ports: int) -> None:
        """Have so many ports in all."""
        cloud = self._cloud
        self._group = await cloud.create("security_group", name="members")
        among = {"direction": "ingress", "ethertype": "IPv4", "remote_group_id": self._group["id"]}
        await cloud.create("security_group_rule", security_group_id=self._group["id"], **among)
        network = await cloud.create("network", name=f"of {ports}")
        router = await cloud.create("router", name="between")
        for number in range(2):
            cidr = f"10.{number}.0.0/16"
            subnet = await cloud.create("subnet", network_id=network["id"], ip_version=4, cidr=cidr)
            await cloud.act("router", router["id"], "add_router_interface", subnet_id=subnet["id"])
            self._subnets.append(subnet)
        for start in range(0, ports - 3, AT_ONCE):
            count = min(AT_ONCE, ports - 3 - start)
            await cloud.create_many("port", [self._port(0, ELSEWHERE.name) for _ in range(count)])
        for number, (host, subnet) in enumerate(((0, 0), (1, 0), (1, 1))):
            await self._add(f"v{number}", self._testbed.hosts[host], subnet)
        await asyncio.to_thread(self._testbed.wait_steady)

    def _port(self, subnet: int, host: str) -> dict[str, Any]:
        chosen = self._subnets[subnet]
        return {
            "network_id": chosen["network_id"],
            "fixed_ips": [{"subnet_id": chosen["id"]}],
            "security_groups": [self._group["id"]],
            "binding:host_id": host,
        }

    async def _add(self, name: str, host: Host, subnet: int) -> None:
        port = await self._cloud.create("port", **self._port(subnet, host.name))
        subnets = [self._subnets[subnet]]
        self._workloads.append(await asyncio.to_thread(plug_by_hand, self._testbed, name, host, port, subnets))
        self._ports.append(port)
        await self._cloud.wait_for_status("port", port["id"], "ACTIVE")

    async def cost(self, host: Host) -> Cost:
        """What the first workload's host has once that has spoken to the others, and what it is sent then."""
        first = self._workloads[0]
        for port in self._ports[1:]:
            assert await asyncio.to_thread(first.ping, port["fixed_ips"][0]["ip_address"]) is not None
        rules = len(host.switch.rules())
        known = host.status()["neighbours"] + host.status()["neighbours_learned"]
        return Cost(rules, known, await self._sent(host, self._ports_elsewhere), await self._sent(host, self._rule))

    async def _sent(self, host: Host, change: Callable[[], Awaitable[None]]) -> int:
        """How many messages a host was sent for a change; one more tells that they have come."""
        before = taken(host)
        await change()
        named = {"name": "to be told of", "dns_name": f"told-{before}"}
        seen = taken(host)
        await self._cloud.update("port", self._ports[0]["id"], named)
        await asyncio.to_thread(wait_until, lambda: taken(host) > seen, "the host to be told")
        return taken(host) - before - 1

    async def _ports_elsewhere(self) -> None:
        for _ in range(MORE):
            port = await self._cloud.create("port", **self._port(0, ELSEWHERE.name))
            await self._cloud.delete("port", port["id"])

    async def _rule(self) -> None:
        rule = {"direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}
        ports = {"port_range_min": 80, "port_range_max": 80}
        await self._cloud.create("security_group_rule", security_group_id=self._group["id"], **rule, **ports)


def taken(host: Host) -> int:
    """How many messages a host's agent has taken in."""
    return int(host.status()["counters"]["goal_states_taken"])


async def cost_in_a_vpc_of(ports: int) -> Cost:
    """What a host costs that has one of so many ports."""
    async with two_hosts(()) as (testbed, cloud):
        await cloud.register([*testbed.hosts, ELSEWHERE])
        await asyncio.to_thread(testbed.start_hosts)
        host = testbed.hosts[0]
        vpc = Vpc(testbed, cloud)
        await vpc.make(ports)
        return await vpc.cost(host)


async def test_a_host_of_a_large_vpc_costs_no_more_than_one_of_a_small_vpc() -> None:
    small, large = await cost_in_a_vpc_of(SMALL), await cost_in_a_vpc_of(LARGE)
    assert large.rules <= small.rules
    assert large.known <= small.known
    assert large.for_ports_elsewhere == 0
    assert large.for_a_rule <= 1
