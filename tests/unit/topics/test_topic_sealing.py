"""What is published on a sealed topic is read with the key of that topic and time, and not otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.channels.checks import MalformedMessage
from alcor.channels.topic_keys import TopicKeySchedule
from alcor.channels.topic_sealing import NotOpened, TopicOpener, TopicSealer
from alcor.channels.topics import ChangeAssembler, encode_change
from alcor.model.subjects import vpc_topic
from alcor.southbound.v1 import topics_pb2 as pb
from tests.unit.topics.test_topic_messages import SIGN_OF_LIFE, VNI

SECRET = b"s" * 32
EPOCH = 3600.0
NOW = 500_000.5 * EPOCH
times = st.integers(1, 2**40).map(lambda milliseconds: NOW + milliseconds / 1000)
TOPIC, OTHER_TOPIC = vpc_topic(b"v" * 16), vpc_topic(b"w" * 16)
(PLAIN,) = encode_change(SIGN_OF_LIFE)


def schedule(at: float = NOW, secret: bytes = SECRET, epoch_seconds: float = EPOCH) -> TopicKeySchedule:
    return TopicKeySchedule(lambda: secret, epoch_seconds, lambda: at)


def sealed(at: float = NOW, topic: str = TOPIC) -> bytes:
    return TopicSealer(topic, schedule(at)).seal(PLAIN)


def opener(at: float = NOW, topic: str = TOPIC) -> TopicOpener:
    return TopicOpener(topic, schedule(at).told(topic))


@given(st.binary(max_size=1000))
def test_readers_who_are_told_the_key_have_what_was_published(data: bytes) -> None:
    sealer, reader = TopicSealer(TOPIC, schedule()), opener()
    assert [reader.open(sealer.seal(data)) for _ in range(3)] == [data] * 3


@pytest.mark.parametrize(
    "keys",
    [
        {},
        schedule().told(OTHER_TOPIC),
        schedule(NOW + EPOCH * 3).told(TOPIC),
        schedule(secret=b"t" * 32).told(TOPIC),
        schedule(epoch_seconds=EPOCH / 2).told(TOPIC),
    ],
)
def test_no_other_key_opens_it(keys: dict[int, bytes]) -> None:
    with pytest.raises(NotOpened):
        TopicOpener(TOPIC, keys).open(sealed())


def test_it_is_not_taken_for_a_message_of_another_topic_or_epoch() -> None:
    with pytest.raises(NotOpened):
        TopicOpener(OTHER_TOPIC, schedule().told(TOPIC)).open(sealed())
    message = pb.TopicMessage.FromString(sealed())
    message.sealed.epoch += 1
    ((_, key),) = schedule().told(TOPIC).items()
    with pytest.raises(NotOpened):
        TopicOpener(TOPIC, {message.sealed.epoch: key}).open(message.SerializeToString())


def test_whatever_bit_is_flipped_it_is_refused() -> None:
    message, reader = sealed(), opener()
    for bit in range(len(message) * 8):
        flipped = bytearray(message)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(MalformedMessage):
            ChangeAssembler(VNI).add(reader.open(bytes(flipped)))
    assert ChangeAssembler(VNI).add(reader.open(message)) == SIGN_OF_LIFE


def test_no_nonce_is_used_twice_with_a_key_over_starts_and_clocks_that_go_back() -> None:
    used, clock = set(), iter(())
    keys = TopicKeySchedule(lambda: SECRET, EPOCH, lambda: next(clock))
    for _ in range(20):
        sealer = TopicSealer(TOPIC, keys)
        clock = iter(5 * [NOW] + 5 * [NOW + EPOCH] + 5 * [NOW])
        for _ in range(15):
            message = pb.TopicMessage.FromString(sealer.seal(PLAIN)).sealed
            used.add((message.epoch, message.salt, message.number))
    assert len(used) == 20 * 15


def test_who_is_told_a_key_takes_nothing_that_is_not_sealed() -> None:
    with pytest.raises(NotOpened):
        opener().open(PLAIN)
    assert TopicOpener(TOPIC, {}).open(PLAIN) == PLAIN


def test_agents_that_know_nothing_of_sealed_messages_take_them_for_a_later_version() -> None:
    with pytest.raises(MalformedMessage, match="version 2 of topics is not known"):
        ChangeAssembler(VNI).add(sealed())


@given(at=times, ahead=st.floats(-0.12, 0.12), took=st.floats(0, 0.12))
def test_readers_are_told_of_an_epoch_before_it_begins_anywhere(at: float, ahead: float, took: float) -> None:
    """It takes a while until all are told, and whoever publishes has another clock; both in epochs."""
    told_at = at - (at - (took - 0.25) * EPOCH) % EPOCH
    epoch, key = schedule(at + ahead * EPOCH).current(TOPIC)
    assert schedule(told_at).told(TOPIC)[epoch] == key


@given(at=times)
def test_who_is_told_no_more_reads_on_for_an_epoch_and_a_quarter_at_most(at: float) -> None:
    epoch, _ = schedule(at + 1.25 * EPOCH).current(TOPIC)
    assert epoch not in schedule(at).told(TOPIC)
