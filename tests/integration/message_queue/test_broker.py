"""What the message-queue path counts on of the broker and its client."""

import concurrent.futures

import pulsar
import pytest

from alcor.testbed.waiting import wait_until
from tests.brokers import Broker

pytestmark = pytest.mark.timeout(400)  # the broker may have to be started

_SECONDS = 120  # clients try again ever less often, up to once a minute
_MILLISECONDS = 1000 * _SECONDS
_WAITING = 1000
_MOST_MESSAGE_BYTES = 5 * 1024 * 1024 - 2000


def _slot_of(client: pulsar.Client, topic: str, slots: tuple[int, int]) -> pulsar.Consumer:
    policy = pulsar.ConsumerKeySharedPolicy(key_shared_mode=pulsar.KeySharedMode.Sticky, sticky_ranges=[slots])
    return client.subscribe(
        topic, "hosts", consumer_type=pulsar.ConsumerType.KeyShared, key_shared_policy=policy, receiver_queue_size=10
    )


def _producer(client: pulsar.Client, topic: str) -> pulsar.Producer:
    return client.create_producer(topic, batching_enabled=False, block_if_queue_full=True, send_timeout_millis=0)


def _waiting_in(broker: Broker, topic: str, subscription: str) -> int:
    """How many messages nobody has taken yet."""
    waiting: int = broker.statistics(topic)["subscriptions"][subscription]["msgBacklog"]
    return waiting


def test_what_is_for_a_range_without_a_consumer_waits_and_holds_up_no_other(
    client: pulsar.Client, namespace: str
) -> None:
    topic = f"{namespace}/group"
    lower = _slot_of(client, topic, (0, 32_767))
    producer = _producer(client, topic)
    for number in range(_WAITING):  # "a" is in the lower half of the slots, "c" in the upper
        producer.send_async(b"%d" % number, lambda *_: None, partition_key="c")
    producer.send(b"heard", partition_key="a")
    assert lower.receive(_MILLISECONDS).data() == b"heard"
    upper = _slot_of(client, topic, (32_768, 65_535))
    heard = []
    for _ in range(_WAITING):
        message = upper.receive(_MILLISECONDS)
        upper.acknowledge(message)
        heard.append(int(message.data()))
    assert heard == list(range(_WAITING))


def test_what_is_sent_while_all_consumers_of_a_group_are_down_waits_for_each_in_order(
    client: pulsar.Client, namespace: str
) -> None:
    topic, halves = f"{namespace}/group", {"a": (0, 32_767), "c": (32_768, 65_535)}
    for half in halves.values():
        _slot_of(client, topic, half).close()
    producer = _producer(client, topic)
    for number in range(_WAITING):
        producer.send_async(b"%d" % number, lambda *_: None, partition_key="ac"[number % 2])
    producer.flush()
    for offset, half in enumerate(halves.values()):
        consumer = _slot_of(client, topic, half)
        heard = [int(consumer.receive(_MILLISECONDS).data()) for _ in range(_WAITING // 2)]
        assert heard == list(range(offset, _WAITING, 2))


def test_what_nobody_reads_ends_with_the_time_to_live_and_nobody_gets_it_late(
    broker: Broker, client: pulsar.Client, namespace: str
) -> None:
    topic = f"{namespace}/controller-killed"
    client.subscribe(topic, "controllers").close()
    broker.admin("POST", f"namespaces/{namespace}/messageTTL", 1)
    producer = _producer(client, topic)
    for _ in range(_WAITING):
        producer.send_async(b"for one that was killed", lambda *_: None)
    producer.flush()
    wait_until(lambda: not _waiting_in(broker, topic, "controllers"), "what waits to end", _SECONDS, poll_seconds=0.5)
    consumer = client.subscribe(topic, "controllers")
    producer.send(b"for one that came")
    assert consumer.receive(_MILLISECONDS).data() == b"for one that came"


def test_no_two_consumers_have_a_slot_in_common(client: pulsar.Client, namespace: str) -> None:
    topic = f"{namespace}/group"
    _slot_of(client, topic, (100, 200))
    _slot_of(client, topic, (201, 300))
    with pytest.raises(pulsar.ConsumerAssignError):
        _slot_of(client, topic, (200, 200))


def test_a_message_has_a_largest_size(client: pulsar.Client, namespace: str) -> None:
    producer = _producer(client, f"{namespace}/large")
    producer.send(bytes(_MOST_MESSAGE_BYTES))
    with pytest.raises(pulsar.MessageTooBig):
        producer.send(bytes(5 * 1024 * 1024))


def test_one_producer_at_a_time_has_a_topic_and_the_next_gets_it_when_that_goes(
    broker: Broker, client: pulsar.Client, namespace: str
) -> None:
    topic = f"{namespace}/published"
    first = client.create_producer(topic, access_mode=pulsar.ProducerAccessMode.Exclusive)
    with pytest.raises(pulsar.ProducerFenced):
        client.create_producer(topic, access_mode=pulsar.ProducerAccessMode.Exclusive)
    other = pulsar.Client(broker.url, logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error))
    mode = pulsar.ProducerAccessMode.WaitForExclusive
    with concurrent.futures.ThreadPoolExecutor(1) as waiting:
        second = waiting.submit(lambda: other.create_producer(topic, access_mode=mode))
        assert not concurrent.futures.wait([second], timeout=0.5).done
        first.close()
        second.result(_SECONDS).send(b"mine")
    other.close()


def test_consumers_producers_and_readers_go_on_when_a_broker_that_was_killed_is_back(
    broker: Broker, client: pulsar.Client, namespace: str
) -> None:
    topic, read = f"{namespace}/group", f"{namespace}/read"
    consumer, producer, publisher = (
        _slot_of(client, topic, (0, 32_767)),
        _producer(client, topic),
        _producer(client, read),
    )
    first = publisher.send(b"first")
    publisher.send(b"second")
    broker.kill()
    sent: concurrent.futures.Future[pulsar.Result] = concurrent.futures.Future()
    producer.send_async(b"while it was away", lambda result, _: sent.set_result(result), partition_key="a")
    broker.start()
    assert consumer.receive(_MILLISECONDS).data() == b"while it was away"
    assert sent.result(_SECONDS) == pulsar.Result.Ok
    reader = client.create_reader(read, pulsar.MessageId.deserialize(first.serialize()))
    assert reader.read_next(_MILLISECONDS).data() == b"second"
    publisher.send(b"third")
    assert reader.read_next(_MILLISECONDS).data() == b"third"
