"""What hosts get is the goal state they should get, whether it was encoded for them or shared."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.channels import encoding
from alcor.channels.codec import delta_from_messages
from alcor.channels.encoding import GoalStateEncoder
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, VpcNeighbours
from alcor.southbound.v1 import southbound_pb2 as pb
from tests.unit.channels import strategies


def received(encoder: GoalStateEncoder, delta: GoalStateDelta, max_bytes: int = 100_000) -> GoalStateDelta:
    """What a host makes of it."""
    parts = list(encoder.parts(delta, max_bytes))
    assert [more for _, more in parts] == [True] * (len(parts) - 1) + [False]
    messages = [pb.ControllerMessage.FromString(data) for data, _ in parts]
    assert {message.WhichOneof("message") for message in messages} == {"goal_state"}
    return delta_from_messages(message.goal_state for message in messages)


def told(revision: int, macs: int = 3) -> GoalStateDelta:
    neighbours = VpcNeighbours(dict.fromkeys(range(macs), revision), {7: 8}, {})
    return GoalStateDelta(revision=revision, neighbours={5: NeighbourDelta(put=neighbours)})


@given(st.lists(strategies.deltas, max_size=4), st.integers(100, 5000))
def test_a_goal_state_is_the_same_after_the_wire(deltas: list[GoalStateDelta], max_bytes: int) -> None:
    encoder = GoalStateEncoder()
    for delta in [*deltas, *deltas]:
        assert received(encoder, delta, max_bytes) == delta


def test_hosts_that_are_told_the_same_each_get_it_on_what_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, shared = GoalStateEncoder(), told(9)
    assert received(encoder, msgspec.structs.replace(shared, base_revision=4)).base_revision == 4

    def fail(*_arguments: object) -> None:
        raise AssertionError("it is encoded already")

    monkeypatch.setattr(encoding, "goal_state_to_messages", fail)
    for base_revision in (0, 1, 8):
        delta = msgspec.structs.replace(shared, base_revision=base_revision)
        assert received(encoder, delta) == delta


def test_what_was_forgotten_is_encoded_again() -> None:
    encoder = GoalStateEncoder()
    for revision in [*range(1, 200), *range(1, 200)]:
        assert received(encoder, told(revision)) == told(revision)


def test_large_ones_are_cut_into_parts() -> None:
    large = told(3, macs=50_000)
    assert len(list(GoalStateEncoder().parts(large, 100_000))) > 5
    assert received(GoalStateEncoder(), large) == large
