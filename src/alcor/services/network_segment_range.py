"""Network segment ranges: which VNIs projects' networks are given. No two overlap but with the default one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict
from alcor.model.resources.network_segment_range import NETWORK_SEGMENT_RANGE, WHOLE
from alcor.services.access import Access, owned
from alcor.services.manager import Values
from alcor.services.plain import Change, Plain, plain_manager
from alcor.services.rows import View
from alcor.services.vnis import POOL
from alcor.store import number_pools
from alcor.store.tables import network, network_segment_range
from alcor.store.transaction import Transaction

MOST_SHOWN = 10_000
"""How many VNIs that are available, or used, a range shows: the first ones."""

ACCESS = Access(NETWORK_SEGMENT_RANGE, network_segment_range, owned(network_segment_range))

_RANGE = network_segment_range.c
_OVERLAPPING = select(_RANGE.id).where(
    _RANGE.is_default.is_(False),
    _RANGE.network_type == bindparam("network_type"),
    _RANGE.id != bindparam("id"),
    _RANGE.minimum <= bindparam("maximum"),
    _RANGE.maximum >= bindparam("minimum"),
)
_VNI = network.c.segmentation_id
_EDGES = select(func.min(_VNI), func.max(_VNI)).where(_VNI.between(bindparam("minimum"), bindparam("maximum")))
_USED = (
    select(_VNI, network.c.project_id)
    .where(_VNI.between(bindparam("minimum"), bindparam("maximum")))
    .order_by(_VNI)
    .limit(MOST_SHOWN)
)


def _prepare(transaction: Transaction, values: Values, _context: Context) -> Values:
    if values["network_type"] != "vxlan":
        raise bad_request(
            f"Network type {values['network_type']} does not support network segment ranges.",
            "NetworkSegmentRangeNetTypeNotSupported",
        )
    owner = "" if values["shared"] else values["project_id"]
    checked = values | {"default": False, "project_id": owner, "physical_network": None}
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
    wrong = ""
    if maximum < minimum:
        wrong = "End of tunnel range is less than start of tunnel range"
    elif maximum > WHOLE[1]:
        wrong = f"{maximum} is not a valid vxlan tunnel identifier"
    if wrong:
        raise bad_request(f"Invalid network tunnel range: '{minimum}:{maximum}' - {wrong}.", "NetworkTunnelRangeError")
    asked = {name: values[name] for name in ("id", "network_type", "minimum", "maximum")}
    others = connection.execute(_OVERLAPPING, asked).scalars().all()
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
    """The lowest and the highest VNI of the range that a network has."""
    return connection.execute(_EDGES, {"minimum": row.minimum, "maximum": row.maximum}).one()


def _referenced(range_id: str) -> AlcorError:
    return conflict(
        "NetworkSegmentRangeReferencedByProject",
        f"Network Segment Range {range_id} is referenced by one or more project networks.",
    )


def _computed(connection: Connection, rows: Sequence[Any], _context: Context) -> Sequence[View]:
    return [_numbers(connection, row) for row in rows]


def _numbers(connection: Connection, row: Any) -> View:
    used = connection.execute(_USED, {"minimum": row.minimum, "maximum": row.maximum})
    available: list[int] = []
    for first, last in number_pools.free_within(connection, POOL, row.minimum, row.maximum):
        available.extend(range(first, min(last, first + MOST_SHOWN - len(available) - 1) + 1))
        if len(available) == MOST_SHOWN:
            break
    return {"used": {str(vni): project_id for vni, project_id in used}, "available": available}


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
