"""``make horizon``: OpenStack's dashboard, in a browser, in front of this network service."""

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.conformance import options
from tests.conformance.errors import server_errors
from tests.conformance.horizon import coverage
from tests.conformance.horizon.browser import Refused, run_browser
from tests.conformance.horizon.compute import run_compute
from tests.conformance.horizon.dashboard import Failed
from tests.conformance.horizon.service import PYTHON, run_horizon
from tests.conformance.horizon.site import Scenario, Shown, Site
from tests.conformance.horizon.suite import scenarios
from tests.conformance.neutron.cloud import run_cloud
from tests.conformance.neutron.outcome import FAILED, PASSED, Outcome
from tests.conformance.telling import end, told

_AT_A_TIME = 2


@options.suite
def main(regex: str, database: str, output: Path) -> None:
    """Start Keystone, a controller, Horizon and a browser, and say what became of each scenario."""
    started = time.monotonic()
    output.mkdir(parents=True, exist_ok=True)
    options.require(PYTHON, "horizon")
    servers: list[Shown] = []
    done: set[str] = set()
    with (
        run_compute(servers) as compute,
        run_cloud(output, database, compute) as cloud,
        run_horizon(cloud.keystone, output) as horizon,
        contextlib.ExitStack() as stack,
    ):
        browsers = [stack.enter_context(run_browser()) for _ in range(_AT_A_TIME)]
        sites = [Site(cloud, horizon.url, browser, servers, done) for browser in browsers]
        found = list(_outcomes(sites, regex, output))
        found += told(coverage.outcomes(horizon, done, regex))
        found += told([_errors(cloud.url)])
    end(found, time.monotonic() - started, output)


def _outcomes(sites: Sequence[Site], regex: str, output: Path) -> Iterator[Outcome]:
    """What became of the scenarios, each with a project and a user of its own, and as many at a time as browsers."""
    free: SimpleQueue[Site] = SimpleQueue()
    for site in sites:
        free.put(site)

    def run(named: tuple[str, str, Scenario]) -> Outcome:
        site = free.get()
        try:
            return _outcome(site, *named, output)
        finally:
            free.put(site)

    with ThreadPoolExecutor(len(sites)) as executor:
        yield from told(executor.map(run, (each for each in scenarios() if re.search(regex, each[0]))))


def _outcome(site: Site, name: str, role: str, scenario: Scenario, output: Path) -> Outcome:
    try:
        scenario(site, site.visit(scenario.__name__, role))
    except (Failed, Refused) as error:
        site.browser.picture(output / f"horizon-{name}.png")
        return Outcome(name, FAILED, str(error))
    return Outcome(name, PASSED)


def _errors(url: str) -> Outcome:
    failed = server_errors(url)
    return Outcome("no 5xx", FAILED if failed else PASSED, "; ".join(failed))


if __name__ == "__main__":
    main()
