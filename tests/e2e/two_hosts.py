"""Two hosts with Open vSwitch whose VPCs are told ahead or on demand, and restarts that traffic must not notice."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.host import Host
from alcor.testbed.ping import RunningPing
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from tests.e2e.migrated import start_migrated

PROGRAMMING = [pytest.param((), id="push"), pytest.param(("--on-demand-above", "0"), id="on_demand")]
"""Arguments of the controller: how hosts come to know the peers of their workloads."""


@contextlib.asynccontextmanager
async def two_hosts(controller_arguments: tuple[str, ...]) -> AsyncIterator[tuple[Testbed, Cloud]]:
    """Made, but yet to be registered and started."""
    with Testbed(controller_arguments=controller_arguments) as testbed:
        start_migrated(testbed.controller)
        testbed.make_hosts(2)
        async with Cloud(testbed.controller) as cloud:
            yield testbed, cloud


def lose_nothing_to_restarts(testbed: Testbed, hosts: Sequence[Host], pings: Sequence[RunningPing]) -> None:
    """Kill the controller and the hosts' agents, and start them again, agents first: no ping may be lost meanwhile."""
    for ping in pings:
        ping.wait_for_answers(150)  # what is used is on disk at most a second later
    testbed.controller.program.kill()
    for host in hosts:
        host.agent.kill()
    for ping in pings:
        ping.wait_for_answers(50)
    for host in hosts:
        host.agent.start()
        wait_until(lambda host=host: host.status().get("goal_state") == "complete", f"the agent of {host.name}")  # type: ignore[misc]
    for ping in pings:
        ping.wait_for_answers(100)
    testbed.controller.start()
    testbed.wait_connected()
    for ping in pings:
        ping.wait_for_answers(50)
        ping.stop()
        assert ping.lost() == 0, f"lost, of {max(ping.answered)}: {ping.lost()}"
