"""Two hosts with Open vSwitch and a network with an IPv6 and, where a test wants one, an IPv4 subnet."""

import json
from typing import Any

from alcor.testbed.cloud import Cloud
from alcor.testbed.host import Host
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import INTERFACE, Workload

CIDR = "2001:db8:1::/64"


class Site:
    """What tests do with them."""

    def __init__(self, testbed: Testbed, cloud: Cloud) -> None:
        self.testbed, self.cloud = testbed, cloud
        self.network: Any = None
        self.ports: dict[str, Any] = {}
        self.workloads: dict[str, Workload] = {}

    def host(self, number: int) -> Host:
        """A host by its number, from 0."""
        return self.testbed.hosts[number]

    async def add_subnet(self, version: int = 6, cidr: str = CIDR, **attributes: Any) -> Any:
        """A subnet of the network."""
        return await self.cloud.create(
            "subnet", network_id=self.network["id"], ip_version=version, cidr=cidr, **attributes
        )

    async def plug(self, name: str, host_number: int, **attributes: Any) -> Workload:
        """A workload whose interface is up, with no address but the link-local one."""
        host = self.host(host_number)
        binding = {"binding:host_id": host.name}
        port = self.ports[name] = await self.cloud.create(
            "port", network_id=self.network["id"], **binding, **attributes
        )
        workload = self.workloads[name] = self.testbed.add_workload(name, host)
        workload.plug(port["id"], port["mac_address"])
        await self.cloud.wait_for_status("port", port["id"], "ACTIVE")
        return workload

    async def add(self, name: str, host_number: int, **attributes: Any) -> Workload:
        """A workload that was given its addresses by hand."""
        workload = await self.plug(name, host_number, **attributes)
        for fixed in self.ports[name]["fixed_ips"]:
            length = "64" if ":" in fixed["ip_address"] else "24"
            workload.namespace.ip("address", "add", f"{fixed['ip_address']}/{length}", "dev", INTERFACE)
        wait_settled(workload)
        return workload

    def address(self, name: str, version: int = 6) -> str:
        """A workload's address."""
        addresses = [each["ip_address"] for each in self.ports[name]["fixed_ips"]]
        chosen: str = next(each for each in addresses if (":" in each) == (version == 6))
        return chosen

    def link_local(self, name: str) -> str:
        """The link-local address of a workload's MAC address, as its kernel makes it."""
        octets = bytearray.fromhex(self.ports[name]["mac_address"].replace(":", ""))
        octets[0] ^= 2
        first, second = octets[:3].hex(), octets[3:].hex()
        return f"fe80::{first[:4]}:{first[4:]}ff:fe{second[:2]}:{second[2:]}%{INTERFACE}"

    def packets(self, host_number: int, rule: str) -> int:
        """How many packets the flows of a rule have met on a host."""
        lines = [line for line in self.host(host_number).flows() if line.startswith(f"{rule}:")]
        return sum(int(line.rpartition("[packets ")[2].partition(",")[0]) for line in lines)


def addresses(workload: Workload) -> list[dict[str, Any]]:
    """What the kernel says of the interface's IPv6 addresses."""
    (link,) = json.loads(workload.namespace.ip("-6", "-json", "address", "show", "dev", INTERFACE))
    found: list[dict[str, Any]] = link["addr_info"]
    return found


def made(workload: Workload) -> set[str]:
    """The global addresses of the interface."""
    return {each["local"] for each in addresses(workload) if each["scope"] == "global"}


def wait_settled(workload: Workload) -> None:
    """Return when duplicate address detection has ended."""

    def is_settled() -> bool:
        return not any("tentative" in each and "dadfailed" not in each for each in addresses(workload))

    wait_until(is_settled, "duplicate address detection to end")


async def attached_router(site: Site, subnet_id: str) -> str:
    """A router in the subnet; its id."""
    router = await site.cloud.create("router", name="r")
    await site.cloud.act("router", router["id"], "add_router_interface", subnet_id=subnet_id)
    return str(router["id"])


async def create_site(testbed: Testbed, cloud: Cloud) -> Site:
    """Make the hosts known and start them, and create the network."""
    site = Site(testbed, cloud)
    await cloud.register(testbed.hosts)
    testbed.start_hosts()
    site.network = await cloud.create("network", name="six")
    return site
