"""Ports: created, changed and deleted through the API, until their hosts have done what follows."""

import itertools
import time
from array import array
from collections.abc import Iterator
from typing import Any

from alcor.model.identifiers import Id, id_bytes, id_text
from alcor.model.programming import DEFAULT_ON_DEMAND_ABOVE
from alcor.scale.errors import ScaleError
from alcor.scale.fleet import host_name
from alcor.scale.load import drive
from alcor.scale.result import StepResult
from alcor.scale.run import Run, Vpc
from alcor.scale.scenario import CreatePorts, DeletePorts, UpdatePorts
from alcor.scale.steps.connect import check_hosts

_NETWORKS_AT_ONCE = 100


async def create_ports(run: Run, step: CreatePorts, result: StepResult) -> None:
    """Carry it out. Raises ScaleError."""
    check_hosts(run)
    vpcs = await _create_vpcs(run, step, result)
    total = step.vpcs * step.ports
    tracker, timeline = run.tracker, run.timeline
    tracker.begin()
    programmed = tracker.programmed
    run.report("creating ports", total, "ports ready", lambda: tracker.programmed - programmed)
    used = timeline.processor_seconds("controller")
    neighbours = run.fleets.counts.neighbours
    began = timeline.now()
    created = 0

    async def create(batch: tuple[Vpc, range]) -> None:
        nonlocal created
        vpc, numbers = batch
        since = time.monotonic()
        await _create(run, vpc, numbers, step.at_once == 1, since)
        created += len(numbers)

    load = await drive(_batches(vpcs, step), create, step.clients, step.rate)
    answered = timeline.now() - began
    await run.until(lambda: not tracker.waiting, f"{total:,} ports to be programmed", step.timeout)
    ready = timeline.now() - began
    await run.until_active(vpcs, step.timeout)
    active = timeline.now() - began
    await tracker.finish_samples()
    result.figure("ports created", created, "ports")
    result.figure("ports stored in all", sum(len(vpc.ports) for vpc in run.vpcs), "ports")
    result.figure("requests", load.rate, "requests/s")
    result.figure("ports created, by the API", created / answered, "ports/s")
    result.figure("ports programmed, from the first request to the last report", created / ready, "ports/s")
    result.figure("ports ACTIVE, from the first request to the last", created / active, "ports/s")
    if run.controller.process_id is not None:
        spent = timeline.processor_seconds("controller") - used
        result.figure("controller processor time per port", spent / created * 1e6, "µs")
    result.figure("neighbours told to hosts", run.fleets.counts.neighbours - neighbours, "entries")
    what = "port create" if step.at_once == 1 else f"create of {step.at_once:,} ports"
    result.measured(f"{what}, answer", load.latencies)
    result.measured("request to programmed", tracker.up_latencies)
    result.measured("request to ACTIVE, sampled by the API", tracker.active_latencies)


async def _create_vpcs(run: Run, step: CreatePorts, result: StepResult) -> list[Vpc]:
    vpcs: list[Vpc] = []
    on_demand = step.programming == "on_demand"
    on_demand = on_demand or (step.programming == "auto" and step.ports > DEFAULT_ON_DEMAND_ABOVE)
    run.report("creating VPCs", step.vpcs, "VPCs", lambda: len(vpcs))

    async def create(number: int) -> None:
        body = {"name": f"vpc-{number}", "cidr": _cidr(step.ports), "programming": step.programming}
        network = (await run.client.json("POST", "/project/scale/vpcs", {"network": body}))["network"]
        subnet = {"network_id": network["id"], "ip_version": 4, "cidr": _cidr(step.ports)}
        found = (await run.client.json("POST", "/v2.0/subnets", {"subnet": subnet}))["subnet"]
        hosts = _hosts(run, number, step.hosts)
        group = await _create_group(run) if step.security_group else ""
        vpcs.append(Vpc(network["id"], found["id"], hosts, on_demand, group))
        run.requests += 2

    load = await drive(range(step.vpcs), create, clients=min(step.clients, step.vpcs, 8))
    if step.vpcs > 1:
        result.figure("VPCs created, with a subnet each", load.rate, "VPCs/s")
    run.vpcs.extend(vpcs)
    return vpcs


async def _create_group(run: Run) -> str:
    group = {"name": "of a VPC", "project_id": "scale"}
    answer = await run.client.json("POST", "/v2.0/security-groups", {"security_group": group})
    run.requests += 1
    created: str = answer["security_group"]["id"]
    return created


def security_groups(vpc: Vpc) -> dict[str, list[str]]:
    """What the body of a port says of them."""
    return {"security_groups": [vpc.security_group]} if vpc.security_group else {}


def _hosts(run: Run, vpc: int, count: int) -> range:
    """Each VPC begins where the one before ends."""
    every = run.scenario.hosts.count
    count = min(count, every) or every
    first = vpc * count % every
    return range(first, first + count)


