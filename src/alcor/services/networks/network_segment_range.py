"""Network segment ranges: which numbers of tunnels, or VLANs of a physical network, projects' networks are given.

No two overlap but with the default one, of VNIs.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict, invalid_input
from alcor.model.number_ranges import Range, without
from alcor.model.resources.network_segment_range import NETWORK_SEGMENT_RANGE
from alcor.services.access import Access, owned
from alcor.services.manager import Values
from alcor.services.networks import tunnels
from alcor.services.networks.segment_numbers import VLAN, VLANS
from alcor.services.networks.segment_ranges import is_on
from alcor.services.networks.tunnels import TUNNELS
from alcor.services.plain import Change, Plain, plain_manager
from alcor.services.rows import View
from alcor.store import number_pools
from alcor.store.tables import network_segment_range, segment
from alcor.store.transaction import Transaction

MOST_SHOWN = 10_000
"""How many numbers that are available, or used, a range shows: the first ones."""

ACCESS = Access(NETWORK_SEGMENT_RANGE, network_segment_range, owned(network_segment_range))

_RANGE = network_segment_range.c
_OVERLAPPING = select(_RANGE.id, _RANGE.physical_network).where(
    _RANGE.is_default.is_(False),
    _RANGE.network_type == bindparam("network_type"),
    _RANGE.id != bindparam("id"),
    _RANGE.minimum <= bindparam("maximum"),
    _RANGE.maximum >= bindparam("minimum"),
)
_NUMBER = segment.c.segmentation_id


def _prepare(transaction: Transaction, values: Values, _context: Context) -> Values:
    kind, physical = values["network_type"], values["physical_network"]
    if kind == VLAN and not physical:
        raise invalid_input("physical_network required for a range of VLANs")
    owner = "" if values["shared"] else values["project_id"]
    checked = values | {"default": False, "project_id": owner, "physical_network": physical if kind == VLAN else None}
    _check_numbers(transaction.connection, checked)
    return checked


def _apply(transaction: Transaction, change: Change) -> Values:
    _check_changeable(change.row)
    wanted = change.view | change.values
    lowest, highest = _edges(transaction.connection, change.row)
    if lowest is not None and (wanted["minimum"] > lowest or wanted["maximum"] < highest):
        raise _referenced(change.row.id)
    _check_numbers(transaction.connection, wanted)
    return change.values


def _forget(transaction: Transaction, row: Any, _context: Context) -> None:
    _check_changeable(row)
    if _edges(transaction.connection, row)[0] is not None:
        raise _referenced(row.id)


def _check_numbers(connection: Connection, values: Values) -> None:
    minimum, maximum = values["minimum"], values["maximum"]
    if values["network_type"] == VLAN:
        kind, words, largest = "VLAN", "VLAN tag", VLANS[1]
    else:
        kind, words, largest = "tunnel", f"{values['network_type']} tunnel identifier", tunnels.WHOLE[1]
    wrong = ""
    if maximum < minimum:
        wrong = f"End of {kind} range is less than start of {kind} range"
    elif maximum > largest:
        wrong = f"{maximum} is not a valid {words}"
    if wrong:
        error = f"Network{kind.capitalize()}RangeError"
        raise bad_request(f"Invalid network {kind} range: '{minimum}:{maximum}' - {wrong}.", error)
    asked = {name: values[name] for name in ("id", "network_type", "minimum", "maximum")}
    found = connection.execute(_OVERLAPPING, asked)
    others = [row.id for row in found if row.physical_network == values["physical_network"]]
    if others:
        raise conflict(
            "NetworkSegmentRangeOverlaps",
            f"Network segment range overlaps with range(s) with id {', '.join(others)}",
        )


def _check_changeable(row: Any) -> None:
    if row.is_default:
        raise bad_request(
            f"Network Segment Range {row.id} is a default segment range which could not be updated or deleted.",
            "NetworkSegmentRangeDefaultReadOnly",
        )


def _edges(connection: Connection, row: Any) -> Any:
    """The lowest and the highest number of the range that a segment has."""
    return connection.execute(select(func.min(_NUMBER), func.max(_NUMBER)).where(*_of_range(row))).one()


def _of_range(row: Any) -> tuple[Any, ...]:
    """The conditions for segments with numbers of the range."""
    return (
        segment.c.network_type == row.network_type,
        is_on(segment.c.physical_network, row.physical_network),
        _NUMBER.between(row.minimum, row.maximum),
    )


def _referenced(range_id: str) -> AlcorError:
    return conflict(
        "NetworkSegmentRangeReferencedByProject",
        f"Network Segment Range {range_id} is referenced by one or more project networks.",
    )


def _computed(connection: Connection, rows: Sequence[Any], _context: Context) -> Sequence[View]:
    return [_numbers(connection, row) for row in rows]


def _numbers(connection: Connection, row: Any) -> View:
    found = select(_NUMBER, segment.c.project_id).where(*_of_range(row)).order_by(_NUMBER).limit(MOST_SHOWN)
    used = {row.segmentation_id: row.project_id for row in connection.execute(found)}
    available: list[int] = []
    for first, last in _free(connection, row, list(used)):
        available.extend(range(first, min(last, first + MOST_SHOWN - len(available) - 1) + 1))
        if len(available) == MOST_SHOWN:
            break
    return {"used": {str(number): project_id for number, project_id in used.items()}, "available": available}


def _free(connection: Connection, row: Any, used: list[int]) -> Iterable[Range]:
    if tunnel := TUNNELS.get(row.network_type):
        return number_pools.free_within(connection, tunnel.pool, row.minimum, row.maximum)
    return without([(row.minimum, row.maximum)], used)


NETWORK_SEGMENT_RANGES = plain_manager(
    Plain(
        access=ACCESS,
        prepare=_prepare,
        apply=_apply,
        forget=_forget,
        computed=_computed,
        path="network_segment_ranges",
    )
)
