"""Over a message queue, too, hosts and controllers speak for themselves only, and are understood by each other only."""

import time

import pytest
from prometheus_client import CollectorRegistry

from alcor.channels.agent_codec import encode_agent_message
from alcor.channels.checks import MalformedMessage
from alcor.channels.message_queue.envelopes import (
    FromQueuedHost,
    Place,
    QueuedHello,
    ToQueuedHost,
    decode_from_host,
    decode_to_host,
    encode_from_host,
    encode_hello,
    encode_to_host,
)
from alcor.channels.message_queue.host_trust import HostTrust
from alcor.channels.message_queue.queue import HELLOS
from alcor.channels.message_queue.sealing import Offer, answer
from alcor.channels.messages import Hello
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.guard import CertificateGuard
from alcor.channels.trust.identity import Kind
from alcor.channels.trust.refusals import Refusals
from alcor.model.records import NodeRecord
from tests.region_trust import RegionTrust
from tests.tasks import running
from tests.unit.channels.memory_queue import MemoryQueue
from tests.unit.channels.queue_ends import CONTROLLER, PLACE, Agent, Controller, eventually

SESSION = b"s" * 16


class Region:
    """A controller that knows one host."""

    def __init__(self, queue: MemoryQueue) -> None:
        self.trust, self.registry = RegionTrust(), CollectorRegistry()
        self.nodes = {"host-1": node(generation=0)}
        refusals = Refusals(self.registry)
        self.guard = CertificateGuard(lambda: self.nodes, refusals)
        shown = self.trust.of(Kind.CONTROLLER, "c1")
        self.controller = Controller(queue, trust=HostTrust(lambda: shown, self.guard, refusals))
        self.controller.places["host-2"] = Place("group-1", "host-2")

    def refused(self, kind: str) -> float:
        return self.registry.get_sample_value("alcor_trust_refused_total", {"kind": kind}) or 0

    def revoke(self) -> None:
        self.nodes["host-1"] = node(generation=1)
        self.guard.nodes_changed(["host-1"])


def node(generation: int) -> NodeRecord:
    return NodeRecord("host-1", 1, 0, generation=generation)


@pytest.fixture
async def queue() -> MemoryQueue:
    return MemoryQueue()


@pytest.fixture
async def region(queue: MemoryQueue) -> Region:
    return Region(queue)


@pytest.fixture
async def agent(queue: MemoryQueue, region: Region) -> Agent:
    shown = region.trust.of(Kind.HOST, "host-1")
    return Agent(queue, credentials=lambda: shown)


async def is_served(region: Region, agent: Agent) -> None:
    """What the controller changes reaches the host, and its acknowledgement the controller."""
    listener = region.controller.listener
    listener.change()
    await eventually(lambda: listener.acknowledged_revisions[-1:] == [listener.revision])
    assert agent.state.revision == listener.revision


