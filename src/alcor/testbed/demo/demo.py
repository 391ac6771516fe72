"""The demo from its first scene to its last."""

import asyncio
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from alcor.testbed.cloud import Cloud
from alcor.testbed.demo import look_inside
from alcor.testbed.demo.agent_restart import restart_agent
from alcor.testbed.demo.deletion import delete_port
from alcor.testbed.demo.isolation import try_to_cross
from alcor.testbed.demo.move import move_workload
from alcor.testbed.demo.opening import open_stage
from alcor.testbed.demo.ping_matrix import ping_pairs
from alcor.testbed.demo.ports import create_ports
from alcor.testbed.demo.settings import DemoSettings
from alcor.testbed.demo.stage import Stage
from alcor.testbed.demo.view import View
from alcor.testbed.errors import TestbedError
from alcor.testbed.testbed import Testbed

_THREADS = 16


async def run_demo(settings: DemoSettings, console: Console) -> bool:
    """Show everything. True when every promise held. Raises TestbedError when it cannot be shown at all."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, "demo"))
    view = View(console)
    started = time.perf_counter()
    with Testbed(settings.listen, ("--secure-southbound",)) as testbed:
        async with Cloud(testbed.controller) as cloud:
            stage = Stage(testbed, cloud, view)
            try:
                await _scenes(stage, settings)
            except TestbedError as error:
                view.scene("The demo cannot go on")
                view.promise("everything goes as shown", [str(error)])
                _show_logs(stage)
            _summarise(view, time.perf_counter() - started)
            if settings.keep and stage.vpcs:
                view.console.print("\n" + look_inside.text(stage), markup=False, soft_wrap=True)
                await _until_interrupted()
    return not view.broken


async def _scenes(stage: Stage, settings: DemoSettings) -> None:
    await open_stage(stage, settings.hosts)
    await create_ports(stage, settings.workloads)
    await ping_pairs(stage)
    await try_to_cross(stage)
    await restart_agent(stage)
    await move_workload(stage)
    await delete_port(stage)


def _summarise(view: View, seconds: float) -> None:
    view.console.print()
    if not view.broken:
        view.console.print(f"[bold green]All {view.held} promises held[/], in {seconds:.0f} s.")
        return
    view.console.print(f"[bold red]{len(view.broken)} of {view.held + len(view.broken)} promises did not hold:[/]")
    for broken in view.broken:
        view.console.print(f"  {broken}", markup=False, soft_wrap=True)


def _show_logs(stage: Stage) -> None:
    """The end of the logs of those who may know why."""
    testbed = stage.testbed
    programs = {"controller": testbed.controller.program} | {host.name: host.agent for host in testbed.hosts}
    for name, program in programs.items():
        stage.view.say(f"the last that the log of {name} says:")
        for line in program.last_words().splitlines()[-4:]:
            stage.view.say(f"  {line}")


async def _until_interrupted() -> None:
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    await interrupted.wait()
