"""Goal states are taken when they follow on what is there, and only then."""

import pytest

from alcor.agent.sequence import Sequence, Verdict
from alcor.model.goal_state import GoalStateDelta

LOG = b"log"


@pytest.mark.parametrize(
    ("base", "revision", "verdict"),
    [
        (5, 6, Verdict.TAKE),
        (5, 9, Verdict.TAKE),
        (4, 5, Verdict.IGNORE),
        (1, 2, Verdict.IGNORE),
        (6, 7, Verdict.RESYNC),
        (4, 6, Verdict.RESYNC),
        (0, 6, Verdict.RESYNC),
    ],
)
def test_a_delta_on_revision_5(base: int, revision: int, verdict: Verdict) -> None:
    assert Sequence(LOG, 5).judge(GoalStateDelta(base_revision=base, revision=revision)) is verdict


def test_a_snapshot_is_always_taken_even_an_older_one() -> None:
    sequence = Sequence(LOG, 5)
    assert sequence.judge(GoalStateDelta(revision=3, snapshot=True)) is Verdict.TAKE
    assert sequence.judge(GoalStateDelta(base_revision=3, revision=4)) is Verdict.TAKE


def test_after_a_gap_a_snapshot_is_asked_for_once_and_waited_for() -> None:
    sequence = Sequence(LOG, 5)
    assert sequence.judge(GoalStateDelta(base_revision=7, revision=8)) is Verdict.RESYNC
    assert sequence.judge(GoalStateDelta(base_revision=8, revision=9)) is Verdict.IGNORE
    assert sequence.judge(GoalStateDelta(revision=9, snapshot=True)) is Verdict.TAKE
    assert sequence.judge(GoalStateDelta(base_revision=11, revision=12)) is Verdict.RESYNC


def test_another_change_log_starts_from_nothing() -> None:
    sequence = Sequence(LOG, 5)
    sequence.enter(b"other")
    delta = GoalStateDelta(base_revision=5, revision=6)
    assert sequence.judge(delta) is Verdict.RESYNC
    sequence.enter(b"other")
    from_nothing = GoalStateDelta(base_revision=0, revision=2)
    assert sequence.judge(from_nothing) is Verdict.TAKE
    assert from_nothing.snapshot


def test_the_same_change_log_goes_on() -> None:
    sequence = Sequence(LOG, 5)
    sequence.enter(LOG)
    assert sequence.judge(GoalStateDelta(base_revision=5, revision=6)) is Verdict.TAKE
