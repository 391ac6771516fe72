"""Subnets: ranges of addresses of a network, each with the pool that its ports' addresses are taken from."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model import address_plan
from alcor.model.addresses import ip_bytes
from alcor.model.errors import AlcorError, bad_request, conflict, invalid_input, not_found
from alcor.model.identifiers import id_bytes
from alcor.model.number_ranges import Range
from alcor.model.records import SubnetDeleted
from alcor.model.resources.subnet import SUBNET
from alcor.services.manager import Create, Delete, Manager, Update, Values, check_revision, each, stamp
from alcor.services.rows import Rows, View, missing
from alcor.services.vpc import locked_network
from alcor.store import bulk, number_pools, sql
from alcor.store.record_rows import subnet_record
from alcor.store.tables import ip_allocation, subnet
from alcor.store.transaction import Transaction

ROWS = Rows(SUBNET, subnet)
WIDTHS = {4: 4, 6: 16}
"""Bytes an address takes, by IP version: the width of its pool's numbers."""

_NETWORK_OF = sql.statement("SELECT network_id FROM subnet WHERE id = :id")
_LOCKED = select(subnet).where(subnet.c.id == bindparam("id")).with_for_update()
_CIDRS = sql.statement("SELECT id, cidr FROM subnet WHERE network_id = :network_id")
_HOLDER = sql.statement("SELECT port_id FROM ip_allocation WHERE subnet_id = :id LIMIT 1")
_HOLDER_OF = sql.statement("SELECT port_id FROM ip_allocation WHERE subnet_id = :id AND ip_address = :address")
_TAKEN = select(ip_allocation.c.ip_address).where(ip_allocation.c.subnet_id == bindparam("id"))
_DELETE = sql.statement("DELETE FROM subnet WHERE id = :id")


def _create(transaction: Transaction, subnets: Create) -> list[View]:
    return [_create_one(transaction, values) for values in subnets]


def _create_one(transaction: Transaction, given: Values) -> View:
    network = ipaddress.ip_network(given["cidr"])
    _check(given, network)
    locked_network(transaction, given["network_id"])
    _check_overlap(transaction.connection, given["network_id"], network)
    values = stamp(transaction, given) | {"ip_version": network.version}
    if missing(given, "gateway_ip"):
        values["gateway_ip"] = address_plan.default_gateway(network)
    pools = _pools(network, values)
    address_plan.check_gateway(network, values["gateway_ip"], pools)
    values["allocation_pools"] = address_plan.pool_views(network.version, pools)
    row = ROWS.row(values)
    bulk.insert_rows(transaction.connection, subnet, [row])
    number_pools.create(transaction, row.id, pools, WIDTHS[network.version])
    transaction.record(subnet_record(row))
    return ROWS.view(row)


def _check(given: Values, network: address_plan.Network) -> None:
    if given.get("ip_version", network.version) != network.version:
        raise bad_request(
            f"Invalid input for operation: ip_version {given['ip_version']} does not match cidr {network}.",
            "InvalidInput",
        )
    address_plan.check_prefix(network)
    _check_ipv6_modes(given, network.version)
    _check_routes(given.get("host_routes", ()), network.version)
    _check_dns_nameservers(given.get("dns_nameservers", ()), network.version)


def _check_ipv6_modes(given: Values, version: int) -> None:
    modes = given["ipv6_address_mode"], given["ipv6_ra_mode"]
    if version == 4 and any(modes):
        raise invalid_input("ipv6_address_mode and ipv6_ra_mode cannot be set for a subnet of IPv4")
    if all(modes) and modes[0] != modes[1]:
        raise invalid_input(f"ipv6_ra_mode set to '{modes[1]}' with ipv6_address_mode set to '{modes[0]}'")
    automatic = {"slaac", "dhcpv6-stateless"} & set(modes)
    if automatic and ipaddress.ip_network(given["cidr"]).prefixlen != 64:
        raise invalid_input(f"Invalid CIDR {given['cidr']} for IPv6 address mode: only a /64 can be autoconfigured")


