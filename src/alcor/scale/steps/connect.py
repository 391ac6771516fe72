"""Registering the hosts as nodes and connecting them."""

import ipaddress

from alcor.scale.errors import ScaleError
from alcor.scale.fleet import host_name
from alcor.scale.fleet_process import Start
from alcor.scale.http_client import RequestFailed
from alcor.scale.load import drive
from alcor.scale.result import StepResult
from alcor.scale.run import Run
from alcor.scale.scenario import Connect

_FIRST_VTEP = int(ipaddress.IPv4Address("100.64.0.1"))  # RFC 6598: room for 4 million hosts

_START_SECONDS = 120.0  # that processes of hosts have, however little patience a step has with the controller
_ENOUGH = 10_000  # hosts from which memory divided by hosts says something


async def connect(run: Run, step: Connect, result: StepResult) -> None:
    """Carry it out. Raises ScaleError."""
    await _register(run, step, result)
    count = run.scenario.hosts.count
    timeline, fleets = run.timeline, run.fleets
    await run.until(lambda: fleets.ready, "the processes of the hosts to start", _START_SECONDS)
    before = {name: timeline.memory(name) for name in run.process_ids()}
    used = timeline.processor_seconds("controller")
    began = timeline.now()
    run.report("connecting hosts", count, "hosts", lambda: fleets.counts.up_to_date)
    fleets.tell(Start())
    await run.until(
        lambda: fleets.counts.up_to_date >= count, f"{count:,} hosts to connect and be up to date", step.timeout
    )
    seconds = timeline.now() - began
    result.figure("hosts connected and up to date", count, "hosts")
    result.figure("seconds to connect them all", seconds, "s")
    result.figure("connect rate", count / seconds, "hosts/s")
    result.measured("from the connection attempt to the first goal state", fleets.connect_seconds)
    if run.controller.process_id is not None:
        spent = timeline.processor_seconds("controller") - used
        result.figure("controller processor time per host", spent / count * 1e6, "µs")
    if count >= _ENOUGH:
        if run.controller.process_id is not None:
            result.figure("controller memory per host", _grown(run, before, "controller") / count, "bytes")
        grown = sum(_grown(run, before, name) for name in fleets.processes)
        result.figure("memory per simulated host", grown / count, "bytes")


def _grown(run: Run, before: dict[str, float], process: str) -> float:
    return run.timeline.memory(process) - before[process]


async def _register(run: Run, step: Connect, result: StepResult) -> None:
    count = run.scenario.hosts.count
    registered = 0
    run.report("registering nodes", count, "nodes", lambda: registered)

    async def register(first: int) -> None:
        nonlocal registered
        numbers = range(first, min(first + step.at_once, count))
        try:
            await run.client.ask("POST", "/nodes/bulk", {"host_infos": [_node(number) for number in numbers]})
        except RequestFailed as error:
            if error.status != 409:  # those of an earlier test are there already
                raise
        run.requests += 1
        registered += len(numbers)

    began = run.timeline.now()
    before = run.timeline.memory("controller")
    load = await drive(range(0, count, step.at_once), register, clients=2)
    result.figure("nodes registered", count / (run.timeline.now() - began), "nodes/s")
    result.measured(f"register {step.at_once:,} nodes", load.latencies)
    if run.controller.process_id is not None and count >= _ENOUGH:
        result.figure("controller memory per node", (run.timeline.memory("controller") - before) / count, "bytes")


def _node(number: int) -> dict[str, str]:
    address = str(ipaddress.IPv4Address(_FIRST_VTEP + number))
    return {"node_id": host_name(number), "node_name": host_name(number), "local_ip": address}


def check_hosts(run: Run) -> None:
    """Raises ScaleError when the scenario has not connected its hosts yet."""
    if not run.fleets.counts.welcomes:
        raise ScaleError('no host is connected: begin the scenario with a step that has do = "connect"')
