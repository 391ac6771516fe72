"""The agent says the digest of what it has, to the controller that counts in its change log."""

from pathlib import Path

from alcor.agent.state_digests import say_digest
from alcor.channels.messages import GoalStateDigest
from alcor.model.digest import digest_of
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import port


async def test_the_digest_is_of_the_wanted_state(tmp_path: Path) -> None:
    core = Core(tmp_path)
    await core.deliver_ports(port())
    core.reports.take()
    await say_digest(core.wanted, core.reports)
    assert core.reports.take() == [GoalStateDigest(1, digest_of(core.wanted.state))]


async def test_without_a_whole_goal_state_there_is_nothing_to_say(tmp_path: Path) -> None:
    core = Core(tmp_path)
    await say_digest(core.wanted, core.reports)
    assert core.reports.take() == []


async def test_a_controller_that_counts_in_another_log_hears_nothing(tmp_path: Path) -> None:
    core = Core(tmp_path)
    await core.deliver_ports(port())
    core.reports.connected(b"another log".ljust(16, b"."))
    await say_digest(core.wanted, core.reports)
    assert core.reports.take() == []
