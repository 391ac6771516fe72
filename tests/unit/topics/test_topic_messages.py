"""What is published on a topic is the same where it is read, and nothing else is taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.channels.checks import MalformedMessage
from alcor.channels.topics import ChangeAssembler, TopicChange, encode_change
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, SecurityGroup, VpcNeighbours
from alcor.southbound.v1 import southbound_pb2, topics_pb2
from tests.unit.channels.strategies import neighbour_deltas, security_groups

VNI = 7
LOG_ID = b"l" * 16
SIGN_OF_LIFE = TopicChange(LOG_ID, GoalStateDelta(revision=5, base_revision=5))


def change_of(neighbours: NeighbourDelta) -> TopicChange:
    return TopicChange(LOG_ID, GoalStateDelta(revision=5, base_revision=3, neighbours={VNI: neighbours}))


@given(neighbour_deltas)
def test_a_change_is_the_same_after_the_wire(neighbours: NeighbourDelta) -> None:
    change = change_of(neighbours)
    (message,) = encode_change(change)
    assert ChangeAssembler(VNI).add(message) == change


@given(security_groups)
def test_a_security_group_is_the_same_after_the_wire(group: SecurityGroup) -> None:
    change = TopicChange(LOG_ID, GoalStateDelta(revision=5, security_groups={group.id: group}))
    (message,) = encode_change(change)
    assert ChangeAssembler(group.id).add(message) == change
    with pytest.raises(MalformedMessage):
        ChangeAssembler(b"another group...").add(message)
    with pytest.raises(MalformedMessage):
        ChangeAssembler(VNI).add(message)


def test_a_security_group_has_no_neighbours() -> None:
    (message,) = encode_change(change_of(NeighbourDelta(removed_macs={1})))
    with pytest.raises(MalformedMessage):
        ChangeAssembler(b"g" * 16).add(message)


def test_a_sign_of_life_changes_nothing() -> None:
    (message,) = encode_change(SIGN_OF_LIFE)
    assert ChangeAssembler(VNI).add(message) == SIGN_OF_LIFE


def test_what_is_too_large_for_one_message_comes_in_several() -> None:
    neighbours = NeighbourDelta(VpcNeighbours({mac: mac % 7 for mac in range(200_000)}))
    change = change_of(neighbours)
    *parts, last = encode_change(change)
    assert parts
    assert all(len(part) < 1024 * 1024 + 100 for part in (*parts, last))
    assembler = ChangeAssembler(VNI)
    assert [assembler.add(part) for part in parts] == [None] * len(parts)
    assert assembler.add(last) == change


def message(version: int = 1, log_id: bytes = LOG_ID, **change: object) -> bytes:
    state = southbound_pb2.GoalState(base_revision=1, revision=2, **change)  # type: ignore[arg-type]
    return topics_pb2.TopicMessage(version=version, log_id=log_id, change=state).SerializeToString()


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        message(version=2),
        message(log_id=b"short"),
        message(snapshot=True),
        message(removed_vpcs=[VNI]),
        message(ports=[southbound_pb2.Port(id=b"p" * 16)]),
        message(forwarding=[southbound_pb2.Forwarding(vni=8, macs=[1], host_indexes=[1])]),
        message(forwarding=[southbound_pb2.Forwarding(vni=VNI, macs=[1, 2], host_indexes=[1])]),
    ],
)
def test_garbage_later_versions_and_what_is_of_no_neighbours_of_the_vpc_are_refused(data: bytes) -> None:
    assembler = ChangeAssembler(VNI)
    with pytest.raises(MalformedMessage):
        assembler.add(data)
    assert assembler.add(encode_change(SIGN_OF_LIFE)[0]) == SIGN_OF_LIFE


@given(st.integers(1, 4))
def test_a_change_of_which_parts_were_lost_is_refused_and_the_next_is_taken(kept: int) -> None:
    neighbours = NeighbourDelta(VpcNeighbours({mac: mac % 7 for mac in range(400_000)}))
    parts = encode_change(change_of(neighbours))
    assembler = ChangeAssembler(VNI)
    for part in parts[:kept]:
        assembler.add(part)
    with pytest.raises(MalformedMessage):
        assembler.add(encode_change(SIGN_OF_LIFE)[0])
    assert assembler.add(encode_change(SIGN_OF_LIFE)[0]) == SIGN_OF_LIFE