def _check_routes(routes: Sequence[Mapping[str, str]], version: int) -> None:
    for route in routes:
        destination, nexthop = ipaddress.ip_network(route["destination"]), ipaddress.ip_address(route["nexthop"])
        if {destination.version, nexthop.version} != {version}:
            raise invalid_input(f"Route {route['destination']} via {route['nexthop']} is not of IPv{version}")


def _check_dns_nameservers(servers: Sequence[str], version: int) -> None:
    for server in servers:
        if ipaddress.ip_address(server).version != version:
            raise invalid_input(f"DNS name server {server} is not of IPv{version}")


def _check_overlap(connection: Connection, network_id: str, network: address_plan.Network) -> None:
    for row in connection.execute(_CIDRS, {"network_id": network_id}):
        other = ipaddress.ip_network(row.cidr)
        if other.version == network.version and other.overlaps(network):
            raise invalid_input(
                f"Requested subnet with cidr: {network} for network: {network_id} overlaps with another subnet: "
                f"{row.id} has {row.cidr}"
            )


def _pools(network: address_plan.Network, values: Values) -> list[Range]:
    if missing(values, "allocation_pools"):
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
    check_revision(row.revision_number, update.revision)
    values = dict(update.values)
    _check_routes(values.get("host_routes", ()), row.ip_version)
    _check_dns_nameservers(values.get("dns_nameservers", ()), row.ip_version)
    _change_addresses(transaction, row, values)
    changed = ROWS.changed_row(row, values, transaction.now)
    bulk.update_row(connection, subnet, changed)
    if subnet_record(changed) != subnet_record(row):
        transaction.record(subnet_record(changed))
    return ROWS.view(changed)


def _change_addresses(transaction: Transaction, row: Row[Any], values: Values) -> None:
    """Check a new gateway and new pools against each other and against what ports hold."""
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
    if gateway_ip is not None and gateway_ip != row.gateway_ip:
        _check_gateway_free(transaction.connection, row.id, gateway_ip)
    if pools != old_pools:
        taken = [
            int.from_bytes(address) for address in transaction.connection.execute(_TAKEN, {"id": row.id}).scalars()
        ]
        number_pools.resize(transaction, row.id, pools, taken)


def _check_gateway_free(connection: Connection, subnet_id: str, gateway_ip: str) -> None:
    holder = connection.execute(_HOLDER_OF, {"id": subnet_id, "address": ip_bytes(gateway_ip)}).scalar()
    if holder is not None:
        raise conflict(
            "GatewayIpInUse", f"Gateway ip {gateway_ip} for subnet {subnet_id} is already in use by port {holder}"
        )


def _delete(transaction: Transaction, delete: Delete) -> None:
    connection = transaction.connection
    row = _locked_subnet(transaction, delete.id)
    check_revision(row.revision_number, delete.revision)
    holder = connection.execute(_HOLDER, {"id": delete.id}).scalar()
    if holder is not None:
        raise _in_use(delete.id, holder)
    number_pools.delete(transaction, delete.id)
    connection.execute(_DELETE, {"id": delete.id})
    transaction.record(SubnetDeleted(id_bytes(delete.id)))


def _in_use(subnet_id: str, port_id: str) -> AlcorError:
    return conflict(
        "SubnetInUse",
        f"Unable to complete operation on subnet {subnet_id}: One or more ports have an IP allocation from this "
        f"subnet, one of them is port {port_id}.",
    )


def _views(_connection: Connection, rows: Sequence[Any]) -> list[View]:
    return [ROWS.view(row) for row in rows]


SUBNETS = Manager(
    resource=SUBNET,
    table=subnet,
    views=_views,
    create=each(_create),
    update=each(_update),
    delete=each(_delete),
)
