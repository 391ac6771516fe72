"""Processes with roles of their own: hosts are served and answered whichever of them dies, and packets go on."""

import asyncio
import contextlib
import ipaddress
import re
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alcor.agent.agent import serve
from alcor.agent.settings import AgentSettings
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.dataplane.memory.switch import Fabric, MemorySwitch
from alcor.model.addresses import mac_number
from alcor.model.identifiers import id_bytes
from alcor.model.rendezvous import order
from tests.integration.southbound.conftest import eventually

# Six processes and a database: on a machine that does much else, starting them alone takes a minute.
pytestmark = [
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
    pytest.mark.timeout(300),
]

HOSTS = 4
IPV4, ARP = b"\x08\x00", b"\x08\x06"


class Controllers:
    """Processes of ``alcor controller`` on one database, by name."""

    def __init__(self, directory: Path, database: str) -> None:
        self.directory, self._database = directory, database
        self.processes: dict[str, Process] = {}

    async def start(self, name: str, *arguments: str) -> None:
        place = self.directory / name
        place.mkdir(exist_ok=True)
        command = [
            *(sys.executable, "-m", "alcor", "controller", *arguments, "--database", self._database),
            *("--data-directory", str(place), "--listen", f"unix:{place}/api", "--southbound", self.agents(name)),
            *("--log-level", "warning"),
        ]
        self.processes[name] = await asyncio.create_subprocess_exec(*command, stderr=PIPE)
        await eventually(lambda: self._is_ready(name), f"{name} is ready", seconds=30)

    async def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        await process.communicate()

    async def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            _, errors = await process.communicate()
            assert process.returncode == 0 and b"Traceback" not in errors, errors.decode()
        self.processes.clear()

    def agents(self, name: str) -> str:
        return f"unix:{self.directory}/{name}/agents"

    @contextlib.asynccontextmanager
    async def api(self, name: str) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.AsyncHTTPTransport(uds=f"{self.directory}/{name}/api")
        async with httpx.AsyncClient(transport=transport, base_url="http://controller", timeout=20) as client:
            yield client

    async def held(self, name: str) -> tuple[int, int]:
        """How many VPCs on demand, and how many ports a Network Config Manager holds."""
        async with self.api(name) as api:
            page = (await api.get("/metrics")).text
        vpcs, ports = (re.search(rf"^alcor_ncm_{what} (\S+)$", page, re.MULTILINE) for what in ("vpcs", "ports"))
        assert vpcs and ports
        return int(float(vpcs[1])), int(float(ports[1]))

    async def _is_ready(self, name: str) -> bool:
        process = self.processes[name]
        assert process.returncode is None, f"{name} has ended"
        try:
            async with self.api(name) as api:
                return (await api.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False


class Region:
    """Hosts with control agents on one underlay, and what the API has made."""

    def __init__(self, controllers: Controllers) -> None:
        self.controllers = controllers
        self.data_planes: list[MemoryDataPlane] = []
        self.networks: list[str] = []
        self._vnis: list[int] = []
        self.ports: dict[str, dict[str, Any]] = {}
        self._stop = asyncio.Event()
        self._agents: list[asyncio.Task[None]] = []

    async def start(self, *dpms: str) -> None:
        fabric = Fabric()
        for number in range(HOSTS):
            vtep = ipaddress.IPv4Address("192.0.2.1") + number
            directory = self.controllers.directory / f"host-{number}"
            directory.mkdir()
            node = {"node_id": f"host-{number}", "local_ip": str(vtep)}
            await self.post("/nodes", {"host_info": node | {"node_name": f"host-{number}"}})
            data_plane = MemoryDataPlane(MemorySwitch(fabric, int(vtep)))
            addresses = tuple(self.controllers.agents(name) for name in dpms)
            settings = AgentSettings(f"host-{number}", addresses, str(vtep), str(directory))
            self.data_planes.append(data_plane)
            self._agents.append(asyncio.create_task(serve(settings, data_plane, self._stop)))

    async def stop(self) -> None:
        self._stop.set()
        await asyncio.gather(*self._agents)

    async def post(self, path: str, body: dict[str, Any], method: str = "POST") -> Any:
        async with self.controllers.api("api") as api:
            answer = await api.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def create_network(self) -> str:
        """A VPC of which hosts ask for peers."""
        network = (await self.post("/v2.0/networks", {"network": {}}))["network"]
        network_id: str = network["id"]
        subnet = {"network_id": network_id, "ip_version": 4, "cidr": "10.0.0.0/16"}
        await self.post("/v2.0/subnets", {"subnet": subnet})
        path = f"/project/{network['project_id']}/vpcs/{network_id}"
        await self.post(path, {"network": {"programming": "on_demand"}}, "PUT")
        self.networks.append(network_id)
        self._vnis.append(network["provider:segmentation_id"])
        return network_id

    def taken_care_of(self, name: str) -> int:
        """How many VPCs a manager of two comes first for."""
        ncms = [self.controllers.agents(each) for each in ("ncm-1", "ncm-2")]
        return sum(order(vni, ncms)[0] == self.controllers.agents(name) for vni in self._vnis)

    async def holds_its_share(self, name: str) -> None:
        """And nothing else: what it took up before it had heard of the other, it lets go."""

        async def it_does() -> bool:
            return (await self.controllers.held(name))[0] == self.taken_care_of(name)

        await eventually(it_does, f"{name} holds its share", seconds=30)

    async def create_port(self, network_id: str, host: int) -> str:
        port = {"network_id": network_id, "binding:host_id": f"host-{host}", "port_security_enabled": False}
        created = (await self.post("/v2.0/ports", {"port": port}))["port"]
        self.ports[created["id"]] = created
        self.data_planes[host].attach(id_bytes(created["id"]))
        await self.active(created["id"])
        return str(created["id"])

    async def move(self, port_id: str, host: int) -> None:
        old = int(self.ports[port_id]["binding:host_id"].removeprefix("host-"))
        body = {"port": {"binding:host_id": f"host-{host}"}}
        self.ports[port_id] = (await self.post(f"/v2.0/ports/{port_id}", body, "PUT"))["port"]
        self.data_planes[old].detach(id_bytes(port_id))
        self.data_planes[host].attach(id_bytes(port_id))
        await self.active(port_id)

    async def active(self, port_id: str) -> None:
        async def is_active() -> bool:
            async with self.controllers.api("api") as api:
                found = (await api.get(f"/v2.0/ports/{port_id}")).json()
            return bool(found["port"]["status"] == "ACTIVE")

        await eventually(is_active, "the port is ACTIVE", seconds=20)

    def mac(self, port_id: str) -> bytes:
        return mac_number(self.ports[port_id]["mac_address"]).to_bytes(6)

    def address(self, port_id: str) -> bytes:
        return ipaddress.IPv4Address(self.ports[port_id]["fixed_ips"][0]["ip_address"]).packed

    def _data_plane(self, port_id: str) -> MemoryDataPlane:
        return self.data_planes[int(self.ports[port_id]["binding:host_id"].removeprefix("host-"))]

    async def resolves(self, one: str, other: str) -> None:
        """A workload learns another's MAC by ARP, asking again as workloads do."""
        request = (
            b"\xff" * 6 + self.mac(one) + ARP + b"\0\1\x08\0\6\4\0\1"
            + self.mac(one) + self.address(one) + bytes(6) + self.address(other)
        )  # fmt: skip
        wanted = self.mac(other) + self.address(other) + self.mac(one)

        def answered() -> bool:
            self._data_plane(one).inject(id_bytes(one), request)
            return any(wanted in frame for frame in self._data_plane(one).received(id_bytes(one)))

        await eventually(answered, "ARP is answered", seconds=20)

    async def reaches(self, one: str, other: str) -> None:
        """Packets get from one workload to another."""
        packet = self.mac(other) + self.mac(one) + IPV4 + b"\x45" + bytes(40)

        def arrived() -> bool:
            self._data_plane(one).inject(id_bytes(one), packet)
            return packet in self._data_plane(other).received(id_bytes(other))

        await eventually(arrived, "the packet arrives", seconds=20)


@pytest.fixture
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="alcor-r-") as name:
        yield Path(name)


