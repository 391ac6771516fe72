"""Every pair inside a subnet: on the same host and across hosts."""

import asyncio
import random
import statistics
from collections.abc import Sequence

from rich.columns import Columns
from rich.table import Table
from rich.text import Text

from alcor.testbed.demo.stage import Member, Stage, Vpc

_LARGEST_MATRIX = 12
_PEERS = 6
_MOST_PAIRS = 200  # Linux keeps 1024 neighbours for all namespaces together: two a pair, and one a pair of hosts
_AT_ONCE = 2  # more would measure how many processes the machine starts

Times = dict[tuple[str, str], float | None]
"""Round-trip times in milliseconds by sender and receiver; None where no answer came."""


async def ping_pairs(stage: Stage) -> None:
    """Ping every pair of a small subnet, and a few peers of every workload of a large one."""
    view = stage.view
    view.scene("The ping matrix: a single packet each, its round-trip time in milliseconds (green: on the same host)")
    pairs = [pair for vpc in stage.vpcs for pair in _pairs(vpc.members, len(stage.testbed.hosts))]
    if len(pairs) > _MOST_PAIRS:
        pairs = random.Random(0).sample(pairs, _MOST_PAIRS)
    times: Times = {}

    await asyncio.to_thread(stage.testbed.wait_steady)
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(sender: Member, receiver: Member) -> None:
        async with turns:
            answer = await asyncio.to_thread(sender.workload.ping, receiver.address)
        times[sender.name, receiver.name] = answer

    small = [vpc for vpc in stage.vpcs if len(vpc.members) <= _LARGEST_MATRIX]
    with view.live(lambda: Columns([_matrix(vpc, times) for vpc in small], padding=(0, 4))):
        await asyncio.gather(*(one(*pair) for pair in pairs))
    _judge(stage, pairs, times)


def _pairs(members: Sequence[Member], hosts: int) -> list[tuple[Member, Member]]:
    """Who pings whom: everybody everybody, or the next few and the next one on the same host."""
    count = len(members)
    if count <= _LARGEST_MATRIX:
        return [(sender, receiver) for sender in members for receiver in members if sender is not receiver]
    steps = {*range(1, _PEERS), hosts % count or 1}
    return [(members[index], members[(index + step) % count]) for index in range(count) for step in sorted(steps)]


def _judge(stage: Stage, pairs: Sequence[tuple[Member, Member]], times: Times) -> None:
    same = [pair for pair in pairs if pair[0].workload.host is pair[1].workload.host]
    for kind, chosen in (("on the same host", same), ("across hosts", [pair for pair in pairs if pair not in same])):
        if not chosen:
            continue
        results = {pair: times[pair[0].name, pair[1].name] for pair in chosen}
        answered = [result for result in results.values() if result is not None]
        middle = f", {statistics.median(answered):.2f} ms in the middle" if answered else ""
        unanswered = [f"{one.name} → {two.name}" for (one, two), result in results.items() if result is None]
        stage.view.promise(f"{len(chosen)} pairs {kind} reach each other at the first packet{middle}", unanswered)


def _matrix(vpc: Vpc, times: Times) -> Table:
    table = Table("from \\ to", box=None, padding=(0, 1), header_style="bold", title_justify="left")
    for receiver in vpc.members:
        table.add_column(receiver.name, justify="right")
    for sender in vpc.members:
        table.add_row(Text(sender.name, style="bold"), *(_cell(sender, receiver, times) for receiver in vpc.members))
    return table


def _cell(sender: Member, receiver: Member, times: Times) -> Text:
    if sender is receiver:
        return Text("·", style="dim")
    if (sender.name, receiver.name) not in times:
        return Text("")
    time = times[sender.name, receiver.name]
    if time is None:
        return Text("✗", style="bold red")
    return Text(f"{time:.1f}", style="green" if sender.workload.host is receiver.workload.host else "")
