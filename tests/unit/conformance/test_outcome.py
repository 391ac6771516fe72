"""What the conformance run says became of each test."""

from typing import Any

from tests.conformance.neutron.outcome import FAILED, PASSED, SKIPPED, family_of, first_line, outcomes

CLASS = "tempest.api.network.test_ports.PortsTest"
ONE, OTHER = f"{CLASS}.test_one[id-1]", f"{CLASS}.test_other[id-2,negative]"


def told(name: str, status: str, **details: str) -> dict[str, Any]:
    return {"id": name, "status": status, "details": details}


def test_each_chosen_test_has_what_became_of_it() -> None:
    found = outcomes([ONE, OTHER], [told(ONE, "success"), told(OTHER, "skip", reason="no such extension")])
    assert [(each.test, each.status, each.reason) for each in found] == [
        (ONE, PASSED, ""),
        (OTHER, SKIPPED, "no such extension"),
    ]


def test_what_befalls_the_setting_up_of_a_class_befalls_its_tests() -> None:
    for status, expected in (("fail", FAILED), ("skip", SKIPPED)):
        found = outcomes([ONE, OTHER], [told(f"setUpClass ({CLASS})", status, reason="why")])
        assert [each.status for each in found] == [expected, expected]


def test_a_class_that_cannot_clean_up_is_a_failure_of_its_own() -> None:
    found = outcomes([ONE], [told(ONE, "success"), told(f"tearDownClass ({CLASS})", "fail")])
    assert [(each.test, each.status) for each in found] == [(ONE, PASSED), (f"{CLASS}.tearDownClass", FAILED)]


def test_a_test_that_nothing_was_heard_of_failed() -> None:
    assert [each.status for each in outcomes([ONE, OTHER], [told(ONE, "success")])] == [PASSED, FAILED]


def test_the_reason_of_a_failure_is_the_last_exception_and_what_the_server_said() -> None:
    traceback = (
        "Traceback (most recent call last):\n  File one\nKeyError: 1\n\nDuring handling of it:\n\n"
        "Traceback (most recent call last):\n  File two\n    raise it\nConflict: in use\nDetails: {'type': 'InUse'}\n"
    )
    assert first_line(traceback) == "Conflict: in use Details: {'type': 'InUse'}"


def test_tests_of_one_resource_are_a_family() -> None:
    assert family_of("neutron_tempest_plugin.api.admin.test_ports_negative.Ports.test_one[id-1]") == family_of(ONE)