async def test_a_host_is_served_and_nobody_else_reads_what_it_is_told(
    queue: MemoryQueue, region: Region, agent: Agent
) -> None:
    said: list[tuple[str, bytes]] = []

    def listen(topic: str, data: bytes) -> list[bytes]:
        said.append((topic, data))
        return [data]

    queue.meddle = listen
    async with running(region.controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        for _ in range(20):
            await is_served(region, agent)
    told = [decode_to_host(data).message for topic, data in said if topic == PLACE.topic]
    told += [decode_from_host(data).message for topic, data in said if topic == CONTROLLER]
    assert len(told) > 40 and len(set(told)) == len(told), "what is the same is not the same twice"
    assert not any(region.controller.server.refused.values())


def greeting(credentials: Credentials | None, host_id: str) -> bytes:
    hello = QueuedHello(SESSION, 1, encode_agent_message(Hello(host_id, b"b" * 16)), Place("group-1", host_id))
    return encode_hello(hello if credentials is None else Offer(credentials).proven(hello))


def nobody(_: RegionTrust) -> Credentials | None:
    return None


def another_host(trust: RegionTrust) -> Credentials:
    return trust.of(Kind.HOST, "host-2", index=2)


def of_another_authority(_: RegionTrust) -> Credentials:
    return RegionTrust().of(Kind.HOST, "host-1")


def ended(trust: RegionTrust) -> Credentials:
    return trust.of(Kind.HOST, "host-1", seconds=-1)


def a_broker(trust: RegionTrust) -> Credentials:
    return trust.of(Kind.BROKER, "host-1")


@pytest.mark.parametrize("shown", [nobody, another_host, of_another_authority, ended, a_broker])
async def test_who_says_hello_for_a_host_and_is_not_it_is_refused_and_logged_once(
    shown: object, queue: MemoryQueue, region: Region, agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    assert callable(shown)
    async with running(region.controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        for _ in range(3):
            queue.put(HELLOS, greeting(shown(region.trust), "host-1"))
        await eventually(lambda: region.controller.server.refused["not_trusted"] == 3)
        await is_served(region, agent)
        assert (agent.sessions, region.controller.listener.came) == (1, 1)
    assert region.refused("message queue") == 3
    assert sum("a hello for host host-1 is refused" in message for message in caplog.messages) == 1


async def test_a_hello_that_was_changed_on_its_way_is_refused(queue: MemoryQueue, region: Region) -> None:
    proven = Offer(region.trust.of(Kind.HOST, "host-1")).proven(
        QueuedHello(SESSION, 1, encode_agent_message(Hello("host-1", b"b" * 16)), PLACE)
    )
    moved = QueuedHello(proven.session, proven.attempt, proven.hello, Place("group-2", "host-1"), proven.proof)
    async with running(region.controller.server.run()):
        queue.put(HELLOS, encode_hello(moved))
        await eventually(lambda: region.controller.server.refused["not_trusted"] == 1)


async def test_others_cannot_speak_in_a_session(queue: MemoryQueue, region: Region, agent: Agent) -> None:
    async with running(region.controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        await is_served(region, agent)
        assert agent.connection is not None
        session = agent.connection.session
        for number in range(1, 20):
            queue.put(CONTROLLER, encode_from_host(FromQueuedHost(session, number, b"anything", end=True)))
            queue.put(PLACE.topic, encode_to_host(ToQueuedHost(session, number, b"anything", end="go")), PLACE.key)
        await is_served(region, agent)
        assert agent.sessions == 1 and region.controller.listener.left == 0
        assert agent.counts["queue_not_trusted"] == 19
        assert region.controller.server.refused["not_trusted"] == 19


async def test_a_host_believes_no_controller_without_a_proof(queue: MemoryQueue, agent: Agent) -> None:
    stranger = Controller(queue)  # it shows nothing
    async with running(stranger.server.run(), agent.run()):
        await eventually(lambda: agent.counts.get("queue_not_trusted", 0) > 0)
        assert agent.sessions == 0


def test_a_host_believes_no_host_that_answers_as_a_controller() -> None:
    trust = RegionTrust()
    offer = Offer(trust.of(Kind.HOST, "host-1"))
    hello = offer.proven(QueuedHello(SESSION, 1, b"hello", PLACE))
    proof, _ = answer(trust.of(Kind.HOST, "host-2", index=2), hello)
    with pytest.raises(MalformedMessage, match="host host-2, which is no controller"):
        offer.accept(ToQueuedHost(SESSION, 1, proof=proof), time.time())


async def test_a_revoked_host_is_sent_away_and_told_why(
    queue: MemoryQueue, region: Region, agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(region.controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        region.revoke()
        await eventually(lambda: region.controller.listener.left == 1)
        await eventually(lambda: region.controller.server.refused["not_trusted"] >= 3)
        assert agent.sessions == 1 and region.controller.server.hosts == 0
    assert sum("ended the session: its certificate was revoked" in message for message in caplog.messages) == 1
    assert sum("was not welcomed: its certificate was revoked" in message for message in caplog.messages) == 1
    assert sum("host host-1 is refused: its certificate was revoked" in message for message in caplog.messages) == 1
    assert region.refused("revoked") >= 3


async def test_a_host_without_a_certificate_says_nothing(queue: MemoryQueue) -> None:
    agent = Agent(queue, credentials=lambda: None)
    async with running(agent.run()):
        await eventually(lambda: agent.client._failures > 2)
    assert queue.waiting(HELLOS) == 0
