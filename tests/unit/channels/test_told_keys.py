"""Hosts that take keys of topics are told them, and nobody sees them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.channels.checks import MalformedMessage
from alcor.channels.messages import Hello, TopicKeys
from alcor.channels.told import FromController, Told, encode_guidance
from alcor.southbound.v1 import southbound_pb2 as pb
from tests.unit.channels.strategies import subjects

KEY = b"k" * 32
epochs = st.dictionaries(st.integers(0, (1 << 64) - 1), st.binary(min_size=32, max_size=32), min_size=1, max_size=3)


@given(st.builds(TopicKeys, st.dictionaries(subjects, epochs, max_size=3)))
def test_keys_are_the_same_after_the_wire(keys: TopicKeys) -> None:
    told: list[TopicKeys] = []
    FromController(Told(topic_keys=told.append)).take(encode_guidance(keys))
    assert told == [keys]


def test_who_takes_none_is_told_none() -> None:
    assert not Told().asked_for(Hello("host-1", b"b" * 16)).takes_topic_keys
    assert Told(topic_keys=lambda keys: None).asked_for(Hello("host-1", b"b" * 16)).takes_topic_keys
    with pytest.raises(MalformedMessage):
        FromController(Told()).take(encode_guidance(TopicKeys({7: {1: KEY}})))


@pytest.mark.parametrize("key", [{"vni": 7, "key": b"short"}, {"vni": 1 << 24, "key": KEY}, {"security_group": b"g"}])
def test_what_is_no_key_of_a_topic_is_malformed(key: dict[str, object]) -> None:
    message = pb.ControllerMessage(topic_keys=pb.TopicKeys(keys=[pb.TopicKey(**key)]))  # type: ignore[arg-type]
    with pytest.raises(MalformedMessage):
        FromController(Told(topic_keys=lambda keys: None)).take(message.SerializeToString())


def test_keys_are_not_shown() -> None:
    assert repr(TopicKeys({7: {1: KEY}})) == "TopicKeys(of 1 topics)"
