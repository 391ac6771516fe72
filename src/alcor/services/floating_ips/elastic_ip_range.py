"""Ranges that elastic IPs are given out from. Those of an IP version are one pool: ranges do not overlap."""

import itertools
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model import address_plan
from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict
from alcor.model.number_ranges import Range, difference
from alcor.model.resources.elastic_ip import ELASTIC_IP_RANGE
from alcor.services.access import Access, everybody
from alcor.services.manager import Values
from alcor.services.plain import Change, Plain, plain_manager
from alcor.services.rows import Rows, View
from alcor.store import number_pools
from alcor.store.tables import elastic_ip_range
from alcor.store.transaction import Transaction

POOLS = {4: "elastic_ipv4", 6: "elastic_ipv6"}
ACCESS = Access(ELASTIC_IP_RANGE, elastic_ip_range, everybody)
_ROWS = Rows(ELASTIC_IP_RANGE, elastic_ip_range)
_OF_VERSION = select(elastic_ip_range).where(elastic_ip_range.c.ip_version == bindparam("version"))


def _prepare(transaction: Transaction, values: Values, _context: Context) -> Values:
    _replace(transaction, values["id"], values["ip_version"], [], _checked(values))
    return values


def _apply(transaction: Transaction, change: Change) -> Values:
    if "allocation_ranges" in change.values:
        old, version = _parts(change.view), change.row.ip_version
        _replace(transaction, change.row.id, version, old, _checked(change.view | change.values))
    return change.values


def _forget(transaction: Transaction, row: Row[Any], _context: Context) -> None:
    _replace(transaction, row.id, row.ip_version, _parts(_ROWS.view(row)), [])


def _parts(view: View) -> list[Range]:
    return address_plan.pool_ranges(view["allocation_ranges"])


def _checked(view: View) -> list[Range]:
    """The parts of a range as it is asked for. Raises AlcorError (400)."""
    parts: list[Range] = []
    for part in view["allocation_ranges"]:
        start, end = ip_address(part["start"]), ip_address(part["end"])
        if start.version != view["ip_version"] or end.version != view["ip_version"] or int(start) > int(end):
            raise _wrong(f"{start}-{end} is no range of IPv{view['ip_version']} addresses")
        parts.append((int(start), int(end)))
    parts.sort()
    for one, other in itertools.pairwise(parts):
        if other[0] <= one[1]:
            raise _wrong(f"two of them have {address_plan.address_text(view['ip_version'], other[0])}")
    return parts


def _wrong(reason: str) -> AlcorError:
    return bad_request(f"Invalid input for allocation_ranges. Reason: {reason}.")


def _replace(transaction: Transaction, range_id: str, version: int, old: Sequence[Range], new: Sequence[Range]) -> None:
    """Give out the new addresses of a range instead of the old ones. Raises AlcorError (409)."""
    pool = POOLS[version]
    number_pools.lock(transaction, pool)
    _check_apart(transaction.connection, range_id, version, new)
    for gone in difference(old, new):
        if not number_pools.withdraw(transaction, pool, gone):
            raise conflict(
                "ElasticIpRangeInUse",
                f"Elastic IP range {range_id} is in use: one of {_text(version, gone)} is an elastic IP.",
            )
    for added in difference(new, old):
        number_pools.extend(transaction, pool, added)


def _check_apart(connection: Connection, range_id: str, version: int, wanted: Sequence[Range]) -> None:
    for row in connection.execute(_OF_VERSION, {"version": version}).all():
        for first, last in _parts(_ROWS.view(row)) if row.id != range_id else ():
            if any(first <= its_last and its_first <= last for its_first, its_last in wanted):
                raise conflict(
                    "ElasticIpRangeOverlap",
                    f"The range overlaps with {_text(version, (first, last))} of elastic IP range {row.id}.",
                )


def _text(version: int, part: Range) -> str:
    return "-".join(address_plan.address_text(version, number) for number in part)


def _computed(connection: Connection, rows: Sequence[Any], _context: Context) -> Sequence[View]:
    return [{"used_ip_count": sum(_used(connection, row.ip_version, *part) for part in _parts(_ROWS.view(row)))}
            for row in rows]  # fmt: skip


def _used(connection: Connection, version: int, first: int, last: int) -> int:
    free = number_pools.free_within(connection, POOLS[version], first, last)
    return last - first + 1 - sum(free_last - free_first + 1 for free_first, free_last in free)


ELASTIC_IP_RANGES = plain_manager(
    Plain(access=ACCESS, prepare=_prepare, apply=_apply, forget=_forget, computed=_computed)
)
