"""Taking in what a Data Plane Manager of the Java Alcor is given: VPCs, subnets and ports as they are to be.

Goal states follow from the store here. So a configuration is applied to it, by the same services as single requests:
what is not there is made, what differs is changed, and what is as said stays, so that it may be said again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from alcor.model.context import Context
from alcor.model.errors import bad_request, not_found
from alcor.services.floating_ips.external_network import VPCS
from alcor.services.hosts import node_health
from alcor.services.manager import Create, Delete, Manager, Update, Values, check_repeated
from alcor.services.ports.port_rows import lock_ports, tell_hosts
from alcor.services.ports.port_views import fixed_ips_of
from alcor.services.project import PROJECT_PORTS, PROJECT_SUBNETS
from alcor.services.rows import ReadView
from alcor.store import bulk
from alcor.store.security_records import groups_of_ports
from alcor.store.tables import network, node, port
from alcor.store.transaction import Transaction

MANAGERS: Mapping[str, Manager] = {"VPC": VPCS, "SUBNET": PROJECT_SUBNETS, "PORT": PROJECT_PORTS}
"""What is applied, in the order in which one builds on another, by the Java Alcor's names of types."""

_HOST, _VNI = "binding:host_id", "provider:segmentation_id"


class Item(msgspec.Struct, frozen=True):
    """A resource as it is to be: all of it for a new one; else what may change, and what must be as it is."""

    id: str
    new: Values
    changes: Values
    fixed: Values
    host_ip: str = ""  # of the node that a port is bound to
    vni: int | None = None  # of a subnet's VPC


Resources = Mapping[str, Sequence[Item]]
"""Those of each type."""


def put(transaction: Transaction, resources: Resources, context: Context) -> list[str]:
    """Have the resources be as said. Returns the hosts that are away. Raises AlcorError."""
    resources = _with_vnis(dict(resources))
    resources["PORT"] = _on_nodes(transaction, resources["PORT"])
    for kind, manager in MANAGERS.items():
        _ensure(transaction, manager, resources[kind], context)
    _check_vnis(transaction, resources["SUBNET"])
    return _away(transaction, [item.id for item in resources["PORT"]])


def remove(transaction: Transaction, kind: str, ids: Sequence[str], context: Context) -> list[str]:
    """Delete those of the resources that are there. Returns the hosts that are away. Raises AlcorError (409)."""
    manager = MANAGERS[kind]
    there = manager.access.rows(transaction.connection, ids, context)
    away = _away(transaction, ids) if kind == "PORT" else []
    deletes = [Delete(resource_id, context=context) for resource_id in there]
    if deletes:
        _succeeded(manager.delete(transaction, deletes))
    return away


def tell_again(transaction: Transaction, port_ids: Sequence[str]) -> list[str]:
    """Leave records of ports for their hosts, whose neighbours they are. Returns the hosts that are away.

    Raises AlcorError (404).
    """
    rows, _ = lock_ports(transaction, port_ids)
    fixed_ips = fixed_ips_of(transaction.connection, port_ids)
    groups = groups_of_ports(transaction.connection, port_ids)
    for port_id in port_ids:
        if port_id not in rows:
            raise not_found("port", port_id)
        row = rows[port_id]
        if row.host_id:
            tell_hosts(transaction, row.host_id, row, fixed_ips.get(port_id, ()), groups.get(port_id, ()))
    return _away(transaction, port_ids)


def _with_vnis(resources: dict[str, Sequence[Item]]) -> dict[str, Sequence[Item]]:
    """New VPCs have the VNIs that their subnets say, where they say none themselves."""
    vnis = {item.new["network_id"]: item.vni for item in resources["SUBNET"] if item.vni is not None}
    vpcs = [
        msgspec.structs.replace(item, new=item.new | {_VNI: item.new[_VNI] or vnis.get(item.id)})
        for item in resources["VPC"]
    ]
    return resources | {"VPC": vpcs}


def _check_vnis(transaction: Transaction, subnets: Sequence[Item]) -> None:
    vpc_ids = sorted({item.new["network_id"] for item in subnets})
    columns = [network.c.id, network.c.vni]
    vnis = {row.id: row.vni for row in bulk.select_by(transaction.connection, columns, columns[0], vpc_ids)}
    for item in subnets:
        vni = vnis[item.new["network_id"]]
        if item.vni not in (None, vni):
            raise bad_request(f"Invalid input for tunnel_id. Reason: the VPC of subnet {item.id} has {vni}.")


def _on_nodes(transaction: Transaction, ports: Sequence[Item]) -> list[Item]:
    """The ports, bound to the nodes with the addresses that they name."""
    columns = [node.c.id, node.c.local_ip]
    addresses = sorted({item.host_ip for item in ports if item.host_ip})
    nodes = {row.local_ip: row.id for row in bulk.select_by(transaction.connection, columns, columns[1], addresses)}
    return [_on_node(item, nodes) if item.host_ip else item for item in ports]


def _on_node(item: Item, nodes: Mapping[str, str]) -> Item:
    if item.host_ip not in nodes:
        raise bad_request(f"Invalid input for binding_host_ip. Reason: no node has the local_ip {item.host_ip}.")
    host = {_HOST: nodes[item.host_ip]}
    return msgspec.structs.replace(item, new=item.new | host, changes=item.changes | host)


def _ensure(transaction: Transaction, manager: Manager, items: Sequence[Item], context: Context) -> None:
    connection = transaction.connection
    rows = manager.access.rows(connection, [item.id for item in items], context)
    views = {view["id"]: view for view in manager.views(connection, list(rows.values()), context)}
    new = [item.new for item in items if item.id not in views]
    if new:
        _succeeded(manager.create(transaction, [Create(new, context)]))
    updates = [_update(item, views[item.id], context) for item in items if item.id in views]
    for update in updates:
        check_repeated(views[update.id], update)
    changing = [update for update in updates if update.values]
    if changing:
        _succeeded(manager.update(transaction, changing))


def _update(item: Item, view: ReadView, context: Context) -> Update:
    changes = {name: value for name, value in item.changes.items() if view.get(name) != value}
    return Update(item.id, changes, repeated=item.fixed, context=context)


def _succeeded(results: Sequence[Any]) -> None:
    for result in results:
        if isinstance(result, Exception):
            raise result


def _away(transaction: Transaction, port_ids: Sequence[str]) -> list[str]:
    """The hosts of these ports that no controller serves now: they are told when they connect."""
    found = bulk.select_by(transaction.connection, [port.c.host_id], port.c.id, port_ids)
    hosts = sorted({row.host_id for row in found if row.host_id})
    return sorted(set(hosts) - node_health.served(transaction.connection, hosts).keys()) if hosts else []
