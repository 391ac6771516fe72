"""The report of a run: a page for people, a table for the documentation, data for machines."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.conformance.neutron.outcome import (
    EXCLUDED,
    FAILED,
    SKIPPED,
    STATUSES,
    Outcome,
    by_family,
    class_of,
    counts,
)

_LONGEST_REASON = 220


def summary(found: Sequence[Outcome], commit: str, date: str, extensions: Iterable[str]) -> dict[str, Any]:
    """What was run, how often each status came, in all and in each family."""
    return {
        "commit": commit,
        "date": date,
        "extensions": list(extensions),
        **_counted(found),
        "families": {family: _counted(each) for family, each in by_family(found).items()},
    }


def _counted(found: Iterable[Outcome]) -> dict[str, int]:
    counted = counts(found)
    return {status: counted[status] for status in STATUSES}


def page(summary: dict[str, Any], found: Sequence[Outcome]) -> str:
    """What failed and was skipped, by class and reason; what was excluded, and why; how many of each."""
    lines = _by_class("Failed", [outcome for outcome in found if outcome.status == FAILED])
    lines += _by_class("Skipped", [outcome for outcome in found if outcome.status == SKIPPED])
    excluded = Counter(outcome.reason for outcome in found if outcome.status == EXCLUDED)
    lines += ["Excluded:", *(f"  {number} × {reason}" for reason, number in excluded.items()), ""] if excluded else []
    lines.append(", ".join(f"{summary[status]} {status}" for status in STATUSES))
    return "\n".join(lines)


def _by_class(title: str, found: Sequence[Outcome]) -> list[str]:
    classes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for outcome in found:
        classes[class_of(outcome.test)][outcome.reason[:_LONGEST_REASON]].append(_method(outcome.test))
    lines = [f"{title}:"] if found else []
    for name, reasons in sorted(classes.items()):
        lines.append(f"  {name}")
        lines += [f"    {', '.join(methods)}\n      {reason}" for reason, methods in reasons.items()]
    return [*lines, ""] if found else []


def _method(test: str) -> str:
    return test.partition("[")[0].rpartition(".")[2]


def table(summary: dict[str, Any]) -> str:
    """The families as a Markdown table."""
    rows = [("", *STATUSES), ("---", *("---:" for _ in STATUSES))]
    rows += [(family, *(str(each[status]) for status in STATUSES)) for family, each in summary["families"].items()]
    rows.append(("**all**", *(f"**{summary[status]}**" for status in STATUSES)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write(output: Path, summary: dict[str, Any], found: Sequence[Outcome]) -> None:
    """Leave the summary, the table, each test's outcome, and what is known of each failure."""
    tests = {outcome.test: {"status": outcome.status, "reason": outcome.reason} for outcome in found}
    written = msgspec.json.format(msgspec.json.encode({**summary, "tests": tests}))
    (output / "summary.json").write_bytes(written)
    (output / "summary.md").write_text(table(summary) + "\n")
    failures = [f"{outcome.test}\n\n{outcome.details}\n{'=' * 100}\n" for outcome in found if outcome.status == FAILED]
    (output / "failures.txt").write_text("\n".join(failures))
