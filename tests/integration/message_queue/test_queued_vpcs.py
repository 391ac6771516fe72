"""Hosts of a big VPC learn of its ports by its topic, from a real broker, whatever is killed meanwhile."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.brokers import Broker
from tests.integration.message_queue.region import Region, load, running

pytestmark = pytest.mark.timeout(300)  # the first of them starts the broker


@pytest.fixture
async def region(broker: Broker, namespace: str) -> AsyncIterator[Region]:
    async with running(broker, namespace) as region:
        yield region


async def test_no_port_is_missed_when_the_broker_is_killed_under_load(region: Region) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(load(region, 30))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(region.broker.kill)
    await region.all_know_all()
    region.broker.start()  # in this thread, with which it would go
    await load(region, 5)
    await region.all_know_all()
    await region.all_read()


async def test_changes_are_published_and_none_is_missed_when_the_controller_is_killed(region: Region) -> None:
    await load(region, 10)
    await region.all_know_all()
    topics = (await region.status())["topics"]
    assert (topics["vpcs"], topics["turns"]) == (1, 1)
    await asyncio.to_thread(region.controller.kill)
    region.controller.start()
    await load(region, 10)
    await region.all_know_all()
    await region.all_read()
    await load(region, 5)
    await region.all_know_all()
