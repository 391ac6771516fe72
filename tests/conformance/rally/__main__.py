"""``make rally``: run Rally's scenarios of networks and security groups by many clients at once."""

import re
import tempfile
import time
from collections import Counter
from pathlib import Path

import click

from tests.conformance import options
from tests.conformance.neutron.cloud import run_cloud
from tests.conformance.rally.hosts import run_hosts
from tests.conformance.rally.rally import Rally, Result
from tests.conformance.rally.scenarios import SCENARIOS, task


@click.command()
@options.REGEX
@click.option("--clients", default=50, show_default=True, help="How many clients run a scenario at a time.")
@click.option("--times", default=50, show_default=True, help="How many times each scenario is run.")
@options.OUTPUT
def main(regex: str, clients: int, times: int, output: Path) -> None:
    """Start Keystone and a controller, run the scenarios, and say what became of each."""
    started = time.monotonic()
    chosen = tuple(each for each in SCENARIOS if re.search(regex, each.name))
    output.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="alcor-rally-", dir="/tmp") as name,
        run_cloud(output) as cloud,
        run_hosts(cloud),
    ):
        rally = Rally(cloud, Path(name))
        click.echo(f"{len(chosen)} scenarios, {clients} clients, each {times} times; {output}/rally.log tells how far")
        results = rally.run(task(chosen, clients, times), output / "rally.log")
    click.echo(table(results))
    for result in results:
        for error, number in Counter(result.errors).items():
            click.echo(f"{result.name}: {number} × {error}")
    click.echo(f"{time.monotonic() - started:.0f} s; logs are in {output}")
    done = all(not each.errors and each.iterations == times for each in results)
    raise SystemExit(not (done and len(results) == len(chosen)))


def table(results: list[Result]) -> str:
    """What became of each scenario, as the documentation shows it."""
    lines = ["| scenario | iterations | failures | p50 (s) | p90 (s) |", "| --- | ---: | ---: | ---: | ---: |"]
    for each in results:
        p50, p90 = ("–" if value is None else f"{value:.2f}" for value in (each.median, each.ninth))
        lines.append(f"| {each.name} | {each.iterations} | {len(each.errors)} | {p50} | {p90} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
