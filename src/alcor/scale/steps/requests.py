"""Create a resource and then something else with it, as the scenarios of Rally and of Alcor's own test plan do."""

from array import array
from typing import Any

from alcor.scale.fleet import host_name
from alcor.scale.load import drive
from alcor.scale.result import StepResult
from alcor.scale.run import Run
from alcor.scale.scenario import Requests

_ONE = {"networks": "network", "subnets": "subnet", "ports": "port"}


async def requests(run: Run, step: Requests, result: StepResult) -> None:
    """Carry it out. Raises ScaleError."""
    run.report(f"create and {step.then} {step.resource}", step.iterations, "iterations", lambda: len(created))
    network_id = ""
    if step.resource == "ports":
        network_id = await _create_network(run)
        subnet = {"network_id": network_id, "ip_version": 4, "cidr": "10.0.0.0/12"}
        await run.client.ask("POST", "/v2.0/subnets", {"subnet": subnet})
    created, then = array("d"), array("d")
    one = _ONE[step.resource]
    timeline = run.timeline

    async def iterate(number: int) -> None:
        # As Rally has it, each subnet is in a network of its own; that is not in the times.
        network = await _create_network(run) if step.resource == "subnets" else network_id
        body = _body(run, step, network, number)
        began = timeline.now()
        answer = await run.client.json("POST", f"/v2.0/{step.resource}", {one: body})
        middle = timeline.now()
        path = f"/v2.0/{step.resource}"
        if step.then != "list":
            path += f"/{answer[one]['id']}"
        method = {"list": "GET", "show": "GET", "update": "PUT", "delete": "DELETE"}[step.then]
        await run.client.ask(method, path, {one: {"name": "changed"}} if step.then == "update" else None)
        created.append(middle - began)
        then.append(timeline.now() - middle)
        run.requests += 2

    load = await drive(range(step.iterations), iterate, step.clients, step.rate)
    result.figure("iterations", step.iterations)
    result.figure("iterations a second", load.rate, "1/s")
    result.measured(f"create {step.resource}", created)
    result.measured(f"{step.then} {step.resource}", then)


async def _create_network(run: Run) -> str:
    answer = await run.client.json("POST", "/v2.0/networks", {"network": {}})
    run.requests += 1
    network_id: str = answer["network"]["id"]
    return network_id


def _body(run: Run, step: Requests, network_id: str, number: int) -> dict[str, Any]:
    match step.resource:
        case "networks":
            return {"name": f"network-{number}"}
        case "subnets":
            return {"network_id": network_id, "ip_version": 4, "cidr": "10.0.0.0/24"}
        case "ports":
            return {"network_id": network_id, "binding:host_id": host_name(number % run.scenario.hosts.count)}
