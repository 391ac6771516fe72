"""How suites that run by themselves tell what became of what they did."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

import click

from tests.conformance.neutron.outcome import FAILED, PASSED, STATUSES, Outcome, counts


def told(found: Iterable[Outcome]) -> Iterator[Outcome]:
    """The same, each printed as it comes."""
    for each in found:
        click.echo(f"{each.status:9} {each.test}{': ' if each.reason else ''}{each.reason}")
        yield each


def end(found: Iterable[Outcome], seconds: float, output: Path) -> NoReturn:
    """Print how many there are of each status, and end: well if something has passed and nothing has failed."""
    numbers = counts(found)
    said = ", ".join(f"{status} {numbers[status]}" for status in STATUSES)
    click.echo(f"{said}; {seconds:.0f} s; logs are in {output}")
    raise SystemExit(bool(numbers[FAILED] or not numbers[PASSED]))
