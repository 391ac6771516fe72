"""Who may lead whom survives the wire, and nothing malformed gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.channels.checks import MalformedMessage
from alcor.channels.messages import RelayCandidate, RelayCandidates
from alcor.channels.rescue.codec import MOST_CANDIDATES, decode_relays, encode_relays
from alcor.southbound.v1 import southbound_pb2 as pb

KEY = b"k" * 32
secrets = st.binary(min_size=32, max_size=32)
candidates = st.builds(RelayCandidate, st.text(min_size=1, max_size=255), st.integers(0, (1 << 32) - 1), secrets)


@given(st.builds(RelayCandidates, secrets, st.lists(candidates, max_size=MOST_CANDIDATES).map(tuple)))
def test_candidates_are_the_same_after_the_wire(relays: RelayCandidates) -> None:
    assert decode_relays(pb.ControllerMessage.FromString(encode_relays(relays)).relay_candidates) == relays


@pytest.mark.parametrize(
    "message",
    [
        pb.RelayCandidates(),
        pb.RelayCandidates(key=b"short"),
        pb.RelayCandidates(key=KEY, candidates=[pb.RelayCandidate(host_id="h", token=b"short")]),
        pb.RelayCandidates(key=KEY, candidates=[pb.RelayCandidate(token=KEY)]),
        pb.RelayCandidates(key=KEY, candidates=[pb.RelayCandidate(host_id="h", token=KEY)] * (MOST_CANDIDATES + 1)),
    ],
)
def test_malformed_candidates_are_refused(message: pb.RelayCandidates) -> None:
    with pytest.raises(MalformedMessage):
        decode_relays(message)
