"""Domains whose labels can stand for whoever asks."""

import pytest

from alcor.model.context import NO_PROJECT, Context
from alcor.model.dns import domain_name, filled, known_of


@pytest.mark.parametrize("domain", ["", "example.org.", "<project_id>", "<user_id>.<user_name>.<project_name>.org"])
def test_keywords_are_labels(domain: str) -> None:
    assert domain_name(domain) == domain


@pytest.mark.parametrize(
    "domain", ["<x>.org", "a<user_id>.org", "<user_id>b.org", "<user_id>..org", 7, None, "<user_id"]
)
def test_what_is_no_domain_is_refused(domain: object) -> None:
    with pytest.raises(ValueError, match="not a valid"):
        domain_name(domain)


def test_keywords_that_nobody_knows_stay() -> None:
    caller = Context("p", user_id="u", project_name="blue")
    assert filled("<project_id>.<project_name>.<user_id>.<user_name>.org", known_of(caller)) == (
        "p.blue.u.<user_name>.org"
    )
    assert known_of(Context(NO_PROJECT)) == {}
