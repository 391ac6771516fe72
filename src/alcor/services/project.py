"""The subnets and ports of one project, as Alcor's own API serves them.

A project's subnets lie in its own networks, its ports also in shared ones. A port may be bound to a node by the
node's name, as Alcor's clients do.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import Connection

from alcor.model.context import Context
from alcor.model.errors import not_found
from alcor.model.resources.alcor import PROJECT_PORT, PROJECT_SUBNET
from alcor.services.hosts.node import ids_by_name
from alcor.services.manager import Create, CreateHandler, Update, Values
from alcor.services.ports.port import PORTS, update_ports_together
from alcor.services.rows import View
from alcor.services.sharing import network_sharing, sharing
from alcor.services.subnets.subnet import SUBNETS
from alcor.store import bulk
from alcor.store.tables import network
from alcor.store.transaction import Transaction

_HOST = "binding:host_id"


def _in_networks_of_project(create: CreateHandler, *, shared_too: bool) -> CreateHandler:
    """The handler, for resources whose networks are of their own project."""

    def handler(transaction: Transaction, requests: Sequence[Create]) -> Sequence[list[View] | Exception]:
        visible = _visible(transaction.connection, requests, shared_too)
        allowed = [request for request in requests if _hidden(visible, request) is None]
        results = iter(create(transaction, allowed) if allowed else ())
        return [
            next(results) if (network_id := _hidden(visible, request)) is None else not_found("network", network_id)
            for request in requests
        ]

    return handler


def _visible(connection: Connection, requests: Sequence[Create], shared_too: bool) -> set[tuple[str, str]]:
    """Which (project, network) of those asked for go together."""
    wanted = {(values["project_id"], values["network_id"]) for request in requests for values in request.items}
    ids = sorted({network_id for _, network_id in wanted})
    found = bulk.select_by(connection, [network.c.project_id, network.c.id], network.c.id, ids)
    visible = wanted & {(row.project_id, row.id) for row in found}
    for project_id in {project_id for project_id, _ in wanted - visible} if shared_too else ():
        shared = sharing.shared_with(connection, network_sharing.OBJECT_TYPE, ids, Context(project_id))
        visible |= {each for each in wanted if each[0] == project_id and each[1] in shared}
    return visible


def _hidden(visible: set[tuple[str, str]], request: Create) -> str | None:
    """A network that the request names and its project may not use."""
    for values in request.items:
        if (values["project_id"], values["network_id"]) not in visible:
            network_id: str = values["network_id"]
            return network_id
    return None


def _create_on_nodes_by_name(transaction: Transaction, requests: Sequence[Create]) -> Sequence[list[View] | Exception]:
    ids = ids_by_name(transaction.connection, _hosts(values for request in requests for values in request.items))
    return PORTS.create(transaction, [_all_of_it_bound(request, ids) for request in requests])


def _all_of_it_bound(create: Create, ids: Mapping[str, str]) -> Create:
    return msgspec.structs.replace(create, items=[_bound(values, ids) for values in create.items])


def _update_on_nodes_by_name(transaction: Transaction, updates: Sequence[Update]) -> Sequence[View | Exception]:
    return PORTS.update(transaction, _all_bound(transaction, updates))


def update_project_ports_together(
    transaction: Transaction, requests: Sequence[Sequence[Update]]
) -> Sequence[list[View] | Exception]:
    """Change the ports of each request: all or none."""
    return update_ports_together(transaction, [_all_bound(transaction, updates) for updates in requests])


def _all_bound(transaction: Transaction, updates: Sequence[Update]) -> list[Update]:
    ids = ids_by_name(transaction.connection, _hosts(update.values for update in updates))
    return [msgspec.structs.replace(update, values=_bound(update.values, ids)) for update in updates]


def _hosts(ports: Iterable[Values]) -> set[str]:
    return {values[_HOST] for values in ports if values.get(_HOST)}


def _bound(values: Values, ids: Mapping[str, str]) -> Values:
    return values | {_HOST: ids[values[_HOST]]} if values.get(_HOST) in ids else values


PROJECT_SUBNETS = msgspec.structs.replace(
    SUBNETS,
    access=msgspec.structs.replace(SUBNETS.access, resource=PROJECT_SUBNET),
    create=_in_networks_of_project(SUBNETS.create, shared_too=False),
)
PROJECT_PORTS = msgspec.structs.replace(
    PORTS,
    access=msgspec.structs.replace(PORTS.access, resource=PROJECT_PORT),
    create=_in_networks_of_project(_create_on_nodes_by_name, shared_too=True),
    update=_update_on_nodes_by_name,
)
