"""Hosts with Open vSwitch, one VPC on demand, and the workloads in it."""

from typing import Any

from alcor.testbed.cloud import Cloud
from alcor.testbed.host import Host
from alcor.testbed.testbed import Testbed
from alcor.testbed.workload import Workload


class Region:
    """What tests do with them."""

    def __init__(self, testbed: Testbed, cloud: Cloud, network: dict[str, Any]) -> None:
        self.testbed, self.cloud = testbed, cloud
        self.network_id: str = network["id"]
        self.vni: int = network["provider:segmentation_id"]
        self.ports: dict[str, Any] = {}

    async def add(self, name: str, host_number: int) -> Workload:
        """A workload with its address."""
        host = self.testbed.hosts[host_number]
        binding = {"binding:host_id": host.name}
        port = self.ports[name] = await self.cloud.create("port", network_id=self.network_id, **binding)
        workload = self.testbed.add_workload(name, host)
        workload.plug(port["id"], port["mac_address"])
        await self.cloud.wait_for_status("port", port["id"], "ACTIVE")
        workload.request_lease()
        return workload

    async def move(self, workload: Workload, host_number: int) -> None:
        """Migrate a workload."""
        port_id = self.ports[workload.name]["id"]
        await self.cloud.update("port", port_id, {"binding:host_id": self.host(host_number).name})
        workload.move(self.host(host_number))
        await self.cloud.wait_for_status("port", port_id, "ACTIVE")

    def address(self, name: str) -> str:
        """The workload's address."""
        address: str = self.ports[name]["fixed_ips"][0]["ip_address"]
        return address

    def host(self, number: int) -> Host:
        """A host by its number, from 0."""
        return self.testbed.hosts[number]


async def create_region(testbed: Testbed, cloud: Cloud, *, with_certificates: bool = False) -> Region:
    """Make the hosts known and start them, and create the VPC."""
    await cloud.register(testbed.hosts)
    if with_certificates:
        await cloud.invite(testbed.hosts)
    testbed.start_hosts()
    network = await cloud.create("network", name="large")
    await cloud.create("subnet", network_id=network["id"], ip_version=4, cidr="10.40.0.0/16")
    return Region(testbed, cloud, network)
