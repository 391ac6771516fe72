"""An operator sees how far the southbound side of a controller is, and what blocks it."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alcor.channels.fast_path.options import GOAL_STATES_AHEAD
from alcor.dpm import status as status_module
from alcor.model.records import VpcRecord
from alcor.services.hosts.host_session import HostSession, claim
from alcor.store.store import open_store
from tests.databases import PostgreSQL
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import HOSTS, Agents, Controller, active, eventually
from tests.integration.southbound.many_agents import ManyAgents
from tests.integration.southbound.operator import Operator, operating


@pytest.fixture
async def operator(cloud: Cloud, controller: Controller) -> AsyncIterator[Operator]:
    async with operating(cloud.store, controller) as opened:
        yield opened


def gauge(controller: Controller, name: str) -> float:
    (family,) = getattr(controller.metrics, name).collect()
    value: float = family.samples[0].value
    return value


async def nobody_pending(operator: Operator) -> None:
    async def none_is() -> bool:
        return (await operator.status())["pending"]["count"] == 0

    await eventually(none_is, "every host has acknowledged everything")


async def test_a_quiet_controller_has_nothing_to_complain_of(
    cloud: Cloud, controller: Controller, operator: Operator, agents: Agents
) -> None:
    for host_id in HOSTS:
        agents(host_id)
    await active(cloud, *await cloud.create_ports(*HOSTS))
    await nobody_pending(operator)
    found = await operator.status()
    assert (found["controller_id"], found["trouble"], found["ncm"]) == ("c1", "", {"learned": 7})
    head = found["change_log"]["head"]
    assert head == controller.manager.revision > 0
    assert found["change_log"] == {"head": head, "compiled": head, "lag_entries": 0, "lag_seconds": 0}
    assert (found["nodes"], found["connected_hosts"], found["ports"], found["vpcs"]) == (3, 3, 3, 1)
    assert found["failed"] == {"count": 0, "ports": []}
    assert found["unconnected"] == {"count": 0, "more": False, "hosts": []}
    assert [(each["id"], each["hosts"]) for each in found["controllers"]] == [("c1", 3)]


async def test_a_host_that_does_not_acknowledge_is_pending_ever_longer_until_it_does(
    cloud: Cloud, controller: Controller, operator: Operator, agents: Agents
) -> None:
    silent, quick = agents(HOSTS[0]), agents(HOSTS[1])
    await active(cloud, *await cloud.create_ports(HOSTS[0], HOSTS[1]))
    await nobody_pending(operator)
    silent.may_read.clear()
    acknowledged = silent.state.revision
    began = time.monotonic()
    late, other = await cloud.create_ports(HOSTS[0], HOSTS[1])
    await active(cloud, other)
    await eventually(lambda: quick.state.revision == controller.manager.revision, "the other host has it")

    async def only_the_silent_one() -> bool:
        return [host["host_id"] for host in (await operator.status())["pending"]["hosts"]] == [HOSTS[0]]

    await eventually(only_the_silent_one, "the silent host is pending, alone")
    found = (await operator.status())["pending"]
    (host,) = found["hosts"]
    assert found["count"] == gauge(controller, "pending_hosts") == 1
    assert 0 < host["seconds"] < time.monotonic() - began
    assert (host["acknowledged_revision"], host["sent_revision"]) == (acknowledged, controller.manager.revision)
    assert (host["unacknowledged"], host["waiting"], host["waiting_items"]) == (1, "nothing", 0)
    assert (await operator.status())["pending"]["oldest_seconds"] > host["seconds"]
    assert gauge(controller, "oldest_pending_seconds") > host["seconds"]
    silent.may_read.set()
    await active(cloud, late)
    await nobody_pending(operator)
    assert gauge(controller, "oldest_pending_seconds") == 0


async def test_what_waits_for_a_host_that_takes_nothing_is_told(
    cloud: Cloud, controller: Controller, operator: Operator
) -> None:
    many = ManyAgents(controller.address, HOSTS)
    many.start()
    await active(cloud, *await cloud.create_ports(*HOSTS))
    slow = many.agents[0]
    slow.may_read = False
    for count in range(GOAL_STATES_AHEAD):
        await cloud.create_ports(HOSTS[1])
        await eventually(lambda: len(slow.unread) == count + 1, "sent, and not taken")  # noqa: B023
    await active(cloud, *await cloud.create_ports(HOSTS[1], HOSTS[2]))

    async def slow_host() -> dict[str, object]:
        (found,) = (await operator.status())["pending"]["hosts"]
        shown: dict[str, object] = found
        return shown

    found = await slow_host()
    assert found["host_id"] == HOSTS[0]
    assert (found["unacknowledged"], found["waiting"]) == (GOAL_STATES_AHEAD, "delta")
    assert found["waiting_items"] == 4  # two ports, each with a place and an address
    serving = controller.manager._serving
    serving.resync(serving.connections[HOSTS[0]], "test")
    assert ((await slow_host())["waiting"], (await slow_host())["waiting_items"]) == ("snapshot", 0)
    many.read_on(0)
    await nobody_pending(operator)
    await many.stop()


async def test_only_so_many_are_named_those_that_owe_longest(
    cloud: Cloud, controller: Controller, operator: Operator, agents: Agents
) -> None:
    hosts = [agents(host_id) for host_id in HOSTS]
    await active(cloud, *await cloud.create_ports(*HOSTS))
    await nobody_pending(operator)
    for agent in hosts:
        agent.may_read.clear()
    controller.manager.retry(HOSTS[1], next(iter(hosts[1].state.ports)))
    await cloud.create_ports(HOSTS[0])

    async def all_pending() -> bool:
        return (await operator.status())["pending"]["count"] == 3

    await eventually(all_pending, "all hosts are pending")
    assert [host["host_id"] for host in (await operator.status(limit=1))["pending"]["hosts"]] == [HOSTS[1]]
    assert (await operator.status(limit=0))["pending"]["hosts"] == []
    for agent in hosts:
        agent.may_read.set()
    await nobody_pending(operator)


async def test_entries_not_compiled_show_with_their_age(cloud: Cloud, directory: Path) -> None:
    controller = Controller(cloud.store, directory)
    await controller.start(follow=False)
    async with operating(cloud.store, controller) as operator:
        assert (await operator.status())["change_log"]["lag_entries"] == 0
        for _ in range(3):
            await cloud.create_ports(HOSTS[0])
        first = (await operator.status())["change_log"]
        assert first["lag_entries"] == first["head"] - first["compiled"] == 3
        assert (await operator.status())["change_log"]["lag_seconds"] > first["lag_seconds"] >= 0
        assert gauge(controller, "log_lag_seconds") > first["lag_seconds"]
        controller.follow()
        await eventually(lambda: controller.manager.revision == first["head"], "everything is compiled")
        assert (await operator.status())["change_log"] == {
            "head": first["head"], "compiled": first["head"], "lag_entries": 0, "lag_seconds": 0,
        }  # fmt: skip
        assert gauge(controller, "log_lag_seconds") == 0
    await controller.stop()


async def test_hosts_with_ports_that_no_controller_serves_are_named(
    cloud: Cloud, controller: Controller, operator: Operator, agents: Agents
) -> None:
    lost, never, elsewhere, idle = *HOSTS, "idle"
    await cloud.create_nodes([idle], first_number=10)
    agent = agents(lost)
    await cloud.store.write(lambda transaction: claim(transaction, "c2", [HostSession(elsewhere, b"s" * 16)]))
    port, *_ = await cloud.create_ports(lost, never, elsewhere)
    await active(cloud, port)
    assert (await operator.status())["unconnected"] == {
        "count": 1, "more": False, "hosts": [{"host_id": never, "lost_at": None}],
    }  # fmt: skip
    before = int(time.time())
    await agent.stop()
    await active(cloud, port, status="DOWN")
    await eventually(lambda: lost in controller.manager.lost, "the host is known to be lost")
    found = (await operator.status())["unconnected"]
    assert [host["host_id"] for host in found["hosts"]] == [lost, never]
    assert before <= found["hosts"][0]["lost_at"] <= time.time()
    assert {each["id"]: each["hosts"] for each in (await operator.status())["controllers"]} == {"c1": 0, "c2": 1}
    agent.start()
    await active(cloud, port)
    assert [host["host_id"] for host in (await operator.status())["unconnected"]["hosts"]] == [never]


async def test_there_is_an_end_to_naming_them(
    cloud: Cloud, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_module, "MOST", 2)
    await cloud.create_ports(*HOSTS)
    found = (await operator.status(limit=1))["unconnected"]
    assert (found["count"], found["more"], len(found["hosts"])) == (2, True, 1)


async def test_vpcs_on_demand_are_counted(
    cloud: Cloud, controller: Controller, operator: Operator, agents: Agents
) -> None:
    agents(HOSTS[0])
    await active(cloud, *await cloud.create_ports(HOSTS[0]))
    assert (await operator.status())["on_demand_vpcs"] == 0
    (vpc,) = controller.manager.model.vpcs.values()
    changed = VpcRecord(vpc.id, 100, 1450, on_demand=True)
    await cloud.store.write(lambda transaction: transaction.record(changed))

    async def counted() -> bool:
        return (await operator.status())["on_demand_vpcs"] == 1

    await eventually(counted, "the VPC is counted")
    await cloud.store.write(lambda transaction: transaction.record(VpcRecord(vpc.id, 100, 1450)))
    await eventually(lambda: not controller.manager.model.on_demand, "the VPC is told ahead again")


async def test_a_database_that_is_away_is_the_trouble(
    postgresql: PostgreSQL, postgresql_template: str, directory: Path
) -> None:
    database = postgresql.create_database(postgresql_template)
    store = await open_store(postgresql.url(database))
    cloud = Cloud(store)
    await cloud.create(HOSTS)
    controller = Controller(store, directory)
    await controller.start()
    async with operating(store, controller) as operator:

        async def trouble(*, there: bool) -> None:
            async def it_is() -> bool:
                found = await operator.status()
                return ("read" in found["trouble"]) is there and found["change_log"]["head"] > 0

            await eventually(it_is, f"trouble: {there}", seconds=20)

        await trouble(there=False)
        postgresql.drop_database(database)
        await trouble(there=True)
    await controller.stop()
    await store.close()


@pytest.mark.parametrize("limit", ["-1", "1001", "9" * 5000, "many", "1.5", "²"])
async def test_a_limit_that_is_none_is_refused(operator: Operator, limit: str) -> None:
    answer = await operator.client.get("/southbound/status", params={"limit": limit})
    assert answer.status_code == 400
    assert "from 0 to 1000" in answer.json()["NeutronError"]["message"]
