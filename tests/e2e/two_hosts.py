"""Two hosts with Open vSwitch whose VPCs are told ahead or on demand, and restarts that traffic must not notice."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest

from alcor.agent.on_demand.learned import Learned
from alcor.agent.on_demand.learned_file import LEARNED, NEXT_HOPS
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
        ping.wait_for_answers(50)
    for host in hosts:
        wait_until(lambda host=host: is_on_disk(host), f"what {host.name} has learned to be on disk")  # type: ignore[misc]
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


def is_on_disk(host: Host) -> bool:
    """Whether its agent's next life will know all that this one has learned, and what it routes to."""
    learned, next_hops = Learned(), 0
    if (file := host.outside(f"agent/{LEARNED}")).exists():
        learned.load(file.read_bytes(), now=0.0)
    if (file := host.outside(f"agent/{NEXT_HOPS}")).exists():
        next_hops = sum(map(len, msgspec.msgpack.decode(file.read_bytes(), type=dict[int, list[Any]]).values()))
    status = host.status()
    return (learned.count(), next_hops) == (status["neighbours_learned"], status["next_hops"])
