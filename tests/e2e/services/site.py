"""A host with Open vSwitch, workloads of two VPCs that have the same addresses, and a fake Nova."""

import http.client
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from alcor.testbed.cloud import Cloud
from alcor.testbed.program import Program
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import Workload
from tests.e2e.services import fake_nova

IPV4, IPV6 = "169.254.169.254", "fe80::a9fe:a9fe%eth0"
_CONFIG = f"""
[metadata]
url = "http://127.0.0.1:{fake_nova.PORT}"
shared_secret = "{fake_nova.SECRET}"
"""


class Answer(NamedTuple):
    status: int
    body: bytes

    def told(self) -> dict[str, list[str]]:
        """Who Nova was told asks."""
        assert self.status == 200, self
        told: dict[str, list[str]] = json.loads(self.body)["told"]
        return told


class Site:
    """What tests do with them."""

    def __init__(self, testbed: Testbed, cloud: Cloud) -> None:
        self.testbed, self.cloud = testbed, cloud
        (self.host,) = testbed.hosts
        command = (sys.executable, str(Path(fake_nova.__file__)), "127.0.0.1")
        self.nova = Program(self.host.namespace.popen, command, self.host.outside("nova.log"))
        self.subnets: dict[str, Any] = {}
        self.ports: dict[str, Any] = {}
        self.workloads: dict[str, Workload] = {}

    async def add_subnet(self, name: str, cidr: str, **attributes: Any) -> None:
        """A subnet in a VPC of its own."""
        network = await self.cloud.create("network", name=name)
        self.subnets[name] = await self.cloud.create(
            "subnet", network_id=network["id"], ip_version=4, cidr=cidr, **attributes
        )

    async def add(self, name: str, subnet: str, address: str, **attributes: Any) -> Workload:
        """A workload with its address and routes, of the server that is called as it is."""
        chosen = self.subnets[subnet]
        port = self.ports[name] = await self.cloud.create(
            "port",
            network_id=chosen["network_id"],
            fixed_ips=[{"subnet_id": chosen["id"], "ip_address": address}],
            project_id=f"project-of-{name}",
            **{"binding:host_id": self.host.name, "device_id": f"server-{name}"} | attributes,
        )
        workload = self.workloads[name] = self.testbed.add_workload(name, self.host)
        workload.plug(port["id"], port["mac_address"])
        await self.cloud.wait_for_status("port", port["id"], "ACTIVE")
        workload.request_lease()
        shown = partial(workload.namespace.ip, "-6", "address", "show", "dev", "eth0")
        wait_until(lambda: "inet6" in shown() and "tentative" not in shown(), f"{name} to have its IPv6 address")
        return workload

    async def fill(self) -> None:
        """Everything that there is."""
        await self.cloud.register(self.testbed.hosts)
        config = self.host.outside("agent.toml")
        config.write_text(config.read_text() + _CONFIG)
        self.testbed.start_hosts()
        self.nova.start()
        for name in ("first", "second"):
            await self.add_subnet(name, "10.1.0.0/24")
        await self.add_subnet("isolated", "10.1.0.0/24", gateway_ip=None)
        closed = await self.cloud.create("security_group", name="closed")
        for rule in closed["security_group_rules"]:
            await self.cloud.delete("security_group_rule", rule["id"])
        await self.add("a", "first", "10.1.0.10")
        await self.add("b", "second", "10.1.0.10")
        await self.add("c", "isolated", "10.1.0.10", security_groups=[closed["id"]])
        await self.add("d", "first", "10.1.0.11", device_id="", port_security_enabled=False, security_groups=[])
        self.wait_answered()
        self.testbed.wait_steady()

    def wait_answered(self) -> None:
        """Return when the agent answers workloads."""
        wait_until(lambda: self.host.status().get("services") == "answered", "the agent to answer workloads")


def ask(
    workload: Workload,
    address: str,
    path: str = "/",
    port: int = 80,
    method: str = "GET",
    body: bytes = b"",
    **headers: str,
) -> Answer:
    """What a workload is answered. Raises OSError when nobody answers."""

    def asked() -> Answer:
        connection = http.client.HTTPConnection(address, port, timeout=10)
        try:
            given = {name.replace("__", "-"): value for name, value in headers.items()}
            connection.request(method, path, body=body or None, headers={"Host": "metadata", **given})
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()

    return workload.namespace.inside(asked)


async def create_site(testbed: Testbed) -> Site:
    """Make the host known and start it and Nova, and create VPCs and workloads."""
    async with Cloud(testbed.controller) as cloud:
        site = Site(testbed, cloud)
        await site.fill()
    return site
