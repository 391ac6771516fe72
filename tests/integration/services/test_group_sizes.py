"""What changes of a security group is published while enough of its ports are bound, and hosts are told of both."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alcor.model.choices import Choices
from alcor.model.identifiers import id_bytes
from alcor.model.records import SecurityGroupRecord
from alcor.services.ports.port import PORTS
from alcor.services.rows import View
from alcor.services.security.security_group import SECURITY_GROUPS
from alcor.store import change_log
from alcor.store.snapshot import read_records
from alcor.store.store import open_store
from tests.integration.services import accounts
from tests.integration.services.cloud import Cloud

ABOVE = 4
CHOICES = Choices(queue_groups_above=ABOVE)
ON_HOST: dict[str, Any] = {"binding:host_id": "host-1"}
NOWHERE: dict[str, Any] = {"binding:host_id": ""}


@pytest.fixture
async def cloud(database_url: str) -> AsyncIterator[Cloud]:
    """A cloud whose groups are queued above four ports, and not any more from three."""
    store = await open_store(database_url, CHOICES)
    yield Cloud(store)
    await store.read(lambda connection: accounts.check(connection, CHOICES))
    await store.close()


async def group_of(cloud: Cloud) -> View:
    return (await cloud.create(SECURITY_GROUPS, {"name": "many"}))[0]


async def told(cloud: Cloud, group: View, awaitable: Any) -> list[bool]:
    """What the records of a group that a request leaves say of being queued, in order."""
    before = await cloud.store.read(change_log.head)
    await awaitable
    entries = await cloud.store.read(lambda connection: change_log.read_entries(connection, before, 1000))
    records = [record for entry in entries for record in entry.records if isinstance(record, SecurityGroupRecord)]
    return [record.queued for record in records if record.id == id_bytes(group["id"])]


async def test_it_is_queued_above_a_number_of_bound_ports_and_until_it_is_clearly_below_it(cloud: Cloud) -> None:
    network, group = await cloud.network(), await group_of(cloud)
    member = {"security_groups": [group["id"]]}
    ports = await cloud.ports(network, ABOVE, **member, **ON_HOST)
    more = await cloud.port(network, **member)
    assert await told(cloud, group, cloud.update(PORTS, more["id"], **ON_HOST)) == [True]
    assert await told(cloud, group, cloud.port(network, **member, **ON_HOST)) == []
    assert await told(cloud, group, cloud.delete(PORTS, ports[0]["id"])) == []
    assert await told(cloud, group, cloud.update(PORTS, ports[1]["id"], **NOWHERE)) == []
    assert await told(cloud, group, cloud.update(PORTS, ports[2]["id"], security_groups=[])) == [False]
    assert await told(cloud, group, cloud.update(PORTS, ports[2]["id"], **member)) == []
    assert await told(cloud, group, cloud.update(PORTS, ports[1]["id"], **ON_HOST)) == [True]


async def test_ports_change_groups_and_hosts_and_each_group_counts_its_own(cloud: Cloud) -> None:
    network, one, other = await cloud.network(), await group_of(cloud), await group_of(cloud)
    ports = await cloud.ports(network, ABOVE + 1, security_groups=[one["id"]], **ON_HOST)
    for port in ports:
        await cloud.update(PORTS, port["id"], security_groups=[one["id"], other["id"]], **{"binding:host_id": "host-2"})
    assert await told(cloud, one, cloud.update(PORTS, ports[0]["id"], **ON_HOST)) == []
    moved = cloud.update(PORTS, ports[0]["id"], security_groups=[other["id"]], **NOWHERE)
    assert await told(cloud, one, moved) == []
    assert await told(cloud, one, cloud.update(PORTS, ports[1]["id"], security_groups=[other["id"]])) == [False]


async def test_every_record_of_a_queued_group_says_so_until_the_group_is_gone(cloud: Cloud) -> None:
    network, group = await cloud.network(), await group_of(cloud)
    ports = await cloud.ports(network, ABOVE + 1, security_groups=[group["id"]], **ON_HOST)
    _, records = await cloud.store.read(read_all)
    (record,) = (each for each in records if isinstance(each, SecurityGroupRecord) and each.id == id_bytes(group["id"]))
    assert record.queued
    for port in ports:
        await cloud.delete(PORTS, port["id"])
    await cloud.delete(SECURITY_GROUPS, group["id"])


def read_all(connection: Any) -> tuple[int, list[Any]]:
    position, records = read_records(connection)
    return position, list(records)