def _cidr(ports: int) -> str:
    """Large enough for twice the ports, the gateway and what is reserved, and never smaller than a /22."""
    return f"10.0.0.0/{min(22, 32 - (2 * ports + 8).bit_length())}"


def _batches(vpcs: list[Vpc], step: CreatePorts) -> Iterator[tuple[Vpc, range]]:
    """One request each: a VPC, and the numbers in it of the ports to be created."""
    parts = [range(first, min(first + step.at_once, step.ports)) for first in range(0, step.ports, step.at_once)]
    if step.in_turn:
        return ((vpc, numbers) for numbers in parts for vpc in vpcs)
    return ((vpc, numbers) for vpc in vpcs for numbers in parts)


async def _create(run: Run, vpc: Vpc, numbers: range, single: bool, since: float) -> None:
    every = run.scenario.hosts.count
    hosts = [vpc.hosts[number % len(vpc.hosts)] % every for number in numbers]
    groups = security_groups(vpc)
    bodies = [{"network_id": vpc.network_id, "binding:host_id": host_name(host), **groups} for host in hosts]
    answer = await run.client.json("POST", "/v2.0/ports", {"port": bodies[0]} if single else {"ports": bodies})
    found: list[dict[str, Any]] = [answer["port"]] if single else answer["ports"]
    ids = [id_bytes(port["id"]) for port in found]
    vpc.ports.update(zip(ids, hosts, strict=True))
    run.tracker.expect(ids, since)
    run.requests += 1


async def update_ports(run: Run, step: UpdatePorts, result: StepResult) -> None:
    """Carry it out. Raises ScaleError."""
    chosen = _existing(run, step.ports)
    tracker, timeline = run.tracker, run.timeline
    tracker.begin()
    answered = 0
    run.report(f"changing ports: {step.change}", len(chosen), "ports", lambda: answered - tracker.waiting)

    async def change(item: tuple[Vpc, Id]) -> None:
        nonlocal answered
        vpc, port_id = item
        if step.change == "move":
            await move_port(run, vpc, port_id)
        else:
            await run.client.ask("PUT", f"/v2.0/ports/{id_text(port_id)}", {"port": {"name": f"changed-{answered}"}})
        answered += 1
        run.requests += 1

    began = timeline.now()
    load = await drive(chosen, change, step.clients, step.rate)
    await run.until(lambda: not tracker.waiting, "changed ports to be programmed", step.timeout)
    await run.until_active(list({id(vpc): vpc for vpc, _ in chosen}.values()), step.timeout)
    await tracker.finish_samples()
    result.figure("ports changed", len(chosen), "ports")
    result.figure("requests", load.rate, "requests/s")
    active = len(chosen) / (timeline.now() - began)
    result.figure("ports ACTIVE again, from the first request to the last", active, "ports/s")
    result.measured("port update, answer", load.latencies)
    result.measured("request to programmed on the new host", tracker.up_latencies)


async def move_port(run: Run, vpc: Vpc, port_id: Id) -> None:
    """Bind a port to the next host. Raises RequestFailed."""
    host = (vpc.ports[port_id] + 1) % run.scenario.hosts.count
    run.tracker.expect([port_id], time.monotonic())
    vpc.ports[port_id] = host
    await run.client.ask("PUT", f"/v2.0/ports/{id_text(port_id)}", {"port": {"binding:host_id": host_name(host)}})


async def delete_ports(run: Run, step: DeletePorts, result: StepResult) -> None:
    """Carry it out. Raises ScaleError."""
    chosen = _existing(run, step.ports)
    answered = 0
    run.report("deleting ports", len(chosen), "ports", lambda: answered)
    latencies = array("d")

    async def delete(item: tuple[Vpc, Id]) -> None:
        nonlocal answered
        vpc, port_id = item
        await run.client.ask("DELETE", f"/v2.0/ports/{id_text(port_id)}")
        del vpc.ports[port_id]
        answered += 1
        run.requests += 1

    before = run.fleets.counts.removed
    began = run.timeline.now()
    load = await drive(chosen, delete, step.clients, step.rate)
    latencies.extend(load.latencies)
    await run.until(
        lambda: run.fleets.counts.removed - before >= len(chosen), "deleted ports to be gone from hosts", step.timeout
    )
    result.figure("ports deleted", len(chosen), "ports")
    result.figure("requests", load.rate, "requests/s")
    result.figure("ports gone from their hosts", len(chosen) / (run.timeline.now() - began), "ports/s")
    result.measured("port delete, answer", latencies)


def _existing(run: Run, count: int) -> list[tuple[Vpc, Id]]:
    """Ports of all VPCs, one VPC after the other."""
    chosen = list(itertools.islice(((vpc, port_id) for vpc in run.vpcs for port_id in vpc.ports), count))
    if len(chosen) < count:
        raise ScaleError(f"there are {len(chosen):,} ports, not {count:,}: create more in an earlier step")
    return chosen
