"""Changes that many hosts have to hear of: how long until they have, and what that takes of whose processor."""

import asyncio
import time
from functools import partial

import msgspec

from alcor.channels.topic_beats import BEAT_SECONDS
from alcor.model.addresses import mac_number
from alcor.model.identifiers import id_bytes
from alcor.scale.controller import OwnController
from alcor.scale.errors import ScaleError
from alcor.scale.fleet import host_name
from alcor.scale.fleet_process import Watch
from alcor.scale.load import drive
from alcor.scale.metrics import read_metrics
from alcor.scale.result import StepResult
from alcor.scale.run import Run, Vpc
from alcor.scale.scenario import Spread
from alcor.scale.steps.connect import check_hosts
from alcor.scale.steps.ports import security_groups

_READING = "alcor_dpm_topic_hosts"
_POLL_SECONDS = 0.1
_SETTLED_SECONDS = BEAT_SECONDS + 1.0  # soon after a change every topic is heard
_QUIET_SECONDS = 0.5
_CLIENTS = 8


class _Change(msgspec.Struct):
    """Of which hosts are to hear. Times are of time.monotonic."""

    mark: int
    hosts: set[int]
    since: float
    answered: float
    heard: dict[int, float] = {}  # host → when


async def spread(run: Run, step: Spread, result: StepResult) -> None:
    """Carry it out. Raises ScaleError."""
    check_hosts(run)
    told_ahead = [vpc for vpc in run.vpcs if not vpc.on_demand]
    if not told_ahead:
        raise ScaleError('no VPC is told ahead: create one in an earlier step with do = "create-ports"')
    vpc, timeline = told_ahead[-1], run.timeline
    hosts = sorted(set(vpc.ports.values()))
    await _until_read(run, told_ahead, step.timeout)
    await _until_quiet(run, step.timeout)
    idle = await _idle(run, step.idle_seconds)
    changes: list[_Change] = []
    run.report(f"changes: a {step.change} more", step.changes, "changes", lambda: len(changes))
    run.tracker.begin()
    run.fleets.heard.clear()
    run.fleets.tell(Watch(True))
    used, began, told = _processor_seconds(run), timeline.now(), run.fleets.counts.goal_states
    try:
        if step.change == "port":
            await drive(range(step.changes), partial(_one_port_more, run, vpc, hosts, changes), _CLIENTS, step.rate)
        else:
            rules = await _count_rules(run, vpc)
            await drive(range(step.changes), partial(_one_rule_more, run, vpc, hosts, rules, changes), 1, step.rate)
        what = f"{len(hosts):,} hosts to hear of {step.changes:,} changes"
        await run.until(partial(_all_heard, run, changes, step.change == "rule"), what, step.timeout)
        await run.until(lambda: not run.tracker.waiting, "new ports to be programmed", step.timeout)
    finally:
        run.fleets.tell(Watch(False))
    seconds, now = timeline.now() - began, _processor_seconds(run)
    result.figure("hosts that have to hear of it", len(hosts), "hosts")
    result.figure("learn by topic", (await read_metrics(run.client)).get(_READING, 0.0), "hosts")
    goal_states = run.fleets.counts.goal_states - told
    result.figure("goal states sent to hosts for a change", goal_states / step.changes, "goal states")
    for name, spent in now.items():
        result.figure(f"processor while nothing changes: {name}", 100 * idle[name], "%")
        own = spent - used[name] - idle[name] * seconds
        result.figure(f"processor time for a change: {name}", max(0.0, own) / step.changes * 1e6, "µs")
    result.measured("request to answer", [one.answered - one.since for one in changes])
    result.measured("request until a host knows", [at - one.since for one in changes for at in one.heard.values()])
    result.measured("request until all hosts know", [max(one.heard.values()) - one.since for one in changes])


async def _until_read(run: Run, told_ahead: list[Vpc], timeout: float) -> None:
    """Wait until as many hosts learn by topic as are going to. Raises ScaleError."""
    hosts, told = run.scenario.hosts, run.scenario.controller
    if not hosts.on_queue or told.queue_above == told.queue_groups_above == "none":
        return
    expected = 0
    if isinstance(run.controller, OwnController):
        expected += sum(map(_hosts, _above(told.queue_above, told_ahead)))
        expected += sum(map(_hosts, _above(told.queue_groups_above, [vpc for vpc in told_ahead if vpc.security_group])))
    deadline, before, since = time.monotonic() + timeout, 0.0, time.monotonic()
    run.report("waiting for hosts to read topics", expected, "topics read", lambda: before)
    while before < expected or (not expected and time.monotonic() - since < _SETTLED_SECONDS):
        reading = (await read_metrics(run.client)).get(_READING, 0.0)
        if reading != before:
            before, since = reading, time.monotonic()
        if time.monotonic() > deadline:
            raise ScaleError(f"{before:,.0f} of {expected:,} topics are read by hosts after {timeout:g} s")
        await asyncio.sleep(_POLL_SECONDS)


