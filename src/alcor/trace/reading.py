"""The cloud as the tables have it, and what of it a caller is shown. The connection must be in one snapshot."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from alcor.dpm.routers import RouterModel
from alcor.model.addresses import is_link_local, mac_of_link_local
from alcor.model.context import Context
from alcor.model.errors import AlcorError
from alcor.model.identifiers import Id, id_bytes, id_text
from alcor.model.records import RouterInterfaceRecord, SecurityRule
from alcor.services.access import Access, row_values
from alcor.services.hosts.node import NODES
from alcor.services.networks.vpc import ACCESS as NETWORK_ACCESS
from alcor.services.ports.port import ACCESS as PORT_ACCESS
from alcor.services.ports.port_views import fixed_ips_of
from alcor.services.routers.route_table import ACCESS as ROUTE_TABLE_ACCESS
from alcor.services.routers.router import ROUTERS
from alcor.services.security.network_acl import NETWORK_ACLS
from alcor.services.security.security_group import SECURITY_GROUPS
from alcor.services.subnets.subnet import SUBNETS
from alcor.store import bulk, sql
from alcor.store.network_acl_records import network_acl_records, subnet_records
from alcor.store.record_rows import (
    node_record,
    port_details,
    port_record,
    route_table_record,
    router_record,
    vpc_record,
)
from alcor.store.router_records import read_interfaces_in, read_interfaces_of
from alcor.store.security_records import address_group_record, groups_of_ports, rules_of_groups
from alcor.store.tables import (
    address_group,
    ip_allocation,
    network,
    network_acl,
    node,
    port,
    route_table,
    router,
    security_group,
    subnet,
)
from alcor.trace.cloud import Acl, Group, Port, Router, Rule, Subnet, Vpc, is_in
from alcor.trace.steps import Thing

_MOST_PORTS = 64  # of a device, or that share an address, that are looked at
_MOST_FLOODED = 1000  # ports of a VPC in which whoever has an address is asked for by all

_HOLDER = sql.Prepared(
    select(ip_allocation.c.port_id)
    .join(subnet, subnet.c.id == ip_allocation.c.subnet_id)
    .where(ip_allocation.c.ip_address == bindparam("address"), subnet.c.network_id == bindparam("network_id"))
)
_WITH_MAC = sql.Prepared(
    select(port.c.id).where(port.c.mac_address == bindparam("mac"), port.c.network_id == bindparam("network_id"))
)
_WITH_PAIRS = sql.Prepared(
    select(port.c.id, port.c.attributes, port.c.mac_address)
    .where(port.c.network_id == bindparam("network_id"), port.c.attributes.contains("allowed_address_pairs"))
    .order_by(port.c.id)
    .limit(_MOST_PORTS)
)
_OF_DEVICE = sql.Prepared(
    select(port.c.id)
    .where(port.c.device_id == bindparam("device_id"), port.c.project_id == bindparam("project_id"))
    .order_by(port.c.id)
    .limit(_MOST_PORTS)
)

_ACCESS: Mapping[str, Access] = {
    "network": NETWORK_ACCESS,
    "subnet": SUBNETS.access,
    "port": PORT_ACCESS,
    "router": ROUTERS.access,
    "routetable": ROUTE_TABLE_ACCESS,
    "network_acl": NETWORK_ACLS.access,
    "security_group": SECURITY_GROUPS.access,
    "node": NODES.access,
}


class StoredCloud:
    """See trace.cloud.Cloud. What was looked up is kept: a trace asks for the same things again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ports: dict[str, Port | None] = {}
        self._interfaces: dict[Id, list[RouterInterfaceRecord]] = {}

    def port(self, port_id: str) -> Port | None:
        """The port with this id."""
        if port_id not in self._ports:
            self._ports[port_id] = self._read_port(port_id)
        return self._ports[port_id]

    def _read_port(self, port_id: str) -> Port | None:
        connection = self._connection
        row = _one(connection, port, port_id)
        if row is None:
            return None
        fixed_ips = fixed_ips_of(connection, [port_id]).get(port_id, ())
        record = port_record(row, fixed_ips, groups_of_ports(connection, [port_id]).get(port_id, ()))
        network_row, node_row = _one(connection, network, row.network_id), _one(connection, node, row.host_id)
        vpc = Vpc(_thing("network", network_row), vpc_record(network_row))
        return Port(_thing("port", row), record, vpc, row.status, None if node_row is None else node_record(node_row))

    def subnet(self, subnet_id: Id) -> Subnet | None:
        """See Cloud."""
        row = _one(self._connection, subnet, id_text(subnet_id))
        records = subnet_records(self._connection, [] if row is None else [row.id])
        return Subnet(_thing("subnet", row), records[0]) if records else None

    def network_acl(self, acl_id: Id) -> Acl | None:
        """See Cloud."""
        row = _one(self._connection, network_acl, id_text(acl_id))
        records = network_acl_records(self._connection, [] if row is None else [row.id])
        return Acl(_thing("network_acl", row), records[0]) if records else None

    def port_at(self, vpc_id: Id, address: bytes) -> Port | None:
        """See Cloud."""
        place: dict[str, Any] = {"network_id": id_text(vpc_id)}
        if len(address) == 16 and is_link_local(address):
            found = _WITH_MAC(self._connection, place | {"mac": mac_of_link_local(address)})
        else:
            found = _HOLDER(self._connection, place | {"address": address})
        return self.port(found[0][0]) if found else None

    def sharers(self, vpc_id: Id, address: bytes) -> Sequence[Port]:
        """See Cloud."""
        row = _one(self._connection, network, id_text(vpc_id))
        if row is None or row.bound_ports > _MOST_FLOODED:
            return []
        rows = _WITH_PAIRS(self._connection, {"network_id": row.id})
        pairs = {row.id: port_details(row.attributes, row.mac_address)[1] for row in rows}
        found = [
            self.port(port_id) for port_id, cidrs in pairs.items() if any(is_in(cidr, address) for cidr, _ in cidrs)
        ]
        return [each for each in found if each is not None]

    def ports_of_device(self, port: Port) -> Sequence[Port]:
        """See Cloud."""
        record = port.record
        if not record.device_id:
            return [port]
        device = {"device_id": record.device_id, "project_id": record.project_id}
        found = [self.port(row.id) for row in _OF_DEVICE(self._connection, device)]
        return [each for each in found if each is not None]

    def interfaces(self, vpc_id: Id) -> Sequence[RouterInterfaceRecord]:
        """See Cloud."""
        if vpc_id not in self._interfaces:
            self._interfaces[vpc_id] = list(read_interfaces_in(self._connection, id_text(vpc_id)))
        return self._interfaces[vpc_id]

    def router(self, router_id: Id) -> Router | None:
        """See Cloud."""
        row = _one(self._connection, router, id_text(router_id))
        if row is None:
            return None
        interfaces = {each.id: each for each in read_interfaces_of(self._connection, row.id)}
        owners = {
            owner for each in interfaces.values() for owner in (each.vpc_id, *(one for one, _, _ in each.addresses))
        }
        tables = bulk.select_by(
            self._connection, list(route_table.c), route_table.c.owner, sorted(map(id_text, owners))
        )
        return Router(
            _thing("router", row),
            RouterModel(router_record(row), interfaces),
            {id_bytes(each.owner): route_table_record(each) for each in tables},
            {id_bytes(each.owner): _thing("routetable", each) for each in tables},
        )

    def groups(self, port: Port) -> Sequence[Group]:
        """See Cloud."""
        ids = [id_text(each) for each in port.record.security_groups]
        rows = bulk.select_by(self._connection, list(security_group.c), security_group.c.id, ids)
        rules = rules_of_groups(self._connection, ids)
        ranges = self._address_groups(rule for its in rules.values() for _, rule in its)
        return [
            Group(
                _thing("security_group", row),
                bool(row.stateful),
                tuple(Rule(rule_id, rule) for rule_id, rule in rules.get(row.id, ())),
                ranges,
            )
            for row in sorted(rows, key=lambda row: str(row.id))
        ]

    def _address_groups(self, rules: Iterable[SecurityRule]) -> dict[Id, tuple[str, ...]]:
        named = sorted({id_text(rule.remote_address_group) for rule in rules if rule.remote_address_group})
        rows = bulk.select_by(self._connection, list(address_group.c), address_group.c.id, named)
        return {record.id: record.addresses for record in map(address_group_record, rows)}


def shown(connection: Connection, things: Iterable[Thing], context: Context) -> set[Thing]:
    """Those that the caller is shown."""
    found: set[Thing] = set()
    for kind, access in _ACCESS.items():
        wanted = {each.id: each for each in things if each.kind == kind}
        rows = access.rows(connection, sorted(wanted), context)
        found.update(wanted[each] for each, row in rows.items() if _may_get(connection, access, row, context))
    return found


def _may_get(connection: Connection, access: Access, row: Any, context: Context) -> bool:
    """Of a row that the caller is shown: whether the policy lets it."""
    values = row_values(row)
    if access.computed is not None:
        values = {**values, **access.computed(connection, [row], context)[0]}
    try:
        return context.may(access.resource.rule_name("get"), access.target(connection, values, context))
    except AlcorError:  # the rule is about a network that the caller is not shown
        return False


def _one(connection: Connection, table: Any, resource_id: str) -> Any | None:
    return next(iter(bulk.select_by(connection, list(table.c), table.c.id, [resource_id])), None)


def _thing(kind: str, row: Any) -> Thing:
    return Thing(kind, row.id, row.name)
