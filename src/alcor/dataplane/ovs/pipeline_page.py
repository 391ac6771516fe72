"""The tables of docs/pipeline.md, written from the pipeline itself.

``python -m alcor.dataplane.ovs.pipeline_page docs/pipeline.md`` renews them; what stands before and after them is
written by hand.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from alcor.dataplane.ovs.description import number_text
from alcor.dataplane.ovs.openflow.actions import (
    Back,
    CheckSize,
    Commit,
    DecrementTtl,
    GoTo,
    Instruction,
    Meter,
    Move,
    Output,
    OutputTo,
    Resubmit,
    SetBits,
    SetField,
    Track,
    Untrack,
    WriteMetadata,
)
from alcor.dataplane.ovs.openflow.fields import FIELDS
from alcor.dataplane.ovs.openflow.template import Value
from alcor.dataplane.ovs.pipeline import RULES
from alcor.dataplane.ovs.tables import PRIORITIES_OF_A_BIT, TABLES, Match, Rule, Table

BEGIN = "<!-- begin: generated from src/alcor/dataplane/ovs/pipeline.py -->"
END = "<!-- end: generated -->"


def refreshed(page: str) -> str:
    """The page with its generated part made anew. Raises ValueError when the marks around it are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks the lines {BEGIN!r} and {END!r} between which the tables go")
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


def tables() -> str:
    """All tables in Markdown: an overview, then each with its rules in the order in which they are tried."""
    overview = ["| table | name | purpose |", "|---:|---|---|"]
    overview += [f"| {table.number} | [{table.name}](#{_anchor(table)}) | {table.purpose} |" for table in TABLES]
    return "\n".join([*overview, "", *(line for table in TABLES for line in _section(table))])


def _section(table: Table) -> Iterator[str]:
    yield f"### {_heading(table)}"
    yield ""
    yield f"{table.purpose[:1].upper()}{table.purpose[1:]}."
    yield ""
    yield "| priority | rule | matches | does | why |"
    yield "|---:|---|---|---|---|"
    rules = (rule for rule in RULES if rule.table is table)
    for rule in sorted(rules, key=lambda rule: -rule.priority):
        yield _row(rule)
    yield ""


def _row(rule: Rule) -> str:
    matches = "<br>".join(_condition(match) for match in rule.matches) or "everything"
    steps = ", ".join(_step(step) for step in rule.actions) or "drop"
    name = f"{rule.name} (idles out)" if rule.idles else rule.name
    priority = f"{rule.priority} + {PRIORITIES_OF_A_BIT} a bit" if rule.by_prefix else f"{rule.priority}"
    priority += " - its number" if rule.by_number else ""
    return f"| {priority} | {name} | {matches} | {steps} | {rule.purpose} |"


def _heading(table: Table) -> str:
    return f"Table {table.number}: {table.name}"


def _anchor(table: Table) -> str:
    return f"table-{table.number}-{table.name}"


def _condition(match: Match) -> str:
    value = _text(match.value, match.field)
    return f"{match.field} = {value}" + ("" if match.mask is None else f" / {_text(match.mask, match.field)}")


def _text(value: Value, field: str) -> str:
    if isinstance(value, str):
        return f"*{value}*"
    return number_text(FIELDS[field].form, value)


def _step(step: Instruction) -> str:
    if isinstance(step, GoTo | Resubmit | Track):
        verb = {GoTo: "go on in", Resubmit: "through", Track: "find the connection and go on in"}[type(step)]
        return f"{verb} {_name(step.table)}"
    if isinstance(step, Commit):
        return "turn the connection round, drop" if step.force else "remember the connection"
    if isinstance(step, Untrack):
        return "forget the connection found"
    if isinstance(step, OutputTo):
        return f"output to {step.field}"
    if isinstance(step, SetBits):
        value = step.value if isinstance(step.value, str) else hex(step.value)
        return f"{step.field}[{step.first}..{step.first + step.bits - 1}] := {value}"
    if isinstance(step, Output):
        return f"output to *{step.port}*"
    if isinstance(step, WriteMetadata):
        return f"metadata := *{step.value}*"
    if isinstance(step, SetField):
        return f"{step.field} := {_text(step.value, step.field)}"
    if isinstance(step, Move):
        source = f"{step.source} >> {step.source_offset}" if step.source_offset else step.source
        return f"{step.destination} := {source}" + (f" << {step.destination_offset}" if step.destination_offset else "")
    if isinstance(step, DecrementTtl):
        return "time to live less by one"
    if isinstance(step, CheckSize):
        return f"{step.field} := has it more than *{step.largest}* bytes"
    if isinstance(step, Back):
        return "back where it came from"
    if isinstance(step, Meter):
        return "within the workload's rate"
    return "to the agent"


def _name(number: int) -> str:
    return next(table.name for table in TABLES if table.number == number)


def main() -> None:
    """Renew the page named on the command line."""
    path = Path(sys.argv[1])
    path.write_text(refreshed(path.read_text()))


if __name__ == "__main__":
    main()
