"""Every record as of one position of the change log, read from the tables."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, select

from alcor.model.identifiers import Id, id_bytes
from alcor.model.records import PortRecord, Record
from alcor.store import change_log, sql
from alcor.store.network_acl_records import SUBNETS_WITH_ACLS, read_network_acls
from alcor.store.record_rows import node_record, port_details, subnet_record, vpc_record
from alcor.store.router_records import read_routers
from alcor.store.security_records import read_security_groups
from alcor.store.tables import network, node

_CHUNK = 5000
_REMEMBERED = 100_000
PORT_COLUMNS = (
    "port.id, port.network_id, port.mac_address, port.host_id, port.admin_state_up, port.attributes, "
    "port.device_id, port.project_id"
)
_PORTS = sql.statement(f"SELECT {PORT_COLUMNS} FROM port WHERE id > :after AND host_id <> '' ORDER BY id LIMIT :limit")
_GROUPS = sql.statement(
    "SELECT port_id, security_group_id FROM port_security_group "
    "WHERE port_id > :after AND port_id <= :last ORDER BY port_id, security_group_id"
)
_ALLOCATIONS = sql.statement(
    "SELECT port_id, subnet_id, ip_address FROM ip_allocation "
    "WHERE port_id > :after AND port_id <= :last ORDER BY port_id, position"
)


def read_records(connection: Connection) -> tuple[int, Iterator[Record]]:
    """The position and an iterator over all records as of it: VPCs, subnets and nodes before ports that are bound.

    The connection must stay in one consistent snapshot (Store.read) until the iterator has ended.
    """
    return change_log.head(connection), _records(connection)


def _records(connection: Connection) -> Iterator[Record]:
    sources: tuple[tuple[Select[Any], Callable[[Any], Record]], ...] = (
        (select(network), vpc_record),
        (SUBNETS_WITH_ACLS, lambda row: subnet_record(row, row.network_acl_id)),
        (select(node), node_record),
    )
    for rows, record in sources:
        for row in connection.execute(rows, execution_options={"yield_per": _CHUNK}):
            yield record(row)
    yield from read_network_acls(connection)
    yield from read_routers(connection)
    yield from read_security_groups(connection)
    yield from _port_records(connection)


def _port_records(connection: Connection) -> Iterator[Record]:
    """Walks ports, allocations and security groups side by side, in the order of the port's id, a page at a time."""
    packed = lru_cache(_REMEMBERED)(id_bytes)  # the same networks and subnets come again and again
    after = ""
    while ports := connection.execute(_PORTS, {"after": after, "limit": _CHUNK}).all():
        last = ports[-1].id
        page = {"after": after, "last": last}
        allocations = connection.execute(_ALLOCATIONS, page).all()
        yield from port_records(ports, allocations, connection.execute(_GROUPS, page), packed)
        after = last


def port_records(
    ports: Iterable[Any],
    allocations: Iterable[Any],
    groups: Iterable[Any],
    packed: Callable[[str], Id] = id_bytes,
) -> Iterator[PortRecord]:
    """The records of rows of PORT_COLUMNS, of their allocations (port, subnet, address), in the order of these, and of
    their security groups (port, group)."""
    groups_of: dict[str, tuple[Id, ...]] = {}
    for port_id, group_id in groups:
        groups_of[port_id] = (*groups_of.get(port_id, ()), packed(group_id))
    fixed_ips: dict[str, tuple[tuple[Id, bytes], ...]] = {}
    for port_id, subnet_id, address in allocations:
        fixed_ips[port_id] = (*fixed_ips.get(port_id, ()), (packed(subnet_id), address))
    for port_id, network_id, mac, host_id, up, attributes, device_id, project_id in ports:
        yield PortRecord(
            id_bytes(port_id),
            packed(network_id),
            mac,
            fixed_ips.get(port_id, ()),
            host_id,
            bool(up),
            *port_details(attributes, mac),
            groups_of.get(port_id, ()),
            device_id,
            project_id,
        )
