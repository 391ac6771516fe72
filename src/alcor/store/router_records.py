"""Routers, their interfaces and route tables as the change log and a snapshot say them, read from the tables.

The connection must be in one consistent snapshot (Store.read), or in the transaction that writes.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, select

from alcor.model.identifiers import id_bytes
from alcor.model.records import RouterInterfaceRecord, RouterRecord, RouteTableRecord
from alcor.store.record_rows import route_table_record, router_record
from alcor.store.tables import ip_allocation, network, port, route_table, router, subnet

INTERFACE_OWNER = "network:router_interface"
"""The owner of ports that are interfaces of the router which is their device."""

_AT_ONCE = 500  # routers, or ports
_ROUTERS = select(router).where(router.c.id > bindparam("after")).order_by(router.c.id).limit(_AT_ONCE)
_TABLES = select(route_table).where(route_table.c.id > bindparam("after")).order_by(route_table.c.id).limit(_AT_ONCE)
_INTERFACES = (
    select(
        port.c.id,
        port.c.device_id,
        port.c.network_id,
        network.c.vni,
        network.c.mtu,
        port.c.mac_address,
        port.c.admin_state_up,
        ip_allocation.c.subnet_id,
        subnet.c.cidr,
        ip_allocation.c.ip_address,
    )
    .join(network, network.c.id == port.c.network_id)
    .outerjoin(ip_allocation, ip_allocation.c.port_id == port.c.id)
    .outerjoin(subnet, subnet.c.id == ip_allocation.c.subnet_id)
    .where(port.c.device_owner == INTERFACE_OWNER)
    .order_by(port.c.id, ip_allocation.c.position)
)
_OF_ROUTERS = _INTERFACES.where(port.c.device_id.in_(bindparam("ids", expanding=True)))
_OF_PORTS = _INTERFACES.where(
    port.c.id.in_(bindparam("ids", expanding=True)),
    exists().where(router.c.id == port.c.device_id),
)
_IN_NETWORK = _INTERFACES.where(
    port.c.network_id == bindparam("network_id"),
    exists().where(router.c.id == port.c.device_id),
)


def read_routers(connection: Connection) -> Iterator[RouterRecord | RouterInterfaceRecord | RouteTableRecord]:
    """All routers and their interfaces, and all route tables."""
    after = ""
    while rows := connection.execute(_ROUTERS, {"after": after}).all():
        yield from map(router_record, rows)
        yield from _records(connection.execute(_OF_ROUTERS, {"ids": [row.id for row in rows]}))
        after = rows[-1].id
    after = ""
    while rows := connection.execute(_TABLES, {"after": after}).all():
        yield from map(route_table_record, rows)
        after = rows[-1].id


def read_interfaces_of(connection: Connection, router_id: str) -> Iterator[RouterInterfaceRecord]:
    """Those of a router."""
    return _records(connection.execute(_OF_ROUTERS, {"ids": [router_id]}))


def read_interfaces(connection: Connection, port_ids: Sequence[str]) -> Iterator[RouterInterfaceRecord]:
    """Those of these ports that are interfaces of routers that there are."""
    for start in range(0, len(port_ids), _AT_ONCE):
        given = {"ids": list(port_ids[start : start + _AT_ONCE])}
        yield from _records(connection.execute(_OF_PORTS, given))


def read_interfaces_in(connection: Connection, network_id: str) -> Iterator[RouterInterfaceRecord]:
    """Those in a network."""
    return _records(connection.execute(_IN_NETWORK, {"network_id": network_id}))


def _records(rows: Iterable[Row[Any]]) -> Iterator[RouterInterfaceRecord]:
    """From a row for each address, those of one port after the other."""
    packed = lru_cache(1000)(id_bytes)
    addresses: list[tuple[bytes, str, bytes]] = []
    last: Row[Any] | None = None
    for row in rows:
        if last is not None and row.id != last.id:
            yield _record(last, addresses)
            addresses = []
        if row.subnet_id is not None:
            addresses.append((packed(row.subnet_id), row.cidr, bytes(row.ip_address)))
        last = row
    if last is not None:
        yield _record(last, addresses)


def _record(row: Row[Any], addresses: Sequence[tuple[bytes, str, bytes]]) -> RouterInterfaceRecord:
    return RouterInterfaceRecord(
        id=id_bytes(row.id),
        router_id=id_bytes(row.device_id),
        vpc_id=id_bytes(row.network_id),
        vni=row.vni,
        mac=row.mac_address,
        addresses=tuple(addresses),
        admin_state_up=bool(row.admin_state_up),
        mtu=row.mtu,
    )
