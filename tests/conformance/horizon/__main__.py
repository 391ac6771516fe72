"""``make horizon``: OpenStack's dashboard, in a browser, in front of this network service."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import click

from tests.conformance import options
from tests.conformance.horizon.browser import Refused, run_browser
from tests.conformance.horizon.compute import run_compute
from tests.conformance.horizon.dashboard import Failed
from tests.conformance.horizon.service import PYTHON, run_horizon
from tests.conformance.horizon.site import Scenario, Shown, Site
from tests.conformance.horizon.suite import scenarios
from tests.conformance.neutron.cloud import run_cloud
from tests.conformance.neutron.outcome import FAILED, PASSED, STATUSES, Outcome, counts


@click.command()
@options.REGEX
@options.DATABASE
@options.OUTPUT
def main(regex: str, database: str, output: Path) -> None:
    """Start Keystone, a controller, Horizon and a browser, and say what became of each scenario."""
    started = time.monotonic()
    output.mkdir(parents=True, exist_ok=True)
    if not PYTHON.exists():
        raise click.ClickException("Horizon is not installed: make install-horizon")
    servers: list[Shown] = []
    with (
        run_compute(servers) as compute,
        run_cloud(output, database, compute) as cloud,
        run_horizon(cloud.keystone, output) as horizon,
        run_browser() as browser,
    ):
        found = list(_outcomes(Site(cloud, horizon, browser, servers), regex, output))
    numbers = counts(found)
    click.echo(", ".join(f"{status} {numbers[status]}" for status in STATUSES)
               + f"; {time.monotonic() - started:.0f} s; logs and pictures are in {output}")  # fmt: skip
    raise SystemExit(bool(numbers[FAILED] or not numbers[PASSED]))


def _outcomes(site: Site, regex: str, output: Path) -> Iterator[Outcome]:
    """What became of the scenarios, each with a project and a user of its own."""
    for name, role, scenario in scenarios():
        if re.search(regex, name):
            outcome = _outcome(site, name, role, scenario)
            if outcome.status == FAILED:
                site.browser.picture(output / f"horizon-{name}.png")
            click.echo(f"{outcome.status:9} {outcome.test}{': ' if outcome.reason else ''}{outcome.reason}")
            yield outcome


def _outcome(site: Site, name: str, role: str, scenario: Scenario) -> Outcome:
    try:
        scenario(site, site.visit(re.sub(r"\W", "-", name), role))
    except (Failed, Refused) as error:
        return Outcome(name, FAILED, str(error))
    return Outcome(name, PASSED)


if __name__ == "__main__":
    main()
