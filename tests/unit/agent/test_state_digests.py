"""The agent says the digest of what it has, to the controller that counts in its change log."""

from pathlib import Path

from alcor.agent.state_digests import StateDigests
from alcor.channels.messages import GoalStateDigest
from alcor.model.digest import digest_of
from alcor.model.goal_state import GoalStateDelta
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import port


async def test_the_digest_is_of_the_wanted_state(tmp_path: Path) -> None:
    core = Core(tmp_path)
    await core.deliver_ports(port())
    core.reports.take()
    await StateDigests(core.wanted, core.reports).say()
    assert core.reports.take() == [GoalStateDigest(1, digest_of(core.wanted.state))]


async def test_without_a_whole_goal_state_there_is_nothing_to_say(tmp_path: Path) -> None:
    core = Core(tmp_path)
    await StateDigests(core.wanted, core.reports).say()
    assert core.reports.take() == []


async def test_a_controller_that_counts_in_another_log_hears_nothing(tmp_path: Path) -> None:
    core = Core(tmp_path)
    await core.deliver_ports(port())
    core.reports.connected(b"another log".ljust(16, b"."))
    await StateDigests(core.wanted, core.reports).say()
    assert core.reports.take() == []


async def test_a_digest_at_hand_is_of_the_revision_asked_for(tmp_path: Path) -> None:
    core = Core(tmp_path)
    digests = StateDigests(core.wanted, core.reports)
    await digests.refresh()
    assert digests.known(0, {}) is None
    await core.deliver_ports(port())
    assert digests.known(1, {}) is None
    await digests.refresh()
    assert digests.known(1, {}) == GoalStateDigest(1, digest_of(core.wanted.state))
    assert digests.known(2, {}) is None
    await core.deliver(GoalStateDelta(revision=2, base_revision=1))
    assert digests.known(1, {}) is None
