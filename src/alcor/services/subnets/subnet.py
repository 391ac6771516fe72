"""Subnets: ranges of addresses of a network, each with the pool that its ports' addresses are taken from."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, String, bindparam, or_, select, union_all

from alcor.model import address_plan
from alcor.model.addresses import WIDTHS
from alcor.model.context import OPERATOR, Context
from alcor.model.errors import AlcorError, conflict, invalid_input, not_found
from alcor.model.identifiers import id_bytes
from alcor.model.ipv6_modes import OWN_ADDRESSES, STATEFUL
from alcor.model.number_ranges import Range
from alcor.model.records import SubnetDeleted
from alcor.model.resources.subnet import SUBNET
from alcor.services import tags
from alcor.services.access import EXTERNAL, SHARED, Access, Project, shared_ids
from alcor.services.gateways.gateway_links import forget_attached_subnets
from alcor.services.manager import (
    Create,
    Delete,
    Filter,
    Manager,
    Update,
    Values,
    check_expected,
    check_repeated,
    each,
    insert_new,
    stamp,
)
from alcor.services.networks import mtu, segment
from alcor.services.networks.vpc import locked_network
from alcor.services.ports.port_json import members_of, shown_of
from alcor.services.quota import limited
from alcor.services.remembered import Remembered
from alcor.services.revisions import revise
from alcor.services.routers import router_ports, vpc_router_parts
from alcor.services.rows import Rows, View, missing
from alcor.services.security import network_acl_subnets
from alcor.services.sharing import network_sharing, sharing
from alcor.services.subnets import segment_routes, subnet_allocation, subnet_prefixes
from alcor.services.subnets.private_ip import fixed_ip_views
from alcor.store import bulk, number_pools, sql
from alcor.store import tables as store_tables
from alcor.store.network_acl_records import subnet_records
from alcor.store.record_rows import port_record, subnet_record
from alcor.store.security_records import groups_of_ports
from alcor.store.tables import ip_allocation, ip_reservation, network, port, subnet
from alcor.store.transaction import Transaction

ROWS = Rows(SUBNET, subnet)


def _visible(project: Project) -> ColumnElement[bool]:
    """Subnets of the caller's project, and those of networks that are shared with it, or external to it."""
    shared = shared_ids(network_sharing.OBJECT_TYPE, project, (SHARED, EXTERNAL))
    return or_(subnet.c.project_id == project, subnet.c.network_id.in_(shared))


_shared_with = shared_ids(network_sharing.OBJECT_TYPE, bindparam("project", type_=String()))
_networks = sql.among(
    select(network.c.id, network.c.external, network.c.id.in_(_shared_with).label("shared")), network.c.id
)


def _of_network(connection: Connection, rows: Sequence[Any], context: Context) -> Sequence[View]:
    """What subnets show of their network."""
    found = _networks(connection, sorted({row.network_id for row in rows}), project=context.project_id)
    above = {row.id: {"shared": bool(row.shared), "router:external": row.external} for row in found}
    return [above[row.network_id] for row in rows]


def _filter_external(_context: Context, values: Sequence[Any]) -> ColumnElement[bool]:
    return subnet.c.network_id.in_(select(network.c.id).where(network.c.external.in_(values)))


ACCESS = Access(SUBNET, subnet, _visible, computed=_of_network)

_NETWORK_OF = sql.statement("SELECT network_id FROM subnet WHERE id = :id")
_LOCKED = select(subnet).where(subnet.c.id == bindparam("id")).with_for_update()
_LAST_BEFORE = sql.statement(
    "SELECT id, cidr FROM subnet WHERE network_id = :network_id AND ip_version = :version AND first_address <= :end "
    "ORDER BY first_address DESC LIMIT 1"
)
_HOLDER = sql.statement("SELECT port_id FROM ip_allocation WHERE subnet_id = :id LIMIT 1")
_TAKEN = union_all(
    select(ip_allocation.c.ip_address).where(ip_allocation.c.subnet_id == bindparam("id")),
    select(ip_reservation.c.ip_address).where(ip_reservation.c.subnet_id == bindparam("id")),
)
_REST = (
    select(ip_allocation.c.subnet_id, ip_allocation.c.ip_address, ip_allocation.c.position)
    .where(ip_allocation.c.port_id == bindparam("port"))
    .order_by(ip_allocation.c.position)
)
_PLACE = sql.statement("UPDATE ip_allocation SET position = :place WHERE subnet_id = :subnet AND ip_address = :address")
_DELETE = sql.statement("DELETE FROM subnet WHERE id = :id")
_PROJECT_OF = sql.statement("SELECT project_id FROM subnet WHERE id = :id")
_PORTS = sql.statement("SELECT count(DISTINCT port_id) FROM ip_allocation WHERE subnet_id = :id")


