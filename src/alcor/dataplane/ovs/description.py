"""The flows of a switch in words: tables, rules and ports by name."""

import ipaddress
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from alcor.dataplane.ovs import cookies
from alcor.dataplane.ovs.openflow.actions import decode_instructions
from alcor.dataplane.ovs.openflow.fields import FIELDS, FieldValue, decode_match
from alcor.dataplane.ovs.openflow.flows import FlowStatistics
from alcor.dataplane.ovs.openflow.message import Malformed
from alcor.dataplane.ovs.pipeline import RULES
from alcor.dataplane.ovs.tables import TABLES, priorities
from alcor.model.addresses import ipv4_text, mac_text

_TO_TABLES = ("goto_table", "resubmit_table", "ct_table")
_REMEMBERED_PLACES = 1024
_TABLE_NAMES = {table.number: table.name for table in TABLES}


def describe_flows(flows: Iterable[FlowStatistics], port_names: Mapping[int, str]) -> list[str]:
    """A line for each flow, in the order packets meet them."""
    ordered = sorted(flows, key=lambda flow: (flow.table, -flow.priority, flow.match))
    form = value_formatter(port_names)
    return [_line(flow, form) for flow in ordered]


def _line(flow: FlowStatistics, form: Callable[[FieldValue], str]) -> str:
    table = _TABLE_NAMES.get(flow.table, str(flow.table))
    rule = _rule_name(flow.table, flow.priority) if cookies.is_ours(flow.cookie) else "not ours"
    try:
        fields = decode_match(flow.match)[0]
        match = ", ".join(f"{field.name}={form(field)}" for field in fields)
        steps = ", ".join(_named(step) for step in decode_instructions(flow.instructions, form))
    except Malformed as error:
        match, steps = flow.match.hex(), f"{flow.instructions.hex()} ({error})"
    generation = cookies.generation_of(flow.cookie)
    return (
        f"{table}/{rule}: {match or 'any'} -> {steps or 'drop'}"
        f" [packets {flow.packets}, bytes {flow.octets}, age {flow.seconds} s, generation {generation}]"
    )


@lru_cache(maxsize=_REMEMBERED_PLACES)
def _rule_name(table: int, priority: int) -> str:
    return next((rule.name for rule in RULES if rule.table.number == table and priority in priorities(rule)), "?")


def _named(step: str) -> str:
    name, _, value = step.partition(":")
    return f"{name}:{_TABLE_NAMES.get(int(value), value)}" if name in _TO_TABLES else step


def value_formatter(port_names: Mapping[int, str]) -> Callable[[FieldValue], str]:
    """How to write a field's value: addresses as addresses, ports by name."""

    def form(field: FieldValue) -> str:
        if field.name == "in_port":
            return port_names.get(field.value, str(field.value))
        kind = FIELDS[field.name].form if field.name in FIELDS else "hex"
        text = number_text(kind, field.value)
        return text if field.mask is None else f"{text}/{number_text(kind, field.mask)}"

    return form


def number_text(form: str, value: int) -> str:
    """A number in the form people write such a field in (openflow.fields)."""
    if form == "mac":
        return mac_text(value)
    if form == "ipv4":
        return ipv4_text(value)
    if form == "id":
        return str(uuid.UUID(int=value))
    if form == "ipv6":
        return str(ipaddress.IPv6Address(value))
    return hex(value) if form == "hex" else str(value)
