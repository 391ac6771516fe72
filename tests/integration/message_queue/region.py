"""A region with one big VPC, of which hosts learn by its topic: a controller process, agents, a real broker."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from alcor.agent.agent import serve
from alcor.agent.settings import AgentSettings
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.model.addresses import mac_number
from alcor.model.identifiers import id_bytes
from tests.brokers import Broker
from tests.integration.running import Controller
from tests.integration.southbound.conftest import eventually

HOSTS = ["host-1", "host-2", "host-3"]
PORTS_FIRST = 3
PATIENCE_SECONDS = 100.0  # hosts try a topic again after ever longer pauses


class Region:
    """A controller process, its broker, and agents on simulated data planes in this process."""

    def __init__(
        self,
        directory: Path,
        broker: Broker,
        namespace: str,
        ways: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        cells: Mapping[str, tuple[str, str]] | None = None,
        **settings: Any,
    ) -> None:
        """``ways`` are the brokers that hosts are pointed at, where it is another; ``options`` are the controller's,
        after the usual ones, and ``settings`` those of agents. ``cells`` are those of hosts that are in one, with the
        message queue that their agents are pointed at.
        """
        self.broker, self.namespace, self._directory = broker, namespace, directory
        self._ways, self._cells, self._settings = ways or {}, cells or {}, settings
        self._queue = f"{broker.url}/{namespace}"
        usual = ["--message-queue", self._queue, "--queue-above", str(PORTS_FIRST - 1), "--digest-interval", "1"]
        self.controller = Controller(directory, *usual, *options)
        self.data_planes = {host_id: MemoryDataPlane() for host_id in HOSTS}
        self._stops: list[asyncio.Event] = []
        self._agents: list[asyncio.Task[None]] = []
        self.network = ""
        self.ports: dict[str, tuple[str, int]] = {}  # id → host, MAC

    async def start(self) -> None:
        self.controller.start()
        for number, host_id in enumerate(HOSTS, 1):
            usual = f"{self._ways.get(host_id, self.broker.url)}/{self.namespace}"
            cell, queue = self._cells.get(host_id, ("", usual))
            node = {"node_id": host_id, "node_name": host_id, "local_ip": f"192.168.0.{number}", "cell": cell}
            await self.ask("POST", "/nodes", {"host_info": node})
            settings = AgentSettings(
                host_id,
                (f"unix:{self._directory}/agents",),
                f"192.168.0.{number}",
                str(self._directory / host_id),
                message_queue=queue,
                **self._settings,
            )
            (self._directory / host_id).mkdir()
            stop = asyncio.Event()
            self._stops.append(stop)
            self._agents.append(asyncio.create_task(serve(settings, self.data_planes[host_id], stop)))
        self.network = (await self.ask("POST", "/v2.0/networks", {"network": {}}))["network"]["id"]
        subnet = {"network_id": self.network, "ip_version": 4, "cidr": "10.0.0.0/16"}
        await self.ask("POST", "/v2.0/subnets", {"subnet": subnet})

    async def stop(self) -> None:
        for stop in self._stops:
            stop.set()
        await asyncio.gather(*self._agents)
        await asyncio.to_thread(self.controller.stop)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        async with httpx.AsyncClient(base_url=f"http://{self.controller.address}", timeout=60) as client:
            answer = await client.request(method, path, json=body)
            assert answer.status_code < 400, answer.text
            return answer.json() if answer.content else None

    async def create_port(self, host_id: str, **values: Any) -> None:
        port = {"network_id": self.network, "binding:host_id": host_id} | values
        created = (await self.ask("POST", "/v2.0/ports", {"port": port}))["port"]
        self.data_planes[host_id].attach(id_bytes(created["id"]))
        self.ports[created["id"]] = host_id, mac_number(created["mac_address"])

    async def change_port(self, port_id: str, **values: Any) -> None:
        await self.ask("PUT", f"/v2.0/ports/{port_id}", {"port": values})

    async def delete_port(self, port_id: str) -> None:
        await self.ask("DELETE", f"/v2.0/ports/{port_id}")
        host_id, _ = self.ports.pop(port_id)
        self.data_planes[host_id].detach(id_bytes(port_id))

    def knows_all(self, host_id: str) -> bool:
        """Whether the host's data plane has exactly the ports of other hosts."""
        others = {mac for host, mac in self.ports.values() if host != host_id}
        return {mac for macs in self.data_planes[host_id].switch.remotes.values() for mac in macs} == others

    async def all_know_all(self) -> None:
        await eventually(lambda: all(map(self.knows_all, HOSTS)), "every host knows every port", PATIENCE_SECONDS)

    async def agent(self, host_id: str) -> Any:
        """What the host's agent says of itself."""
        transport = httpx.AsyncHTTPTransport(uds=str(self._directory / host_id / "agent.sock"))
        async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
            return (await client.get("/status")).json()

    async def status(self) -> Any:
        return await self.ask("GET", "/southbound/status")

    async def metrics(self) -> str:
        async with httpx.AsyncClient(base_url=f"http://{self.controller.address}", timeout=60) as client:
            return (await client.get("/metrics")).text

    async def readers(self) -> int:
        hosts: int = (await self.status())["topics"]["hosts"]
        return hosts

    async def all_read(self) -> None:
        async def is_so() -> bool:
            return await self.readers() == len(HOSTS)

        await eventually(is_so, "every host reads the topic", PATIENCE_SECONDS)


async def load(region: Region, count: int) -> None:
    """So many ports come, and a third of that goes."""
    for number in range(count):
        await region.create_port(HOSTS[number % len(HOSTS)])
        if number % 3 == 0:
            await region.delete_port(next(iter(region.ports)))


@contextlib.asynccontextmanager
async def running(
    broker: Broker, namespace: str, ways: Mapping[str, str] | None = None, **settings: Any
) -> AsyncIterator[Region]:
    """A region whose hosts all read the VPC's topic."""
    with tempfile.TemporaryDirectory(prefix="alcor-topics-") as directory:
        region = Region(Path(directory), broker, namespace, ways, **settings)
        await region.start()
        for host_id in HOSTS:
            await region.create_port(host_id)
        await region.all_read()
        yield region
        await region.stop()
