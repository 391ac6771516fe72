"""A VPC becomes on demand, and is told ahead again, in the transaction that changes its ports, and hosts are told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Row, event

from alcor.model.choices import Choices
from alcor.model.identifiers import id_bytes
from alcor.model.programming import AUTO, ON_DEMAND, PUSH
from alcor.model.records import PortRecord, VpcRecord
from alcor.services.manager import Update
from alcor.services.networks.vpc import VPCS
from alcor.services.ports.port import PORTS, update_ports_together
from alcor.services.rows import View
from alcor.store.store import open_store
from alcor.store.tables import network as network_table
from alcor.store.tables import port as port_table
from tests.integration.services import accounts
from tests.integration.services.cloud import Cloud, outcomes, recorded, refusal

ABOVE = 4
MAC = "02:00:00:00:00:01"
Host = dict[str, Any]
ON_HOST: Host = {"binding:host_id": "host-1"}
ELSEWHERE: Host = {"binding:host_id": "host-2"}
NOWHERE: Host = {"binding:host_id": ""}


@pytest.fixture
async def small(database_url: str) -> AsyncIterator[Cloud]:
    """A cloud whose VPCs are on demand above four ports, and told ahead again from three."""
    store = await open_store(database_url, Choices(on_demand_above=ABOVE))
    yield Cloud(store)
    await store.read(lambda connection: accounts.check(connection, Choices(on_demand_above=ABOVE)))
    await store.close()


async def row_of(cloud: Cloud, network: View) -> Row[Any]:
    query = network_table.select().where(network_table.c.id == network["id"])
    row: Row[Any] = await cloud.store.read(lambda connection: connection.execute(query).one())
    return row


async def is_on_demand(cloud: Cloud, network: View) -> bool:
    return bool((await row_of(cloud, network)).on_demand)


async def told(cloud: Cloud, awaitable: Any) -> list[bool]:
    """What the records of VPCs that a request leaves say, in order."""
    records = await recorded(cloud, awaitable)
    return [record.on_demand for record in records if isinstance(record, VpcRecord)]


async def queued(cloud: Cloud, awaitable: Any) -> list[bool]:
    """What the records of VPCs that a request leaves say of being queued, in order."""
    records = await recorded(cloud, awaitable)
    return [record.queued for record in records if isinstance(record, VpcRecord)]


async def test_the_entry_of_the_port_that_crosses_the_limit_has_the_vpcs_record(small: Cloud) -> None:
    network = await small.network()
    assert await told(small, small.ports(network, ABOVE, **ON_HOST)) == []
    records = await recorded(small, small.port(network, **ON_HOST))
    assert {type(record) for record in records} == {VpcRecord, PortRecord}
    (vpc,) = (record for record in records if isinstance(record, VpcRecord))
    assert vpc == VpcRecord(id_bytes(network["id"]), network["provider:segmentation_id"], 1450, on_demand=True)
    assert await told(small, small.port(network, **ON_HOST)) == []


async def test_it_is_told_ahead_again_only_when_it_is_clearly_small(small: Cloud) -> None:
    network = await small.network()
    ports = await small.ports(network, ABOVE + 1, **ON_HOST)
    assert await is_on_demand(small, network)
    assert await told(small, small.delete(PORTS, ports[0]["id"])) == []
    assert await is_on_demand(small, network)
    assert await told(small, small.delete(PORTS, ports[1]["id"])) == [False]
    assert await told(small, small.port(network, **ON_HOST)) == []
    assert not await is_on_demand(small, network)


async def test_what_changes_is_published_of_vpcs_above_a_limit_and_until_they_are_clearly_below_it(
    database_url: str,
) -> None:
    choices = Choices(queue_above=ABOVE)
    cloud = Cloud(await open_store(database_url, choices))
    try:
        network = await cloud.network()
        assert await queued(cloud, cloud.ports(network, ABOVE, **ON_HOST)) == []
        more = await cloud.port(network)
        assert await queued(cloud, cloud.update(PORTS, more["id"], **ON_HOST)) == [True]
        one = await cloud.port(network, **ON_HOST)
        assert await queued(cloud, cloud.delete(PORTS, one["id"])) == []
        assert await queued(cloud, cloud.delete(PORTS, more["id"])) == []
        assert await queued(cloud, cloud.update(VPCS, network["id"], name="n")) == []
        last = await cloud.store.read(lambda connection: connection.execute(port_table.select()).first())
        assert last is not None
        assert await queued(cloud, cloud.delete(PORTS, last.id)) == [False]
        await cloud.store.read(lambda connection: accounts.check(connection, choices))
    finally:
        await cloud.store.close()


async def test_ports_count_while_they_are_bound(small: Cloud) -> None:
    network = await small.network()
    ports = await small.ports(network, ABOVE + 1)
    for port in ports[:-1]:
        assert await told(small, small.update(PORTS, port["id"], **ON_HOST)) == []
    assert await told(small, small.update(PORTS, ports[-1]["id"], **ON_HOST)) == [True]
    assert await told(small, small.update(PORTS, ports[-1]["id"], **ELSEWHERE)) == []
    assert (await row_of(small, network)).bound_ports == ABOVE + 1
    assert await told(small, small.update(PORTS, ports[0]["id"], **NOWHERE)) == []
    assert await told(small, small.update(PORTS, ports[1]["id"], **NOWHERE)) == [False]
    assert await told(small, small.delete(PORTS, ports[1]["id"])) == []


async def test_a_request_that_is_refused_does_not_count(small: Cloud) -> None:
    network = await small.network()
    ports = await small.ports(network, ABOVE, **ON_HOST)
    one, other = await small.port(network, mac_address=MAC), await small.port(network)
    taken = {"mac_address": MAC, **ON_HOST}
    assert await refusal(small.ports(network, 2, **taken)) == (409, "MacAddressInUse")
    assert await refusal(small.update(PORTS, other["id"], **taken)) == (409, "MacAddressInUse")
    assert await refusal(small.delete(PORTS, ports[0]["id"], revision=7)) == (412, "RevisionNumberConstraintFailed")
    await outcomes(
        small.update(PORTS, one["id"], **ON_HOST),
        small.update(PORTS, other["id"], **taken),
        small.port(network, **taken),
        *(small.delete(PORTS, port["id"], revision=number % 2) for number, port in enumerate(ports)),
    )
    assert (await row_of(small, network)).bound_ports == 1 + ABOVE // 2


async def test_ports_changed_together_are_counted_together(small: Cloud) -> None:
    network = await small.network()
    ports = await small.ports(network, ABOVE + 1)
    updates = [Update(port["id"], PORTS.resource.check_update(ON_HOST)) for port in ports]
    assert await told(small, small.store.write_batch(update_ports_together, updates)) == [True]


async def test_the_setting_decides_at_once(small: Cloud) -> None:
    network = await small.network()
    await small.ports(network, ABOVE + 1, **ON_HOST)

    def setting(programming: str) -> Any:
        return told(small, small.update(VPCS, network["id"], programming=programming))

    assert await setting(PUSH) == [False]
    assert await told(small, small.port(network, **ON_HOST)) == []
    assert await setting(ON_DEMAND) == [True]
    assert await setting(AUTO) == []
    assert await is_on_demand(small, network)
    assert await setting(PUSH) == [False]
    assert await setting(AUTO) == [True]


async def test_a_new_vpc_is_what_its_setting_says(small: Cloud) -> None:
    for setting, on_demand in ((AUTO, False), (PUSH, False), (ON_DEMAND, True)):
        assert await told(small, small.create(VPCS, {"programming": setting})) == [on_demand]


async def test_another_limit_holds_from_the_next_change_of_the_vpc(small: Cloud, database_url: str) -> None:
    network = await small.network()
    (port, *_) = await small.ports(network, 2, **ON_HOST)
    other = Cloud(await open_store(database_url, Choices(on_demand_above=0)))
    try:
        assert await told(small, other.update(PORTS, port["id"], name="new")) == []
        assert await told(small, other.update(VPCS, network["id"], name="new")) == [True]
        assert await told(small, small.update(VPCS, network["id"], name="old")) == [False]
        assert await told(small, other.port(network, **ON_HOST)) == [True]
        assert await told(small, small.port(network)) == []
        assert await told(small, small.update(VPCS, network["id"], programming=PUSH)) == [False]
    finally:
        await other.store.close()


@contextmanager
def statements(cloud: Cloud) -> Iterator[Callable[[], int]]:
    """Counts the statements that writing takes."""
    executed: list[str] = []

    def count(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if connection.get_execution_options().get("writes"):
            executed.append(statement)

    event.listen(cloud.store._engine, "before_cursor_execute", count)
    yield lambda: len(executed)
    event.remove(cloud.store._engine, "before_cursor_execute", count)


async def statements_of(cloud: Cloud, awaitable: Any) -> int:
    with statements(cloud) as count:
        await awaitable
        return count()


async def test_binding_costs_a_statement_for_each_network_however_many_ports_there_are(small: Cloud) -> None:
    networks = [await small.network() for _ in range(2)]
    unbound = await statements_of(small, small.create(PORTS, *({"network_id": each["id"]} for each in networks)))
    bound = [{"network_id": each["id"], **ON_HOST} for each in networks * 3]
    others = 4  # which host it is; how many are in the group; the log's position and entry, or its entry and the commit
    assert await statements_of(small, small.create(PORTS, *bound)) - unbound <= others + len(networks)
    ports = list((await small.all(PORTS)).values())
    move = [Update(port["id"], PORTS.resource.check_update(ELSEWHERE)) for port in ports if port["binding:host_id"]]
    with statements(small) as count:
        await small.store.write_batch(update_ports_together, move)
        moved = count()
    unbind = [Update(update.id, PORTS.resource.check_update(NOWHERE)) for update in move]
    with statements(small) as count:
        await small.store.write_batch(update_ports_together, unbind)
        assert count() - moved <= len(networks)


async def test_callers_at_once_lose_no_count(small: Cloud) -> None:
    networks = [await small.network() for _ in range(2)]

    async def come_and_go(number: int) -> None:
        network = networks[number % 2]
        ports = await small.ports(network, 2, **ON_HOST)
        unbound = await small.port(network)
        await asyncio.gather(
            small.update(PORTS, unbound["id"], **ELSEWHERE),
            small.update(PORTS, ports[0]["id"], **NOWHERE),
            small.delete(PORTS, ports[1]["id"]),
        )

    await asyncio.gather(*(come_and_go(number) for number in range(20)))
    assert [(await row_of(small, network)).bound_ports for network in networks] == [10, 10]
