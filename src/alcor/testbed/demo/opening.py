"""The first scene: a controller and hosts start."""

import asyncio
import time

from alcor.testbed.demo.stage import Stage


async def open_stage(stage: Stage, hosts: int) -> None:
    """Start everything, and wait until every host is connected."""
    testbed, view = stage.testbed, stage.view
    view.scene("A controller, and hosts with Open vSwitch and a control agent each")
    started = time.perf_counter()
    await asyncio.to_thread(testbed.controller.start)
    view.say(
        f"controller ready after {time.perf_counter() - started:.1f} s; the API is at {testbed.controller.address}"
    )
    started = time.perf_counter()
    made = await asyncio.to_thread(testbed.make_hosts, hosts)
    await stage.cloud.register(made)
    await stage.cloud.invite(made)
    await asyncio.to_thread(testbed.start_hosts)
    await asyncio.to_thread(testbed.wait_connected)
    view.kept(f"{hosts} hosts connected, with certificates on both sides, after {time.perf_counter() - started:.1f} s")
