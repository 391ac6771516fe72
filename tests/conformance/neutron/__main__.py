"""``make conformance``: run the suites that OpenStack tests Neutron's API with, and say what became of each test."""

import datetime
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from tests.conformance import options
from tests.conformance.exclusions import reason_for
from tests.conformance.neutron import report
from tests.conformance.neutron.cloud import run_cloud
from tests.conformance.neutron.outcome import EXCLUDED, FAILED, Outcome, outcomes
from tests.conformance.neutron.tempest_run import Tempest, configuration
from tests.keystone.keystone import ROOT

_EXCLUSIONS = Path(__file__).with_name("exclusions.toml")
_MARKS = {"success": ".", "xfail": ".", "skip": "s"}


@click.command()
@options.REGEX
@click.option("--workers", default=2, show_default=True, help="How many tests run at a time.")
@options.DATABASE
@click.option("--all-extensions", is_flag=True, help="Tell the suites that every extension there is is served.")
@options.OUTPUT
def main(regex: str, workers: int, database: str, all_extensions: bool, output: Path) -> None:
    """Start Keystone and a controller, run the suites against them, and say what became of each test."""
    started = time.monotonic()
    output.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="alcor-tempest-", dir="/tmp") as name,
        run_cloud(output, database) as cloud,
    ):
        directory = Path(name)
        tempest = Tempest(directory, configuration(cloud, directory, all_extensions))
        click.echo(f"Keystone at {cloud.keystone.url}, controller at {cloud.url}, {time.monotonic() - started:.0f} s")
        chosen, excluded = _choose(tempest.tests(), regex)
        click.echo(f"{len(chosen)} tests, excluded {len(excluded)}")
        found = outcomes(chosen, list(_shown(tempest.run(chosen, workers)))) + excluded
        for left in ("tempest.conf", "tempest.log", "stestr.log"):
            shutil.copy(directory / left, output)
    summary = report.summary(found, _commit(), datetime.date.today().isoformat(), cloud.extensions)
    report.write(output, summary, found)
    click.echo(report.page(summary, found))
    click.echo(f"{time.monotonic() - started:.0f} s; tracebacks, requests and logs are in {output}")
    raise SystemExit(any(outcome.status == FAILED for outcome in found))


def _choose(tests: Sequence[str], regex: str) -> tuple[list[str], list[Outcome]]:
    """The tests to run, and those that are excluded."""
    chosen: list[str] = []
    excluded: list[Outcome] = []
    for test in tests:
        if not re.search(regex, test):
            continue
        if reason := reason_for(_EXCLUSIONS, test):
            excluded.append(Outcome(test, EXCLUDED, reason))
        else:
            chosen.append(test)
    return chosen, excluded


def _shown(told: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in told:
        click.echo(_MARKS.get(each["status"], "F"), nl=False)
        yield each
    click.echo()


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
