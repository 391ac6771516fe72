"""The services as callers use them: checked values in, views or errors out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from alcor.model.choices import Choices
from alcor.model.context import OPERATOR
from alcor.model.errors import AlcorError
from alcor.model.records import Record, SecurityGroupRecord
from alcor.services.hosts.node import NODES
from alcor.services.manager import Create, Delete, Manager, Update
from alcor.services.networks.vpc import NETWORKS
from alcor.services.ports.port import PORTS
from alcor.services.rows import View
from alcor.services.subnets.subnet import SUBNETS
from alcor.store import change_log
from alcor.store.store import Store, open_store


class Cloud:
    """Short words for what tests do with the services."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def create(self, manager: Manager, *resources: dict[str, Any]) -> list[View]:
        """Create resources in one request."""
        checked = Create([manager.resource.check_create(values) for values in resources])
        return list(await self.store.write_batch(manager.create, checked))

    async def update(self, manager: Manager, resource_id: str, revision: int | None = None, **values: Any) -> View:
        """Update a resource."""
        update = Update(resource_id, manager.resource.check_update(values), revision)
        view: View = await self.store.write_batch(manager.update, update)
        return view

    async def delete(self, manager: Manager, resource_id: str, revision: int | None = None) -> None:
        """Delete a resource."""
        await self.store.write_batch(manager.delete, Delete(resource_id, revision))

    async def network(self, **values: Any) -> View:
        """A new network."""
        return (await self.create(NETWORKS, values))[0]

    async def subnet(self, network: View, cidr: str = "10.0.0.0/24", **values: Any) -> View:
        """A new subnet."""
        return (await self.create(SUBNETS, {"network_id": network["id"], "cidr": cidr, **values}))[0]

    async def port(self, network: View, **values: Any) -> View:
        """A new port."""
        return (await self.create(PORTS, {"network_id": network["id"], **values}))[0]

    async def ports(self, network: View, count: int, **values: Any) -> list[View]:
        """New ports, all in one request."""
        return await self.create(PORTS, *[{"network_id": network["id"], **values}] * count)

    async def node(self, node_id: str, local_ip: str) -> View:
        """A new node."""
        return (await self.create(NODES, {"node_id": node_id, "local_ip": local_ip}))[0]

    async def all(self, manager: Manager) -> dict[str, View]:
        """Every resource of a kind, by id, as a list would show it."""
        views = await self.store.read(
            lambda connection: manager.views(connection, connection.execute(manager.table.select()).all(), OPERATOR)
        )
        return {view["id"]: view for view in views}


@contextlib.asynccontextmanager
async def open_cloud(database_url: str, choices: Choices) -> AsyncIterator[Cloud]:
    """A cloud whose operator chose this."""
    store = await open_store(database_url, choices)
    try:
        yield Cloud(store)
    finally:
        await store.close()


async def refusal(awaitable: Any) -> tuple[int, str]:
    """The status and kind of the error that a request ends with."""
    try:
        await awaitable
    except AlcorError as error:
        return error.status, error.kind
    raise AssertionError("the request was not refused")


async def outcomes(*awaitables: Any) -> list[Any]:
    """The results of requests made at once; errors that are not for their senders fail the test."""
    results = await asyncio.gather(*awaitables, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, AlcorError):
            raise result
    return results


def addresses(ports: Sequence[View]) -> list[str]:
    """All IP addresses of ports."""
    return [fixed_ip["ip_address"] for port in ports for fixed_ip in port["fixed_ips"]]


async def recorded(cloud: Cloud, awaitable: Any) -> list[Record]:
    """What a request leaves in the change log, but for security groups: a project's default one comes with anything."""
    before = await cloud.store.read(change_log.head)
    await awaitable
    entries = await cloud.store.read(lambda connection: change_log.read_entries(connection, before, 1000))
    records = [record for entry in entries for record in entry.records]
    return [record for record in records if not isinstance(record, SecurityGroupRecord)]
