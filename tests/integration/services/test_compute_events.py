"""What happens to workloads' ports is kept for the compute service until it has been told, in order."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alcor.model.choices import Choices
from alcor.model.context import OPERATOR
from alcor.services.floating_ips.floating_ip import FLOATING_IPS
from alcor.services.hosts import host_session
from alcor.services.hosts.host_session import HostSession
from alcor.services.ports import compute_events, port_binding
from alcor.services.ports.compute_events import ComputeEvent
from alcor.services.ports.port import PORTS
from alcor.services.ports.port_binding import BindingRequest
from alcor.services.ports.port_status import ACTIVE, DOWN, UNCLAIMED, PortStatus, set_statuses
from alcor.services.routers import router_interface
from alcor.services.routers.router import ROUTERS
from alcor.services.rows import View
from alcor.store import change_log
from alcor.store.store import open_store
from alcor.store.tables import router as router_table
from alcor.store.transaction import Transaction
from tests.integration.services.cloud import Cloud, open_cloud, refusal

SERVER, OTHER = "6a7b8c9d-0000-4000-8000-000000000001", "6a7b8c9d-0000-4000-8000-000000000002"
OF_NOVA = {"device_owner": "compute:nova", "device_id": SERVER}
HOST = "binding:host_id"


@pytest.fixture
async def cloud(database_url: str) -> AsyncIterator[Cloud]:
    async with open_cloud(database_url, Choices(tells_compute=True)) as cloud:
        yield cloud


async def told(cloud: Cloud) -> list[tuple[str, str, str]]:
    """What was left to tell, which is told now: what, of which server and port."""

    def operation(transaction: Transaction) -> list[ComputeEvent]:
        events = compute_events.take(transaction, 100, transaction.now + 60)
        compute_events.forget(transaction, events)
        return events

    assert await cloud.store.read(compute_events.is_any_left)
    events = await cloud.store.write(operation)
    assert not await cloud.store.read(compute_events.is_any_left)
    return [(each.name.removeprefix("network-"), each.device_id, each.port_id) for each in events]


async def nothing_told(cloud: Cloud) -> bool:
    return not await cloud.store.read(compute_events.is_any_left)


async def says(cloud: Cloud, port: View, status: str) -> None:
    """The host of a port says of it."""
    revision = await cloud.store.read(change_log.head)

    def operation(transaction: Transaction) -> None:
        host_session.claim(transaction, "c1", [HostSession(port[HOST], b"session".ljust(16))])
        set_statuses(transaction, [PortStatus(port["id"], port[HOST], b"session".ljust(16), status, revision)])

    await cloud.store.write(operation)


async def test_a_server_hears_when_its_port_is_plugged_in_and_out(cloud: Cloud) -> None:
    port = await cloud.port(await cloud.network(), **OF_NOVA, **{HOST: "host-1"})
    for _ in range(2):  # what is said again is no news
        await says(cloud, port, ACTIVE)
    assert await told(cloud) == [("vif-plugged", SERVER, port["id"])]
    for _ in range(2):
        await says(cloud, port, DOWN)
    assert await told(cloud) == [("vif-unplugged", SERVER, port["id"])]


async def test_what_a_host_says_that_has_the_port_no_more_is_no_news(cloud: Cloud) -> None:
    port = await cloud.port(await cloud.network(), **OF_NOVA, **{HOST: "host-1"})
    await says(cloud, port | {HOST: "host-2"}, ACTIVE)
    assert await nothing_told(cloud)


async def test_a_lost_host_plugs_its_ports_out(cloud: Cloud) -> None:
    port = await cloud.port(await cloud.network(), **OF_NOVA, **{HOST: "host-1"})
    await says(cloud, port, ACTIVE)
    await told(cloud)
    lost = [HostSession("host-1", b"session".ljust(16))]
    assert await cloud.store.write(lambda transaction: host_session.give_up(transaction, lost)) == ["host-1"]
    assert await told(cloud) == [("vif-unplugged", SERVER, port["id"])]


async def test_a_port_that_moves_is_plugged_out_and_in_again(cloud: Cloud) -> None:
    port = await cloud.port(await cloud.network(), **OF_NOVA, **{HOST: "host-1"})
    await says(cloud, port, ACTIVE)
    await told(cloud)
    moved = await cloud.update(PORTS, port["id"], **{HOST: "host-2"})
    assert await told(cloud) == [(each, SERVER, port["id"]) for each in ("vif-unplugged", "changed")]
    await says(cloud, moved, ACTIVE)
    assert await told(cloud) == [("vif-plugged", SERVER, port["id"])]


async def bound_to_migrate(cloud: Cloud) -> tuple[View, BindingRequest]:
    """A port that works on one host, and its binding to another."""
    for number in (1, 2):
        await cloud.node(f"host-{number}", f"192.0.2.{number}")
    port = await cloud.port(await cloud.network(), **OF_NOVA, **{HOST: "host-1"})
    await says(cloud, port, ACTIVE)
    values = {"host": "host-2", "vnic_type": "normal", "profile": {}}
    binding = BindingRequest(port["id"], "host-2", OPERATOR, values)
    await cloud.store.write(lambda transaction: port_binding.create_binding(transaction, binding))
    await told(cloud)
    return port, binding


async def status(cloud: Cloud, port: View) -> str:
    return str((await cloud.all(PORTS))[port["id"]]["status"])


async def test_a_server_hears_when_its_port_is_plugged_in_where_it_is_to_migrate_to(cloud: Cloud) -> None:
    port, binding = await bound_to_migrate(cloud)
    there = port | {HOST: "host-2"}
    for _ in range(2):
        await says(cloud, there, UNCLAIMED)
    assert await told(cloud) == [("vif-plugged", SERVER, port["id"])]
    assert await status(cloud, port) == ACTIVE  # where it still is
    await says(cloud, there, DOWN)
    assert await nothing_told(cloud)
    await says(cloud, there, UNCLAIMED)
    assert await told(cloud) == [("vif-plugged", SERVER, port["id"])]
    await cloud.store.write(lambda transaction: port_binding.activate_binding(transaction, binding))
    await told(cloud)
    await says(cloud, port, UNCLAIMED)  # where it was, and nobody waits for it
    assert await nothing_told(cloud)


async def test_an_interface_is_told_of_once_for_each_binding_that_waits_for_it(cloud: Cloud) -> None:
    port, binding = await bound_to_migrate(cloud)
    there = port | {HOST: "host-2"}
    await says(cloud, port | {HOST: "host-3"}, UNCLAIMED)  # nobody asked for it there
    assert await nothing_told(cloud)
    await says(cloud, there, UNCLAIMED)
    assert await told(cloud) == [("vif-plugged", SERVER, port["id"])]
    await cloud.store.write(lambda transaction: port_binding.delete_binding(transaction, binding))
    await cloud.store.write(lambda transaction: port_binding.create_binding(transaction, binding))
    await says(cloud, there, UNCLAIMED)
    assert await told(cloud) == [("vif-plugged", SERVER, port["id"])]


async def test_changes_and_ends_are_told_of_ports_of_servers_alone(cloud: Cloud) -> None:
    network = await cloud.network()
    for values in ({}, {"device_owner": "compute:nova"}, {"device_owner": "manila:share", "device_id": SERVER}):
        port = await cloud.port(network, **values)
        await cloud.update(PORTS, port["id"], name="new")
        await cloud.delete(PORTS, port["id"])
        assert await nothing_told(cloud)
    port = await cloud.port(network, **OF_NOVA)
    assert await nothing_told(cloud)
    await cloud.update(PORTS, port["id"], name="new")
    assert await told(cloud) == [("changed", SERVER, port["id"])]
    await cloud.delete(PORTS, port["id"])
    assert await told(cloud) == [("vif-deleted", SERVER, port["id"])]


async def test_a_change_that_is_refused_is_told_to_nobody(cloud: Cloud) -> None:
    port = await cloud.port(await cloud.network(), **OF_NOVA)
    assert (await refusal(cloud.update(PORTS, port["id"], revision=99, name="new")))[0] == 412
    assert await nothing_told(cloud)


async def test_servers_hear_of_floating_ips_that_come_and_go(cloud: Cloud) -> None:
    outside, inside = await cloud.network(**{"router:external": True}), await cloud.network()
    await cloud.subnet(outside, "192.0.2.0/24")
    subnet = await cloud.subnet(inside)
    await cloud.create(ROUTERS, {"external_gateway_info": {"network_id": outside["id"]}})

    def connect(transaction: Transaction) -> None:
        row = transaction.connection.execute(router_table.select()).one()
        router_interface.add(transaction, row, {"subnet_id": subnet["id"]}, OPERATOR)

    await cloud.store.write(connect)
    one = await cloud.port(inside, **OF_NOVA)
    two = await cloud.port(inside, **OF_NOVA | {"device_id": OTHER})
    values: dict[str, Any] = {"floating_network_id": outside["id"], "port_id": one["id"]}
    floating = (await cloud.create(FLOATING_IPS, values))[0]
    assert await told(cloud) == [("changed", SERVER, one["id"])]
    await cloud.update(FLOATING_IPS, floating["id"], description="web")
    assert await nothing_told(cloud)
    await cloud.update(FLOATING_IPS, floating["id"], port_id=two["id"])
    assert sorted(await told(cloud)) == [("changed", SERVER, one["id"]), ("changed", OTHER, two["id"])]
    await cloud.delete(FLOATING_IPS, floating["id"])
    assert await told(cloud) == [("changed", OTHER, two["id"])]


async def test_events_are_told_in_order_by_one_at_a_time(cloud: Cloud) -> None:
    port = await cloud.port(await cloud.network(), **OF_NOVA)

    async def take(most: int, seconds: int) -> list[ComputeEvent]:
        return await cloud.store.write(
            lambda transaction: compute_events.take(transaction, most, transaction.now + seconds)
        )

    for name in "abc":
        await cloud.update(PORTS, port["id"], name=name)
    first = await take(2, 60)
    assert len(first) == 2 and await take(2, 60) == []  # the third is not told before these
    await cloud.store.write(lambda transaction: compute_events.give_back(transaction, first))
    assert await take(2, 0) == first  # whoever had them ended in between
    assert await take(2, 60) == first
    await cloud.store.write(lambda transaction: compute_events.forget(transaction, first))
    (last,) = await take(2, 60)
    assert last.number > first[-1].number


async def test_what_happened_long_ago_is_forgotten(cloud: Cloud) -> None:
    port = await cloud.port(await cloud.network(), **OF_NOVA)
    await cloud.update(PORTS, port["id"], name="new")

    async def forgotten(age: int) -> int:
        return await cloud.store.write(
            lambda transaction: compute_events.forget_older(transaction, transaction.now - age)
        )

    assert await forgotten(60) == 0
    assert await forgotten(-1) == 1
    assert await nothing_told(cloud)


async def test_nobody_is_told_where_the_operator_does_not_want_it(cloud: Cloud, database_url: str) -> None:
    silent = Cloud(await open_store(database_url))
    port = await silent.port(await silent.network(), **OF_NOVA, **{HOST: "host-1"})
    await says(silent, port, ACTIVE)
    await silent.update(PORTS, port["id"], name="new")
    await silent.delete(PORTS, port["id"])
    await silent.store.close()
    assert await nothing_told(cloud)
