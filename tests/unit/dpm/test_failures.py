"""What hosts could not program stays known, with its beginning, its last reason and its attempts, until it is over."""

import pytest
from prometheus_client import CollectorRegistry

from alcor.channels.messages import PortReport, PortState, State
from alcor.dpm.failures import Failures
from alcor.dpm.metrics import DpmMetrics

ONE, OTHER = (bytes([number]) * 16 for number in (1, 2))


class Books:
    """Failures on a clock that the test sets, and what Prometheus sees of them."""

    def __init__(self) -> None:
        self.now = 100.0
        self._registry = CollectorRegistry()
        self.bound = {(host_id, port_id) for host_id in ("here", "there") for port_id in (ONE, OTHER)}
        self.failures = Failures(
            DpmMetrics(self._registry), lambda port_id, host_id: (host_id, port_id) in self.bound, lambda: self.now
        )

    def report(self, host_id: str, *, complete: bool = False, **states: str) -> None:
        """Ports by name: a reason for one that failed, nothing for one that is up."""
        ports = {"one": ONE, "other": OTHER}
        self.failures.reported(
            host_id,
            PortReport(
                tuple(
                    PortState(ports[name], State.FAILED if reason else State.UP, reason)
                    for name, reason in states.items()
                ),
                complete,
            ),
        )

    def counted(self) -> float | None:
        return self._registry.get_sample_value("alcor_dpm_failed_resources")


@pytest.fixture
def books() -> Books:
    return Books()


def test_failures_are_known_until_they_are_over(books: Books) -> None:
    books.report("here", one="full", other="full")
    assert books.failures.of_host("here") == {ONE: "full", OTHER: "full"}
    books.report("here", one="")
    assert books.failures.of_host("here") == {OTHER: "full"}
    assert books.counted() == 1
    books.failures.forget("here", [OTHER, b"?" * 16])
    assert books.counted() == 0
    assert books.failures.of_host("here") == {}


def test_a_failure_keeps_its_beginning_its_last_reason_and_its_attempts(books: Books) -> None:
    books.report("here", one="full")
    books.now = 160.0
    books.report("here", one="fuller")
    books.report("here", complete=True, one="fuller")
    (failure,) = books.failures.oldest(10)
    assert (failure.since, failure.reason, failure.reports) == (100.0, "fuller", 3)


def test_a_complete_report_ends_what_it_does_not_name(books: Books) -> None:
    books.report("here", one="full", other="full")
    books.report("there", one="full")
    books.report("here", complete=True, other="full")
    assert books.failures.of_host("here") == {OTHER: "full"}
    assert books.failures.of_host("there") == {ONE: "full"}


def test_an_acknowledgement_makes_known_what_failed_and_counts_no_attempt(books: Books) -> None:
    books.failures.acknowledged("here", {ONE: "full"})
    books.report("here", one="full")
    books.failures.acknowledged("here", {ONE: "full"})
    (failure,) = books.failures.oldest(10)
    assert failure.reports == 1
    assert books.counted() == 1


def test_what_failed_first_comes_first(books: Books) -> None:
    books.report("here", one="full")
    books.report("there", one="full")
    books.report("here", other="full")
    books.report("here", one="again")
    found = [(failure.host_id, failure.port_id) for failure in books.failures.oldest(2)]
    assert found == [("here", ONE), ("there", ONE)]


def test_a_host_that_is_gone_takes_its_failures_along(books: Books) -> None:
    books.report("here", one="full", other="full")
    books.report("there", one="full")
    books.failures.forget_host("here")
    books.failures.forget_host("unheard of")
    assert books.counted() == len(books.failures) == 1
    assert books.failures.of_host("there") == {ONE: "full"}


def test_what_a_host_says_of_a_port_that_is_not_its_own_or_no_longer_is_not_kept(books: Books) -> None:
    books.bound.remove(("here", ONE))
    books.report("here", one="full", other="full")
    books.failures.acknowledged("here", {ONE: "full"})
    assert books.failures.of_host("here") == {OTHER: "full"}
    assert books.counted() == 1
