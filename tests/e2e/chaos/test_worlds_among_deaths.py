"""Agents, switches and the controller of a random cloud are killed while it changes; then it is what an oracle says.

For as long as one has time: ``make chaos`` runs it. ``ALCOR_CHAOS_SEED`` throws the same dice again.
"""

import asyncio
import os
import time
from random import Random

import pytest

from alcor.testbed.host import Host
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from tests.e2e.chaos.deaths import Victim, victims
from tests.e2e.oracle import chance
from tests.e2e.oracle.comparing import differing
from tests.e2e.oracle.real import Real
from tests.e2e.two_hosts import two_hosts

SECONDS = float(os.environ.get("ALCOR_CHAOS_SECONDS") or 0)
PROBES = 120
_LONGEST_DEATH, _LONGEST_PAUSE = 2.0, 3.0
_PATIENCE_SECONDS = 120.0

pytestmark = [
    pytest.mark.root,
    pytest.mark.timeout(600 + 2 * SECONDS),
    pytest.mark.skipif(not SECONDS, reason="it is for as long as one has time: make chaos"),
]


async def test_what_passes_after_sudden_deaths_is_what_the_oracle_says() -> None:
    seed = int(os.environ.get("ALCOR_CHAOS_SEED") or Random().randrange(1 << 32))
    print(f"ALCOR_CHAOS_SEED={seed}")
    dice = Random(seed)
    world = chance.world(dice)
    world.on_demand = dict.fromkeys(world.on_demand, False)  # a switch then has just what its goal state says
    async with two_hosts(()) as (testbed, cloud):
        await cloud.register(testbed.hosts)
        await asyncio.to_thread(testbed.start_hosts)
        real = Real(testbed, cloud, world)
        await real.make()
        asking = asyncio.Lock()
        dying = asyncio.create_task(_die(victims(testbed), asking, Random(seed)))
        changes = 0
        while not dying.done():
            async with asking:
                changes += await _change(real, dice)
            await asyncio.sleep(dice.uniform(0, 0.5))
        print(f"{await dying} deaths, {changes} changes")
        await asyncio.to_thread(testbed.wait_connected)
        different = await differing(real, chance.probes(dice, real.world, PROBES))
        assert not different, f"{different}\nin {real.world}"
        for host in testbed.hosts:
            await asyncio.to_thread(_is_as_made_anew, testbed, host)
        real.close()


async def _change(real: Real, dice: Random) -> int:
    """Something else than where networks' peers are learned and where workloads are. Returns how many changes."""
    method, given = chance.change(dice, real.world, but="move")
    if method == "set_on_demand":
        return 0
    await getattr(real, method)(*given)
    return 1


async def _die(everybody: list[Victim], asking: asyncio.Lock, dice: Random) -> int:
    """One after the other, for as long as asked. Nobody asks the controller while it is dead."""
    end, deaths = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        victim = dice.choice(everybody)
        if victim.name == "controller":
            async with asking:
                await _dies(victim, dice)
        else:
            await _dies(victim, dice)
        deaths += 1
        await asyncio.sleep(dice.uniform(0, _LONGEST_PAUSE))
    return deaths


async def _dies(victim: Victim, dice: Random) -> None:
    await asyncio.to_thread(victim.kill)
    await asyncio.sleep(dice.uniform(0, _LONGEST_DEATH))
    await asyncio.to_thread(victim.start)


def _is_as_made_anew(testbed: Testbed, host: Host) -> None:
    """The switch has the flows that it is given when nothing is left of it and its agent."""
    before = _lasting_rules(host)
    host.agent.kill()
    host.switch.switch.kill()
    host.switch.start_switch()
    host.agent.start()
    testbed.wait_connected()
    wait_until(lambda: _lasting_rules(host) == before, f"the flows of {host.name} to be as before", _PATIENCE_SECONDS)


def _lasting_rules(host: Host) -> set[str]:
    """Without those about whom packets came from: they go by themselves."""
    return {rule for rule in host.switch.rules() if "idle_timeout" not in rule}
