"""A control agent dies and comes back; packets do not notice."""

import asyncio
import time

from alcor.testbed.demo.stage import Stage
from alcor.testbed.waiting import wait_until

_ANSWERS = 50


async def restart_agent(stage: Stage) -> None:
    """kill -9 the agent of a workload's host under a running ping, and start it again."""
    sender, receiver = stage.vpcs[0].members[:2]
    host = sender.workload.host
    stage.view.scene(f"The agent of {host.name} is killed, and started again, under a running ping")

    def scene() -> tuple[int, int, float]:
        ping = sender.workload.keep_pinging(receiver.address)
        ping.wait_for_answers(_ANSWERS)
        host.agent.kill()
        ping.wait_for_answers(_ANSWERS)
        started = time.perf_counter()
        host.agent.start()
        wait_until(lambda: host.connected, f"the agent of {host.name} to be back")
        seconds = time.perf_counter() - started
        ping.wait_for_answers(_ANSWERS)
        ping.stop()
        return len(ping.answered), ping.lost(), seconds

    answered, lost, seconds = await asyncio.to_thread(scene)
    stage.view.say(f"killed with SIGKILL; the new agent was connected and in step after {seconds:.1f} s")
    text = f"{answered} packets from {sender.name} to {receiver.name}, one every 10 ms, and none was lost"
    stage.view.promise(text, [f"{lost} were lost"] if lost else [])
