"""What a caller is shown of many resources, and how often the policy is asked about it."""

import tracemalloc
from typing import Any

import pytest
from sqlalchemy import create_engine

from alcor.api.neutron.shown import Shown, encoded
from alcor.model.context import Context, Target
from alcor.services.ports.port import ACCESS
from alcor.services.remembered import RememberedView
from alcor.services.rows import View

HIDDEN = ("get_port:binding:host_id", "get_port:binding:vif_type")


class CountingPolicy:
    """Whoever owns a port gets it; part of it only those whose port is up."""

    def __init__(self, names: tuple[str, ...] | None) -> None:
        self.names = names
        self.asked = 0

    def allows(self, rule: str, context: Context, target: Target) -> bool:
        return rule not in self.refused((rule,), context, target)

    def refused(self, rules: tuple[str, ...], context: Context, target: Target) -> tuple[str, ...]:
        self.asked += 1
        if rules == ("get_port",):
            return () if target["project_id"] == context.project_id else rules
        return () if target["status"] == "ACTIVE" else HIDDEN

    def looks_at(self, *_rules: str) -> tuple[str, ...] | None:
        return self.names


def view(number: int, **different: Any) -> View:
    usual = {"id": str(number), "project_id": "a", "status": "ACTIVE", "tags": [], "network_id": None}
    return usual | {"binding:host_id": "host", "binding:vif_type": "ovs"} | different


VIEWS = [
    *(view(number) for number in range(100)),
    *(view(number, status="DOWN") for number in range(100, 200)),
    *(view(number, project_id="b") for number in range(200, 300)),
]


@pytest.mark.parametrize(
    ("names", "most_asked"),
    [
        (("project_id", "status"), 10),
        (("tenant_id", "status"), 10),
        (("status", "project_id", "tags"), 1000),
        (None, 1000),
    ],
)
def test_resources_that_are_alike_are_asked_about_together(names: tuple[str, ...] | None, most_asked: int) -> None:
    policy = CountingPolicy(names)
    context = Context("a", is_admin=False, policy=policy)
    shown = Shown(ACCESS)
    with create_engine("sqlite://").connect() as connection:
        those = shown.those(connection, VIEWS, context)
    parts = shown.parts(context, those)
    assert [each["id"] for each in parts] == [str(number) for number in range(200)]
    assert ["binding:host_id" in each for each in parts] == [True] * 100 + [False] * 100
    assert all("binding:host_id" in each for each in VIEWS)
    assert 0 < policy.asked <= most_asked


def test_the_json_that_is_remembered_takes_no_more_memory_than_it_is_long() -> None:
    remembered = [RememberedView(view(number, name="n" * 1_000)) for number in range(100)]
    tracemalloc.start()
    try:
        for each in remembered:
            encoded(each, ())
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    length = sum(len(each.json(())) for each in remembered)
    assert length <= kept < 1.5 * length
