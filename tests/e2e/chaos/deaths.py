"""Sudden deaths: processes killed with SIGKILL while work goes on, and started again a little later."""

import asyncio
import random
from collections.abc import Callable

import msgspec

from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until

_LONGEST_WORK = 240.0  # seconds


class Victim(msgspec.Struct, frozen=True):
    """A process that can die."""

    name: str
    kill: Callable[[], None]
    start: Callable[[], None]


def victims(testbed: Testbed) -> list[Victim]:
    """The controller, and every host's agent and switch."""
    controller = Victim("controller", testbed.controller.program.kill, testbed.controller.start)
    agents = [Victim(f"agent of {host.name}", host.agent.kill, host.agent.start) for host in testbed.hosts]
    switches = [
        Victim(f"ovs-vswitchd of {host.name}", host.switch.switch.kill, host.switch.start_switch)
        for host in testbed.hosts
    ]
    return [controller, *agents, *switches]


async def die_at(moments: list[tuple[int, Victim]], progress: Callable[[], int], dice: random.Random) -> None:
    """Kill each victim as soon as the progress has come to its moment, and start it again after a while."""
    for moment, victim in sorted(moments, key=lambda each: each[0]):
        await asyncio.to_thread(
            wait_until, lambda moment=moment: progress() >= moment, f"moment {moment}", _LONGEST_WORK
        )
        await asyncio.sleep(dice.uniform(0, 0.02))  # anywhere in the work for a request, not only at its end
        await asyncio.to_thread(victim.kill)
        await asyncio.sleep(dice.uniform(0, 0.5))
        await asyncio.to_thread(victim.start)
