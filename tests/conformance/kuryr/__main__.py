"""``make kuryr``: Kuryr makes Docker's networks of this network service, and containers send packets in them."""

import contextlib
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from alcor.testbed.errors import TestbedError
from tests.conformance import options
from tests.conformance.kuryr import control_groups
from tests.conformance.kuryr.controller import RunningController
from tests.conformance.kuryr.engine import Engine
from tests.conformance.kuryr.plugin import ENVIRONMENT, Plugin
from tests.conformance.kuryr.relay import relayed
from tests.conformance.kuryr.site import PROJECT, Failed, Scenario, Site
from tests.conformance.kuryr.suite import scenarios
from tests.conformance.kuryr.untagged import run_untagged
from tests.conformance.neutron.cloud import Cloud, run_cloud
from tests.conformance.neutron.outcome import FAILED, PASSED, Outcome
from tests.conformance.real_hosts import run_real_hosts
from tests.conformance.telling import end, told


@options.suite
def main(regex: str, database: str, output: Path) -> None:
    """Start Keystone, a controller, hosts with Docker and Kuryr, and say what became of each scenario."""
    started = time.monotonic()
    output.mkdir(parents=True, exist_ok=True)
    options.require(ENVIRONMENT / "installed", "kuryr")
    with run_cloud(output, database) as cloud, _run_site(cloud, output) as site:
        chosen = (each for each in scenarios() if re.search(regex, each[0]))
        found = list(told(_outcome(site, *each) for each in chosen))
        failed = site.controller.errors()
        found += told([Outcome("no 5xx", FAILED if failed else PASSED, "; ".join(failed))])
    end(found, time.monotonic() - started, output)


@contextlib.contextmanager
def _run_site(cloud: Cloud, output: Path) -> Iterator[Site]:
    """Docker with Kuryr at every host of the cloud. Their logs are left in a directory."""
    account = cloud.keystone.add_account("kuryr", PROJECT, "admin")
    with contextlib.ExitStack() as stack:
        stack.callback(control_groups.sweep)
        urls = (cloud.url, cloud.keystone.url, stack.enter_context(run_untagged(cloud)))
        ports = [int(urlsplit(url).port or 0) for url in urls]
        testbed = stack.enter_context(run_real_hosts(cloud))
        engines = []
        for host in testbed.hosts:
            stack.enter_context(relayed(host.namespace, ports))
            # Kuryr gives an interface its addresses while it is the host's.
            host.namespace.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
            plugin = Plugin(host, cloud.keystone, account)
            engine = Engine(testbed.sandbox, host, plugin, control_groups.name(host.name))
            stack.callback(_keep, plugin.log, output / f"kuryr-{host.name}.log")
            stack.callback(_keep, engine.log, output / f"docker-{host.name}.log")
            plugin.start()
            engine.start()
            engines.append(engine)
        controller = RunningController(cloud.url, stack, output / "controller-again.log")
        yield Site(cloud, testbed, engines, controller)


def _keep(log: Path, place: Path) -> None:
    if log.exists():
        shutil.copy(log, place)


def _outcome(site: Site, name: str, scenario: Scenario) -> Outcome:
    try:
        scenario(site)
        left = site.left()
    except (Failed, TestbedError) as error:
        site.clear()
        return Outcome(name, FAILED, str(error))
    site.clear()
    return Outcome(name, FAILED, f"left behind: {left}") if left else Outcome(name, PASSED)


if __name__ == "__main__":
    main()
