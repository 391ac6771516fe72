"""What is published of a VPC is for its hosts alone, over a real broker that lets all hosts of the region read it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alcor.agent.agent import serve
from alcor.agent.settings import AgentSettings
from alcor.channels.fast_path.client import Backoff, FastPathClient
from alcor.channels.fast_path.opening import opens_trusted
from alcor.channels.message_queue.address import parse_queue
from alcor.channels.message_queue.opening import open_queue
from alcor.channels.messages import Acknowledgement, Hello, TopicKeys
from alcor.channels.told import Told
from alcor.channels.topic_sealing import NotOpened, TopicOpener
from alcor.channels.topics import TopicReader
from alcor.channels.trust import certificates
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.enrolment_client import join
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.model.identifiers import id_bytes
from alcor.model.subjects import vpc_topic
from tests.brokers import skip_where_not_installed
from tests.integration.message_queue.secure_region import Region, alcor
from tests.integration.message_queue.serving import PATIENCE_SECONDS
from tests.tasks import running

pytestmark = pytest.mark.timeout(600)  # the broker has to be started

EPOCH_HOURS = 0.001
HOSTS = ["host-1", "host-2", "host-3"]


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    skip_where_not_installed()
    options = ["--queue-above", "1", "--topic-interval", "5", "--topic-key-hours", str(EPOCH_HOURS)]
    made = Region(tmp_path, *options)
    try:
        made.start()
        yield made
    finally:
        made.stop()


class Cloud:
    """A network of the region, and its ports."""

    def __init__(self, region: Region) -> None:
        self._region, self.network = region, ""

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        async with httpx.AsyncClient(base_url=self._region.api, timeout=PATIENCE_SECONDS) as client:
            answer = await client.request(method, path, json=body)
            assert answer.status_code < 400, answer.text
            return answer.json() if answer.content else None

    async def create(self) -> None:
        for number, host_id in enumerate(HOSTS, 1):
            await self.ask("POST", "/nodes", {"host_info": {"node_id": host_id, "local_ip": f"192.0.2.{number}"}})
        self.network = (await self.ask("POST", "/v2.0/networks", {"network": {}}))["network"]["id"]
        subnet = {"network_id": self.network, "ip_version": 4, "cidr": "10.0.0.0/16"}
        await self.ask("POST", "/v2.0/subnets", {"subnet": subnet})

    async def create_port(self, host_id: str) -> str:
        port = {"network_id": self.network, "binding:host_id": host_id}
        port_id: str = (await self.ask("POST", "/v2.0/ports", {"port": port}))["port"]["id"]
        return port_id


class CuriousHost:
    """A host that holds on to all keys that it was ever told, and reads what the broker lets it read."""

    def __init__(self, host_id: str, shown: Credentials, southbound: str) -> None:
        self.keys: dict[int, bytes] = {}  # by epoch, of one VPC
        hello, told = Hello(host_id, b"b" * 16), Told(topic_keys=self._told)
        channel, backoff = opens_trusted(lambda: shown), Backoff(0.1, 1.0)
        self._client = FastPathClient([southbound], lambda: hello, told=told, open_channel=channel, backoff=backoff)

    def _told(self, keys: TopicKeys) -> None:
        for of_topic in keys.keys.values():
            self.keys.update(of_topic)

    async def run(self) -> None:
        async for connection in self._client.connections():
            async for delta in connection.goal_states():
                await connection.send(Acknowledgement(delta.revision))

    def opens(self, topic: str, message: bytes) -> bool:
        with contextlib.suppress(NotOpened):
            TopicOpener(topic, self.keys).open(message)
            return True
        return False


async def until(opens: bool, host: CuriousHost, topic: str, reader: TopicReader) -> None:
    """Read until the host opens what it reads, or does not any more."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while host.opens(topic, await reader.next()) != opens:
            pass


@contextlib.asynccontextmanager
async def agent(region: Region, host_id: str, directory: Path) -> AsyncIterator[httpx.AsyncClient]:
    """An agent of a host; yields what asks it."""
    trust = await asyncio.to_thread(region.invited, host_id)
    settings = AgentSettings(
        host_id, (region.southbound,), "192.0.2.1", str(directory), message_queue=region.queue, trust=trust
    )
    transport = httpx.AsyncHTTPTransport(uds=str(directory / "agent.sock"))
    async with (
        running(serve(settings, MemoryDataPlane(), asyncio.Event())),
        httpx.AsyncClient(transport=transport, base_url="http://agent") as client,
    ):
        yield client


async def learns_by_topic(client: httpx.AsyncClient, cloud: Cloud) -> None:
    """Have ports come until the host has learned of one by the topic."""

    async def taken() -> int:
        with contextlib.suppress(httpx.TransportError):
            return int((await client.get("/status")).json()["counters"].get("topic_changes_taken", 0))
        return 0

    async with asyncio.timeout(PATIENCE_SECONDS):
        before = await taken()
        while await taken() == before:
            await cloud.create_port("host-3")
            await asyncio.sleep(0.5)


async def test_a_topic_is_read_by_who_has_ports_there_and_a_little_longer(region: Region, tmp_path: Path) -> None:
    cloud = Cloud(region)
    await cloud.create()
    for host_id in ("host-1", "host-3", "host-3"):
        await cloud.create_port(host_id)
    topic = vpc_topic(id_bytes(cloud.network))
    invited = await asyncio.to_thread(region.invited, "host-2")
    key = certificates.new_key()
    shown = await join(region.enrolment, invited.authority, invited.token, key)
    queue = open_queue(parse_queue(region.queue), lambda: shown)
    curious = CuriousHost("host-2", shown, region.southbound)
    async with agent(region, "host-1", tmp_path) as client, running(curious.run()):
        await learns_by_topic(client, cloud)
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader = await queue.topics.read(topic)
            for _ in range(2):
                assert not curious.opens(topic, await reader.next())
        assert not curious.keys

        port = await cloud.create_port("host-2")
        await until(True, curious, topic, reader)
        await cloud.ask("DELETE", f"/v2.0/ports/{port}")
        await until(False, curious, topic, reader)
        await learns_by_topic(client, cloud)

        await asyncio.to_thread(alcor, "trust", "rotate", "--controller", region.api)
        await learns_by_topic(client, cloud)
        region.controller.kill()
        region.controller.start()
        await learns_by_topic(client, cloud)
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(2):
                assert not curious.opens(topic, await reader.next())
    await queue.close()
