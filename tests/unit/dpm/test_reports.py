"""What hosts say becomes port statuses."""

from alcor.channels.messages import PortReport, PortState, State
from alcor.dpm.loading import load
from alcor.dpm.reports import reported_statuses
from alcor.model.identifiers import id_text
from alcor.model.records import NodeRecord, PortRecord, VpcRecord
from alcor.services.hosts.host_session import HostSession

ONE, OTHER, ELSEWHERE = (bytes([number]) * 16 for number in (1, 2, 3))
VPC = b"v" * 16
SESSION = HostSession("here", b"s" * 16)
MODEL = load(
    1,
    [
        VpcRecord(VPC, 7, 1450),
        NodeRecord("here", 1, 1),
        PortRecord(ONE, VPC, 1, (), "here"),
        PortRecord(OTHER, VPC, 2, (), "here"),
        PortRecord(ELSEWHERE, VPC, 3, (), "there"),
    ],
)


def statuses(report: PortReport) -> dict[str, str]:
    found = reported_statuses(MODEL, SESSION, report, lambda revision: revision)
    assert {(status.host_id, status.session_id) for status in found} <= {("here", SESSION.session_id)}
    return {status.port_id: status.status for status in found}


def test_only_a_port_that_is_up_is_active() -> None:
    report = PortReport((PortState(ONE, State.UP), PortState(OTHER, State.FAILED, "full")))
    assert statuses(report) == {id_text(ONE): "ACTIVE", id_text(OTHER): "DOWN"}


def test_a_complete_report_speaks_of_every_port_of_the_host() -> None:
    assert statuses(PortReport((PortState(ONE, State.UP),))) == {id_text(ONE): "ACTIVE"}
    complete = PortReport((PortState(ONE, State.UP),), complete=True)
    assert statuses(complete) == {id_text(ONE): "ACTIVE", id_text(OTHER): "DOWN"}


def test_a_port_that_is_up_is_so_by_the_goal_state_that_the_host_speaks_of() -> None:
    report = PortReport((PortState(ONE, State.UP, revision=7), PortState(OTHER, State.UP, revision=9)))
    found = reported_statuses(MODEL, SESSION, report, lambda revision: max(8, revision))
    assert {status.port_id: status.revision for status in found} == {id_text(ONE): 8, id_text(OTHER): 9}


def test_an_interface_whose_port_is_elsewhere_makes_no_port_active() -> None:
    report = PortReport((PortState(ELSEWHERE, State.DOWN, unclaimed=True), PortState(ONE, State.DOWN)))
    assert statuses(report) == {id_text(ELSEWHERE): "UNCLAIMED", id_text(ONE): "DOWN"}
