"""Two hosts, and on them for each way of programming a guarded workload with peers near and far."""

import asyncio
import itertools
from typing import Any

from alcor.testbed.cloud import Cloud
from alcor.testbed.testbed import Testbed
from alcor.testbed.workload import Workload
from tests.e2e.by_hand import plug_by_hand

PROGRAMMING = ("push", "on_demand")
PLACES = ("same_host", "other_host")
SUBNETS = ("same_subnet", "other_subnet", "other_vpc")
VERSIONS = (4, 6)

_NUMBERS = {"same_subnet": 1, "other_subnet": 2, "other_vpc": 3}


def _cidr(subnet: str, version: int) -> str:
    number = _NUMBERS[subnet]
    return f"10.1.{number}.0/24" if version == 4 else f"2001:db8:{number}::/64"


class Region:
    """What is programmed in one way: three subnets of each IP version in two VPCs, joined by a router.

    All regions have the same addresses.
    """

    def __init__(self, testbed: Testbed, cloud: Cloud, programming: str) -> None:
        self._testbed, self._cloud, self._programming = testbed, cloud, programming
        self._subnets: dict[tuple[str, int], Any] = {}
        self.guarded: Workload
        self.peers: dict[tuple[str, str], Workload] = {}
        """By place and subnet."""
        self._addresses: dict[str, dict[int, str]] = {}

    def address(self, workload: Workload, version: int) -> str:
        """A workload's address."""
        return self._addresses[workload.name][version]

    async def make(self, guarding: Any, open_to_all: Any) -> None:
        """Create all of it: the guarded workload in one security group, its peers in another."""
        first, second = [await self._cloud.create("network", name=name) for name in ("first", "second")]
        router = await self._cloud.create("router", name="all")
        for network in (first, second):
            await self._cloud.set_programming(network["id"], self._programming)
        for subnet, version in itertools.product(SUBNETS, VERSIONS):
            network = second if subnet == "other_vpc" else first
            self._subnets[subnet, version] = await self._cloud.create(
                "subnet", network_id=network["id"], ip_version=version, cidr=_cidr(subnet, version)
            )
            body = {"subnet_id": self._subnets[subnet, version]["id"]}
            await self._cloud.act("router", router["id"], "add_router_interface", **body)
        names = {place: f"{self._programming[:2]}{place[0]}" for place in PLACES}
        self.guarded, *peers = await asyncio.gather(
            self._add(f"{self._programming[:2]}-a", "same_host", "same_subnet", guarding),
            *(
                self._add(f"{names[place]}{_NUMBERS[subnet]}", place, subnet, open_to_all)
                for place, subnet in itertools.product(PLACES, SUBNETS)
            ),
        )
        self.peers = dict(zip(itertools.product(PLACES, SUBNETS), peers, strict=True))

    async def _add(self, name: str, place: str, subnet: str, group: Any) -> Workload:
        host = self._testbed.hosts[PLACES.index(place)]
        subnets = [self._subnets[subnet, version] for version in VERSIONS]
        port = await self._cloud.create(
            "port",
            network_id=subnets[0]["network_id"],
            fixed_ips=[{"subnet_id": each["id"]} for each in subnets],
            security_groups=[group["id"]],
            **{"binding:host_id": host.name},
        )
        self._addresses[name] = {
            6 if ":" in each["ip_address"] else 4: each["ip_address"] for each in port["fixed_ips"]
        }
        workload = await asyncio.to_thread(plug_by_hand, self._testbed, name, host, port, subnets)
        await self._cloud.wait_for_status("port", port["id"], "ACTIVE")
        return workload
