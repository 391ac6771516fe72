"""A region as an operator makes it: controllers, a broker and an agent that show each other certificates."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alcor.agent.agent import serve
from alcor.agent.settings import AgentSettings
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.model.identifiers import id_bytes
from tests.brokers import skip_where_not_installed
from tests.integration.message_queue.secure_region import Region, alcor
from tests.integration.message_queue.serving import PATIENCE_SECONDS, eventually
from tests.processes import free_port

pytestmark = pytest.mark.timeout(600)  # the broker has to be started


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    skip_where_not_installed()
    made = Region(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
async def client(region: Region) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=region.api, timeout=PATIENCE_SECONDS) as client:
        yield client


async def test_an_agent_is_served_by_a_broker_that_knows_it_until_it_is_revoked(
    region: Region, client: httpx.AsyncClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    node = {"node_id": "host-1", "local_ip": "192.0.2.1"}
    (await client.post("/nodes", json={"host_info": node})).raise_for_status()
    network = (await client.post("/v2.0/networks", json={"network": {}})).json()["network"]["id"]
    subnet = {"network_id": network, "ip_version": 4, "cidr": "10.0.0.0/24"}
    (await client.post("/v2.0/subnets", json={"subnet": subnet})).raise_for_status()
    trust = await asyncio.to_thread(region.invited, "host-1")
    nobody = f"127.0.0.1:{free_port()}"
    settings = AgentSettings(
        "host-1",
        (nobody,),
        "192.0.2.1",
        str(tmp_path / "agent"),
        message_queue=region.queue,
        channel="queue",
        trust=trust,
    )
    (tmp_path / "agent").mkdir()
    data_plane, stop = MemoryDataPlane(), asyncio.Event()
    running = asyncio.create_task(serve(settings, data_plane, stop))

    async def shown() -> dict[str, Any]:
        status: dict[str, Any] = (await client.get("/southbound/status")).json()["message_queue"]
        return status

    body = {"network_id": network, "binding:host_id": "host-1"}
    port = (await client.post("/v2.0/ports", json={"port": body})).json()["port"]["id"]
    data_plane.attach(id_bytes(port))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await client.get(f"/v2.0/ports/{port}")).json()["port"]["status"] != "ACTIVE":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert (await shown())["hosts"] == 1
    await asyncio.to_thread(alcor, "node", "revoke", "host-1", "--controller", region.api)
    await eventually(lambda: "ended the session: its certificate was revoked" in caplog.text, "the host is sent away")
    await eventually(lambda: "was not welcomed: its certificate was revoked" in caplog.text, "it is told why")
    assert (await shown())["hosts"] == 0
    counted = (await client.get("/metrics")).text
    assert 'alcor_trust_refused_total{kind="revoked"}' in counted
    refused = f'alcor_queue_refused{{queue="{region.queue}",reason="not_trusted"}} '
    assert refused in counted and f"{refused}0.0" not in counted
    stop.set()
    await running
