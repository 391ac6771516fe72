"""The controller is told how the host does when it listens, and again only when something changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alcor.agent.health.probing import Probing
from alcor.agent.health.reporting import HealthReports
from alcor.channels.messages import DataPlaneState, HostHealth, ProbeTargets, State
from alcor.model.goal_state import GoalStateDelta
from tests.unit.agent import goal_states
from tests.unit.agent.core import LOG_ID, Core, port_reports


class Site:
    """An agent's core with its health reports, on one clock."""

    def __init__(self, directory: Path) -> None:
        self.core = Core(directory)
        self.reports = HealthReports(
            Probing("127.0.0.1", 9, self.core.counters),
            self.core.reconciler,
            self.core.driver,
            self.core.reports,
            self.core.clock,
        )

    def said(self) -> list[HostHealth]:
        self.reports.look()
        return [message for message in self.core.reports.take() if isinstance(message, HostHealth)]

    async def pass_time(self, seconds: float) -> list[HostHealth]:
        await self.core.pass_time(seconds)
        return self.said()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield Site(tmp_path)


async def test_a_controller_that_does_not_ask_is_told_nothing(site: Site) -> None:
    assert site.said() == []


async def test_what_did_not_change_is_not_said_again(site: Site) -> None:
    await site.core.deliver(GoalStateDelta(revision=1, snapshot=True))
    site.reports.told_targets(ProbeTargets())
    assert site.said() == [HostHealth()]
    assert await site.pass_time(60) == []
    site.reports.disconnected()
    site.reports.told_targets(ProbeTargets())
    assert await site.pass_time(60) == [HostHealth()]


async def test_a_data_plane_that_is_away_for_a_moment_is_not_worth_a_word(site: Site) -> None:
    await site.core.deliver(GoalStateDelta(revision=1, snapshot=True))
    site.reports.told_targets(ProbeTargets())
    site.said()
    site.core.reconciler.lost("ovs-vswitchd is gone")
    assert await site.pass_time(1) == []
    site.core.reconciler.restarted()
    assert await site.pass_time(1) == []
    assert await site.pass_time(10) == []


async def test_a_data_plane_that_stays_away_is_told_and_takes_its_ports_down_until_it_is_back(site: Site) -> None:
    port = goal_states.port()
    site.core.driver.attach(port.id)
    await site.core.deliver_ports(port)
    site.reports.told_targets(ProbeTargets())
    site.said()
    site.core.reconciler.lost("ovs-vswitchd is gone")
    assert await site.pass_time(1) == []
    assert await site.pass_time(3) == [HostHealth(DataPlaneState.GONE, "ovs-vswitchd is gone")]
    assert site.core.states() == {port.id: State.UP}
    await site.core.pass_time(20)
    (report,) = port_reports(site.core.reports.take())
    assert [(each.state, each.reason) for each in report.ports] == [(State.FAILED, "ovs-vswitchd is gone")]
    site.core.reconciler.restarted()
    assert await site.pass_time(5) == [HostHealth()]
    assert site.core.states() == {port.id: State.UP}
    assert site.core.wanted.log_id == LOG_ID
