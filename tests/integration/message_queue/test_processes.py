"""A controller process and a control agent that the message queue alone connects, as operators see them."""

import asyncio
from pathlib import Path

import httpx
import pytest

from alcor.agent.agent import serve
from alcor.agent.settings import AgentSettings
from alcor.channels.message_queue.address import QueueAddress
from alcor.cli.southbound_page import summary
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.model.identifiers import id_bytes
from tests.integration.message_queue.serving import PATIENCE_SECONDS
from tests.integration.running import running_controller
from tests.processes import free_port

pytestmark = pytest.mark.timeout(400)  # the broker may have to be started


async def _active(client: httpx.AsyncClient, port: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await client.get(f"/v2.0/ports/{port}")).json()["port"]["status"] != "ACTIVE":  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_an_agent_that_reaches_no_controller_is_served_over_the_queue_and_operators_see_it(
    address: QueueAddress, tmp_path: Path
) -> None:
    url = f"{address.service}/{address.namespace}"
    (tmp_path / "controller").mkdir()
    nobody = f"127.0.0.1:{free_port()}"
    settings = AgentSettings("host-1", (nobody,), "192.0.2.1", str(tmp_path / "agent"), message_queue=url)
    (tmp_path / "agent").mkdir()
    data_plane, stop = MemoryDataPlane(), asyncio.Event()
    with running_controller(tmp_path / "controller", "--message-queue", url) as api:
        async with httpx.AsyncClient(base_url=f"http://{api}") as client:
            node = {"node_id": "host-1", "local_ip": "192.0.2.1"}
            (await client.post("/nodes", json={"host_info": node})).raise_for_status()
            network = (await client.post("/v2.0/networks", json={"network": {}})).json()["network"]["id"]
            subnet = {"network_id": network, "ip_version": 4, "cidr": "10.0.0.0/24"}
            (await client.post("/v2.0/subnets", json={"subnet": subnet})).raise_for_status()
            body = {"network_id": network, "binding:host_id": "host-1"}
            port = (await client.post("/v2.0/ports", json={"port": body})).json()["port"]["id"]
            data_plane.attach(id_bytes(port))
            running = asyncio.create_task(serve(settings, data_plane, stop))
            await _active(client, port)
            shown = (await client.get("/southbound/status")).json()
            assert (shown["message_queue"]["hosts"], shown["message_queue"]["trouble"]) == (1, "")
            assert dict(summary(shown))["by queue"].startswith("1 host; connected")
            metrics = (await client.get("/metrics")).text
            assert "alcor_queue_hosts 1.0" in metrics and "alcor_queue_connected 1.0" in metrics
            stop.set()
            await running