@pytest.fixture
async def region(directory: Path, database_url: str) -> AsyncIterator[Region]:
    controllers = Controllers(directory, database_url)
    region = Region(controllers)
    try:
        await controllers.start("api", "--role", "api")
        for name in ("ncm-1", "ncm-2"):
            await controllers.start(name, "--role", "ncm")
        for name in ("dpm-1", "dpm-2"):
            await controllers.start(name, "--role", "dpm")
        await region.start("dpm-1", "dpm-2")
        yield region
        await region.stop()
        await controllers.stop()
    finally:
        for process in controllers.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()


async def test_managers_share_the_vpcs_and_stand_in_for_each_other(region: Region) -> None:
    controllers = region.controllers
    pairs = []
    while min(region.taken_care_of("ncm-1"), region.taken_care_of("ncm-2")) < 2:
        network_id = await region.create_network()
        pairs.append((await region.create_port(network_id, 0), await region.create_port(network_id, 1)))
    for one, other in pairs:
        await region.resolves(one, other)
        await region.reaches(one, other)
    for name in ("ncm-1", "ncm-2"):
        await region.holds_its_share(name)
    await controllers.kill("ncm-1")
    for network_id, (one, other) in zip(region.networks, pairs, strict=True):
        await region.move(other, 2)
        await region.reaches(one, other)
        newcomer = await region.create_port(network_id, 3)
        await region.resolves(one, newcomer)
        await region.reaches(one, newcomer)
    await eventually(lambda: holds(controllers, "ncm-2", len(pairs)), "the other has taken up all of them", seconds=30)
    await controllers.start("ncm-1", "--role", "ncm")
    await region.holds_its_share("ncm-1")
    for one, other in pairs:
        await region.move(other, 1)
        await region.reaches(one, other)


