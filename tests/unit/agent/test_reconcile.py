"""What the reconciler tells of ports, when it acknowledges, and how it goes on when something fails."""

from itertools import pairwise
from pathlib import Path

import pytest

from alcor.agent.wanted import FILE_NAME
from alcor.channels.messages import State
from alcor.dataplane.driver import Change, Failures
from alcor.model.goal_state import GoalStateDelta
from tests.unit.agent.core import LOG_ID, Core, acknowledgements, port_reports
from tests.unit.agent.goal_states import port, port_id

A, B = port(1), port(2, address="10.0.0.2", mac=0xFA163E000002)


async def test_a_port_is_up_once_its_interface_is_there_and_programmed(tmp_path: Path) -> None:
    core = Core(tmp_path)
    await core.deliver_ports(A)
    assert core.states() == {A.id: State.DOWN}
    core.driver.attach(A.id)
    await core.reconciler.step()
    assert core.states() == {A.id: State.UP}
    core.driver.detach(A.id)
    await core.reconciler.step()
    assert core.states() == {A.id: State.DOWN}


async def test_an_interface_is_told_of_before_its_port_is_here_and_after(tmp_path: Path) -> None:
    core = Core(tmp_path)
    await core.deliver_ports(A)
    core.reports.take()
    core.driver.attach(B.id)
    await core.reconciler.step()
    (report,) = port_reports(core.reports.take())
    assert [(state.id, state.state, state.unclaimed) for state in report.ports] == [(B.id, State.DOWN, True)]
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, ports={B.id: B}))
    assert core.states()[B.id] is State.UP
    core.reports.take()
    await core.deliver(GoalStateDelta(revision=3, base_revision=2, removed_ports={B.id}))
    (report,) = port_reports(core.reports.take())
    assert [(state.id, state.unclaimed) for state in report.ports] == [(B.id, True)]
    core.driver.detach(B.id)
    await core.reconciler.step()
    (report,) = port_reports(core.reports.take())
    assert [(state.id, state.state, state.unclaimed) for state in report.ports] == [(B.id, State.DOWN, False)]
    assert core.states() == {A.id: State.DOWN}


