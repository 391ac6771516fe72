"""Two VPCs with overlapping addresses, and workloads that get theirs by DHCP."""

import asyncio
import statistics
import time
from collections.abc import Sequence

import msgspec
from rich.table import Table

from alcor.testbed.cloud import Cloud
from alcor.testbed.demo.stage import Member, Stage, Vpc
from alcor.testbed.errors import TestbedError
from alcor.testbed.waiting import until
from alcor.testbed.workload import Workload

VPCS = ("red", "blue")
_CIDR = "10.0.0.0/16"
_FIRST_ADDRESS, _LAST_ADDRESS = 11, "10.0.255.250"
_MOST_ROWS = 24
_AT_ONCE = 4
_POLL_SECONDS = 0.01


class _Row(msgspec.Struct):
    """How far a workload has come; times in milliseconds since its port was requested."""

    name: str
    vpc: str
    host: str
    address: str = ""
    created: float | None = None
    active: float | None = None
    leased: float | None = None


async def create_ports(stage: Stage, workloads: int) -> None:
    """Create the VPCs, and plug workloads in until there are so many."""
    view = stage.view
    view.scene(f"Two VPCs, both {_CIDR}, and {workloads} workloads")
    counts = dict(zip(VPCS, (workloads - workloads // 2, workloads // 2), strict=True))
    for number, name in enumerate(VPCS):
        stage.vpcs.append(await _create_vpc(stage.cloud, name, number * (workloads // 4)))
    plan = [(vpc, number) for vpc in stage.vpcs for number in range(counts[vpc.name])]
    prepared = await _prepare(stage, plan)
    rows = [_Row(workload.name, vpc.name, workload.host.name) for vpc, workload in prepared]
    with view.live(lambda: _table(rows) if len(rows) <= _MOST_ROWS else _progress(rows)):
        await _plug_in(stage, prepared, rows)
    _judge(stage, rows)


async def _create_vpc(cloud: Cloud, name: str, offset: int) -> Vpc:
    network = await cloud.create("network", name=name)
    # Each VPC starts elsewhere in the same range: some addresses are in both, and each has some of its own.
    pool = {"start": f"10.0.{offset // 200}.{_FIRST_ADDRESS + offset % 200}", "end": _LAST_ADDRESS}
    subnet = await cloud.create(
        "subnet", name=name, network_id=network["id"], ip_version=4, cidr=_CIDR, allocation_pools=[pool]
    )
    return Vpc(name, network["id"], subnet)


async def _prepare(stage: Stage, plan: Sequence[tuple[Vpc, int]]) -> list[tuple[Vpc, Workload]]:
    """Make the workloads, one host after the other, so that every VPC is on every host."""
    hosts = stage.testbed.hosts
    started = [
        asyncio.to_thread(stage.testbed.add_workload, f"{vpc.name}-{number + 1}", hosts[number % len(hosts)])
        for vpc, number in plan
    ]
    workloads = await asyncio.gather(*started)
    return [(vpc, workload) for (vpc, _), workload in zip(plan, workloads, strict=True)]


async def _plug_in(stage: Stage, prepared: Sequence[tuple[Vpc, Workload]], rows: Sequence[_Row]) -> None:
    turns = asyncio.Semaphore(_AT_ONCE)
    statuses: dict[str, str] = {}

    async def one(vpc: Vpc, workload: Workload, row: _Row) -> None:
        async with turns:
            vpc.members.append(await _bring_up(stage.cloud, vpc, workload, row, statuses))

    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_watch(stage.cloud, statuses))
            await asyncio.gather(*(one(*each, row) for each, row in zip(prepared, rows, strict=True)))
            watching.cancel()
    except ExceptionGroup as failures:  # several for one reason
        raise failures.exceptions[0] from failures
    for vpc in stage.vpcs:
        vpc.members.sort(key=lambda member: int(member.name.rpartition("-")[2]))


async def _bring_up(cloud: Cloud, vpc: Vpc, workload: Workload, row: _Row, statuses: dict[str, str]) -> Member:
    """One workload, from the request for its port to its address."""
    started = time.perf_counter()

    def elapsed() -> float:
        return (time.perf_counter() - started) * 1000

    port = await cloud.create(
        "port",
        name=workload.name,
        network_id=vpc.network_id,
        device_id=workload.name,
        device_owner="compute:demo",
        **{"binding:host_id": workload.host.name},
    )
    row.created, row.address = elapsed(), port["fixed_ips"][0]["ip_address"]
    await asyncio.to_thread(workload.plug, port["id"], port["mac_address"])
    await until(lambda: statuses.get(port["id"]) == "ACTIVE", f"the port of {workload.name} to be ACTIVE")
    row.active = elapsed()
    lease = await asyncio.to_thread(workload.request_lease)
    row.leased = elapsed()
    if lease.address != row.address:
        raise TestbedError(f"{workload.name} got {lease.address} by DHCP, but its port has {row.address}")
    return Member(vpc.name, workload, port)


async def _watch(cloud: Cloud, statuses: dict[str, str]) -> None:
    """Keep up to date what the API says of every port."""
    while True:
        statuses.update(await cloud.statuses())
        await asyncio.sleep(_POLL_SECONDS)


def _judge(stage: Stage, rows: Sequence[_Row]) -> None:
    times = sorted(row.active for row in rows if row.active is not None)
    median, slowest = statistics.median(times), times[-1]
    early = [member.name for member in stage.members() if member.port["status"] != "DOWN"]
    stage.view.promise("no port is ACTIVE before its host has confirmed it", early)
    stage.view.kept(f"every port is ACTIVE: {median:.0f} ms after the request (median), {slowest:.0f} ms at most")
    stage.view.kept("every workload got its port's address by DHCP")


def _table(rows: Sequence[_Row]) -> Table:
    table = Table("workload", "VPC", "host", "address", box=None, padding=(0, 1), header_style="bold")
    for title in ("created", "ACTIVE", "DHCP"):
        table.add_column(f"{title} [dim]ms[/]", justify="right", no_wrap=True)
    for row in rows:
        times = ("" if value is None else f"{value:.0f}" for value in (row.created, row.active, row.leased))
        table.add_row(row.name, f"[{row.vpc}]{row.vpc}[/]", row.host, row.address, *times)
    return table


def _progress(rows: Sequence[_Row]) -> str:
    active, leased = (sum(getattr(row, name) is not None for row in rows) for name in ("active", "leased"))
    return f"  {active} of {len(rows)} ports ACTIVE, {leased} addresses by DHCP"
