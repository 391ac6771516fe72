"""Alcor's Private IP Manager: a subnet's range of addresses, and addresses of it that are given out to no port.

A subnet has one range, whose id is the subnet's: the addresses of its allocation pools.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, delete, select, union_all, update

from alcor.model import address_plan
from alcor.model.addresses import WIDTHS, ip_bytes, ip_text
from alcor.model.errors import AlcorError, bad_request, conflict, not_found
from alcor.services.manager import Update
from alcor.services.ports.port import PORTS
from alcor.services.rows import View
from alcor.services.subnets.subnet import ROWS, SUBNETS
from alcor.store import bulk, number_pools
from alcor.store.tables import ip_allocation, ip_reservation, subnet
from alcor.store.transaction import Transaction

ACTIVATED, DEACTIVATED = "activated", "deactivated"


class Wanted(msgspec.Struct, frozen=True):
    """An address that is asked for: of a range, or of any range of a VPC; a certain one, or any."""

    range_id: str = ""
    vpc_id: str = ""
    ip_version: int = 4
    ip: str = ""


class Held(msgspec.Struct, frozen=True):
    """An address of a range."""

    range_id: str
    ip: str


def ranges(connection: Connection, after: str, limit: int) -> list[View]:
    """Ranges in the order of their ids, past one of them."""
    rows = connection.execute(select(subnet).where(subnet.c.id > after).order_by(subnet.c.id).limit(limit)).all()
    return [_range_view(connection, row) for row in rows]


def range_of(connection: Connection, range_id: str) -> View:
    """A range. Raises AlcorError (404)."""
    return _range_view(connection, _subnet(connection, range_id))


def _subnet(connection: Connection, range_id: str) -> Row[Any]:
    rows = bulk.select_by(connection, list(subnet.c), subnet.c.id, [range_id])
    if not rows or not _pools(rows[0]):
        raise not_found("ip_range", range_id)
    row: Row[Any] = rows[0]
    return row


def _pools(row: Row[Any]) -> list[tuple[int, int]]:
    return address_plan.pool_ranges(ROWS.view(row)["allocation_pools"])


def _range_view(connection: Connection, row: Row[Any]) -> View:
    pools = _pools(row)
    total = sum(last - first + 1 for first, last in pools)
    return {
        "id": row.id,
        "vpc_id": row.network_id,
        "subnet_id": row.id,
        "ip_version": row.ip_version,
        "first_ip": address_plan.address_text(row.ip_version, pools[0][0]) if pools else None,
        "last_ip": address_plan.address_text(row.ip_version, pools[-1][1]) if pools else None,
        "used_ips": total - number_pools.available(connection, row.id),
        "total_ips": total,
    }


def add_range(transaction: Transaction, subnet_id: str, vpc_id: str, first: str, last: str) -> View:
    """Give out these addresses of a subnet, too. Raises AlcorError."""
    rows = bulk.select_by(transaction.connection, list(subnet.c), subnet.c.id, [subnet_id])
    if not rows or rows[0].network_id != vpc_id:
        raise not_found("subnet", subnet_id)
    pools = [*ROWS.view(rows[0])["allocation_pools"], {"start": first, "end": last}]
    _set_pools(transaction, subnet_id, pools)
    return range_of(transaction.connection, subnet_id)


def remove_range(transaction: Transaction, range_id: str) -> None:
    """Give out no addresses of the subnet any more. Raises AlcorError (404, 409 while some are held)."""
    _subnet(transaction.connection, range_id)
    held = addresses(transaction.connection, range_id, "", 1)
    if held:
        raise conflict("IpRangeInUse", f"IP range {range_id} is in use: {held[0]['ip']} is held. Release it first.")
    _set_pools(transaction, range_id, [])


def _set_pools(transaction: Transaction, subnet_id: str, pools: Sequence[Mapping[str, str]]) -> None:
    values = SUBNETS.resource.check_update({"allocation_pools": list(pools)})
    for outcome in SUBNETS.update(transaction, [Update(subnet_id, values)]):
        if isinstance(outcome, Exception):
            raise outcome


def addresses(connection: Connection, range_id: str, after: str, limit: int) -> list[View]:
    """Addresses of a range that are held, in their order, past one of them."""
    row = _subnet(connection, range_id)
    past = ip_bytes(after) if after else b""
    ports = select(ip_allocation.c.ip_address, ip_allocation.c.port_id.label("held_by")).where(
        ip_allocation.c.subnet_id == range_id, ip_allocation.c.ip_address > past
    )
    others = select(ip_reservation.c.ip_address, ip_reservation.c.state).where(
        ip_reservation.c.subnet_id == range_id, ip_reservation.c.ip_address > past
    )
    held = connection.execute(union_all(ports, others).order_by("ip_address").limit(limit)).all()
    states = (DEACTIVATED if its[1] == DEACTIVATED else ACTIVATED for its in held)
    return [_view(row, bytes(its[0]), state) for its, state in zip(held, states, strict=True)]


def address(connection: Connection, held: Held) -> View:
    """An address that is held. Raises AlcorError (404)."""
    row, packed = _subnet(connection, held.range_id), ip_bytes(held.ip)
    state = _reserved(connection, held.range_id, packed)
    if state is None and _port_with(connection, held.range_id, packed) is None:
        raise _not_held(held)
    return _view(row, packed, state or ACTIVATED)


def _view(row: Row[Any], packed: bytes, state: str) -> View:
    return {
        "ip_version": row.ip_version,
        "vpc_id": row.network_id,
        "subnet_id": row.id,
        "range_id": row.id,
        "ip": ip_text(packed),
        "state": state,
    }


def _not_held(held: Held) -> AlcorError:
    return AlcorError(404, "IpAddressNotFound", f"IP address {held.ip} of range {held.range_id} is not held.")


def _reserved(connection: Connection, range_id: str, packed: bytes) -> str | None:
    return _said_of(connection, ip_reservation, "state", range_id, packed)


def _port_with(connection: Connection, range_id: str, packed: bytes) -> str | None:
    return _said_of(connection, ip_allocation, "port_id", range_id, packed)


def _said_of(connection: Connection, table: Table, column: str, range_id: str, packed: bytes) -> str | None:
    its = table.c.subnet_id == range_id, table.c.ip_address == packed
    found: str | None = connection.execute(select(table.c[column]).where(*its)).scalar()
    return found


def reserve(transaction: Transaction, wanted: Sequence[Wanted]) -> list[View]:
    """Give out addresses to no port: all or none. Raises AlcorError."""
    return [_reserve_one(transaction, each) for each in wanted]


def _reserve_one(transaction: Transaction, wanted: Wanted) -> View:
    connection = transaction.connection
    for row in _candidates(connection, wanted):
        number = _take(transaction, row, wanted.ip)
        if number is not None:
            packed = number.to_bytes(WIDTHS[row.ip_version])
            bulk.insert_rows(connection, ip_reservation, [(row.id, packed, ACTIVATED)])
            return _view(row, packed, ACTIVATED)
    if wanted.ip:
        raise conflict("IpAddressInUse", f"IP address {wanted.ip} is held already, or of no range that is asked for.")
    raise conflict("IpAddressGenerationFailure", "No address is free in the ranges that are asked for.")


def _candidates(connection: Connection, wanted: Wanted) -> Sequence[Row[Any]]:
    if wanted.range_id:
        row = _subnet(connection, wanted.range_id)
        if wanted.vpc_id and row.network_id != wanted.vpc_id:
            raise bad_request(f"Invalid input for range_id. Reason: it is no range of VPC {wanted.vpc_id}.")
        return [row]
    rows = connection.execute(
        select(subnet)
        .where(subnet.c.network_id == wanted.vpc_id, subnet.c.ip_version == wanted.ip_version)
        .order_by(subnet.c.id)
    ).all()
    if not rows:
        raise AlcorError(
            404, "IpRangeNotFound", f"VPC {wanted.vpc_id} has no range of IPv{wanted.ip_version} addresses."
        )
    return rows


def _take(transaction: Transaction, row: Row[Any], ip: str) -> int | None:
    if ip:
        packed = ip_bytes(ip)
        number = int.from_bytes(packed)
        fits = len(packed) == WIDTHS[row.ip_version]
        return number if fits and number_pools.take_exact(transaction, row.id, [number]) else None
    try:
        return number_pools.take(transaction, row.id, 1)[0]
    except number_pools.PoolExhausted:
        return None


def change_states(transaction: Transaction, changes: Sequence[tuple[Held, str]]) -> list[View]:
    """Say whether addresses are in use by those to whom they were given out: all or none. Raises AlcorError."""
    connection = transaction.connection
    views = []
    for held, state in changes:
        packed = ip_bytes(held.ip)
        if address(connection, held)["state"] != state:
            if _reserved(connection, held.range_id, packed) is None:
                port_id = _port_with(connection, held.range_id, packed)
                raise conflict("IpAddressInUse", f"IP address {held.ip} is that of port {port_id}: change the port.")
            connection.execute(
                update(ip_reservation)
                .where(ip_reservation.c.subnet_id == held.range_id, ip_reservation.c.ip_address == packed)
                .values(state=state)
            )
        views.append(address(connection, held))
    return views


def release(transaction: Transaction, given: Sequence[Held]) -> None:
    """Take addresses back: all or none. Raises AlcorError (404, 409 for that of a port)."""
    connection = transaction.connection
    for held in given:
        packed = ip_bytes(held.ip)
        _subnet(connection, held.range_id)
        gone = connection.execute(
            delete(ip_reservation).where(
                ip_reservation.c.subnet_id == held.range_id, ip_reservation.c.ip_address == packed
            )
        ).rowcount
        if not gone:
            port_id = _port_with(connection, held.range_id, packed)
            if port_id is None:
                raise _not_held(held)
            raise conflict(
                "IpAddressInUse", f"IP address {held.ip} is that of port {port_id}: delete the port, or change it."
            )
        number_pools.release(transaction, held.range_id, [int.from_bytes(packed)])


def replace(transaction: Transaction, old: Sequence[Held], new: Sequence[Wanted]) -> list[View]:
    """Have new addresses in place of old ones, of one port or of none, at once. Raises AlcorError."""
    connection = transaction.connection
    holders = {_port_with(connection, held.range_id, ip_bytes(held.ip)) for held in old}
    if len(holders) > 1:
        raise bad_request("The old addresses are not all of one port, or all of none: replace those of each by itself.")
    port_id = next(iter(holders), None)
    if port_id is None:
        release(transaction, old)
        return reserve(transaction, new)
    return _replace_of_port(transaction, port_id, old, new)


def _replace_of_port(transaction: Transaction, port_id: str, old: Sequence[Held], new: Sequence[Wanted]) -> list[View]:
    connection = transaction.connection
    gone = {(held.range_id, ip_text(ip_bytes(held.ip))) for held in old}
    before = _fixed_ips(connection, port_id)
    kept = [{"subnet_id": subnet_id, "ip_address": ip} for subnet_id, ip in before if (subnet_id, ip) not in gone]
    wanted = []
    for each in new:
        place = {"subnet_id": _candidates(connection, each)[0].id}
        wanted.append(place | ({"ip_address": each.ip} if each.ip else {}))
    values = PORTS.resource.check_update({"fixed_ips": kept + wanted})
    for outcome in PORTS.update(transaction, [Update(port_id, values)]):
        if isinstance(outcome, Exception):
            raise outcome
    staying = {(each["subnet_id"], each["ip_address"]) for each in kept}
    return [
        address(connection, Held(subnet_id, ip))
        for subnet_id, ip in _fixed_ips(connection, port_id)
        if (subnet_id, ip) not in staying
    ]


def _fixed_ips(connection: Connection, port_id: str) -> list[tuple[str, str]]:
    rows = connection.execute(
        select(ip_allocation.c.subnet_id, ip_allocation.c.ip_address)
        .where(ip_allocation.c.port_id == port_id)
        .order_by(ip_allocation.c.position)
    )
    return [(row.subnet_id, ip_text(bytes(row.ip_address))) for row in rows]
