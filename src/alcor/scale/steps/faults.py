"""Faults: what hosts and ports are like afterwards, and how long that takes."""

import asyncio

from alcor.scale.controller import OwnController
from alcor.scale.counts import Counts
from alcor.scale.errors import ScaleError
from alcor.scale.fleet_process import Cut, Slow
from alcor.scale.result import StepResult
from alcor.scale.run import Run
from alcor.scale.scenario import CutConnections, KillController, SlowHosts
from alcor.scale.steps.connect import check_hosts


async def kill_controller(run: Run, step: KillController, result: StepResult) -> None:
    """Carry it out. Raises ScaleError."""
    check_hosts(run)
    controller, timeline = run.controller, run.timeline
    if not isinstance(controller, OwnController):
        raise ScaleError("a controller that runs already is not killed: leave --controller out for this scenario")
    count = run.fleets.counts.connected
    run.report("killing the controller", count, "hosts back", lambda: run.fleets.counts.up_to_date)
    controller.kill()
    await run.until(lambda: run.fleets.counts.connected == 0, "hosts to notice that it is gone", step.timeout)
    await asyncio.sleep(step.down_seconds)
    began, snapshots = timeline.now(), run.fleets.counts.snapshots
    controller.start()
    await controller.wait_until_ready()
    ready = timeline.now() - began
    await _all_back(run, count, step.timeout)
    back = timeline.now() - began
    await _have_everything(run, step.timeout)
    told = timeline.now() - began
    await run.until_active(run.vpcs, step.timeout)
    result.figure("started until ready", ready, "s")
    result.figure("started until all hosts are back", back, "s")
    result.figure("started until all hosts have everything", told, "s")
    result.figure("started until every port is ACTIVE", timeline.now() - began, "s")
    result.figure("reconnect rate once ready", count / max(back - ready, 1e-3), "hosts/s")
    result.figure("snapshots sent", run.fleets.counts.snapshots - snapshots, "hosts")
    result.figure("controller memory", timeline.memory("controller"), "bytes")


async def cut_connections(run: Run, step: CutConnections, result: StepResult) -> None:
    """Carry it out. Raises ScaleError."""
    check_hosts(run)
    timeline, count = run.timeline, run.fleets.counts.connected
    before = run.fleets.counts
    run.report("cutting connections", count, "hosts connected", lambda: run.fleets.counts.up_to_date)
    began = timeline.now()
    run.fleets.tell(Cut(step.fraction, step.away_seconds))
    await run.until(lambda: _cut(before, run.fleets.counts), "connections to be cut", step.timeout)
    await _all_back(run, count, step.timeout)
    back = timeline.now() - began
    await _have_everything(run, step.timeout)
    await run.until_active(run.vpcs, step.timeout)
    came_back = run.fleets.counts.welcomes - before.welcomes
    result.figure("hosts cut off", came_back, "hosts")
    result.figure("cut until all are back", back, "s")
    result.figure("reconnect rate", came_back / max(back - step.away_seconds, 1e-3), "hosts/s")
    result.figure("cut until every port is ACTIVE", timeline.now() - began, "s")
    result.figure("snapshots sent", run.fleets.counts.snapshots - before.snapshots, "hosts")


def _cut(before: Counts, now: Counts) -> bool:
    """Whether the fleets have cut what they were told to, and the hosts know."""
    return now.cut > before.cut and now.lost - before.lost >= now.cut - before.cut


async def slow_hosts(run: Run, step: SlowHosts, result: StepResult) -> None:
    """Carry it out."""
    run.fleets.tell(Slow(step.fraction, step.seconds))
    result.figure("slow hosts", round(step.fraction * run.scenario.hosts.count), "hosts")
    result.figure("seconds they take for a goal state", step.seconds, "s")


async def _all_back(run: Run, count: int, timeout: float) -> None:
    await run.until(lambda: run.fleets.counts.up_to_date >= count, f"{count:,} hosts to come back", timeout)


async def _have_everything(run: Run, timeout: float) -> None:
    """Until hosts have acknowledged all they were told, and that is all ports there are."""
    run.report("hosts take what they are told", run.scenario.hosts.count, "hosts", lambda: run.fleets.counts.up_to_date)
    await run.until_told(timeout)
    ports = sum(len(vpc.ports) for vpc in run.vpcs)
    await run.until(lambda: run.fleets.counts.ports >= ports, f"hosts to have {ports:,} ports", timeout)
