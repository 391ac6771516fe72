"""Deliveries that come twice, in another order or after the connection was cut, by a proxy between client and broker.

``ALCOR_CHAOS_SEED`` has the proxy throw the same dice again.
"""

import asyncio
import contextlib
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator

import pulsar
import pytest

from alcor.channels.message_queue.address import QueueAddress
from tests.brokers import Broker
from tests.integration.message_queue.conftest import HOSTS
from tests.integration.message_queue.region import load, running
from tests.integration.message_queue.serving import PATIENCE_SECONDS, QueueController, eventually, queued_agent
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import active
from tests.integration.southbound.fake_agent import FakeAgent
from tests.links.links import Links
from tests.links.pulsar_frames import Chances, PulsarMeddling
from tests.processes import free_port

pytestmark = pytest.mark.timeout(400)  # the broker may have to be started

_MILLISECONDS = 120_000
_SENT = 200
_CHANGES = 20
EVERYTHING = {"repeated", "sent twice", "held back", "hung up"}


@pytest.fixture
def links() -> Iterator[Links]:
    with Links() as links:
        yield links


@pytest.fixture
def seed() -> int:
    seed = int(os.environ.get("ALCOR_CHAOS_SEED") or random.randrange(1 << 32))
    print(f"ALCOR_CHAOS_SEED={seed}")
    return seed


def meddled(links: Links, broker: Broker, chances: Chances, seed: int) -> PulsarMeddling:
    """A way to the broker on which messages fare like this."""
    target, listen = broker.url.removeprefix("pulsar://"), f"127.0.0.1:{free_port()}"
    proxy = PulsarMeddling(target, listen, chances, seed)
    links.open(listen, target, proxy.meddle())
    return proxy


def url_of(proxy: PulsarMeddling) -> str:
    return f"pulsar://{proxy.link.decode()}"


def test_the_client_hands_out_what_came_twice_and_in_the_order_in_which_it_came(
    broker: Broker, client: pulsar.Client, namespace: str, links: Links, seed: int
) -> None:
    """So everything above it has to do with that. What was acknowledged before it came again, the client keeps."""
    proxy = meddled(links, broker, Chances(repeated=0.1, swapped=0.1), seed)
    behind = pulsar.Client(url_of(proxy), logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error))
    consumer = behind.subscribe(f"{namespace}/t", "s")
    producer = client.create_producer(f"{namespace}/t", batching_enabled=False)
    for number in range(_SENT):
        producer.send_async(b"%d" % number, lambda *_: None)
    producer.flush()
    came = []
    while len(set(came)) < _SENT or proxy.done["repeated"] + _SENT > len(came):
        came.append(int(consumer.receive(_MILLISECONDS).data()))
    behind.close()
    assert len(came) > _SENT and came != sorted(came), proxy.done


def test_what_a_client_sends_twice_comes_twice(
    broker: Broker, client: pulsar.Client, namespace: str, links: Links, seed: int
) -> None:
    proxy = meddled(links, broker, Chances(sent_twice=0.5), seed)
    consumer = client.subscribe(f"{namespace}/t", "s")
    behind = pulsar.Client(url_of(proxy), logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error))
    producer = behind.create_producer(f"{namespace}/t", batching_enabled=False)
    for number in range(_SENT):
        producer.send(b"%d" % number)
    came = [int(consumer.receive(_MILLISECONDS).data()) for _ in range(_SENT + proxy.done["sent twice"])]
    behind.close()
    assert proxy.done["sent twice"] and came == sorted(came) and set(came) == set(range(_SENT))


async def changes(cloud: Cloud, count: int) -> list[str]:
    ports = []
    for number in range(count):
        ports += await cloud.create_ports(HOSTS[number % len(HOSTS)])
        await asyncio.sleep(0.05)
    return ports


async def test_hosts_have_what_they_should_whatever_becomes_of_messages(
    broker: Broker, namespace: str, cloud: Cloud, links: Links, seed: int
) -> None:
    chances = Chances(repeated=0.1, sent_twice=0.1, swapped=0.03, hung_up=0.005)
    proxies = [meddled(links, broker, chances, seed + number) for number in range(1 + len(HOSTS))]
    addresses = [QueueAddress(url_of(proxy), namespace) for proxy in proxies]
    async with contextlib.AsyncExitStack() as stack:
        controller = QueueController(cloud.store, addresses.pop(), "c1")
        await stack.enter_async_context(controller.serving())
        agents = [
            await stack.enter_async_context(queued_agent(address, host_id))
            for address, host_id in zip(addresses, HOSTS, strict=True)
        ]
        ports, refused = [], controller.server.refused
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (refused["repeated"] and refused["missing"] and done_by(proxies).keys() >= EVERYTHING):
                ports += await changes(cloud, _CHANGES)
        chances.set()
        await active(cloud, *ports, seconds=PATIENCE_SECONDS)
        await eventually(lambda: all(map(controller.has_told, agents)), "hosts have what they should")
    for agent in agents:
        assert_each_follows_on_the_one_before(agent)


async def test_hosts_learn_by_topics_whatever_becomes_of_messages(
    broker: Broker, namespace: str, links: Links, seed: int
) -> None:
    chances = Chances(repeated=0.2, swapped=0.1, hung_up=0.01)
    proxies = {host_id: meddled(links, broker, chances, seed + number) for number, host_id in enumerate(HOSTS)}
    ways = {host_id: url_of(proxy) for host_id, proxy in proxies.items()}
    async with running(broker, namespace, ways) as region:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not {"repeated", "held back"} <= done_by(proxies.values()).keys():
                await load(region, 20)
        chances.set()
        await region.all_know_all()
        await region.all_read()
        await load(region, 5)
        await region.all_know_all()


def done_by(proxies: Iterable[PulsarMeddling]) -> Counter[str]:
    """What all of them together did."""
    return sum((proxy.done for proxy in proxies), Counter())


def assert_each_follows_on_the_one_before(agent: FakeAgent) -> None:
    """So nothing is applied twice, and nothing in another order."""
    revision = 0
    for delta in agent.received:
        assert delta.snapshot or delta.base_revision == revision
        assert delta.revision >= revision
        revision = delta.revision
