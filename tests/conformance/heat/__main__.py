"""``make heat``: OpenStack's orchestration makes, changes and deletes stacks with this network service."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.conformance import options
from tests.conformance.heat import coverage, plugin, scenarios
from tests.conformance.heat.cases import cases
from tests.conformance.heat.client import StackFailed
from tests.conformance.heat.life import live
from tests.conformance.heat.service import PYTHON, run_heat
from tests.conformance.heat.site import Site, Test
from tests.conformance.neutron.cloud import run_cloud
from tests.conformance.neutron.outcome import FAILED, PASSED, Outcome
from tests.conformance.telling import end, told

_AT_A_TIME = 4


@options.suite
def main(regex: str, database: str, output: Path) -> None:
    """Start Keystone, a controller and Heat, and say what became of each test."""
    started = time.monotonic()
    output.mkdir(parents=True, exist_ok=True)
    options.require(PYTHON, "heat")
    with run_cloud(output, database) as cloud, run_heat(cloud.keystone, output) as heat:
        site = Site(cloud, heat)
        found = list(_own(site, regex))
        found += told(coverage.outcomes(site, regex))
        found += told(plugin.outcomes(site, regex, output))
    end(found, time.monotonic() - started, output)


def _own(site: Site, regex: str) -> Iterator[Outcome]:
    """What became of the stacks of the files and of the scenarios, each with projects of its own."""
    tests: dict[str, Test] = {f"stacks.{name}": _life(name) for name, _ in cases()} | dict(scenarios.TESTS)
    chosen = [name for name in tests if re.search(regex, name)]
    with ThreadPoolExecutor(_AT_A_TIME) as executor:
        for outcome in executor.map(lambda name: _outcome(site, name, tests[name]), chosen):
            yield from told([outcome])


def _life(name: str) -> Test:
    case = dict(cases())[name]
    return lambda site, project: live(site, project, case)


def _outcome(site: Site, name: str, test: Test) -> Outcome:
    project = re.sub(r"\W", "-", name)
    try:
        test(site, project)
        left = site.left(project)
    except StackFailed as error:
        return Outcome(name, FAILED, str(error))
    return Outcome(name, FAILED, f"left behind: {left}") if left else Outcome(name, PASSED)


if __name__ == "__main__":
    main()