async def _until_quiet(run: Run, timeout: float) -> None:
    """Wait until hosts have heard of all that came before: ports are programmed before the last hosts know of them.

    Raises ScaleError.
    """
    told, since = -1, 0.0

    def is_quiet() -> bool:
        nonlocal told, since
        if run.fleets.counts.goal_states != told:
            told, since = run.fleets.counts.goal_states, time.monotonic()
        return time.monotonic() - since > _QUIET_SECONDS

    await run.until(is_quiet, "hosts to be told nothing more of what came before", timeout)


def _above(limit: int | str, vpcs: list[Vpc]) -> list[Vpc]:
    """Those that have topics, as far as the scenario says so."""
    return [vpc for vpc in vpcs if isinstance(limit, int) and len(vpc.ports) > limit]


def _hosts(vpc: Vpc) -> int:
    return len(set(vpc.ports.values()))


async def _idle(run: Run, seconds: float) -> dict[str, float]:
    """How much of a processor each process uses while nothing changes."""
    run.report("waiting, to see what that takes", seconds, "s", lambda: run.timeline.now() - began)
    used, began = _processor_seconds(run), run.timeline.now()
    await asyncio.sleep(seconds)
    now, took = _processor_seconds(run), run.timeline.now() - began
    return {name: (now[name] - before) / took if seconds else 0.0 for name, before in used.items()}


def _processor_seconds(run: Run) -> dict[str, float]:
    """That the controller, the broker and the hosts have used so far."""
    found = {
        name: run.timeline.processor_seconds(name) for name in ("controller", "broker") if name in run.process_ids()
    }
    return found | {"hosts": sum(map(run.timeline.processor_seconds, run.fleets.processes))}


async def _one_port_more(run: Run, vpc: Vpc, hosts: list[int], changes: list[_Change], number: int) -> None:
    host, since = hosts[number % len(hosts)], time.monotonic()
    body = {"network_id": vpc.network_id, "binding:host_id": host_name(host), **security_groups(vpc)}
    port = (await run.client.json("POST", "/v2.0/ports", {"port": body}))["port"]
    changes.append(_Change(mac_number(port["mac_address"]), {*hosts} - {host}, since, time.monotonic()))
    port_id = id_bytes(port["id"])
    vpc.ports[port_id] = host
    run.tracker.expect([port_id], since)
    run.requests += 1


async def _count_rules(run: Run, vpc: Vpc) -> int:
    if not vpc.security_group:
        raise ScaleError("the VPC has no security group of its own: create its ports with security_group = true")
    path = f"/v2.0/security-groups/{vpc.security_group}"
    return len((await run.client.json("GET", path))["security_group"]["security_group_rules"])


async def _one_rule_more(run: Run, vpc: Vpc, hosts: list[int], rules: int, changes: list[_Change], number: int) -> None:
    since, port = time.monotonic(), rules + number
    rule = {
        "security_group_id": vpc.security_group,
        "direction": "ingress",
        "protocol": "tcp",
        "port_range_min": port,
        "port_range_max": port,
    }
    await run.client.ask("POST", "/v2.0/security-group-rules", {"security_group_rule": rule})
    changes.append(_Change(rules + number + 1, {*hosts}, since, time.monotonic()))
    run.requests += 1


def _all_heard(run: Run, changes: list[_Change], are_rules: bool) -> bool:
    """Take in what hosts have heard."""
    by_mark = {change.mark: change for change in changes}
    heard, run.fleets.heard = run.fleets.heard, []
    for each in heard:
        change = by_mark.get(each.mark)
        while change is not None and each.host not in change.heard:
            change.heard[each.host] = each.at
            change = by_mark.get(change.mark - 1) if are_rules else None  # a group is told with all its rules
    return all(change.heard.keys() >= change.hosts for change in changes)