def _create(transaction: Transaction, create: Create) -> list[View]:
    return [_create_one(transaction, values, create.context) for values in create.items]


def _create_one(transaction: Transaction, given: Values, context: Context) -> View:
    connection = transaction.connection
    pool = subnet_allocation.chosen_pool(connection, given, context)
    if not missing(given, "cidr") and given["cidr"] is not None:
        _check_range(ipaddress.ip_network(given["cidr"]), given)
    whole = locked_network(transaction, given["network_id"], context)
    values = stamp(transaction, given)
    network = _range(transaction, values, pool)
    mtu.check_subnet(whole, network.version)
    _check_overlap(connection, given["network_id"], network)
    segment.check_subnet(connection, given["network_id"], given["segment_id"])
    values |= {"ip_version": network.version, "cidr": str(network), "subnetpool_id": pool.id if pool else None}
    values["first_address"] = network.network_address.packed
    if missing(given, "gateway_ip"):
        values["gateway_ip"] = address_plan.default_gateway(network)
    pools = _pools(network, values)
    address_plan.check_gateway(network, values["gateway_ip"], pools)
    values["allocation_pools"] = address_plan.pool_views(network.version, pools)
    if values["segment_id"] is not None:
        values["host_routes"] = segment_routes.complete(transaction, values)
    row = ROWS.row(values)
    insert_new(transaction.connection, subnet, [row])
    number_pools.create(transaction, row.id, pools, WIDTHS[network.version])
    transaction.record(*subnet_records(connection, [row.id]))
    if row.segment_id is not None:
        segment_routes.tell_peers(transaction, row)
    revise(transaction, store_tables.network, row.network_id)
    return _views(transaction.connection, [row], context)[0]


def _range(transaction: Transaction, values: Values, pool: Row[Any] | None) -> address_plan.Network:
    """The range of a new subnet, of its pool or as it says. Raises AlcorError."""
    version = pool.ip_version if pool is not None else ipaddress.ip_network(values["cidr"]).version
    subnet_allocation.check_beside(transaction.connection, values["network_id"], version, pool)
    if pool is None:
        return ipaddress.ip_network(values["cidr"])
    network = subnet_allocation.take_range(transaction, pool, values, values["project_id"])
    _check_range(network, values)
    return network


def _check_range(network: address_plan.Network, given: Values) -> None:
    if given.get("ip_version", network.version) != network.version:
        raise invalid_input(f"cidr '{network}' does not match the ip_version '{given['ip_version']}'")
    address_plan.check_range(network)
    _check_services(network, given)


def _check_services(network: address_plan.Network, values: Values) -> None:
    """What the subnet's hosts are told must fit its range. Raises AlcorError."""
    if values["enable_dhcp"]:
        address_plan.check_dhcp(network)
    _check_ipv6_modes(network, values)
    for route in values["host_routes"]:
        destination, nexthop = ipaddress.ip_network(route["destination"]), ipaddress.ip_address(route["nexthop"])
        if {destination.version, nexthop.version} != {network.version}:
            raise invalid_input(f"Route {destination} via {nexthop} does not match the ip_version '{network.version}'")
    for server in values["dns_nameservers"]:
        if ipaddress.ip_address(server).version != network.version:
            raise invalid_input(f"dns_nameserver '{server}' does not match the ip_version '{network.version}'")


