"""Flows are their rule's bytes with the values written in, and known again by their digest."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane.ovs import cookies
from alcor.dataplane.ovs import pipeline as rules
from alcor.dataplane.ovs.openflow.actions import decode_instructions
from alcor.dataplane.ovs.openflow.fields import FIELDS, FieldValue, decode_match
from alcor.dataplane.ovs.openflow.flows import add_flow, modify_flow
from alcor.dataplane.ovs.openflow.template import Value
from alcor.dataplane.ovs.pipeline import RULES
from alcor.dataplane.ovs.rendering import Flow, compile_pipeline, compile_rule, host_flows
from alcor.dataplane.ovs.routing_rules import IPV6_TWINS, TO_NEXT_HOP, TO_NEXT_HOP_HERE, TO_SUBNET
from alcor.dataplane.ovs.security_rules import STRANGER_IPV4, STRANGER_IPV6
from alcor.dataplane.ovs.tables import TABLES, Rule
from tests.unit.dataplane.ovs.rule_values import VALUES

PIPELINE = compile_pipeline(metered=True, idle_seconds=60)
_TO_NEXT_HOPS = (TO_NEXT_HOP, TO_NEXT_HOP_HERE)
IDLING = {rules.TO_LEARNED, *_TO_NEXT_HOPS, *map(IPV6_TWINS.get, _TO_NEXT_HOPS), STRANGER_IPV4, STRANGER_IPV6}


def plain(field: FieldValue) -> str:
    return str(field.value)


def filled(value: Value, values: Mapping[str, int] = VALUES) -> int:
    return values[value] if isinstance(value, str) else value


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_flow_matches_what_its_rule_says(rule: Rule) -> None:
    flow = PIPELINE[rule].flow(VALUES)
    fields, end = decode_match(flow.body)
    assert fields == [
        FieldValue(match.field, filled(match.value), None if match.mask is None else filled(match.mask))
        for match in rule.matches
    ]
    assert flow.match() == flow.body[:end]


OF_HOST = {name: VALUES[name] for name in ("tunnel_port", "service_port", "host_address")}


def test_every_host_ends_every_table_and_has_no_workloads_flows() -> None:
    of_host = [flow.compiled.rule for flow in host_flows(PIPELINE, OF_HOST)]
    assert {rule.table for rule in of_host if not rule.priority} == set(TABLES)
    assert not {rules.FROM_WORKLOAD, rules.DELIVER, rules.TO_HOST, TO_NEXT_HOP} & set(of_host)


@given(
    st.fixed_dictionaries(
        {"vni": st.integers(0, 2**24 - 1), "mac": st.integers(0, 2**48 - 1), "vtep": st.integers(0, 2**32 - 1)}
    )
)
def test_the_way_to_a_host_is_said_whatever_the_values(values: dict[str, int]) -> None:
    flow = PIPELINE[rules.TO_HOST].flow(values)
    assert decode_match(flow.body)[0] == [
        FieldValue("metadata", values["vni"]),
        FieldValue("eth_dst", values["mac"]),
    ]
    steps = decode_instructions(flow.body[len(flow.match()) :], plain)
    assert steps == [f"set_field:{values['vtep']}->tun_dst", "goto_table:80"]


def test_without_meters_the_rules_that_would_use_one_do_without() -> None:
    metered, bare = (compile_rule(rules.PUNT_ARP, metered, 60) for metered in (True, False))

    def steps(flow: Flow) -> list[str]:
        return decode_instructions(flow.body[len(flow.match()) :], plain)

    assert steps(metered.flow(VALUES)) == ["meter:7", "to_agent"]
    assert steps(bare.flow(VALUES)) == ["to_agent"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_flows_of_rules_that_idle_go_by_themselves_and_no_others(rule: Rule) -> None:
    flow = PIPELINE[rule].flow(VALUES)
    timeout = 60 if rule in IDLING else 0
    assert flow.addition(5) == add_flow(5, rule.table.number, rule.priority, flow.body, timeout)


def test_flows_that_idle_sooner_are_other_flows_and_all_others_stay_the_same() -> None:
    sooner = compile_pipeline(metered=True, idle_seconds=1)
    changed = {rule for rule in RULES if sooner[rule].flow(VALUES).digest() != PIPELINE[rule].flow(VALUES).digest()}
    assert changed == IDLING


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_missing_value_or_one_too_large_is_an_error(rule: Rule) -> None:
    compiled = PIPELINE[rule]
    for parameter in compiled.template.parameters:
        with pytest.raises(KeyError):
            compiled.flow({name: value for name, value in VALUES.items() if name != parameter})
        with pytest.raises(OverflowError):
            compiled.flow(VALUES | {parameter: 1 << 128})
        with pytest.raises(OverflowError):
            compiled.flow(VALUES | {parameter: -1})


def test_flows_that_say_something_else_have_another_digest() -> None:
    flows = [compiled.flow(VALUES) for compiled in PIPELINE.values()]
    flows += [
        compiled.flow(VALUES | {parameter: VALUES[parameter] ^ 1})
        for compiled in PIPELINE.values()
        for parameter in compiled.template.parameters
    ]
    assert len({flow.digest() for flow in flows}) == len(flows)


def test_the_digest_of_a_flow_is_the_same_in_every_life() -> None:
    """A restarted agent, and a later version of it, must know its flows again: do not change this number lightly."""
    flow = PIPELINE[rules.TO_HOST].flow(VALUES)
    assert (
        flow.digest()
        == compile_pipeline(metered=False, idle_seconds=60)[rules.TO_HOST].flow(VALUES).digest()
        == 174937291908113
    )


def test_a_flow_is_installed_at_its_rules_table_and_priority() -> None:
    flow = PIPELINE[rules.DELIVER].flow(VALUES)
    assert flow.addition(5) == add_flow(5, 60, 100, flow.body)
    assert flow.repetition() == modify_flow(60, 100, flow.body)


def test_a_longer_prefix_has_a_flow_that_goes_first_and_is_another_one() -> None:
    whole, half = (PIPELINE[TO_SUBNET].flow(VALUES, bits) for bits in (24, 25))
    assert half.addition(5) == add_flow(5, 45, TO_SUBNET.priority + 25 * 16, half.body)
    assert whole.body == half.body and whole.digest() != half.digest()
    assert whole.removal()[:8] != half.removal()[:8]


def test_a_flow_is_removed_by_its_digest_whatever_the_generation() -> None:
    flow = PIPELINE[rules.DELIVER].flow(VALUES)
    cookie, mask = int.from_bytes(flow.removal()[:8], "big"), int.from_bytes(flow.removal()[8:16], "big")
    for generation in (0, 1, 255):
        assert cookies.cookie(generation, flow.digest()) & mask == cookie
    assert cookies.cookie(1, flow.digest() ^ 1) & mask != cookie


def test_any_flow_at_a_place_is_removed_whatever_its_cookie() -> None:
    assert PIPELINE[rules.TO_HOST].flow(VALUES).removal_of_any()[8:16] == bytes(8)


@given(st.integers(0, 10**6), st.integers(0, cookies.DIGEST_MASK))
def test_a_cookie_tells_generation_and_digest(generation: int, digest: int) -> None:
    cookie = cookies.cookie(generation, digest)
    assert cookies.is_ours(cookie) and cookie < 1 << 64
    assert (cookies.generation_of(cookie), cookies.digest_of(cookie)) == (generation % 256, digest)


@pytest.mark.parametrize("cookie", [0, 1, 2**64 - 1, 0xB1 << 56, 0xA1])
def test_a_cookie_somebody_else_wrote_is_not_ours(cookie: int) -> None:
    assert not cookies.is_ours(cookie)


def test_fields_have_the_widths_of_the_specification() -> None:
    assert all(len(field.header()) == 4 and field.header()[3] == field.width for field in FIELDS.values())
