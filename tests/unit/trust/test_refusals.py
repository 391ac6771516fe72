"""Refusals are counted each time and logged once for each peer and reason, however many there are."""

import pytest
from prometheus_client import CollectorRegistry

from alcor.channels.trust.refusals import Refusal, Refusals


def test_the_same_refusal_is_logged_once_and_counted_each_time(caplog: pytest.LogCaptureFixture) -> None:
    registry = CollectorRegistry()
    refusals = Refusals(registry)
    for who in ("host a", "host a", "host b", "host a"):
        refusals.note(who, Refusal("revoked", "its certificate was revoked"))
    assert [message.split(" is ")[0] for message in caplog.messages] == ["host a", "host b"]
    assert registry.get_sample_value("alcor_trust_refused_total", {"kind": "revoked"}) == 4


def test_what_is_remembered_of_refusals_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals(CollectorRegistry())
    for number in range(10_001):
        refusals.note(f"host {number}", Refusal("revoked", "why"))
    assert len(refusals._logged) == 10_000
