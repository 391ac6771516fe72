"""What hosts say of their health is kept where every controller sees it, for as long as it is so."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from alcor.channels.messages import DataPlaneState, Fault, HostHealth
from alcor.model.node_health import NodeHealth, NodeState
from alcor.services.hosts import node_health
from alcor.store import tables
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import HOSTS, Agents, Controller, active, eventually
from tests.integration.southbound.fake_agent import FakeAgent

ONE, TWO, THREE = HOSTS
GONE = HostHealth(DataPlaneState.GONE, "no ovs-vswitchd", probed=2)


async def health_of(cloud: Cloud, host_id: str) -> NodeHealth:
    found = await cloud.store.read(lambda connection: node_health.healths(connection, [host_id]))
    return found[host_id]


async def seen(cloud: Cloud, host_id: str, state: NodeState, *reasons: str) -> NodeHealth:
    async def is_seen() -> bool:
        health = await health_of(cloud, host_id)
        return (health.state, health.reasons) == (state, reasons)

    await eventually(is_seen, f"{host_id} is {state.value}: {reasons}")
    return await health_of(cloud, host_id)


async def kept_rows(cloud: Cloud) -> int:
    queries = [select(func.count()).select_from(each) for each in (tables.host_health, tables.unreached_host)]
    return await cloud.store.read(lambda connection: sum(connection.execute(query).scalar_one() for query in queries))


async def started(agents: Agents, *hosts: str) -> list[FakeAgent]:
    """Agents that were told whom to probe."""
    found = [agents(host) for host in hosts]
    for agent in found:
        await eventually(lambda agent=agent: bool(agent.targets), f"{agent.host_id} is told whom to probe")  # type: ignore[misc]
    return found


async def test_hosts_are_told_to_probe_each_other(cloud: Cloud, agents: Agents) -> None:
    one, two = await started(agents, ONE, TWO)
    await eventually(lambda: sorted(one.targets[-1].targets) == [2, 3], "one probes the others")
    assert sorted(two.targets[-1].targets) == [1, 3]
    await cloud.create_nodes(["host-4"], first_number=4)
    await eventually(lambda: sorted(two.targets[-1].targets)[-2:] == [3, 4], "two probes the new host, too")


async def test_a_data_plane_that_is_gone_degrades_its_node_until_it_is_back(cloud: Cloud, agents: Agents) -> None:
    (one,) = await started(agents, ONE)
    await seen(cloud, ONE, NodeState.UP)
    await one.say_health(GONE)
    health = await seen(cloud, ONE, NodeState.DEGRADED, "its data plane is gone: no ovs-vswitchd")
    await one.say_health(HostHealth(DataPlaneState.GONE, "no ovs-vswitchd", 2, {2: Fault.UNREACHABLE}))
    await eventually(lambda: _counts(cloud, 2), "both are kept")
    assert (await health_of(cloud, ONE)).since == health.since
    await one.say_health(HostHealth(probed=2))
    await seen(cloud, ONE, NodeState.UP)
    assert await kept_rows(cloud) == 0


async def test_hosts_that_do_not_reach_each_other_say_so(cloud: Cloud, agents: Agents) -> None:
    one, two, three = await started(agents, *HOSTS)
    await one.say_health(HostHealth(probed=2, unreached={2: Fault.UNREACHABLE}))
    await two.say_health(HostHealth(probed=2, unreached={1: Fault.NOT_WITH_FULL_PACKETS}))
    await three.say_health(HostHealth(probed=2))
    full = "with packets of full size"
    await seen(cloud, ONE, NodeState.DEGRADED, f"it does not reach {TWO}", f"{TWO} does not reach it {full}")
    await seen(cloud, TWO, NodeState.DEGRADED, f"it does not reach {ONE} {full}", f"{ONE} does not reach it")
    await seen(cloud, THREE, NodeState.UP)
    await one.say_health(HostHealth(probed=2))
    await two.say_health(HostHealth(probed=2))
    await seen(cloud, ONE, NodeState.UP)
    await seen(cloud, TWO, NodeState.UP)


async def test_what_is_said_again_is_not_written_again(cloud: Cloud, controller: Controller, agents: Agents) -> None:
    (one,) = await started(agents, ONE)
    for _ in range(5):
        await one.say_health(GONE)
    reports = _metric(controller, "alcor_dpm_health_reports_total")
    await eventually(lambda: reports() == 5, "all are heard")
    await seen(cloud, ONE, NodeState.DEGRADED, "its data plane is gone: no ovs-vswitchd")
    assert _metric(controller, "alcor_dpm_health_changes_total")() == 1
    assert _metric(controller, "alcor_dpm_troubled_hosts")() == 1
    await one.stop()
    await eventually(lambda: _metric(controller, "alcor_dpm_troubled_hosts")() == 0, "it is gone")


async def test_a_lost_host_is_down_and_nothing_of_it_is_kept(cloud: Cloud, agents: Agents) -> None:
    one, two = await started(agents, ONE, TWO)
    (port,) = await cloud.create_ports(ONE)
    await active(cloud, port)
    await one.say_health(GONE)
    await two.say_health(HostHealth(probed=2, unreached={1: Fault.UNREACHABLE}))
    await eventually(lambda: _counts(cloud, 3), "both are kept")
    await one.stop()
    await seen(cloud, ONE, NodeState.DOWN, "its agent is connected to no controller", "1 host does not reach it")
    await seen(cloud, TWO, NodeState.UP)
    await eventually(lambda: _counts(cloud, 2), "what it said is forgotten")


async def test_another_controller_knows_it_too_and_writes_what_its_hosts_say_anew(
    cloud: Cloud, controller: Controller, agents: Agents, directory: Path
) -> None:
    (one,) = await started(agents, ONE)
    await one.say_health(GONE)
    await seen(cloud, ONE, NodeState.DEGRADED, "its data plane is gone: no ovs-vswitchd")
    await one.stop()
    other = Controller(cloud.store, directory, "c2", grace=60)
    async with other.serving():
        moved = FakeAgent(ONE, [other.address])
        moved.start()
        await eventually(lambda: bool(moved.targets), "the host is told whom to probe")
        await moved.say_health(HostHealth(probed=2))
        await seen(cloud, ONE, NodeState.UP)
        await moved.stop()


async def test_hosts_that_are_no_nodes_are_told_of_nobody_and_named_by_nobody(cloud: Cloud, agents: Agents) -> None:
    one, _, stranger = await started(agents, ONE, TWO, "stranger")
    assert stranger.targets[-1].targets == {}
    await one.say_health(HostHealth(probed=2, unreached={77: Fault.UNREACHABLE, 2: Fault.UNREACHABLE}))
    await seen(cloud, ONE, NodeState.DEGRADED, f"it does not reach {TWO}")


async def _counts(cloud: Cloud, rows: int) -> bool:
    return await kept_rows(cloud) == rows


def _metric(controller: Controller, name: str) -> Callable[[], float]:
    def value() -> float:
        return controller.registry.get_sample_value(name) or 0.0

    return value
