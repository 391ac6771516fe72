"""A network that works at once, for a project that asks for no more: with subnets and a way to the outside.

It is made when it is first asked for, of the default pools and the default external network, all in one transaction:
who asks at the same time gets the same.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select

from alcor.model.context import OPERATOR, Context
from alcor.model.errors import AlcorError, conflict
from alcor.services.floating_ips.external_network import NETWORKS
from alcor.services.manager import Act, Create, Delete, Manager, Values
from alcor.services.routers.router import ROUTERS
from alcor.services.routers.router_ports import INTERFACE, ports_of
from alcor.services.rows import View
from alcor.services.sharing import network_sharing
from alcor.services.subnets import subnetpool
from alcor.services.subnets.subnet import SUBNETS
from alcor.store import bulk
from alcor.store.tables import auto_allocated_topology, router
from alcor.store.transaction import Transaction

_OF_PROJECT = select(auto_allocated_topology).where(auto_allocated_topology.c.project_id == bindparam("of_project"))
_FORGET = delete(auto_allocated_topology).where(auto_allocated_topology.c.project_id == bindparam("of_project"))
_IS_ROUTER = select(router.c.id).where(router.c.id == bindparam("router_id"))


def check(connection: Connection, context: Context) -> None:
    """Raises AlcorError (409) unless there is what a topology is made of."""
    _outside(connection)
    if not _pools(connection, context):
        raise _failure("No default subnetpools defined")


def network_of(connection: Connection, project_id: str) -> str | None:
    """The network of the project's topology, if it has one."""
    row = _of_project(connection, project_id)
    return None if row is None else str(row.network_id)


def ensure(transaction: Transaction, project_id: str, context: Context) -> str:
    """The network of the project's topology, which it has from now on. Raises AlcorError (409) when it cannot."""
    connection = transaction.connection
    found = network_of(connection, project_id)
    if found is not None:
        return found
    outside = _outside(connection)
    try:
        network_id, subnet_ids = _make_network(transaction, project_id, _pools(connection, context))
    except AlcorError as error:
        raise _failed(error, "Unable to provide project private network") from error
    try:
        router_id = _make_router(transaction, project_id, outside, subnet_ids)
    except AlcorError as error:
        raise _failed(error, "Unable to provide external connectivity") from error
    bulk.insert_rows(connection, auto_allocated_topology, [(project_id, network_id, router_id)])
    return network_id


def _make_network(transaction: Transaction, project_id: str, pools: Sequence[Row[Any]]) -> tuple[str, list[str]]:
    if not pools:
        raise _failure("Unable to provide project private network")
    network = _create(transaction, NETWORKS, {"name": "auto_allocated_network", "project_id": project_id})
    subnets = [
        _create(
            transaction,
            SUBNETS,
            {
                "name": f"auto_allocated_subnet_v{pool.ip_version}",
                "network_id": network["id"],
                "project_id": project_id,
                "ip_version": pool.ip_version,
                "subnetpool_id": pool.id,
            },
        )
        for pool in pools
    ]
    return network["id"], [each["id"] for each in subnets]


def _make_router(transaction: Transaction, project_id: str, outside: str, subnet_ids: Sequence[str]) -> str:
    said = {"name": "auto_allocated_router", "project_id": project_id}
    made = _create(transaction, ROUTERS, said | {"external_gateway_info": {"network_id": outside}})
    for subnet_id in subnet_ids:
        _act(transaction, made["id"], "add_router_interface", {"subnet_id": subnet_id})
    router_id: str = made["id"]
    return router_id


def _create(transaction: Transaction, manager: Manager, said: Values) -> View:
    (outcome,) = manager.create(transaction, [Create([manager.resource.check_create(said)])])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome[0]


def _act(transaction: Transaction, router_id: str, name: str, body: View) -> None:
    action = next(each for each in ROUTERS.actions if each.name == name)
    action.operation(transaction, Act(router_id, body, OPERATOR))


def remove(transaction: Transaction, project_id: str) -> None:
    """The project's topology is gone, if it has one. Raises AlcorError (409) when something else needs it."""
    connection = transaction.connection
    row = _of_project(connection, project_id)
    if row is None:
        return
    if connection.execute(_IS_ROUTER, {"router_id": row.router_id}).first() is not None:
        for port in ports_of(connection, [row.router_id], [INTERFACE]).get(row.router_id, []):
            if port.network_id == row.network_id:
                _act(transaction, row.router_id, "remove_router_interface", {"port_id": port.id})
        _delete(transaction, ROUTERS, row.router_id)
    connection.execute(_FORGET, {"of_project": project_id})
    _delete(transaction, NETWORKS, row.network_id)


def _delete(transaction: Transaction, manager: Manager, resource_id: str) -> None:
    (outcome,) = manager.delete(transaction, [Delete(resource_id)])
    if outcome is not None:
        raise outcome


def _of_project(connection: Connection, project_id: str) -> Row[Any] | None:
    return connection.execute(_OF_PROJECT, {"of_project": project_id}).first()


def _outside(connection: Connection) -> str:
    network_id = network_sharing.default_network(connection)
    if network_id is None:
        raise _failure("No default router:external network")
    return network_id


def _pools(connection: Connection, context: Context) -> list[Row[Any]]:
    """The default pools that the caller may use."""
    pools = [subnetpool.default_pool(connection, version) for version in (4, 6)]
    return [each for each in pools if each is not None and subnetpool.ACCESS.sees(connection, each, context)]


def _failed(error: AlcorError, reason: str) -> AlcorError:
    """What the caller is told: that it is the deployment's fault, unless the project has all that it may."""
    return _failure(reason) if error.status in (400, 404) or error.kind == "SubnetAllocationError" else error


def _failure(reason: str) -> AlcorError:
    return conflict("AutoAllocationFailure", f"Deployment error: {reason}.")
