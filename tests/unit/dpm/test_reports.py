"""What hosts say becomes port statuses and known failures."""

from prometheus_client import CollectorRegistry

from alcor.channels.messages import PortReport, PortState, State
from alcor.dpm.loading import load
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.reports import Failures, reported_statuses
from alcor.model.identifiers import id_text
from alcor.model.records import NodeRecord, PortRecord, VpcRecord

ONE, OTHER, ELSEWHERE = (bytes([number]) * 16 for number in (1, 2, 3))
VPC = b"v" * 16
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
    found = reported_statuses(MODEL, "here", report)
    assert {status.host_id for status in found} <= {"here"}
    return {status.port_id: status.status for status in found}


def test_only_a_port_that_is_up_is_active() -> None:
    report = PortReport((PortState(ONE, State.UP), PortState(OTHER, State.FAILED, "full")))
    assert statuses(report) == {id_text(ONE): "ACTIVE", id_text(OTHER): "DOWN"}


def test_a_complete_report_speaks_of_every_port_of_the_host() -> None:
    assert statuses(PortReport((PortState(ONE, State.UP),))) == {id_text(ONE): "ACTIVE"}
    complete = PortReport((PortState(ONE, State.UP),), complete=True)
    assert statuses(complete) == {id_text(ONE): "ACTIVE", id_text(OTHER): "DOWN"}


def test_failures_are_known_until_they_are_over() -> None:
    registry = CollectorRegistry()
    failures = Failures(DpmMetrics(registry))

    def count() -> float | None:
        return registry.get_sample_value("alcor_dpm_failed_resources")

    failed = PortReport((PortState(ONE, State.FAILED, "full"), PortState(OTHER, State.FAILED, "full")))
    failures.reported("here", failed)
    assert failures.of_host("here") == {ONE: "full", OTHER: "full"}
    failures.reported("here", PortReport((PortState(ONE, State.UP),)))
    assert failures.of_host("here") == {OTHER: "full"}
    assert count() == 1
    failures.forget("here", [OTHER])
    assert count() == 0
    failures.reported("here", failed)
    failures.reported("here", PortReport((), complete=True))
    assert count() == 0
