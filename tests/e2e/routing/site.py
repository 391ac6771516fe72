"""Hosts with Open vSwitch, two VPCs of which one has two subnets, and a router that joins them all."""

import struct
from collections.abc import Mapping
from typing import Any

from alcor.testbed.cloud import Cloud
from alcor.testbed.host import Host
from alcor.testbed.testbed import Testbed
from alcor.testbed.workload import Workload

GATEWAYS = {"near": "10.1.0.1", "same": "10.1.1.1", "other": "10.2.0.1"}
"""The router's address in each subnet: the first two are of one VPC, the third of another."""


class Site:
    """What tests do with them."""

    def __init__(self, testbed: Testbed, cloud: Cloud) -> None:
        self.testbed, self.cloud = testbed, cloud
        self.subnets: dict[str, Any] = {}
        self.router: Any = None
        self.ports: dict[str, Any] = {}
        self.workloads: dict[str, Workload] = {}

    def host(self, number: int) -> Host:
        """A host by its number, from 0."""
        return self.testbed.hosts[number]

    async def bound_port(self, subnet: str, host_number: int, **attributes: Any) -> Any:
        """A port of a subnet on a host."""
        chosen = self.subnets[subnet]
        return await self.cloud.create(
            "port",
            network_id=chosen["network_id"],
            fixed_ips=[{"subnet_id": chosen["id"]}],
            **{"binding:host_id": self.host(host_number).name},
            **attributes,
        )

    async def add(self, name: str, subnet: str, host_number: int, mtu: int = 1450, **attributes: Any) -> Workload:
        """A workload with its address and default route."""
        port = self.ports[name] = await self.bound_port(subnet, host_number, **attributes)
        workload = self.workloads[name] = self.testbed.add_workload(name, self.host(host_number), mtu)
        workload.plug(port["id"], port["mac_address"])
        await self.cloud.wait_for_status("port", port["id"], "ACTIVE")
        workload.request_lease()
        return workload

    async def populate(self, places: Mapping[str, tuple[str, int]], *names: str) -> None:
        """Add workloads, all or those named, each in its subnet and on its host, and wait until the switches rest."""
        for name in names or places:
            await self.add(name, *places[name])
        self.testbed.wait_steady()

    def address(self, name: str) -> str:
        """A workload's address."""
        address: str = self.ports[name]["fixed_ips"][0]["ip_address"]
        return address

    async def attach(self, subnet: str) -> None:
        """Have the router in a subnet."""
        await self.cloud.act("router", self.router["id"], "add_router_interface", subnet_id=self.subnets[subnet]["id"])

    async def detach(self, subnet: str) -> None:
        """Have the router in a subnet no longer."""
        body = {"subnet_id": self.subnets[subnet]["id"]}
        await self.cloud.act("router", self.router["id"], "remove_router_interface", **body)

    async def gateway_mac(self, subnet: str) -> bytes:
        """The MAC address of the router's interface in a subnet."""
        for port in await self.cloud.list_all("port"):
            if port["device_owner"] == "network:router_interface" and any(
                each["subnet_id"] == self.subnets[subnet]["id"] for each in port["fixed_ips"]
            ):
                return bytes.fromhex(port["mac_address"].replace(":", ""))
        raise AssertionError(f"the router is not in {subnet}")

    async def add_appliance(self, name: str, subnet: str, host_number: int, *behind: str) -> Workload:
        """A workload that forwards packets and has more addresses, from which its port may send."""
        pairs = [{"ip_address": cidr} for cidr in behind]
        workload = await self.add(name, subnet, host_number, allowed_address_pairs=pairs)
        workload.namespace.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0")
        workload.namespace.run("sysctl", "-qw", "net.ipv4.conf.eth0.send_redirects=0")
        return workload

    async def route(self, *routes: tuple[str, str], router: Any = None) -> None:
        """Have a router follow these routes beside its subnets, and no others."""
        chosen = [{"destination": destination, "nexthop": next_hop} for destination, next_hop in routes]
        await self.cloud.update("router", (router or self.router)["id"], {"routes": chosen})

    def flows(self, host_number: int) -> list[str]:
        """The flows of a host, without counters."""
        return [line.partition(" [")[0] for line in self.host(host_number).flows()]


def echo_requests(frames: list[bytes]) -> list[bytes]:
    """The frames with ICMP echo requests."""
    return [frame for frame in frames if frame[12:14] == b"\x08\x00" and frame[23] == 1 and frame[34] == 8]


def time_to_live(frame: bytes) -> int:
    """Of an IPv4 packet."""
    (ttl,) = struct.unpack_from("!B", frame, 22)
    return int(ttl)


async def create_site(testbed: Testbed, cloud: Cloud) -> Site:
    """Make the hosts known and start them, and create VPCs, subnets and the router."""
    site = Site(testbed, cloud)
    await cloud.register(testbed.hosts)
    testbed.start_hosts()
    first, second = [await cloud.create("network", name=name) for name in ("first", "second")]
    for name, network, cidr in (
        ("near", first, "10.1.0.0/24"),
        ("same", first, "10.1.1.0/24"),
        ("other", second, "10.2.0.0/24"),
    ):
        site.subnets[name] = await cloud.create("subnet", network_id=network["id"], ip_version=4, cidr=cidr)
    site.router = await cloud.create("router", name="all")
    for name in site.subnets:
        await site.attach(name)
    return site
