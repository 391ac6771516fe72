"""Hosts are served over a message queue as over streams: in order, once, whatever the queue does to messages."""

import asyncio
import random

import pytest

from alcor.channels.agent_codec import encode_agent_message
from alcor.channels.fast_path.dialling import ConnectionLost
from alcor.channels.message_queue import server
from alcor.channels.message_queue.envelopes import FromQueuedHost, Place, QueuedHello, encode_from_host, encode_hello
from alcor.channels.message_queue.queue import HELLOS, MOST_BYTES
from alcor.channels.messages import Hello, ResyncRequest
from alcor.model.queue_slots import slot_of
from tests.tasks import running
from tests.unit.channels.memory_queue import MemoryQueue
from tests.unit.channels.queue_ends import (
    CONTROLLER,
    PLACE,
    Agent,
    Controller,
    eventually,
)


@pytest.fixture
async def queue() -> MemoryQueue:
    return MemoryQueue()


async def test_a_host_learns_where_to_listen_and_gets_what_it_should_have(queue: MemoryQueue) -> None:
    controller, agent = Controller(queue), Agent(queue)
    async with running(controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        for _ in range(20):
            controller.listener.change()
        await eventually(lambda: controller.listener.acknowledged_revisions[-1:] == [21])
        assert agent.state.vteps == {number: number for number in range(1, 22)}
        assert (agent.sessions, controller.server.hosts) == (1, 1)


async def test_a_controller_says_whether_hosts_can_come_by_its_queue(queue: MemoryQueue) -> None:
    controller = Controller(queue)
    assert controller.server.trouble == "not connected to the message queue yet"
    async with running(controller.server.run()):
        await eventually(lambda: not controller.server.trouble)
        queue.there.clear()
        assert controller.server.trouble == "the broker is away"
        queue.there.set()
        assert not controller.server.trouble


async def test_messages_that_come_twice_are_passed_over(queue: MemoryQueue) -> None:
    controller, agent = Controller(queue), Agent(queue)
    queue.meddle = lambda _topic, data: [data, data]
    async with running(controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        for _ in range(20):
            controller.listener.change()
        await eventually(lambda: controller.listener.acknowledged_revisions[-1:] == [21])
    assert agent.sessions == 1 and agent.counts["queue_repeated"] and controller.server.refused["repeated"]
    assert sorted(set(controller.listener.acknowledged_revisions)) == controller.listener.acknowledged_revisions


async def test_whatever_is_lost_swapped_or_repeated_hosts_have_what_they_should_in_the_end(queue: MemoryQueue) -> None:
    random_number = random.Random(7)
    held: list[bytes] = []

    def meddle(topic: str, data: bytes) -> list[bytes]:
        if topic == HELLOS or random_number.random() < 0.9:
            return [data]
        match random_number.randrange(3):
            case 0:
                return []
            case 1:
                return [data, data]
            case _:
                held.append(data)
                return [held.pop(0)] if len(held) > 1 else []

    controller, agent = Controller(queue, interval=1), Agent(queue, welcome_timeout=2.0)
    queue.meddle = meddle
    async with running(controller.server.run(), agent.run()):
        for _ in range(150):
            controller.listener.change()
            await asyncio.sleep(0.002)
        queue.meddle = lambda _topic, data: [data]
        controller.listener.change()
        await eventually(lambda: agent.state.revision == controller.listener.revision)
    assert agent.sessions > 1
    assert agent.state.vteps == {number: number for number in range(1, controller.listener.revision + 1)}


async def test_what_is_sent_to_a_host_that_is_away_is_bounded(queue: MemoryQueue) -> None:
    controller = Controller(queue)
    session = b"s" * 16
    hello = encode_agent_message(Hello("host-1", b"b" * 16))
    queue.put(HELLOS, encode_hello(QueuedHello(session, 1, hello, PLACE)))
    async with running(controller.server.run()):
        await eventually(lambda: queue.waiting(PLACE.topic, slot_of(PLACE.key)) >= 2)  # the welcome and the first state
        for _ in range(1000):
            controller.listener.change()
            await asyncio.sleep(0)
        assert queue.waiting(PLACE.topic, slot_of(PLACE.key)) <= 6


async def test_while_the_broker_is_away_what_is_for_hosts_is_bounded_and_then_they_have_everything(
    queue: MemoryQueue,
) -> None:
    controller, agent = Controller(queue), Agent(queue)
    async with running(controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        queue.hold()
        for _ in range(1000):
            controller.listener.change()
            await asyncio.sleep(0)
        assert queue.held() <= 6
        queue.release()
        await eventually(lambda: agent.state.revision == 1001)
    assert agent.sessions == 1 and len(agent.state.vteps) == 1001


async def test_garbage_later_versions_and_other_sessions_are_passed_over_and_counted(queue: MemoryQueue) -> None:
    controller, agent = Controller(queue), Agent(queue)
    async with running(controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        for topic, key in ((HELLOS, ""), (CONTROLLER, ""), (PLACE.topic, PLACE.key)):
            queue.put(topic, b"garbage", key)
            queue.put(topic, b"\x08\x63", key)  # version 99
        queue.put(CONTROLLER, encode_from_host(FromQueuedHost(b"x" * 16, 1, b"not its session")))
        queue.put(HELLOS, encode_hello(QueuedHello(b"x" * 16, 1, b"no hello")))
        await eventually(lambda: controller.server.refused["malformed"] == 5 and agent.counts["queue_malformed"] == 2)
        controller.listener.change()
        await eventually(lambda: agent.state.revision == 2)
        assert controller.server.refused["other_session"] == 1 and agent.sessions == 1


async def test_a_host_that_would_say_too_much_at_once_begins_anew_and_that_is_counted(queue: MemoryQueue) -> None:
    controller, agent = Controller(queue), Agent(queue)
    sizes: list[int] = []

    def weigh(_topic: str, data: bytes) -> list[bytes]:
        sizes.append(len(data))
        return [data]

    queue.meddle = weigh
    async with running(controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        assert agent.connection is not None
        with pytest.raises(ConnectionLost):
            await agent.connection.send(ResyncRequest(1, "x" * MOST_BYTES))
        controller.listener.change()
        await eventually(lambda: agent.state.revision == 2)
    assert (agent.sessions, agent.counts) == (2, {"queue_too_large": 1})
    assert max(sizes) < MOST_BYTES and not controller.server.refused["missing"]


async def test_a_host_for_which_there_is_too_much_in_one_message_begins_anew_and_that_is_counted(
    queue: MemoryQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller, agent = Controller(queue), Agent(queue)
    async with running(controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        with monkeypatch.context() as patch:
            patch.setattr(server, "MOST_BYTES", 500)
            controller.listener.revision = 200
            controller.listener.connections["host-1"].resync()
            await eventually(lambda: controller.server.refused["too_large"] > 0)
        await eventually(lambda: agent.state.revision == 200)
    assert agent.sessions > 1 and agent.counts == {}


async def test_a_host_that_gives_no_sign_of_life_has_gone(queue: MemoryQueue) -> None:
    controller = Controller(queue, interval=1)
    hello = encode_agent_message(Hello("host-1", b"b" * 16))
    queue.put(HELLOS, encode_hello(QueuedHello(b"s" * 16, 1, hello, PLACE)))
    async with running(controller.server.run()):
        await eventually(lambda: controller.listener.came == 1)
        await eventually(lambda: controller.listener.left == 1)
    assert controller.server.refused["silent"] == 1


async def test_a_host_that_lives_is_kept_though_nothing_is_said(queue: MemoryQueue) -> None:
    controller, agent = Controller(queue, interval=1), Agent(queue)
    async with running(controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        await asyncio.sleep(3.5)
        assert agent.sessions == 1 and controller.listener.left == 0


async def test_a_host_goes_on_to_another_controller_when_its_own_says_nothing(queue: MemoryQueue) -> None:
    first, agent = Controller(queue, "c1", interval=1), Agent(queue)
    async with running(agent.run()):
        async with running(first.server.run()):
            await eventually(lambda: agent.state.revision == 1)
        second = Controller(queue, "c2", interval=1)
        second.listener.revision = 5
        async with running(second.server.run()):
            await eventually(lambda: agent.state.revision == 5)
    assert agent.state.vteps == {number: number for number in range(1, 6)}


async def test_a_host_whose_group_changes_gets_nothing_late_and_listens_where_it_should(queue: MemoryQueue) -> None:
    controller, agent = Controller(queue), Agent(queue)
    async with running(controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        controller.places["host-1"] = there = Place("group-2", "host-1~2")
        for _ in range(5):
            controller.listener.change()
        await eventually(lambda: agent.state.revision == 6)
        assert agent.sessions == 2
        assert queue.waiting(PLACE.topic, slot_of(PLACE.key)) == queue.waiting(there.topic, slot_of(there.key)) == 0


async def test_a_host_that_is_no_known_node_is_not_served(queue: MemoryQueue) -> None:
    controller, agent = Controller(queue), Agent(queue, "stranger")
    async with running(controller.server.run(), agent.run()):
        await eventually(lambda: controller.server.refused["unknown_node"] > 0)
        assert agent.sessions == controller.server.hosts == 0


async def test_an_answer_to_a_hello_that_was_given_up_is_declined_and_the_host_claimed_anew(queue: MemoryQueue) -> None:
    controller, agent = Controller(queue), Agent(queue)
    async with running(controller.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        late = encode_agent_message(Hello("host-1", b"b" * 16))
        queue.put(HELLOS, encode_hello(QueuedHello(b"s" * 16, 1, late, PLACE)))
        await eventually(lambda: agent.sessions == 2 and controller.server.hosts == 1)
        controller.listener.change()
        await eventually(lambda: agent.state.revision == 2)


async def test_a_stopping_controller_sends_its_hosts_on(queue: MemoryQueue) -> None:
    first, second, agent = Controller(queue, "c1"), Controller(queue, "c2"), Agent(queue)
    async with running(first.server.run(), agent.run()):
        await eventually(lambda: agent.state.revision == 1)
        second.listener.revision = 2
        await first.server.stop(5.0)
        async with running(second.server.run()):
            await eventually(lambda: agent.state.revision == 2)
    assert first.listener.left == 1


async def test_a_host_hears_how_its_session_ended_though_it_was_the_last_of_its_topic(queue: MemoryQueue) -> None:
    controller, agent = Controller(queue, interval=1), Agent(queue)
    async with running(controller.server.run()):
        async with running(agent.run()):
            await eventually(lambda: agent.state.revision == 1)
            queue.hold()
            controller.places["host-1"] = Place("group-2", "host-1~2")
            controller.listener.change()
            await eventually(lambda: controller.server.hosts == 0)
            await asyncio.sleep(1)  # in which the server looks at its topics again and again
            queue.release()
            await eventually(lambda: agent.state.revision == 2)
        assert agent.sessions == 2 and not controller.server.refused["silent"]


async def test_a_controller_hears_that_a_host_has_left_though_the_queue_was_slow(queue: MemoryQueue) -> None:
    controller, agent = Controller(queue), Agent(queue)
    async with running(controller.server.run()):
        sessions = agent.client.connections()
        connection = await anext(sessions)
        await eventually(lambda: controller.server.hosts == 1)
        queue.hold()
        asyncio.get_running_loop().call_later(0.1, queue.release)
        await connection.closed()
        await eventually(lambda: controller.server.hosts == 0)
        assert not controller.server.refused["silent"]
        await sessions.aclose()  # type: ignore[attr-defined]
