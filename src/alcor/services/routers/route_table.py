"""Route tables of VPCs and subnets, one each at most: for what their workloads send to routers."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict
from alcor.model.identifiers import id_bytes, new_id
from alcor.model.records import RouteTableDeleted
from alcor.model.resources.vpc_router import ROUTE_TABLE, SUBNET_TABLES, USUAL_PRIORITIES, VPC_TABLE
from alcor.services.access import Access, owned
from alcor.services.manager import Values
from alcor.services.plain import Change, Plain, plain_manager
from alcor.services.rows import Rows, View
from alcor.store import bulk
from alcor.store.record_rows import route_table_record
from alcor.store.tables import route_table
from alcor.store.transaction import Transaction

ACCESS = Access(ROUTE_TABLE, route_table, owned(route_table))
ROWS = Rows(ROUTE_TABLE, route_table)


def table_of(connection: Connection, owner_id: str) -> Any | None:
    """The row of the route table of a VPC or subnet."""
    return next(iter(bulk.select_by(connection, list(route_table.c), route_table.c.owner, [owner_id])), None)


def _prepare(transaction: Transaction, values: Values, _context: Context) -> Values:
    existing = table_of(transaction.connection, values["owner"])
    if existing is not None:
        raise conflict("RouteTableNotUnique", f"{values['owner']} has a route table: {existing.id}.")
    _check_type(values["owner"], values["vpc_id"], values["route_table_type"])
    return values | {"routes": _routes(values["routes"], values["route_table_type"])}


def _apply(_transaction: Transaction, change: Change) -> Values:
    its_type = change.values.get("route_table_type", change.row.route_table_type)
    _check_type(change.row.owner, change.row.vpc_id, its_type)
    routes = {"routes": _routes(change.values["routes"], its_type)} if "routes" in change.values else {}
    return change.values | routes


def _check_type(owner: str, vpc_id: str, its_type: str) -> None:
    """Raises AlcorError (400) for a table of another type than its owner has."""
    possible = (VPC_TABLE,) if owner == vpc_id else SUBNET_TABLES
    if its_type not in possible:
        raise bad_request(
            f"Invalid input for route_table_type. Reason: '{its_type}' is not in {list(possible)} for this table."
        )


def _routes(given: Sequence[View], its_type: str) -> list[View]:
    """Routes as they are kept: each with an id. Raises AlcorError (400)."""
    seen: set[str] = set()
    for route in given:
        if route["destination"] in seen:
            raise _wrong(f"{route['destination']} is there twice")
        seen.add(route["destination"])
        _check_leads_somewhere(route)
    ids = [route.get("id") or new_id() for route in given]
    if len(set(ids)) < len(ids):
        raise _wrong("two have the same id")
    return [
        {
            "id": route_id,
            "name": route.get("name") or "",
            "description": route.get("description") or "",
            "destination": route["destination"],
            "target": route.get("target"),
            "nexthop": route.get("nexthop"),
            "priority": USUAL_PRIORITIES[its_type] if route.get("priority") is None else route["priority"],
        }
        for route_id, route in zip(ids, given, strict=True)
    ]


def _check_leads_somewhere(route: View) -> None:
    target, nexthop = route.get("target"), route.get("nexthop")
    if not target and not nexthop:
        raise _wrong(f"the route to {route['destination']} has neither target nor nexthop")
    if nexthop and ipaddress.ip_address(nexthop).version != ipaddress.ip_network(route["destination"]).version:
        raise _wrong(f"{route['destination']} and its nexthop {nexthop} are of different versions of IP")


def _wrong(reason: str) -> AlcorError:
    return bad_request(f"Invalid input for routes. Reason: {reason}.")


def _computed(_connection: Connection, rows: Sequence[Any], _context: Context) -> Sequence[View]:
    return [{"routes": [_shown(route, row) for route in ROWS.view(row)["routes"]]} for row in rows]


def _shown(route: View, row: Any) -> View:
    """A route says which table it is in."""
    within = {"routeTableId": row.id, "associatedType": row.route_table_type, "associatedTableId": row.id}
    return route | {"project_id": row.project_id} | within


def _written(transaction: Transaction, row: Any, _values: Values) -> None:
    transaction.record(route_table_record(row))


def _tell_changed(transaction: Transaction, change: Change, row: Any) -> None:
    if (record := route_table_record(row)) != route_table_record(change.row):
        transaction.record(record)


def _forget(transaction: Transaction, row: Any, _context: Context) -> None:
    transaction.record(RouteTableDeleted(id_bytes(row.owner)))


ROUTE_TABLES = plain_manager(
    Plain(
        access=ACCESS,
        prepare=_prepare,
        written=_written,
        apply=_apply,
        changed=_tell_changed,
        forget=_forget,
        computed=_computed,
    )
)
