"""A controller process and a control agent that the message queue alone connects, as operators see them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alcor.agent.agent import serve
from alcor.agent.settings import AgentSettings
from alcor.channels.message_queue.address import QueueAddress
from alcor.cli.southbound_page import summary
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.model.identifiers import id_bytes
from tests.brokers import Broker
from tests.integration.message_queue.serving import PATIENCE_SECONDS, eventually
from tests.integration.running import running_controller
from tests.processes import free_port

pytestmark = pytest.mark.timeout(400)  # the broker may have to be started


async def _active(client: httpx.AsyncClient, port: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await client.get(f"/v2.0/ports/{port}")).json()["port"]["status"] != "ACTIVE":  # noqa: ASYNC110
            await asyncio.sleep(0.1)


class Served:
    """A controller with one node, a network, and an agent of the node that reaches no controller but by the queue."""

    def __init__(self, client: httpx.AsyncClient, data_plane: MemoryDataPlane, network: str) -> None:
        self.client, self._data_plane, self._network = client, data_plane, network

    async def add_port(self) -> str:
        """A port on the host, with its interface."""
        body = {"network_id": self._network, "binding:host_id": "host-1"}
        port: str = (await self.client.post("/v2.0/ports", json={"port": body})).json()["port"]["id"]
        self._data_plane.attach(id_bytes(port))
        return port


@pytest.fixture
async def served(address: QueueAddress, tmp_path: Path) -> AsyncIterator[Served]:
    url = f"{address.service}/{address.namespace}"
    for name in ("controller", "agent"):
        (tmp_path / name).mkdir()
    nobody = f"127.0.0.1:{free_port()}"
    settings = AgentSettings("host-1", (nobody,), "192.0.2.1", str(tmp_path / "agent"), message_queue=url)
    data_plane, stop = MemoryDataPlane(), asyncio.Event()
    with running_controller(tmp_path / "controller", "--message-queue", url) as api:
        async with httpx.AsyncClient(base_url=f"http://{api}", timeout=PATIENCE_SECONDS) as client:
            node = {"node_id": "host-1", "local_ip": "192.0.2.1", "group_topic": "here"}
            (await client.post("/nodes", json={"host_info": node})).raise_for_status()
            network = (await client.post("/v2.0/networks", json={"network": {}})).json()["network"]["id"]
            subnet = {"network_id": network, "ip_version": 4, "cidr": "10.0.0.0/24"}
            (await client.post("/v2.0/subnets", json={"subnet": subnet})).raise_for_status()
            running = asyncio.create_task(serve(settings, data_plane, stop))
            yield Served(client, data_plane, network)
            stop.set()
            await running


async def test_an_agent_that_reaches_no_controller_is_served_over_the_queue_whatever_group_it_is_in(
    served: Served, broker: Broker, address: QueueAddress
) -> None:
    client = served.client
    await _active(client, await served.add_port())
    shown = (await client.get("/southbound/status")).json()
    assert (shown["message_queue"]["hosts"], shown["message_queue"]["trouble"]) == (1, "")
    assert dict(summary(shown))["by queue"].startswith("1 host; connected")
    metrics = (await client.get("/metrics")).text
    queue = f'{{queue="{address.text}"}}'
    assert f"alcor_queue_hosts{queue} 1.0" in metrics and f"alcor_queue_connected{queue} 1.0" in metrics

    ports = [await served.add_port() for _ in range(5)]
    for group in ("there", "here", "there"):
        (await client.put("/nodes/host-1", json={"host_info": {"group_topic": group}})).raise_for_status()
        ports += [await served.add_port() for _ in range(5)]
    for port in ports:
        await _active(client, port)

    def hosts_of(group: str) -> dict[str, Any]:
        hosts: dict[str, Any] = broker.statistics(f"{address.namespace}/{group}")["subscriptions"]["hosts"]
        return hosts

    await eventually(lambda: not hosts_of("here")["consumers"], "the host listens at the old place no more")
    await eventually(lambda: hosts_of("here")["msgBacklog"] == 0, "nothing was left there")
    assert len(hosts_of("there")["consumers"]) == 1
