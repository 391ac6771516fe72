"""Hosts ask for their peers in VPCs on demand, and hear of those that move."""

import ipaddress
import time
from array import array
from collections import Counter

import msgspec

from alcor.model.addresses import mac_number
from alcor.model.identifiers import Id, id_bytes
from alcor.scale.asking import AskedVpc, Questions, peer
from alcor.scale.errors import ScaleError
from alcor.scale.fleet_process import AskPeers as Ask
from alcor.scale.fleet_process import CloseStreams, OpenStreams
from alcor.scale.load import drive
from alcor.scale.result import StepResult
from alcor.scale.run import Run, Vpc
from alcor.scale.scenario import AskPeers
from alcor.scale.steps.connect import check_hosts
from alcor.scale.steps.ports import move_port

_PAGE = 1000
_ENOUGH = 500  # hosts from which memory divided by hosts says something


class _Asked(msgspec.Struct):
    """A VPC that is asked about, with its ports in the order of the addresses."""

    vpc: Vpc
    vni: int
    ports: list[Id]
    macs: list[int]
    addresses: "array[int]"


async def ask_peers(run: Run, step: AskPeers, result: StepResult) -> None:
    """Carry it out. Raises ScaleError."""
    check_hosts(run)
    asked = await _look_up(run)
    hosts = _askers(asked, step.hosts)
    await _open_streams(run, step, result, hosts, asked)
    try:
        seconds = await _ask(run, step, result, hosts, asked)
        if step.moves:
            await _move(run, step, result, hosts, asked, seconds)
    finally:
        run.fleets.tell(CloseStreams())
    await run.until(lambda: not run.fleets.counts.asking, "streams to be closed", step.timeout)


async def _look_up(run: Run) -> list[_Asked]:
    found: list[_Asked] = []
    vpcs = [vpc for vpc in run.vpcs if vpc.on_demand]
    run.report("looking up addresses", len(vpcs), "VPCs", lambda: len(found))
    for vpc in vpcs:
        network = (await run.client.json("GET", f"/v2.0/networks/{vpc.network_id}"))["network"]
        asked = _Asked(vpc, network["provider:segmentation_id"], [], [], array("I"))
        path = f"/v2.0/ports?network_id={vpc.network_id}&fields=id&fields=mac_address&fields=fixed_ips&limit={_PAGE}"
        marker = ""
        while page := (await run.client.json("GET", path + marker))["ports"]:
            for port in page:
                asked.ports.append(id_bytes(port["id"]))
                asked.macs.append(mac_number(port["mac_address"]))
                asked.addresses.append(int(ipaddress.IPv4Address(port["fixed_ips"][0]["ip_address"])))
            marker = f"&marker={page[-1]['id']}"
        if asked.ports:
            found.append(asked)
    if not found:
        raise ScaleError('no ports in VPCs on demand: create some with programming = "on_demand" in an earlier step')
    return found


def _askers(asked: list[_Asked], count: int) -> list[tuple[int, int]]:
    """Hosts, and the place in the list of the VPC that each asks about: one in which it has a port."""
    hosts: dict[int, int] = {}
    for place, one in enumerate(asked):
        for host in one.vpc.ports.values():
            hosts.setdefault(host, place)
    if len(hosts) < count:
        raise ScaleError(f"{len(hosts):,} hosts have ports in VPCs on demand, not {count:,}")
    return list(hosts.items())[: count or None]


async def _open_streams(
    run: Run, step: AskPeers, result: StepResult, hosts: list[tuple[int, int]], asked: list[_Asked]
) -> None:
    fleets, timeline = run.fleets, run.timeline
    before = {name: timeline.memory(name) for name in run.process_ids()}
    run.report("opening streams", len(hosts), "streams", lambda: fleets.counts.asking)
    began = timeline.now()
    fleets.tell(OpenStreams(hosts, [AskedVpc(one.vni, one.addresses.tobytes()) for one in asked]))
    await run.until(lambda: fleets.counts.asking == len(hosts), f"{len(hosts):,} hosts to connect", step.timeout)
    result.figure("hosts that ask", len(hosts), "hosts")
    result.figure("streams opened", len(hosts) / (timeline.now() - began), "streams/s")
    if len(hosts) >= _ENOUGH and not fleets.counts.answered:  # the first step that asks: later ones reuse its memory
        grown = {name: timeline.memory(name) - memory for name, memory in before.items()}
        if "controller" in grown:
            result.figure("controller memory per stream", grown["controller"] / len(hosts), "bytes")
        simulated = sum(grown[name] for name in fleets.processes)
        result.figure("memory per simulated host that asks", simulated / len(hosts), "bytes")


