"""A trace says which rule of a network ACL decides at the border of a subnet, and that none does inside of it."""

import pytest

from alcor.model.records import NetworkAclRule
from alcor.trace.steps import Verdict
from tests.unit.trace.cloud import Site, named, text_of

SENDER, RECEIVER = "network ACL of sender's subnet", "network ACL of receiver's subnet"
ANY = "0.0.0.0/0"
OUT = NetworkAclRule(100, False, True, False, ANY)
WEB = NetworkAclRule(100, True, True, False, "10.0.0.0/8", 6, 80, 88)
ANSWERS = NetworkAclRule(200, True, True, False, ANY, 6, 1024, 65535)


@pytest.fixture
def site() -> Site:
    return Site()


def test_what_stays_in_its_subnet_is_not_judged(site: Site) -> None:
    site.acl("near")
    found = site.trace("a", "10.0.0.11")
    assert found.verdict() is Verdict.PASSES
    assert not any("ACL" in each.name for each in found.steps)


@pytest.mark.parametrize(("subnet", "name"), [("near", SENDER), ("far", RECEIVER)])
def test_an_acl_that_says_nothing_stops_what_crosses_the_border(site: Site, subnet: str, name: str) -> None:
    site.acl(subnet)
    found = site.trace("a", "10.0.1.12")
    assert (found.verdict(), named(found, name).verdict) == (Verdict.STOPS, Verdict.STOPS), text_of(found)
    assert named(found, name).thing == site.acls[f"acl-{subnet}"].thing


def test_the_rule_that_decides_is_named(site: Site) -> None:
    site.acl("far", OUT, WEB)
    found = site.trace("a", "10.0.1.12", protocol="tcp", port=85)
    assert named(found, RECEIVER).verdict is Verdict.PASSES
    assert named(found, RECEIVER).detail == "ingress rule 100 allows IPv4 tcp 80-88 from 10.0.0.0/8"
    assert site.trace("a", "10.0.1.12", protocol="tcp", port=90).verdict() is Verdict.STOPS
    denied = NetworkAclRule(50, True, False, False, "10.0.0.0/24")
    site.acl("far", OUT, WEB, denied)
    found = site.trace("a", "10.0.1.12", protocol="tcp", port=85)
    assert named(found, RECEIVER).detail == "ingress rule 50 denies IPv4 any protocol from 10.0.0.0/24"


def test_what_answers_is_judged_as_well(site: Site) -> None:
    site.acl("near", OUT)
    found = site.trace("a", "10.0.1.12", protocol="tcp", port=443)
    assert named(found, SENDER).verdict is Verdict.PASSES
    assert named(found, RECEIVER, is_answer=True).verdict is Verdict.STOPS, text_of(found)
    site.acl("near", OUT, ANSWERS)
    assert site.trace("a", "10.0.1.12", protocol="tcp", port=443).verdict() is Verdict.PASSES
