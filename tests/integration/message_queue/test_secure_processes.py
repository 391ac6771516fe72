"""A region as an operator makes it: controllers, a broker and an agent that show each other certificates."""

import asyncio
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alcor.agent.agent import serve
from alcor.agent.settings import AgentSettings
from alcor.agent.trust.settings import TrustSettings
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.model.identifiers import id_bytes
from tests.brokers import Broker, skip_where_not_installed
from tests.integration.message_queue.serving import PATIENCE_SECONDS, eventually
from tests.integration.running import Controller
from tests.processes import free_port

pytestmark = pytest.mark.timeout(600)  # the broker has to be started


def alcor(*arguments: str) -> str:
    """What a command prints."""
    command = [sys.executable, "-m", "alcor", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Region:
    """A controller, and a broker with a certificate of its authority."""

    def __init__(self, directory: Path) -> None:
        self.southbound, self.enrolment = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.trust = directory / "broker"
        self.trust.mkdir()
        self.broker = Broker(self.trust, self.trust / "trust")
        self.queue = f"{self.broker.url}/public/test-1"
        options = ["--southbound", self.southbound, "--secure-southbound", "--enrolment", self.enrolment]
        self.controller = Controller(directory, *options, "--message-queue", self.queue)
        self.api = f"http://{self.controller.address}"

    def start(self) -> None:
        self.controller.start()
        invited = tomllib.loads(alcor("trust", "broker-token", "127.0.0.1", "--controller", self.api))
        (self.trust / "token").write_text(invited["token"])
        options = ["--southbound", self.southbound, "--enrolment", self.enrolment, "--authority", invited["authority"]]
        alcor("trust", "keep-certificate", str(self.trust), *options, "--token-file", f"{self.trust}/token", "--once")
        self.broker.start()
        assert self.queue.endswith(self.broker.new_namespace())

    def invited(self) -> dict[str, Any]:
        """What the table [trust] of the agent's file has."""
        printed: dict[str, Any] = tomllib.loads(alcor("node", "join-token", "host-1", "--controller", self.api))
        return printed["trust"] | {"secure": True, "enrolment": (self.enrolment,)}


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    skip_where_not_installed()
    made = Region(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.controller.stop()
        made.broker.kill()


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
    trust = TrustSettings(**await asyncio.to_thread(region.invited))
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
    assert 'alcor_queue_refused{reason="not_trusted"} 0.0' not in counted
    stop.set()
    await running
