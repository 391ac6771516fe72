"""Alcor's MAC Manager: ranges that MAC addresses are given out from, and addresses given out to no port that is here.

The addresses of all Active ranges are one pool, from which ports get theirs, too.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from alcor.model.addresses import mac_number, mac_text
from alcor.model.errors import AlcorError, conflict, not_found
from alcor.model.identifiers import new_id
from alcor.model.number_ranges import Range
from alcor.services.ports import mac
from alcor.services.rows import View
from alcor.store import number_pools
from alcor.store.tables import mac_range, mac_reservation, port
from alcor.store.transaction import Transaction

ACTIVE, INACTIVE = "Active", "Inactive"


class MacRange(msgspec.Struct, frozen=True):
    """A range as a request says it."""

    first: int
    last: int
    state: str = ACTIVE
    id: str = ""


class Reservation(msgspec.Struct, frozen=True):
    """A MAC address as a request asks for it: a certain one, or any."""

    project_id: str = ""
    vpc_id: str = ""
    port_id: str = ""
    state: str = ACTIVE
    address: int | None = None


def ranges(connection: Connection) -> list[View]:
    """All ranges."""
    return [_range_view(row) for row in connection.execute(select(mac_range).order_by(mac_range.c.id))]


def range_of(connection: Connection, range_id: str) -> View:
    """A range. Raises AlcorError (404)."""
    return _range_view(_row(connection, range_id))


def _row(connection: Connection, range_id: str) -> Row[Any]:
    row = connection.execute(select(mac_range).where(mac_range.c.id == range_id)).first()
    if row is None:
        raise not_found("mac_range", range_id)
    return row


def _range_view(row: Row[Any]) -> View:
    return {
        "range_id": row.id,
        "from": mac_text(row.first),
        "to": mac_text(row.last),
        "state": row.state,
        "capacity": row.last - row.first + 1,
    }


def create_range(transaction: Transaction, wanted: MacRange) -> View:
    """Give out the addresses of a range, too. Raises AlcorError (409) when one of them is of another."""
    connection = transaction.connection
    number_pools.lock(transaction, mac.POOL)
    range_id = wanted.id or new_id()
    if connection.execute(select(mac_range.c.id).where(mac_range.c.id == range_id)).first() is not None:
        raise conflict("MacRangeExists", f"MAC range {range_id} exists already: choose another range_id.")
    _check_apart(connection, range_id, wanted)
    connection.execute(insert(mac_range).values(id=range_id, first=wanted.first, last=wanted.last, state=wanted.state))
    _fill(transaction, wanted)
    return range_of(connection, range_id)


def update_range(transaction: Transaction, range_id: str, wanted: MacRange) -> View:
    """Make the range another one. Raises AlcorError (409) while an address of the old one is in use."""
    connection = transaction.connection
    number_pools.lock(transaction, mac.POOL)
    old = _row(connection, range_id)
    _check_apart(connection, range_id, wanted)
    _empty(transaction, old)
    connection.execute(
        update(mac_range)
        .where(mac_range.c.id == range_id)
        .values(first=wanted.first, last=wanted.last, state=wanted.state)
    )
    _fill(transaction, wanted)
    return range_of(connection, range_id)


def delete_range(transaction: Transaction, range_id: str) -> None:
    """Give out no address of the range any more. Raises AlcorError (409) while one is in use."""
    number_pools.lock(transaction, mac.POOL)
    _empty(transaction, _row(transaction.connection, range_id))
    transaction.connection.execute(delete(mac_range).where(mac_range.c.id == range_id))


def _check_apart(connection: Connection, range_id: str, wanted: MacRange) -> None:
    overlapping = select(mac_range.c.id).where(
        mac_range.c.id != range_id, mac_range.c.first <= wanted.last, mac_range.c.last >= wanted.first
    )
    other = connection.execute(overlapping).scalar()
    if other is not None:
        raise conflict("MacRangeOverlap", f"The range overlaps with MAC range {other}.")


def _fill(transaction: Transaction, wanted: MacRange) -> None:
    """Put the range's addresses into the pool, all but those that ports chose before."""
    if wanted.state != ACTIVE:
        return
    number_pools.extend(transaction, mac.POOL, (wanted.first, wanted.last))
    chosen = select(port.c.mac_address).where(port.c.mac_address.between(wanted.first, wanted.last)).distinct()
    number_pools.take_exact(transaction, mac.POOL, transaction.connection.execute(chosen).scalars())