async def _ask(
    run: Run, step: AskPeers, result: StepResult, hosts: list[tuple[int, int]], asked: list[_Asked]
) -> float:
    """Returns how long it took."""
    fleets, timeline, processes = run.fleets, run.timeline, run.scenario.hosts.processes
    peers = sum(min(step.peers, len(asked[place].addresses)) for _, place in hosts)
    before, used = fleets.counts, timeline.processor_seconds("controller")
    run.report("asking for peers", peers, "peers", lambda: fleets.counts.answered - before.answered)
    fleets.answers.clear()
    clients = -(-step.clients // processes)
    fleets.tell(Ask(Questions(step.peers, step.at_once, clients, step.rate / processes)))
    await run.until(lambda: len(fleets.answers) == processes, f"{peers:,} peers to be answered", step.timeout)
    seconds = max(part.ended for part in fleets.answers) - min(part.began for part in fleets.answers)
    latencies = array("d", b"".join(part.seconds for part in fleets.answers))
    result.figure("peers asked for", peers, "peers")
    result.figure("of them not there", fleets.counts.absent - before.absent, "peers")
    result.figure("answers", peers / seconds, "peers/s")
    result.figure("questions", len(latencies) / seconds, "messages/s")
    if run.controller.process_id is not None:
        spent = timeline.processor_seconds("controller") - used
        result.figure("controller processor time per answer", spent / peers * 1e6, "µs")
    result.measured("question to answer", latencies)
    return seconds


async def _move(
    run: Run,
    step: AskPeers,
    result: StepResult,
    hosts: list[tuple[int, int]],
    asked: list[_Asked],
    seconds: float,
) -> None:
    learners = _learners(step, hosts, asked)
    chosen = sorted(learners)[:: max(1, len(learners) // step.moves)][: step.moves]
    fleets, tracker = run.fleets, run.tracker
    expected = Counter({asked[place].macs[number]: learners[place, number] for place, number in chosen})
    since: dict[int, float] = {}
    fleets.news.clear()
    tracker.begin()
    run.report("moving peers", expected.total(), "news heard", lambda: len(fleets.news))

    async def move(item: tuple[int, int]) -> None:
        place, number = item
        one = asked[place]
        since[one.macs[number]] = time.monotonic()
        await move_port(run, one.vpc, one.ports[number])
        run.requests += 1

    await drive(chosen, move, min(step.clients, 8))

    def all_heard() -> bool:
        return not expected - Counter(news.mac for news in fleets.news)

    what = (
        f"{expected.total():,} news of moved peers; managers remember for a lease who asked, "
        f"and asking took {seconds:.0f} s"
    )
    await run.until(all_heard, what, step.timeout)
    await run.until(lambda: not tracker.waiting, "moved ports to be programmed", step.timeout)
    result.figure("peers moved", len(chosen), "peers")
    result.figure("news of them heard", expected.total(), "news")
    delays = [news.at - since[news.mac] for news in fleets.news if news.mac in since]
    result.measured("request for a move until a host that asked knows", delays)
    result.measured("request to programmed on the new host", tracker.up_latencies)


def _learners(step: AskPeers, hosts: list[tuple[int, int]], asked: list[_Asked]) -> Counter[tuple[int, int]]:
    """By VPC and number of a port in it, how many hosts asked for it."""
    found: Counter[tuple[int, int]] = Counter()
    for host, place in hosts:
        count = len(asked[place].addresses)
        found.update((place, peer(host, step.peers, number, count)) for number in range(min(step.peers, count)))
    return found