async def holds(controllers: Controllers, name: str, vpcs: int) -> bool:
    return (await controllers.held(name))[0] == vpcs


async def test_hosts_are_served_whichever_process_dies(region: Region) -> None:
    controllers = region.controllers
    network_id = await region.create_network()
    ports = [await region.create_port(network_id, host) for host in range(HOSTS)]
    for name in ("dpm-1", "dpm-2"):
        await controllers.kill(name)
        ports += [await region.create_port(network_id, host) for host in range(HOSTS)]
        await region.resolves(ports[0], ports[-1])
        await region.reaches(ports[0], ports[-1])
        await controllers.start(name, "--role", "dpm")
    for port_id in ports:
        await region.active(port_id)


async def test_a_process_without_a_role_says_who_has_it(region: Region) -> None:
    managers = [region.controllers.agents(name) for name in ("ncm-1", "ncm-2")]
    async with region.controllers.api("ncm-1") as api:

        async def has_heard_of_the_other() -> bool:
            return bool((await api.get("/southbound/status")).json()["managers"] == managers)

        await eventually(has_heard_of_the_other, "the managers know of each other", seconds=20)
        assert (await api.get("/v2.0/networks")).status_code == 404
        assert (await api.get("/healthz")).status_code == 200
        refused = await api.post("/southbound/retry", json={"host_id": "host-1"})
        assert refused.status_code == 409
        assert "ask one with the role dpm" in refused.text
        status = (await api.get("/southbound/status")).json()
        assert (status["trouble"], status["vpcs"], status["hosts_waiting"]) == ("", 0, 0)
    async with region.controllers.api("api") as api:
        assert (await api.get("/southbound/status")).status_code == 409
    async with region.controllers.api("dpm-1") as api:
        status = (await api.get("/southbound/status")).json()
        addresses = {each["ncm_address"] for each in status["controllers"]} - {""}
        assert addresses == set(managers)
        assert status["ncm"] == {}
