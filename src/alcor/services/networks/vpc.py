"""VPCs, which Neutron calls networks: hosts carry each as a VNI of its own."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.context import OPERATOR, Context
from alcor.model.errors import conflict, not_found
from alcor.model.identifiers import id_bytes
from alcor.model.programming import AUTO, is_on_demand, is_queued
from alcor.model.records import SubnetDeleted, VpcDeleted
from alcor.model.resources.alcor import VPC
from alcor.model.resources.network import NETWORK
from alcor.services import tags
from alcor.services.access import Access, visible_networks
from alcor.services.gateways.gateway_links import check_unattached
from alcor.services.hosts import availability_zones
from alcor.services.manager import (
    Create,
    Delete,
    Manager,
    Update,
    Values,
    check_expected,
    check_repeated,
    each,
    insert_new,
    narrowed,
    stamp,
)
from alcor.services.networks import mtu, segment, tunnels
from alcor.services.networks.tunnels import VXLAN
from alcor.services.qos import qos_attachment
from alcor.services.quota import limited
from alcor.services.remembered import Remembered
from alcor.services.routers import vpc_router_parts
from alcor.services.rows import Rows, View
from alcor.services.security import network_acl_subnets
from alcor.services.security.security_group import ensure_defaults
from alcor.services.sharing import network_sharing, sharing
from alcor.services.subnets import subnet_prefixes
from alcor.store import bulk, number_pools, sql
from alcor.store.record_rows import vpc_record
from alcor.store.router_records import read_interfaces_in
from alcor.store.tables import auto_allocated_topology, network
from alcor.store.transaction import Transaction

ROWS = Rows(VPC, network)
_shown_as_shared = sharing.shown_as_shared(network_sharing.OBJECT_TYPE)
ACCESS = Access(VPC, network, visible_networks, computed=_shown_as_shared)
_NAMED_IN_CONFLICT = 10

_LOCKED = select(network).where(network.c.id == bindparam("id")).with_for_update()
_PORTS = sql.statement("SELECT id FROM port WHERE network_id = :id ORDER BY id LIMIT :limit")
_DELETE = sql.statement("DELETE FROM network WHERE id = :id")
_DELETE_SUBNETS = sql.statement("DELETE FROM subnet WHERE network_id = :id")


def _create(transaction: Transaction, create: Create) -> list[View]:
    connection = transaction.connection
    stamped = [segment.first_of(stamp(transaction, values)) for values in create.items]
    qos_attachment.check_new(connection, create)
    for values in stamped:
        values["mtu"] = mtu.of(values, transaction.choices)
        availability_zones.check(connection, values["availability_zone_hints"])
    qos_attachment.give_defaults(connection, stamped)
    ensure_defaults(transaction, (values["project_id"] for values in stamped))
    network_sharing.check_default(connection, stamped)
    segment.begin(transaction, stamped)
    rows = [
        ROWS.row(values | _programmed(transaction, values, 0, False, False) | {"guests": False}) for values in stamped
    ]
    insert_new(connection, network, rows)
    qos_attachment.remember(connection, "network", rows)
    network_sharing.share_new(transaction, rows, stamped)
    transaction.record(*map(vpc_record, rows))
    return _views(connection, rows, create.context)


def _programmed(
    transaction: Transaction, values: Values, bound_ports: int, was_on_demand: bool, was_queued: bool
) -> Values:
    """The columns of a network that say how it is programmed."""
    setting = values.get("programming", AUTO)
    choices = transaction.choices
    on_demand = is_on_demand(setting, bound_ports, was_on_demand, choices.on_demand_above)
    queued = is_queued(bound_ports, was_queued, choices.queue_above)
    return {"bound_ports": bound_ports, "on_demand": on_demand, "queued": queued}


def locked_network(transaction: Transaction, network_id: str, context: Context = OPERATOR) -> Row[Any]:
    """The row, which nobody else changes or refers to anew until the transaction ends.

    Raises AlcorError (404) when there is none that the caller is shown.
    """
    row = transaction.connection.execute(_LOCKED, {"id": network_id}).first()
    if row is None or not ACCESS.sees(transaction.connection, row, context):
        raise not_found("network", network_id)
    return row


def _update(transaction: Transaction, update: Update) -> View:
    connection = transaction.connection
    row = locked_network(transaction, update.id)
    check_expected(transaction, ACCESS, row, update)
    view = ROWS.view(row)
    check_repeated(view, update)
    values = dict(update.values)
    segment.change(transaction, row, values)
    if "mtu" in values:
        values["mtu"] = mtu.of(values, transaction.choices)
        mtu.check_change(connection, row.id, values["mtu"])
    qos_attachment.change(connection, "network", row, values, update.context)
    network_sharing.change(transaction, row, values)
    programmed = _programmed(transaction, view | values, row.bound_ports, row.on_demand, row.queued)
    changed = ROWS.changed_row(row, values | programmed | {"guests": row.guests, "vni": row.vni}, transaction.now)
    bulk.update_row(connection, network, changed)
    if vpc_record(changed) != vpc_record(row):
        transaction.record(vpc_record(changed))
    if values.get("mtu", row.mtu) != row.mtu:
        for interface in read_interfaces_in(connection, row.id):
            transaction.record(interface)
    return _views(connection, [changed], update.context)[0]


def _delete(transaction: Transaction, delete: Delete) -> None:
    """Delete the network with its subnets, as Neutron does; refused while it has ports."""
    _delete_network(transaction, delete)


def _delete_empty(transaction: Transaction, delete: Delete) -> None:
    """Delete the VPC as Alcor does: refused while it has ports or subnets."""
    check_expected(transaction, ACCESS, locked_network(transaction, delete.id), delete)
    if subnets := _subnet_ids(transaction.connection, delete.id):
        raise conflict(
            "NetworkInUse",
            f"Unable to complete operation on network {delete.id}. It still has subnets: {_few(subnets)}.",
        )
    _delete_network(transaction, delete)


def _delete_network(transaction: Transaction, delete: Delete) -> None:
    connection = transaction.connection
    row = locked_network(transaction, delete.id)
    check_expected(transaction, ACCESS, row, delete)
    limit = _NAMED_IN_CONFLICT + 1
    ports = connection.execute(_PORTS, {"id": delete.id, "limit": limit}).scalars().all()
    if ports:
        raise conflict(
            "NetworkInUse",
            f"Unable to complete operation on network {delete.id}. There are one or more ports still in use on the "
            f"network, id for one of the ports is: {_few(ports)}.",
        )
    check_unattached(connection, delete.id)
    subnets = _subnet_ids(connection, delete.id)
    subnet_prefixes.release_of_network(transaction, delete.id)
    connection.execute(_DELETE_SUBNETS, {"id": delete.id})
    for subnet_id in subnets:
        number_pools.delete(transaction, subnet_id)
    connection.execute(_DELETE, {"id": delete.id})
    bulk.delete_by(connection, auto_allocated_topology, "network_id", [delete.id])
    network_acl_subnets.forget_subnets(connection, subnets)
    network_acl_subnets.forget_vpc(connection, delete.id)
    vpc_router_parts.forget_vpc(transaction, delete.id)
    tags.forget(connection, [delete.id, *subnets])
    qos_attachment.forget(connection, [row])
    segment.forget_all(transaction, delete.id)
    sharing.forget(connection, network_sharing.OBJECT_TYPE, delete.id)
    tunnels.release(transaction, VXLAN, [row.vni])
    transaction.record(*(SubnetDeleted(id_bytes(subnet_id)) for subnet_id in subnets), VpcDeleted(id_bytes(delete.id)))


def _few(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_NAMED_IN_CONFLICT]) + (", …" if len(ids) > _NAMED_IN_CONFLICT else "")


def _view(row: Any, beside: View) -> View:
    view = ROWS.view(row) | beside
    if view["segments"] is None:
        del view["segments"]  # as in Neutron; Nova takes each network that has the attribute for one with several
    hints = view["availability_zone_hints"]
    return view | {"availability_zones": availability_zones.among_hints(beside["availability_zones"], hints)}


_REMEMBERED = Remembered(_view)


def _views(connection: Connection, rows: Sequence[Any], context: Context) -> list[View]:
    subnets = subnet_prefixes.subnets_of(connection, [row.id for row in rows])
    shared = _shown_as_shared(connection, rows, context)
    zones = {"availability_zones": availability_zones.serving(connection)}
    beside = [{**its, **_of_subnets(subnets.get(row.id, ())), **zones} for row, its in zip(rows, shared, strict=True)]
    return _REMEMBERED.views(rows, beside)


def _of_subnets(subnets: Sequence[Any]) -> View:
    """What a network shows of its subnets: all of them are on segments, or none is."""
    view: View = {
        "subnets": [each.id for each in subnets],
        "l2_adjacency": not any(each.segment_id for each in subnets),
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
    }
    return view | {f"ipv{each.ip_version}_address_scope": each.address_scope_id for each in subnets}


def _subnet_ids(connection: Connection, network_id: str) -> list[str]:
    return [row.id for row in subnet_prefixes.subnets_of(connection, [network_id]).get(network_id, ())]


VPCS = Manager(
    access=ACCESS,
    views=_views,
    create=limited("network", each(_create)),
    filters={"shared": sharing.shared_filter(network, network_sharing.OBJECT_TYPE)},
    update=each(_update),
    delete=each(_delete_empty),
)
NETWORKS = msgspec.structs.replace(narrowed(VPCS, NETWORK), delete=each(_delete))
