"""How long a host owes an answer: from when the oldest of what it has not acknowledged began to wait."""

import itertools

import pytest

from alcor.channels.fast_path import sent_times
from alcor.channels.fast_path.progress import delivery, owed_since
from alcor.channels.fast_path.sent_times import SentTimes
from alcor.channels.interface import Delivery, Waiting
from alcor.channels.outbox import Outbox
from alcor.model.goal_state import GoalStateDelta


class Host:
    """An outbox and what was sent from it, on a clock that ticks a second each time it is looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ticks = itertools.count(1)
        monkeypatch.setattr(sent_times.time, "monotonic", lambda: float(next(ticks)))
        self.outbox = Outbox(applied_revision=3)
        self.sent = SentTimes(applied_revision=3)

    def deliver(self, revision: int) -> None:
        self.outbox.deliver(GoalStateDelta(revision=revision, removed_vteps={revision}))

    def send(self, snapshot_revision: int = 0) -> None:
        since = self.outbox.waiting_since
        taken = self.outbox.take(lambda: GoalStateDelta(revision=snapshot_revision, snapshot=True))
        assert taken is not None
        assert since is not None
        self.sent.note(taken.revision, since)

    @property
    def since(self) -> float | None:
        return owed_since(self.outbox, self.sent)

    @property
    def delivery(self) -> Delivery:
        return delivery(self.outbox, self.sent)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(monkeypatch)


def test_a_host_owes_an_answer_from_delivery_until_acknowledgement(host: Host) -> None:
    assert host.since is None
    host.deliver(5)
    assert host.since == 1.0
    host.deliver(6)
    assert host.delivery == Delivery(3, 3, 0, Waiting.DELTA, 2)
    host.send()
    assert host.since == 1.0
    assert host.delivery == Delivery(3, 6, 1, Waiting.NOTHING, 0)
    host.sent.seconds_since(6)
    assert host.since is None
    assert host.delivery == Delivery(6, 6, 0, Waiting.NOTHING, 0)


def test_what_is_acknowledged_leaves_what_came_after_it(host: Host) -> None:
    host.deliver(5)  # at 1
    host.send()  # at 2
    host.deliver(6)  # at 3
    host.send()  # at 4
    host.deliver(7)  # at 5
    host.sent.seconds_since(5)
    assert host.since == 3.0
    host.sent.seconds_since(6)
    assert host.since == 5.0


def test_a_snapshot_waits_as_long_as_what_it_takes_the_place_of(host: Host) -> None:
    host.deliver(5)
    host.outbox.resync()
    assert host.since == 1.0
    assert host.delivery.waiting is Waiting.SNAPSHOT
    host.send(snapshot_revision=9)
    host.outbox.resync()
    host.sent.seconds_since(9)
    assert host.since is not None
    assert host.since > 1.0


def test_a_host_that_never_answers_is_remembered_from_the_first(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_times, "_KEPT", 4)
    for revision in range(5, 50):
        host.deliver(revision)
        host.send()
    assert host.since == 1.0
    assert host.sent.count() == 4
    host.sent.seconds_since(49)
    assert host.since is None