def _check_ipv6_modes(network: address_plan.Network, values: Values) -> None:
    modes = {name: values[name] for name in ("ipv6_ra_mode", "ipv6_address_mode") if values[name]}
    if not modes:
        return
    if network.version == 4:
        raise invalid_input(f"{next(iter(modes))} is not valid when ip_version is 4")
    if not values["enable_dhcp"]:
        raise invalid_input(f"{' or '.join(modes)} cannot be set when enable_dhcp is set to False")
    if len(set(modes.values())) > 1:
        raise invalid_input(f"ipv6_ra_mode and ipv6_address_mode must not differ: {', '.join(modes.values())}")
    if STATEFUL not in modes.values() and network.prefixlen != 64:
        raise invalid_input(f"Invalid CIDR {network} for IPv6 address mode: addresses are made by themselves in a /64")


def _check_overlap(connection: Connection, network_id: str, network: address_plan.Network) -> None:
    # A network's subnets lie side by side: if any overlaps with another, the last that begins before its end does.
    end = network.broadcast_address.packed
    given = {"network_id": network_id, "version": network.version, "end": end}
    row = connection.execute(_LAST_BEFORE, given).first()
    if row is not None and ipaddress.ip_network(row.cidr).overlaps(network):
        raise invalid_input(
            f"Requested subnet with cidr: {network} for network: {network_id} overlaps with another subnet: "
            f"{row.id} has {row.cidr}"
        )


def _pools(network: address_plan.Network, values: Values) -> list[Range]:
    if missing(values, "allocation_pools") or not values["allocation_pools"]:
        return address_plan.default_pools(network, values["gateway_ip"])
    return address_plan.given_pools(network, values["allocation_pools"], values["cidr"])


def _locked_subnet(transaction: Transaction, subnet_id: str) -> Row[Any]:
    """The row, its network locked first as everybody does. Raises AlcorError (404)."""
    network_id = transaction.connection.execute(_NETWORK_OF, {"id": subnet_id}).scalar()
    if network_id is not None:
        locked_network(transaction, network_id)
        row = transaction.connection.execute(_LOCKED, {"id": subnet_id}).first()
        if row is not None:
            return row
    raise not_found("subnet", subnet_id)


def _update(transaction: Transaction, update: Update) -> View:
    connection = transaction.connection
    row = _locked_subnet(transaction, update.id)
    check_expected(transaction, ACCESS, row, update)
    check_repeated(ROWS.view(row), update)
    values = dict(update.values)
    _check_services(ipaddress.ip_network(row.cidr), ROWS.view(row) | values)
    _change_addresses(transaction, row, values)
    if "segment_id" in values:
        segment.check_subnet(connection, row.network_id, values["segment_id"], row.id, row.segment_id)
    if row.segment_id is not None and {"host_routes", "gateway_ip"} & values.keys():
        values["host_routes"] = segment_routes.complete(transaction, ROWS.view(row) | values, row.gateway_ip)
    changed = ROWS.changed_row(row, values | {"first_address": row.first_address}, transaction.now)
    bulk.update_row(connection, subnet, changed)
    revise(transaction, store_tables.network, row.network_id)
    if subnet_record(changed, None) != subnet_record(row, None):
        transaction.record(*subnet_records(connection, [row.id]))
    return _views(connection, [changed], update.context)[0]


def _change_addresses(transaction: Transaction, row: Row[Any], values: Values) -> None:
    """Check a new gateway and new pools against each other, and make the pool of free addresses follow."""
    if "gateway_ip" not in values and "allocation_pools" not in values:
        return
    network = ipaddress.ip_network(row.cidr)
    old_pools = address_plan.pool_ranges(ROWS.view(row)["allocation_pools"])
    gateway_ip = values.get("gateway_ip", row.gateway_ip)
    pools = old_pools
    if "allocation_pools" in values:
        pools = address_plan.given_pools(network, values["allocation_pools"], row.cidr)
        values["allocation_pools"] = address_plan.pool_views(network.version, pools)
    address_plan.check_gateway(network, gateway_ip, pools)
    if gateway_ip != row.gateway_ip:
        router_ports.check_gateway_unused(transaction.connection, row.id, row.gateway_ip)
    if pools != old_pools:
        taken = [
            int.from_bytes(address) for address in transaction.connection.execute(_TAKEN, {"id": row.id}).scalars()
        ]
        number_pools.resize(transaction, row.id, pools, taken)


