"""Cells with message queues of their own: a VPC has hosts in two of them, of which one may be away."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.brokers import Broker
from tests.integration.message_queue.region import HOSTS, PATIENCE_SECONDS, Region, load, running
from tests.integration.southbound.conftest import eventually

pytestmark = pytest.mark.timeout(400)  # two brokers may have to be started


@pytest.fixture
def far(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Another broker than the usual one."""
    with Broker(tmp_path_factory.mktemp("far")).running() as far:
        yield far


async def queues(region: Region) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await region.status())["message_queue"]["queues"]
    return found


async def test_a_cell_whose_broker_is_away_disturbs_no_host_of_another(
    broker: Broker, far: Broker, namespace: str
) -> None:
    queue = f"{far.url}/{far.new_namespace()}"
    own: dict[str, Any] = {"options": ("--message-queue", f"far={queue}"), "cells": {"host-3": ("far", queue)}}
    async with running(broker, namespace, **own) as region:
        await load(region, 5)
        await region.all_know_all()
        assert [(each["topics"], each["turns"]) for each in await queues(region)] == [(1, 1), (1, 1)]
        topics = (await region.status())["topics"]
        assert (topics["hosts"], topics["fallen_back"]) == (len(HOSTS), {}), "all learn by topic, of either queue"

        await asyncio.to_thread(far.kill)
        await load(region, 5)
        await region.all_know_all()
        topics = (await region.status())["topics"]
        assert (topics["hosts"], sum(topics["fallen_back"].values())) == (2, 1), "the far host, and no other"
        assert [each["trouble"] for each in await queues(region)] == ["", "the broker is away"]

        await asyncio.to_thread(region.controller.stop)  # in time, and it starts, without the far broker
        region.controller.start()
        await load(region, 5)
        await region.all_know_all()

        async def near_ones_read() -> bool:
            return await region.readers() == 2

        await eventually(near_ones_read, "the hosts of the other cell read", PATIENCE_SECONDS)
        assert [bool(each["trouble"]) for each in await queues(region)] == [False, True]

        far.start()  # in this thread, with which it would go
        await region.all_read()
        await load(region, 5)
        await region.all_know_all()
        assert (await region.status())["topics"]["hosts"] == len(HOSTS)


async def test_hosts_are_served_over_the_queue_that_they_say_hello_at_and_those_of_another_cell_are_counted(
    broker: Broker, namespace: str
) -> None:
    usual, own = f"{broker.url}/{namespace}", f"{broker.url}/{broker.new_namespace()}"
    cells = {"host-2": ("cell-2", own), "host-3": ("cell-2", usual)}
    options = ("--message-queue", f"cell-2={own}")
    async with running(broker, namespace, options=options, cells=cells, channel="queue") as region:
        await region.all_know_all()
        found = [(each["address"], each["hosts"], each["hosts_of_other_cells"]) for each in await queues(region)]
        assert found == [(usual, 2, 1), (own, 1, 0)]
        log = region.controller.log()
        assert log.count("is not the message queue of its cell") == 1 and "host host-3 of cell 'cell-2'" in log
        metrics = await region.metrics()
        assert f'alcor_queue_hosts{{queue="{usual}"}} 2.0' in metrics
        assert f'alcor_queue_hosts_of_other_cells{{queue="{usual}"}} 1.0' in metrics
        assert f'alcor_queue_connected{{queue="{own}"}} 1.0' in metrics
