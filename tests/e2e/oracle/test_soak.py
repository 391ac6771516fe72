"""A cloud is changed at random for long, and those whom no change is about notice nothing of it.

What is done follows from a seed; ALCOR_SEED names another one, and ALCOR_CHANGES says how much is changed.
"""

import asyncio
import itertools
import os
from random import Random

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.ping import RunningPing
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from tests.e2e.oracle import chance
from tests.e2e.oracle.comparing import differing
from tests.e2e.oracle.real import Real
from tests.e2e.oracle.world import VERSIONS, Group, Rule, Subnet, Workload, World
from tests.e2e.two_hosts import two_hosts

SEED = int(os.environ.get("ALCOR_SEED", "3"))
CHANGES = int(os.environ.get("ALCOR_CHANGES", "60"))
PROBES = 120

pytestmark = [pytest.mark.root, pytest.mark.timeout(240 + CHANGES)]


def bystanders() -> World:
    """Two workloads on each host, in two subnets that a router joins, who may say anything to each other."""
    subnets = {
        name: Subnet("beside", {4: f"10.8.{number}.0/24", 6: f"2001:db8:8:{number}::/64"}, "between")
        for number, name in enumerate(("left", "right"), 1)
    }
    workloads = {}
    for number, (host, subnet) in enumerate(itertools.product((0, 1), subnets), 10):
        addresses = {
            4: f"10.8.{1 + (subnet == 'right')}.{number}",
            6: f"2001:db8:8:{1 + (subnet == 'right')}::{number}",
        }
        workloads[f"b{number}"] = Workload(host, subnet, ("any",), addresses=addresses)
    rules = {Rule(direction, version) for direction in ("ingress", "egress") for version in VERSIONS}
    return World({"beside": False}, {"between": True}, subnets, {"any": Group(True, rules)}, {}, {}, workloads)


def pings_between(real: Real) -> list[RunningPing]:
    """From each workload to each other, over IPv4 and IPv6, once all are answered."""
    pings = [
        real.workloads[source].keep_pinging(real.world.workloads[target].addresses[version], interval=0.05)
        for source, target in itertools.permutations(real.workloads, 2)
        for version in VERSIONS
    ]
    for ping in pings:
        ping.wait_for_answers(1)
    return pings


def stopped(pings: list[RunningPing]) -> int:
    """How many packets were lost until now."""
    for ping in pings:
        ping.wait_for_answers(1)
        ping.stop()
    return sum(ping.lost() for ping in pings)


def rules_of(testbed: Testbed) -> list[set[str]]:
    """What is programmed on each host."""
    return [host.switch.rules() for host in testbed.hosts]


async def _started(testbed: Testbed, cloud: Cloud) -> Real:
    await cloud.register(testbed.hosts)
    await asyncio.to_thread(testbed.start_hosts)
    beside = Real(testbed, cloud, bystanders())
    await beside.make()
    return beside


async def test_changes_are_noticed_by_nobody_else_and_leave_nothing() -> None:
    print(f"run again with ALCOR_SEED={SEED}")
    dice = Random(SEED)
    async with two_hosts(()) as (testbed, cloud):
        beside = await _started(testbed, cloud)
        pings = await asyncio.to_thread(pings_between, beside)
        before = rules_of(testbed)
        real = Real(testbed, cloud, chance.world(dice))
        await real.make()  # the switch itself may lose packets while interfaces come and go
        await asyncio.to_thread(stopped, pings)
        pings = await asyncio.to_thread(pings_between, beside)
        for _ in range(CHANGES):
            method, given = chance.change(dice, real.world, but="move")
            await getattr(real, method)(*given)
        assert not await differing(real, chance.probes(dice, real.world, PROBES)), real.world
        assert await asyncio.to_thread(stopped, pings) == 0
        pings = await asyncio.to_thread(pings_between, beside)  # what is not used goes by itself
        await real.remove()
        await asyncio.to_thread(wait_until, lambda: rules_of(testbed) == before, "the rules there were before")
        await asyncio.to_thread(stopped, pings)
        beside.close()
