"""Hosts that are reached over a real broker have what they should, whoever is killed meanwhile."""

import asyncio
import contextlib

import pytest

from alcor.channels.message_queue.address import QueueAddress
from tests.brokers import Broker
from tests.integration.message_queue.conftest import HOSTS
from tests.integration.message_queue.serving import PATIENCE_SECONDS, QueueController, eventually, queued_agent
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import active

pytestmark = pytest.mark.timeout(400)  # the broker may have to be started

_CHANGES = 20


async def changes(cloud: Cloud) -> list[str]:
    """Ports come, one after the other, on all hosts."""
    ports = []
    for number in range(_CHANGES):
        ports += await cloud.create_ports(HOSTS[number % len(HOSTS)])
        await asyncio.sleep(0.05)
    return ports


async def test_hosts_have_what_they_should_whoever_was_killed_under_load(
    broker: Broker, address: QueueAddress, cloud: Cloud
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        controller = QueueController(cloud.store, address, "c1")
        lives = await stack.enter_async_context(contextlib.AsyncExitStack())
        await lives.enter_async_context(controller.serving())
        agents = [await stack.enter_async_context(queued_agent(address, host_id)) for host_id in HOSTS]
        ports = await changes(cloud)
        await active(cloud, *ports, seconds=PATIENCE_SECONDS)
        await eventually(lambda: all(map(controller.has_told, agents)), "hosts have what they should")

        broker.kill()
        while_away = await cloud.create_ports(*HOSTS)
        more = asyncio.create_task(changes(cloud))
        broker.launch()
        await asyncio.to_thread(broker.wait_until_ready)
        await active(cloud, *while_away, *await more, seconds=PATIENCE_SECONDS)
        await eventually(lambda: all(map(controller.has_told, agents)), "hosts have what they should after the broker")

        await agents[0].stop()
        ports = await changes(cloud)
        agents[0].start()
        await active(cloud, *ports, seconds=PATIENCE_SECONDS)
        await eventually(lambda: all(map(controller.has_told, agents)), "hosts have what they should after the agent")

        more = asyncio.create_task(changes(cloud))
        await lives.aclose()
        controller = QueueController(cloud.store, address, "c2")
        await stack.enter_async_context(controller.serving())
        await active(cloud, *await more, seconds=PATIENCE_SECONDS)
        await eventually(lambda: all(map(controller.has_told, agents)), "hosts have what they should by another one")


async def test_a_host_that_is_away_holds_up_no_other_of_its_group(address: QueueAddress, cloud: Cloud) -> None:
    async with contextlib.AsyncExitStack() as stack:
        controller = await stack.enter_async_context(QueueController(cloud.store, address, "c1").serving())
        agents = [await stack.enter_async_context(queued_agent(address, host_id)) for host_id in HOSTS]
        await eventually(lambda: controller.server.hosts == len(HOSTS), "hosts are served")
        agents[0].may_read.clear()
        ports = await changes(cloud)
        others = [port for number, port in enumerate(ports) if number % len(HOSTS)]
        await active(cloud, *others, seconds=PATIENCE_SECONDS)
        agents[0].may_read.set()
        await active(cloud, *ports, seconds=PATIENCE_SECONDS)
        await eventually(lambda: all(map(controller.has_told, agents)), "hosts have what they should")
