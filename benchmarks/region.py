"""A region for a benchmark: very many known hosts, ports in VPCs told ahead, and some large VPCs."""

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from alcor.scale.fleet import host_name
from alcor.scale.http_client import HttpClient
from benchmarks.controller import Controller
from benchmarks.http_load import drive, request

PORTS_OF_SMALL = 100
FIRST_ADDRESS = 0x0A000002  # of each VPC; the others follow

_A_CALL = 1_000  # resources of a bulk create
_FILLERS = 2  # clients that send them


class Small(msgspec.Struct, frozen=True):
    """A VPC told ahead, and the hosts that its ports are on."""

    network_id: str
    hosts: Sequence[int]


class Large(msgspec.Struct, frozen=True):
    """A VPC whose ports are on the first hosts, one each, then one more each."""

    network_id: str
    vni: int
    size: int


class Region:
    """What is in the database, created by a controller's API."""

    def __init__(self, controller: Controller, hosts: int) -> None:
        self.client = HttpClient(f"http://127.0.0.1:{controller.port}")
        self._port = controller.port
        self._hosts = hosts

    async def register_hosts(self) -> None:
        """All of them, as nodes."""
        for numbers in _parts(range(self._hosts)):
            nodes = [{"node_id": host_name(each), "local_ip": _vtep(each)} for each in numbers]
            await self.client.json("POST", "/nodes/bulk", {"host_infos": nodes})

    async def add_small(self, count: int, hosts_each: int) -> list[Small]:
        """VPCs of a hundred ports, each on so many hosts drawn by lot."""
        dice = random.Random(1)
        vpcs: list[Small] = []
        for numbers in _parts(range(count)):
            networks = await self.client.json("POST", "/v2.0/networks", {"networks": [{}] * len(numbers)})
            ids = [each["id"] for each in networks["networks"]]
            await self.client.json("POST", "/v2.0/subnets", {"subnets": [_subnet(each) for each in ids]})
            vpcs += [Small(each, dice.sample(range(self._hosts), hosts_each)) for each in ids]
        ports = (
            port_body(vpc.network_id, host)
            for vpc in vpcs
            for host in itertools.islice(itertools.cycle(vpc.hosts), PORTS_OF_SMALL)
        )
        await self._create_ports(ports)
        return vpcs

    async def add_large(self, size: int) -> Large:
        """A VPC that is told ahead until it is said to be on demand."""
        body = {"name": f"large-{size}", "cidr": "10.0.0.0/8", "programming": "push"}
        network = (await self.client.json("POST", "/project/large/vpcs", {"network": body}))["network"]
        shown = (await self.client.json("GET", f"/v2.0/networks/{network['id']}"))["network"]
        if not shown["subnets"]:
            await self.client.json("POST", "/v2.0/subnets", {"subnet": _subnet(network["id"])})
        await self._create_ports(port_body(network["id"], number % self._hosts) for number in range(size))
        return Large(network["id"], shown["provider:segmentation_id"], size)

    async def make_on_demand(self, vpc: Large) -> None:
        """From now on hosts ask about its ports."""
        body = {"network": {"programming": "on_demand"}}
        await self.client.json("PUT", f"/project/large/vpcs/{vpc.network_id}", body)

    async def _create_ports(self, bodies: Iterator[dict[str, str]]) -> None:
        calls = (request("POST", "/v2.0/ports", {"ports": part}) for part in _parts(bodies))
        await drive(self._port, calls, _FILLERS, seconds=3600)


def port_body(network_id: str, host: int) -> dict[str, str]:
    """A port on a host."""
    return {"network_id": network_id, "binding:host_id": host_name(host)}


def _subnet(network_id: str) -> dict[str, Any]:
    return {"network_id": network_id, "ip_version": 4, "cidr": "10.0.0.0/8"}


def _vtep(number: int) -> str:
    return f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def _parts(items: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(items)
    while part := list(itertools.islice(iterator, _A_CALL)):
        yield part