def _empty(transaction: Transaction, row: Row[Any]) -> None:
    if row.state == ACTIVE and not number_pools.withdraw(transaction, mac.POOL, (row.first, row.last)):
        raise conflict("MacRangeInUse", f"MAC range {row.id} has addresses in use: they must be released first.")


def state_of(connection: Connection, address: int) -> View:
    """A MAC address that is in use. Raises AlcorError (404)."""
    row = connection.execute(select(mac_reservation).where(mac_reservation.c.mac_address == address)).first()
    if row is not None:
        return _view(row)
    held = connection.execute(select(port).where(port.c.mac_address == address).limit(1)).first()
    if held is None:
        raise _not_held(address)
    return {
        "mac_address": mac_text(address),
        "project_id": held.project_id,
        "vpc_id": held.network_id,
        "port_id": held.id,
        "state": ACTIVE,
    }


def _view(row: Row[Any]) -> View:
    return {
        "mac_address": mac_text(row.mac_address),
        "project_id": row.project_id,
        "vpc_id": row.vpc_id,
        "port_id": row.port_id,
        "state": row.state,
    }


def _not_held(address: int) -> AlcorError:
    return AlcorError(404, "MacAddressNotFound", f"MAC address {mac_text(address)} is not in use.")


def reserve(transaction: Transaction, wanted: Sequence[Reservation], range_id: str = "") -> list[View]:
    """Give out addresses to no port, of one range or of any: all or none. Raises AlcorError."""
    number_pools.lock(transaction, mac.POOL)
    within = _within(transaction.connection, range_id) if range_id else None
    return [_reserve_one(transaction, each, within) for each in wanted]


def _within(connection: Connection, range_id: str) -> Range:
    row = _row(connection, range_id)
    if row.state != ACTIVE:
        raise conflict("MacRangeInactive", f"MAC range {range_id} is {row.state}: make it {ACTIVE} first.")
    return row.first, row.last


def _reserve_one(transaction: Transaction, wanted: Reservation, within: Range | None) -> View:
    connection = transaction.connection
    address = _take(transaction, wanted.address, within)
    connection.execute(
        insert(mac_reservation).values(
            mac_address=address,
            project_id=wanted.project_id,
            vpc_id=wanted.vpc_id,
            port_id=wanted.port_id,
            state=wanted.state,
        )
    )
    return state_of(connection, address)


def _take(transaction: Transaction, address: int | None, within: Range | None) -> int:
    if address is not None:
        inside = within is None or within[0] <= address <= within[1]
        if inside and number_pools.take_exact(transaction, mac.POOL, [address]):
            return address
        raise conflict("MacAddressInUse", f"MAC address {mac_text(address)} is in use, or of no range that is Active.")
    if within is None:
        return mac.assign(transaction, [("", None)])[0]
    taken = number_pools.take_within(transaction, mac.POOL, within)
    if taken is None:
        raise conflict("MacAddressGenerationFailure", "No MAC address of the range is free.")
    return taken


def change(transaction: Transaction, address: int, wanted: Reservation) -> View:
    """Say anew for whom an address is. Raises AlcorError (404, 409 for that of a port)."""
    connection = transaction.connection
    changed = connection.execute(
        update(mac_reservation)
        .where(mac_reservation.c.mac_address == address)
        .values(project_id=wanted.project_id, vpc_id=wanted.vpc_id, port_id=wanted.port_id, state=wanted.state)
    ).rowcount
    if not changed:
        raise _of_a_port(connection, address)
    return state_of(connection, address)


def release(transaction: Transaction, address: int) -> None:
    """Take an address back. Raises AlcorError (404, 409 for that of a port)."""
    connection = transaction.connection
    number_pools.lock(transaction, mac.POOL)
    if not connection.execute(delete(mac_reservation).where(mac_reservation.c.mac_address == address)).rowcount:
        raise _of_a_port(connection, address)
    mac.release(transaction, [address])


def _of_a_port(connection: Connection, address: int) -> AlcorError:
    port_id = state_of(connection, address)["port_id"]
    return conflict(
        "MacAddressInUse", f"MAC address {mac_text(address)} is that of port {port_id}: delete the port, or change it."
    )


def parse_address(text: str) -> int:
    """The number of a MAC address in a path. Raises AlcorError (404) for what is none."""
    try:
        return mac_number(text)
    except ValueError as error:
        raise not_found("mac_address", text) from error
