"""What should not have been sent is refused and counted, wherever it was thrown, and the rest flows on."""

import asyncio
import os
from collections.abc import AsyncIterator

import pulsar
import pytest

from alcor.channels.agent_codec import encode_agent_message
from alcor.channels.message_queue.envelopes import (
    FromQueuedHost,
    QueuedHello,
    ToQueuedHost,
    encode_from_host,
    encode_hello,
    encode_to_host,
)
from alcor.channels.messages import Hello
from tests.brokers import Broker
from tests.integration.message_queue.region import HOSTS, Region, load, running
from tests.integration.southbound.conftest import eventually

pytestmark = pytest.mark.timeout(400)  # the broker may have to be started

_LATER_VERSION = b"\x08\x63"
_TOO_LARGE = 6 * 1024 * 1024
_PATIENCE_SECONDS = 100.0


@pytest.fixture
async def region(broker: Broker, namespace: str) -> AsyncIterator[Region]:
    """One whose hosts are reached by the queue only."""
    async with running(broker, namespace, channel="queue") as region:
        yield region


class Stranger:
    """One who may write to the namespace, and writes what it likes."""

    def __init__(self, client: pulsar.Client, namespace: str) -> None:
        self._client, self._namespace = client, namespace

    def throw(self, topic: str, data: bytes, key: str | None = None) -> None:
        """Raises PulsarException when the broker does not take it."""
        producer = self._client.create_producer(f"{self._namespace}/{topic}", batching_enabled=False)
        try:
            producer.send(data, partition_key=key)
        finally:
            producer.close()


async def test_garbage_later_versions_strangers_and_what_is_too_large_are_refused_and_counted_and_the_rest_flows_on(
    region: Region, client: pulsar.Client
) -> None:
    controller = f"controller-{(await region.status())['controller_id']}"
    node = (await region.ask("GET", "/nodes/host-1"))["host_info"]
    stranger, group, key = Stranger(client, region.namespace), node["group_topic"], node["group_key"]
    session = os.urandom(16)
    hello = encode_agent_message(Hello("no-node", os.urandom(16)))
    thrown = [
        ("hellos", encode_hello(QueuedHello(session, 1, hello)), None),
        ("hellos", encode_hello(QueuedHello(session, 1, b"no hello")), None),
        (controller, encode_from_host(FromQueuedHost(session, 1, b"of nobody's session")), None),
        (group, encode_to_host(ToQueuedHost(session, 1, b"of nobody's session")), key),
    ]
    for data in (b"garbage", _LATER_VERSION, os.urandom(1024)):
        thrown += [("hellos", data, None), (controller, data, None), (group, data, key)]
    loading = asyncio.create_task(load(region, 20))
    for topic, data, to in thrown:
        await asyncio.to_thread(stranger.throw, topic, data, to)
    for topic in ("hellos", controller, group):
        with pytest.raises(pulsar.MessageTooBig):
            await asyncio.to_thread(stranger.throw, topic, bytes(_TOO_LARGE))
    with pytest.raises(pulsar.ProducerBusy):  # one publishes at a time, and the controller does
        await asyncio.to_thread(stranger.throw, f"vpc-{region.network}", b"garbage")
    await loading

    async def all_is_counted() -> bool:
        refused = (await region.status())["message_queue"]["refused"]
        counted = (await region.agent("host-1"))["counters"]
        return (
            (refused.get("malformed"), refused.get("unknown_node"), refused.get("other_session")) == (7, 1, 1)
            and counted.get("queue_malformed") == 3
            and counted.get("queue_other_session", 0) >= 1
        )

    await eventually(all_is_counted, "all that was thrown is counted", _PATIENCE_SECONDS)
    await region.all_know_all()
    await load(region, 5)
    await region.all_know_all()
    for host_id in HOSTS:
        assert (await region.agent(host_id))["counters"]["connections"] == 1, "nobody had to say hello again"