def _delete(transaction: Transaction, delete: Delete) -> None:
    connection = transaction.connection
    row = _locked_subnet(transaction, delete.id)
    check_expected(transaction, ACCESS, row, delete)
    if has_own_addresses(row):
        _forget_own_addresses(transaction, row.id)
    holder = connection.execute(_HOLDER, {"id": delete.id}).scalar()
    if holder is not None:
        raise _in_use(delete.id, holder)
    number_pools.delete(transaction, delete.id)
    subnet_prefixes.release(transaction, [row])
    connection.execute(_DELETE, {"id": delete.id})
    if row.segment_id is not None:
        segment_routes.tell_peers(transaction, row, is_gone=True)
    network_acl_subnets.forget_subnets(connection, [delete.id])
    vpc_router_parts.forget_tables(transaction, [delete.id])
    forget_attached_subnets(connection, [delete.id])
    tags.forget(connection, [delete.id])
    transaction.record(SubnetDeleted(id_bytes(delete.id)))
    revise(transaction, store_tables.network, row.network_id)


def has_own_addresses(row: Any) -> bool:
    """Whether the subnet's hosts make their own addresses (SLAAC)."""
    view = ROWS.view(row)
    return bool({view["ipv6_address_mode"], view["ipv6_ra_mode"]} & OWN_ADDRESSES)


def _forget_own_addresses(transaction: Transaction, subnet_id: str) -> None:
    """The addresses that ports made themselves in a subnet go with it, as Neutron has it."""
    connection = transaction.connection
    making = select(port.c.id).where(~port.c.device_owner.startswith("network:router"))
    held = ip_allocation.c.subnet_id == subnet_id
    ids = connection.execute(select(ip_allocation.c.port_id).where(held, ip_allocation.c.port_id.in_(making))).scalars()
    port_ids = sorted(set(ids))
    connection.execute(ip_allocation.delete().where(held, ip_allocation.c.port_id.in_(making)))
    groups = groups_of_ports(connection, port_ids) if port_ids else {}
    shown = []
    for row in bulk.select_by(connection, list(port.c), port.c.id, port_ids):
        rest = connection.execute(_REST, {"port": row.id}).all()
        for place, kept in enumerate(rest):
            if kept.position != place:
                connection.execute(_PLACE, {"subnet": kept.subnet_id, "address": kept.ip_address, "place": place})
        fixed_ips = [(kept.subnet_id, bytes(kept.ip_address)) for kept in rest]
        members = members_of(row, fixed_ip_views(fixed_ips), groups.get(row.id, ()))
        shown.append((shown_of(members), row.id))
        if row.host_id:
            transaction.record(port_record(row, fixed_ips, groups.get(row.id, ())))
    bulk.update_rows(connection, port, "id", ("shown",), shown)


def _in_use(subnet_id: str, port_id: str) -> AlcorError:
    return conflict(
        "SubnetInUse",
        f"Unable to complete operation on subnet {subnet_id}: One or more ports have an IP allocation from this "
        f"subnet, one of them is port {port_id}.",
    )


def port_count(connection: Connection, subnet_id: str, project_id: str | None) -> int | None:
    """How many ports have an address of the subnet; None when the project (None for any) has no such subnet."""
    owner = connection.execute(_PROJECT_OF, {"id": subnet_id}).scalar()
    if owner is None or project_id not in (None, owner):
        return None
    count: int = connection.execute(_PORTS, {"id": subnet_id}).scalar_one()
    return count


_REMEMBERED = Remembered(lambda row, beside: ROWS.view(row) | beside)


def _views(connection: Connection, rows: Sequence[Any], context: Context = OPERATOR) -> list[View]:
    if not rows:
        return []
    return _REMEMBERED.views(rows, _of_network(connection, rows, context))


SUBNETS = Manager(
    access=ACCESS,
    views=_views,
    create=limited("subnet", each(_create)),
    update=each(_update),
    delete=each(_delete),
    filters={
        "shared": sharing.shared_filter(subnet, network_sharing.OBJECT_TYPE, "network_id"),
        "router:external": Filter(_filter_external),
    },
)
