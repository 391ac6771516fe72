"""What waits for a host is one goal state at most, whatever was delivered meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.channels import outbox as outbox_module
from alcor.channels.outbox import Outbox
from alcor.model.goal_state import GoalState, GoalStateDelta, NeighbourDelta, VpcNeighbours, apply_delta
from alcor.model.merge import copy_delta
from tests.unit.channels.strategies import colliding_deltas


def delta(revision: int, macs: int = 1) -> GoalStateDelta:
    neighbours = VpcNeighbours({revision * 1000 + mac: 1 for mac in range(macs)})
    return GoalStateDelta(revision=revision, neighbours={1: NeighbourDelta(put=neighbours)})


def snapshot_at(revision: int) -> GoalStateDelta:
    return GoalStateDelta(revision=revision, snapshot=True)


@given(st.lists(colliding_deltas, max_size=8), st.data())
def test_what_is_taken_does_what_was_delivered(deltas: list[GoalStateDelta], data: st.DataObject) -> None:
    outbox = Outbox(applied_revision=0)
    sent, expected = GoalState(), GoalState()
    untouched = [copy_delta(delivered) for delivered in deltas]
    for delivered in deltas:
        outbox.deliver(delivered)
        apply_delta(expected, delivered)
        if data.draw(st.booleans()) and (taken := outbox.take(lambda: snapshot_at(0))) is not None:
            apply_delta(sent, taken)
    if (taken := outbox.take(lambda: snapshot_at(0))) is not None:
        apply_delta(sent, taken)
    assert sent == expected
    assert deltas == untouched


def test_each_goal_state_follows_on_the_one_before() -> None:
    outbox = Outbox(applied_revision=3)
    taken = []
    for step in (lambda: outbox.deliver(delta(5)), lambda: outbox.deliver(delta(8)), outbox.resync):
        step()
        taken.append(outbox.take(lambda: snapshot_at(9)))
    outbox.deliver(delta(12))
    outbox.deliver(delta(13))
    taken.append(outbox.take(lambda: snapshot_at(9)))
    assert [(found.base_revision, found.revision) for found in taken if found] == [(3, 5), (5, 8), (0, 9), (9, 13)]
    assert outbox.is_empty()
    assert outbox.take(lambda: snapshot_at(9)) is None


def test_a_snapshot_is_taken_when_the_host_is_ready_and_covers_what_came_before() -> None:
    revisions = iter([7])
    outbox = Outbox(applied_revision=0)
    outbox.deliver(delta(5))
    outbox.resync()
    outbox.deliver(delta(6))
    outbox.resync()
    assert outbox.snapshot_is_next
    assert not outbox.is_empty()
    taken = outbox.take(lambda: snapshot_at(next(revisions)))
    assert taken is not None
    assert (taken.snapshot, taken.revision) == (True, 7)
    assert outbox.take(lambda: snapshot_at(next(revisions))) is None


def test_a_host_too_far_behind_gets_a_snapshot_instead_of_all_it_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "MERGED_ITEMS_LIMIT", 10)
    outbox = Outbox(applied_revision=0)
    for revision in range(1, 5):
        outbox.deliver(delta(revision, macs=3))
    taken = outbox.take(lambda: snapshot_at(4))
    assert taken is not None
    assert taken.snapshot
