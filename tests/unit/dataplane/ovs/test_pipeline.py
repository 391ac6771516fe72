"""The pipeline makes sense as a whole, and its page for readers is fresh."""

from pathlib import Path

import pytest

from alcor.dataplane.ovs.flood_rules import FLOOD_FROM_TUNNEL, GROUP_FROM_TUNNEL
from alcor.dataplane.ovs.openflow.actions import GoTo, Meter, Resubmit, ToAgent
from alcor.dataplane.ovs.openflow.fields import FIELDS
from alcor.dataplane.ovs.pipeline import COPY_TWINS, FROM_TUNNEL, RULES, TUNNEL_TO_NOBODY
from alcor.dataplane.ovs.pipeline_page import refreshed
from alcor.dataplane.ovs.tables import (
    CLASSIFY,
    COPIES_HERE,
    COPIES_THERE,
    COPY,
    ENTERED,
    ENTERING,
    FLOOD,
    GROUPS_OF_PORT,
    HOST,
    INGRESS,
    INGRESS_ACL,
    LOCAL,
    MISS,
    PUNT,
    TABLES,
    UNDECIDED,
    UNROUTED,
    Match,
    Rule,
    priorities,
)

PAGE = Path(__file__).parents[4] / "docs" / "pipeline.md"


def test_table_and_priority_are_a_rules_own() -> None:
    places = [(rule.table.number, priority) for rule in RULES for priority in priorities(rule)]
    assert len(set(places)) == len(places)
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert [table.number for table in TABLES] == sorted({table.number for table in TABLES})
    assert {rule.table for rule in RULES} == set(TABLES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_packets_go_to_later_tables_only(rule: Rule) -> None:
    for step in rule.actions:
        if isinstance(step, GoTo):
            assert step.table > rule.table.number
            assert step.table in {table.number for table in TABLES}


def test_packets_come_again_only_to_tables_that_count_how_often() -> None:
    again = {
        rule.name
        for rule in RULES
        for step in rule.actions
        if isinstance(step, Resubmit) and step.table <= rule.table.number
    }
    assert again == {"to_next_router", "one_less", "to_next_router_ipv6", "one_less_ipv6"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_matches_fields_that_exist_and_after_what_they_need(rule: Rule) -> None:
    """OpenFlow 1.4.1, section 7.2.3.8: a field's prerequisites come before it."""
    needs = {
        "ipv4_": {"eth_type"},
        "ipv6_": {"eth_type"},
        "ip_": {"eth_type"},
        "arp_": {"eth_type"},
        "udp_": {"eth_type", "ip_proto"},
        "tcp_": {"eth_type", "ip_proto"},
        "icmpv4_": {"eth_type", "ip_proto"},
        "icmpv6_": {"eth_type", "ip_proto"},
    }
    seen: set[str] = set()
    for match in rule.matches:
        assert match.field in FIELDS and match.field not in seen
        for prefix, needed in needs.items():
            assert not match.field.startswith(prefix) or needed <= seen
        seen.add(match.field)


def test_every_table_ends_with_a_rule_for_what_no_other_matched() -> None:
    last = {rule.table for rule in RULES if rule.priority == 0 and not rule.matches}
    assert last == set(TABLES)


def test_a_packet_from_a_tunnel_goes_no_further_than_this_host() -> None:
    assert FROM_TUNNEL.actions[-1] == GoTo(LOCAL.number)
    to_workloads = {table.number for table in (ENTERING, INGRESS_ACL, ENTERED, INGRESS)}
    onward = [
        rule
        for rule in RULES
        if rule.table is LOCAL
        and any(isinstance(step, GoTo) and step.table not in to_workloads for step in rule.actions)
    ]
    assert onward and all(rule.priority < TUNNEL_TO_NOBODY.priority for rule in onward)
    before = [rule for rule in RULES if rule.table in (ENTERING, INGRESS_ACL, ENTERED)]
    assert {step.table for rule in before for step in rule.actions if isinstance(step, GoTo)} <= to_workloads


def test_a_copy_from_a_tunnel_goes_to_workloads_of_this_host_alone() -> None:
    assert GROUP_FROM_TUNNEL.priority > FROM_TUNNEL.priority
    assert GROUP_FROM_TUNNEL.actions[-1] == GoTo(FLOOD.number)
    assert FLOOD_FROM_TUNNEL.actions == (GoTo(COPIES_HERE.number),)
    onward = {
        step.table
        for rule in RULES
        if rule.table in (COPIES_HERE, COPY)
        for step in rule.actions
        if isinstance(step, GoTo | Resubmit)
    }
    assert onward == {COPY.number, ENTERING.number, GROUPS_OF_PORT.number, INGRESS.number}


def test_whatever_delivers_to_a_port_does_so_with_copies() -> None:
    for rule in RULES:
        if rule.table is LOCAL and Match("eth_dst", "mac") in rule.matches:
            assert COPY_TWINS[rule].priority == rule.priority
            assert COPY_TWINS[rule].actions == rule.actions


def test_a_miss_is_told_from_what_the_agent_answers_by_its_table() -> None:
    tables = {rule.table for rule in RULES if any(isinstance(step, ToAgent) for step in rule.actions)}
    assert tables == {PUNT, MISS, UNROUTED, UNDECIDED}


def test_whatever_goes_to_the_agent_or_the_hosts_programs_or_to_many_or_waits_for_the_rest_is_metered() -> None:
    for rule in RULES:
        kinds = [type(step) for step in rule.actions]
        costs = ToAgent in kinds or GoTo(HOST.number) in rule.actions or GoTo(COPIES_THERE.number) in rule.actions
        waits = rule.table is CLASSIFY and any(match.field == "ip_frag" for match in rule.matches)
        assert (costs or waits) == (Meter in kinds)


def test_the_page_for_readers_is_fresh() -> None:
    page = PAGE.read_text()
    assert refreshed(page) == page, "run: python -m alcor.dataplane.ovs.pipeline_page docs/pipeline.md"


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the lines"):
        refreshed("# The OpenFlow pipeline")
