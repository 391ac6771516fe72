"""Flows are shown with the names of their tables, rules and ports."""

from typing import Any

import pytest

from alcor.dataplane.ovs import cookies
from alcor.dataplane.ovs import pipeline as rules
from alcor.dataplane.ovs.description import describe_flows
from alcor.dataplane.ovs.flood_rules import GROUP_ADDRESSED
from alcor.dataplane.ovs.openflow.flows import FlowStatistics
from alcor.dataplane.ovs.pipeline import RULES
from alcor.dataplane.ovs.rendering import compile_pipeline
from alcor.dataplane.ovs.tables import Rule
from tests.unit.dataplane.ovs.rule_values import VALUES

PIPELINE = compile_pipeline(metered=True, idle_seconds=60)
NAMES = {7: "port:web", 1: "tunnel"}


def reported(rule: Rule, **different: Any) -> FlowStatistics:
    flow = PIPELINE[rule].flow(VALUES)
    cookie = cookies.cookie(5, flow.digest())
    body = flow.match(), flow.body[len(flow.match()) :]
    statistics = FlowStatistics(rule.table.number, rule.priority, cookie, 3, 180, 77, *body)
    return statistics._replace(**different)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (rules.FROM_WORKLOAD, "in_port=port:web -> write_metadata:70001, goto_table:source_guard"),
        (rules.TO_HOST, "metadata=70001, eth_dst=fa:16:3e:00:00:01 -> set_field:192.0.2.1->tun_dst, goto_table:tunnel"),
        (rules.ENCAPSULATE, "any -> move:metadata[0..23]->tun_id, output:tunnel"),
        (rules.PUNT_ARP, "eth_type=0x806, in_port=port:web, arp_op=1 -> meter:7, to_agent"),
        (rules.ON_DEMAND, "metadata=70001 -> goto_table:miss"),
        (rules.MISSED, "in_port=port:web -> meter:7, to_agent"),
        (rules.SPOOFED, "any -> drop"),
        (GROUP_ADDRESSED, "eth_dst=01:00:00:00:00:00/01:00:00:00:00:00 -> goto_table:flood"),
        (
            rules.GUARD_IPV4,
            "eth_type=0x800, in_port=port:web, eth_src=fa:16:3e:00:00:01, ipv4_src=10.0.0.0/255.255.255.0"
            " -> goto_table:punt",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Rule) else "",
)
def test_a_flow_is_told_in_words(rule: Rule, words: str) -> None:
    (line,) = describe_flows([reported(rule)], NAMES)
    assert line == (f"{rule.table.name}/{rule.name}: {words} [packets 3, bytes 180, age 77 s, generation 5]")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_words_for_its_flows(rule: Rule) -> None:
    (line,) = describe_flows([reported(rule)], NAMES)
    assert line.startswith(f"{rule.table.name}/{rule.name}: ")
    assert not any(unreadable in line for unreadable in ("?", "oxm_", "action_", "instruction_"))


def test_flows_come_in_the_order_packets_meet_them() -> None:
    lines = describe_flows(map(reported, reversed(RULES)), NAMES)
    told = [line.partition(":")[0].partition("/")[2] for line in lines]
    assert told == [rule.name for rule in sorted(RULES, key=lambda rule: (rule.table.number, -rule.priority))]


def test_a_flow_somebody_else_put_there_is_called_so() -> None:
    (line,) = describe_flows([reported(rules.DELIVER, cookie=1)], {})
    assert line.startswith("local/not ours: ") and "output:7" in line


def test_a_flow_of_ours_at_a_place_no_rule_has_is_shown() -> None:
    (line,) = describe_flows([reported(rules.DELIVER, table=200, priority=3)], NAMES)
    assert line.startswith("200/?: ")


def test_a_flow_that_cannot_be_read_is_shown_as_bytes() -> None:
    (line,) = describe_flows([reported(rules.DELIVER, match=b"\x00\x02\x00\x04")], NAMES)
    assert "00020004" in line
