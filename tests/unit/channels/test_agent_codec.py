"""What agents say survives the wire, and nothing malformed gets through."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.channels.agent_codec import (
    decode_agent_message,
    decode_ncms,
    decode_welcome,
    encode_agent_message,
    encode_welcome,
    ncms_message,
)
from alcor.channels.checks import MalformedMessage
from alcor.channels.messages import (
    Acknowledgement,
    AgentMessage,
    GoalStateDigest,
    Hello,
    PortReport,
    PortState,
    ResyncRequest,
    State,
    TopicPosition,
    Welcome,
)
from alcor.model.digest import Digest
from alcor.southbound.v1 import southbound_pb2 as pb
from tests.unit.channels.strategies import feeds, ids, subjects

revisions = st.integers(0, (1 << 64) - 1)
reasons = st.text(max_size=20)
seconds = st.integers(0, (1 << 32) - 1)
digests = st.builds(
    GoalStateDigest,
    revisions,
    st.builds(Digest, *[revisions] * len(Digest.__struct_fields__)),
    seconds,
    st.dictionaries(subjects, feeds, max_size=3),
)
servers = st.one_of(
    st.from_regex(r"[a-z0-9.-]{1,20}:([1-9][0-9]{0,3})", fullmatch=True),
    st.from_regex(r"\[[0-9a-f:]{1,20}]:([1-9][0-9]{0,3})", fullmatch=True),
    st.from_regex(r"unix:[a-z/.@-]{1,20}", fullmatch=True),
)
hellos = st.builds(
    Hello,
    st.text(min_size=1, max_size=255),
    ids,
    st.one_of(st.just(b""), ids),
    revisions,
    reasons,
    st.one_of(st.none(), digests),
    st.booleans(),
    st.booleans(),
    st.just(True),
    st.text(max_size=255),
    st.dictionaries(subjects, feeds, max_size=3),
    st.booleans(),
)
port_states = st.one_of(
    st.builds(PortState, ids, st.sampled_from(State), reasons, revisions),
    st.builds(PortState, ids, st.just(State.DOWN), reasons, revisions, st.just(True)),
)
messages = st.one_of(
    hellos,
    st.builds(Acknowledgement, revisions, revisions, revisions, st.dictionaries(ids, reasons, max_size=3)),
    st.builds(
        PortReport,
        st.lists(port_states, max_size=3).map(tuple),
        st.booleans(),
    ),
    st.builds(ResyncRequest, revisions, reasons),
    st.builds(TopicPosition, subjects, st.booleans(), revisions, revisions, st.booleans(), reasons),
    digests,
)


@given(messages)
def test_a_message_is_the_same_after_the_wire(message: AgentMessage) -> None:
    assert decode_agent_message(encode_agent_message(message)) == message


@given(st.builds(Welcome, ids, reasons, seconds, seconds))
def test_a_welcome_is_the_same_after_the_wire(welcome: Welcome) -> None:
    assert decode_welcome(encode_welcome(welcome)) == welcome


@given(st.lists(servers, max_size=5))
def test_network_config_managers_are_the_same_after_the_wire(addresses: list[str]) -> None:
    assert decode_ncms(ncms_message(addresses)) == tuple(addresses)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "host",
        "host:",
        ":9697",
        "host:port",
        "host:0",
        "host:65536",
        "a b:1",
        "http://host:1",
        "::1:1",
        "unix:",
        "é:1",
    ],
)
def test_an_address_that_nobody_can_listen_at_is_malformed(address: str) -> None:
    with pytest.raises(MalformedMessage):
        decode_ncms(pb.NetworkConfigManagers(addresses=["host:1", address]))


def test_a_thousand_network_config_managers_and_no_more() -> None:
    addresses = [f"host:{port}" for port in range(1, 1001)]
    assert len(decode_ncms(ncms_message(addresses))) == 1000
    for make in (ncms_message, lambda many: decode_ncms(pb.NetworkConfigManagers(addresses=many))):
        with pytest.raises(MalformedMessage):
            make([*addresses, "host:1001"])


@given(st.binary(max_size=200))
def test_garbage_becomes_a_message_or_a_typed_error(data: bytes) -> None:
    for decode in (decode_agent_message, decode_welcome):
        with contextlib.suppress(MalformedMessage):
            decode(data)
