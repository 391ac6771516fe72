"""A whole test: its processes are started, its steps carried out, and what was found put together."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from alcor.channels.trust.reach import enrolment_beside, is_beyond_this_machine
from alcor.scale.broker import OwnBroker
from alcor.scale.controller import Controller, OwnController
from alcor.scale.errors import ScaleError
from alcor.scale.machine import machine
from alcor.scale.result import Outcome, StepResult
from alcor.scale.run import Run
from alcor.scale.scenario import (
    AskPeers,
    Connect,
    CreatePorts,
    CutConnections,
    DeletePorts,
    KillController,
    Requests,
    Scenario,
    SlowHosts,
    Spread,
    Step,
    UpdatePorts,
    Wait,
)
from alcor.scale.steps.ask import ask_peers
from alcor.scale.steps.connect import connect
from alcor.scale.steps.faults import cut_connections, kill_controller, slow_hosts
from alcor.scale.steps.ports import create_ports, delete_ports, update_ports
from alcor.scale.steps.requests import requests
from alcor.scale.steps.spread import spread
from alcor.scale.trust import joined
from alcor.scale.watching import Watcher

_DATABASES = {"": "SQLite", "sqlite": "SQLite", "postgresql": "PostgreSQL"}


class Target(msgspec.Struct, frozen=True):
    """What is tested: a controller of our own on a database, or one that runs."""

    database: str = ""  # SQLAlchemy URL; empty for a new SQLite file
    controller: str = ""  # http://HOST:PORT of one that runs
    southbound: str = ""  # where that one listens for agents
    message_queue: str = ""  # pulsar://…; empty for a broker of our own, if the hosts need one
    secure: bool | None = None  # whether hosts show certificates; None for where it is not this machine

    def is_secure(self) -> bool:
        """Whether hosts show certificates."""
        return is_beyond_this_machine(self.southbound or "unix:") if self.secure is None else self.secure


async def run_scenario(
    name: str, scenario: Scenario, target: Target, watcher: Watcher, interval: float = 0.25
) -> Outcome:
    """Run it. A step that fails ends the test and is a problem of its result. Raises ScaleError before that."""
    here = machine()  # the commit, before anybody goes on
    with contextlib.ExitStack() as stack:
        broker = await _broker(scenario, target, stack)
        queue = target.message_queue or (broker.url if broker else "")
        controller = _controller(scenario, target, queue)
        stack.callback(controller.close)
        if isinstance(controller, OwnController):
            controller.start()
        await controller.wait_until_ready()
        credentials = None
        if target.is_secure():
            credentials = await joined(controller.client, enrolment_beside(controller.southbound))
        run = Run(scenario, controller, interval, broker, queue if scenario.hosts.on_queue else "", credentials)
        stack.callback(run.fleets.stop)
        run.fleets.listen()
        background = [asyncio.create_task(run.timeline.run()), asyncio.create_task(watcher.watch(run))]
        started_at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        try:
            steps = [step async for step in _steps(run, watcher)]
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
        run.timeline.sample()
        return Outcome(
            scenario=name,
            description=scenario.description,
            started_at=started_at,
            machine=here,
            database=_DATABASES.get(target.database.partition(":")[0].partition("+")[0], "unknown")
            if not target.controller
            else "that of a running controller",
            hosts=scenario.hosts.count,
            steps=steps,
            times=run.timeline.times,
            series=run.timeline.series,
        )


async def _broker(scenario: Scenario, target: Target, stack: contextlib.ExitStack) -> OwnBroker | None:
    """A broker, if hosts need one and none is named."""
    if not scenario.hosts.on_queue or target.message_queue:
        return None
    if target.controller:
        raise ScaleError("these hosts use a message queue: name the controller's with --message-queue")
    broker = OwnBroker()
    stack.callback(broker.close)
    broker.start()
    await broker.wait_until_ready()
    return broker


def _controller(scenario: Scenario, target: Target, queue: str) -> Controller:
    if not target.controller:
        options = ["--message-queue", queue, *scenario.controller.options()] if queue else []
        if target.is_secure():
            options += ["--secure-southbound"]
        return OwnController(target.database, options)
    if not target.southbound:
        raise ScaleError("with --controller, say with --southbound where it listens for agents")
    return Controller(target.controller, target.southbound)


async def _steps(run: Run, watcher: Watcher) -> Any:
    for step in run.scenario.steps:
        title = describe(step)
        what = msgspec.json.encode(step).decode()
        result = StepResult(title=title, what=what, began=run.timeline.now())
        watcher.step_began(title)
        try:
            await _carry_out(run, step, result)
        except ScaleError as error:
            result.problems.append(str(error))
            if isinstance(run.controller, OwnController) and (words := run.controller.last_words()):
                result.problems.append(words)
        result.ended = run.timeline.now()
        watcher.step_ended(result)
        yield result
        if result.problems:
            return


def describe(step: Step) -> str:
    """What a step does, in a few words."""
    match step:
        case Connect():
            return "connect all hosts"
        case CreatePorts():
            kind = "one at a time" if step.at_once == 1 else f"{step.at_once:,} at once"
            return f"create {step.vpcs:,} × {step.ports:,} ports, {kind}, {step.clients} clients"
        case UpdatePorts():
            return f"{'rename' if step.change == 'name' else 'move'} {step.ports:,} ports, {step.clients} clients"
        case Spread():
            what = "ports of the VPC" if step.change == "port" else "rules of the security group"
            return f"{step.changes:,} more {what} that was created last, {step.rate:g} a second"
        case DeletePorts():
            return f"delete {step.ports:,} ports, {step.clients} clients"
        case Requests():
            return f"create and {step.then} {step.resource}, {step.iterations:,} times, {step.clients} clients"
        case AskPeers():
            move = f"; {step.moves:,} peers move" if step.moves else ""
            return f"ask for {step.peers:,} peers of each host, {step.at_once:,} at once, {step.clients} clients{move}"
        case KillController():
            return "kill the controller and start it again"
        case CutConnections():
            return f"cut {step.fraction:.0%} of the connections"
        case SlowHosts():
            return f"slow down {step.fraction:.0%} of the hosts"
        case Wait():
            return f"wait {step.seconds:g} s"


async def _carry_out(run: Run, step: Step, result: StepResult) -> None:
    if isinstance(step, Wait):
        await _wait(run, step, result)
    else:
        await _DO[type(step)](run, step, result)


async def _wait(run: Run, step: Wait, result: StepResult) -> None:
    timeline = run.timeline
    began, used = timeline.now(), timeline.processor_seconds("controller")
    run.report("waiting", step.seconds, "s", lambda: timeline.now() - began)
    await asyncio.sleep(step.seconds)
    if run.controller.process_id is not None:
        spent = timeline.processor_seconds("controller") - used
        result.figure("controller's processor while nothing is asked of it", 100 * spent / step.seconds, "%")
        result.figure("controller memory", timeline.memory("controller"), "bytes")


_DO: dict[type, Callable[[Run, Any, StepResult], Awaitable[None]]] = {
    Connect: connect,
    CreatePorts: create_ports,
    UpdatePorts: update_ports,
    Spread: spread,
    DeletePorts: delete_ports,
    Requests: requests,
    AskPeers: ask_peers,
    KillController: kill_controller,
    CutConnections: cut_connections,
    SlowHosts: slow_hosts,
}