async def test_interfaces_without_a_port_are_part_of_a_complete_report(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.attach(B.id)
    await core.deliver_ports(A)
    (report,) = port_reports(core.reports.take())
    assert report.complete
    assert {state.id: state.unclaimed for state in report.ports} == {A.id: False, B.id: True}


async def test_a_snapshot_is_reported_completely_and_acknowledged(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.attach(A.id)
    await core.deliver_ports(A, B)
    messages = core.reports.take()
    (report,) = port_reports(messages)
    assert report.complete
    assert {state.id: (state.state, state.revision) for state in report.ports} == {
        A.id: (State.UP, 1),
        B.id: (State.DOWN, 1),
    }
    (acknowledgement,) = acknowledgements(messages)
    assert acknowledgement.revision == 1
    assert 0 <= acknowledgement.received_nanoseconds <= acknowledgement.programmed_nanoseconds


async def test_a_port_sent_again_is_reported_again(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.attach(A.id)
    await core.deliver_ports(A)
    core.reports.take()
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, ports={A.id: A}))
    (report,) = port_reports(core.reports.take())
    assert not report.complete
    assert [(state.id, state.state, state.revision) for state in report.ports] == [(A.id, State.UP, 2)]


async def test_many_goal_states_become_one_change_and_one_acknowledgement(tmp_path: Path) -> None:
    core = Core(tmp_path)
    await core.deliver_ports()
    core.reports.take()
    for revision in range(2, 50):
        delta = GoalStateDelta(revision=revision, base_revision=revision - 1, ports={port_id(revision): port(revision)})
        core.driver.attach(port_id(revision))
        await core.reconciler.deliver(delta, LOG_ID)
    await core.reconciler.step()
    assert core.counters.values["data_plane_changes"] == 1
    assert [message.revision for message in acknowledgements(core.reports.take())] == [49]


async def test_a_refused_port_fails_with_the_reason_and_is_tried_again_later_and_later(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.attach(A.id)
    core.driver.refusals = {A.id: "no room"}
    await core.deliver_ports(A)
    messages = core.reports.take()
    assert port_reports(messages)[0].ports[0].reason == "no room"
    assert acknowledgements(messages)[0].failures == {A.id: "no room"}
    attempts = []
    for _ in range(100):
        before = core.counters.values["refused_endpoints"]
        await core.pass_time(1)
        if core.counters.values["refused_endpoints"] > before:
            attempts.append(core.now)
    pauses = [later - earlier for earlier, later in pairwise(attempts)]
    assert pauses == sorted(pauses) and pauses[-1] > pauses[0]
    core.driver.refusals = {}
    await core.pass_time(100)
    assert core.states() == {A.id: State.UP}
    assert core.reconciler.port_states.failures() == {}


async def test_other_ports_changes_do_not_put_the_retry_off(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.attach(A.id)
    core.driver.refusals = {A.id: "no room"}
    await core.deliver_ports(A)
    core.driver.refusals = {}
    for revision in range(2, 8):
        core.now += 0.3
        await core.deliver(GoalStateDelta(revision=revision, base_revision=revision - 1, ports={B.id: B}))
    assert core.states()[A.id] is State.UP


async def test_without_data_plane_nothing_is_acknowledged_and_new_ports_fail(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.unavailable = "start Open vSwitch"
    core.driver.attach(A.id)
    await core.deliver_ports(A)
    assert acknowledgements(core.reports.take()) == []
    assert core.reconciler.port_states.failures() == {A.id: "start Open vSwitch"}
    assert core.reconciler.trouble == "start Open vSwitch"
    core.driver.unavailable = ""
    await core.pass_time(5)
    assert core.states() == {A.id: State.UP}
    assert [message.revision for message in acknowledgements(core.reports.take())] == [1]
    assert core.reconciler.trouble == ""


async def test_ports_that_are_up_outlive_a_short_absence_of_the_data_plane(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.attach(A.id)
    await core.deliver_ports(A)
    core.driver.unavailable = "restarting"
    core.driver.lose_everything()
    await core.pass_time(1)
    await core.pass_time(5)
    assert core.states() == {A.id: State.UP}
    await core.pass_time(10)
    assert core.states() == {A.id: State.FAILED}
    core.driver.unavailable = ""
    core.driver.lose_everything()
    await core.reconciler.step()
    assert core.states() == {A.id: State.UP}
    assert A.id in core.switch.endpoints


async def test_what_is_not_on_disk_is_programmed_but_not_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = Core(tmp_path)
    await core.deliver_ports()
    core.reports.take()
    core.driver.attach(A.id)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("alcor.agent.journal.os.write", full)
        await core.deliver(GoalStateDelta(revision=2, base_revision=1, ports={A.id: A}))
        assert A.id in core.switch.endpoints
        assert acknowledgements(core.reports.take()) == []
        assert "No space left" in core.reconciler.trouble
    await core.pass_time(30)
    assert [message.revision for message in acknowledgements(core.reports.take())] == [2]
    assert Core(tmp_path).wanted.state.ports == {A.id: A}


async def test_a_new_controller_is_told_of_ports_as_of_all_that_is_programmed(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.attach(A.id)
    await core.deliver_ports(A)
    core.driver.attach(B.id)
    await core.deliver(GoalStateDelta(revision=5, base_revision=1, ports={B.id: B}))
    core.reports.take()
    core.reconciler.report_everything()
    (report,) = port_reports(core.reports.take())
    assert {state.id: state.revision for state in report.ports} == {A.id: 5, B.id: 5}
    core.driver.unavailable = "start Open vSwitch"
    await core.deliver(GoalStateDelta(revision=6, base_revision=5, ports={A.id: A}))
    core.reports.take()
    core.reconciler.report_everything()
    (report,) = port_reports(core.reports.take())
    assert {state.id: state.revision for state in report.ports} == {A.id: 5, B.id: 5}


async def test_reports_in_another_change_log_are_not_made(tmp_path: Path) -> None:
    core = Core(tmp_path)
    await core.deliver_ports(A)
    core.reports.connected(b"another log")
    core.reconciler.report_everything()
    core.driver.attach(A.id)
    await core.reconciler.step()
    assert core.reports.take() == []
    await core.deliver(GoalStateDelta(revision=1, snapshot=True, ports={A.id: A}), b"another log")
    messages = core.reports.take()
    assert port_reports(messages)[0].complete
    assert acknowledgements(messages)[0].revision == 1


async def test_before_anything_is_known_nothing_is_said_of_ports_and_the_data_plane_is_left_alone(
    tmp_path: Path,
) -> None:
    first = Core(tmp_path / "first")
    (tmp_path / "first").mkdir()
    first.driver.attach(A.id)
    await first.deliver_ports(A)
    (tmp_path / "second").mkdir()
    second = Core(tmp_path / "second", first.switch)
    await second.reconciler.step()
    second.reconciler.report_everything()
    assert second.reports.take() == []
    assert A.id in first.switch.endpoints


async def test_a_port_whose_interface_came_back_meanwhile_is_up_only_once_programmed_again(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.attach(A.id)
    await core.deliver_ports()
    programmed = core.driver.apply

    async def apply_while_the_interface_is_replugged(change: Change) -> Failures:
        failures = await programmed(change)
        core.driver.detach(A.id)
        core.driver.attach(A.id)
        return failures

    core.driver.apply = apply_while_the_interface_is_replugged  # type: ignore[method-assign]
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, ports={A.id: A}))
    assert core.states() == {A.id: State.DOWN}
    core.driver.apply = programmed  # type: ignore[method-assign]
    await core.reconciler.step()
    assert core.states() == {A.id: State.UP}
    assert A.id in core.switch.endpoints


async def test_a_torn_tail_is_cleared_away_before_more_is_written(tmp_path: Path) -> None:
    core = Core(tmp_path)
    await core.deliver_ports(A)
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, ports={B.id: B}))
    journal = tmp_path / FILE_NAME
    journal.write_bytes(journal.read_bytes()[:-1])
    torn = Core(tmp_path)
    assert torn.wanted.applied() == (LOG_ID, 1)
    await torn.deliver(GoalStateDelta(revision=2, base_revision=1, ports={B.id: B}))
    again = Core(tmp_path)
    assert again.wanted.applied() == (LOG_ID, 2)
    assert again.wanted.state.ports == {A.id: A, B.id: B}


async def test_the_journal_does_not_outgrow_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alcor.agent.wanted._COMPACTION_BYTES", 1000)
    core = Core(tmp_path)
    await core.deliver_ports()
    for revision in range(2, 300):
        await core.deliver(GoalStateDelta(revision=revision, base_revision=revision - 1, ports={A.id: A}))
        assert (tmp_path / FILE_NAME).stat().st_size < 2000
    assert Core(tmp_path).wanted.applied() == (LOG_ID, 299)


async def test_a_change_that_met_an_absent_data_plane_is_made_up_for(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.attach(A.id)
    await core.deliver_ports()
    core.driver.unavailable = "away"
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, ports={A.id: A}))
    assert A.id not in core.switch.endpoints
    core.driver.unavailable = ""
    await core.pass_time(5)
    assert A.id in core.switch.endpoints
    assert core.states() == {A.id: State.UP}


async def test_an_audit_repairs_what_somebody_else_changed(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.attach(A.id)
    core.driver.attach(B.id)
    await core.deliver_ports(A, B)
    endpoint = core.switch.endpoints[A.id]
    core.switch.remove_endpoint(A.id)
    core.switch.remotes[7] = {1: 2}
    core.reports.take()
    core.reconciler.audit()
    await core.reconciler.step()
    assert core.switch.endpoints[A.id] == endpoint
    assert not core.switch.remotes
    assert core.counters.values["data_plane_repairs"] == 2
    assert core.reports.take() == []


async def test_an_audit_of_what_is_as_it_should_be_does_nothing(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.attach(A.id)
    await core.deliver_ports(A, B)
    core.driver.operations.clear()
    core.reconciler.audit()
    await core.reconciler.step()
    await core.reconciler.step()
    assert not +core.driver.operations
    assert core.counters.values["data_plane_audits"] == 1
    assert not core.counters.values["data_plane_repairs"]


async def test_an_audit_without_data_plane_is_made_up_for_when_it_is_back(tmp_path: Path) -> None:
    core = Core(tmp_path)
    core.driver.attach(A.id)
    await core.deliver_ports(A)
    core.driver.unavailable = "restarting"
    core.switch.remove_endpoint(A.id)
    core.reconciler.audit()
    await core.reconciler.step()
    core.driver.unavailable = ""
    await core.pass_time(5)
    assert A.id in core.switch.endpoints
