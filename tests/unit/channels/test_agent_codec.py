"""What agents say survives the wire, and nothing malformed gets through."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from alcor.channels.agent_codec import decode_agent_message, decode_welcome, encode_agent_message, encode_welcome
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
    Welcome,
)
from alcor.model.digest import Digest
from tests.unit.channels.strategies import ids

revisions = st.integers(0, (1 << 64) - 1)
reasons = st.text(max_size=20)
seconds = st.integers(0, (1 << 32) - 1)
digests = st.builds(GoalStateDigest, revisions, st.builds(Digest, *[revisions] * 5), seconds)
hellos = st.builds(
    Hello,
    st.text(min_size=1, max_size=255),
    ids,
    st.one_of(st.just(b""), ids),
    revisions,
    reasons,
    st.one_of(st.none(), digests),
)
messages = st.one_of(
    hellos,
    st.builds(Acknowledgement, revisions, revisions, revisions, st.dictionaries(ids, reasons, max_size=3)),
    st.builds(
        PortReport,
        st.lists(st.builds(PortState, ids, st.sampled_from(State), reasons, revisions), max_size=3).map(tuple),
        st.booleans(),
    ),
    st.builds(ResyncRequest, revisions, reasons),
    digests,
)


@given(messages)
def test_a_message_is_the_same_after_the_wire(message: AgentMessage) -> None:
    assert decode_agent_message(encode_agent_message(message)) == message


@given(st.builds(Welcome, ids, reasons, seconds, seconds))
def test_a_welcome_is_the_same_after_the_wire(welcome: Welcome) -> None:
    assert decode_welcome(encode_welcome(welcome)) == welcome


@given(st.binary(max_size=200))
def test_garbage_becomes_a_message_or_a_typed_error(data: bytes) -> None:
    for decode in (decode_agent_message, decode_welcome):
        with contextlib.suppress(MalformedMessage):
            decode(data)
