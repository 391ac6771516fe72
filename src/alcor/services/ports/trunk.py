"""Trunks and their sub-ports: which ports carry which others, and by which segments."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, select, update

from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict, not_found
from alcor.model.resources.trunk import TRUNK, removed_sub_ports, sub_ports
from alcor.model.schema import holding, taking
from alcor.model.values import Schema
from alcor.services.access import Access, owned
from alcor.services.manager import Act, Action, Manager, Values
from alcor.services.plain import Plain, locked_row, plain_manager
from alcor.services.ports import port, trunk_details
from alcor.services.ports.port_rows import lock_ports
from alcor.services.ports.port_status import DOWN
from alcor.services.ports.trunk_segments import SubPort, checked_segments
from alcor.services.rows import ReadView, View
from alcor.store import bulk
from alcor.store import tables as store_tables
from alcor.store.tables import sub_port, trunk
from alcor.store.transaction import Transaction

ACCESS = Access(TRUNK, trunk, owned(trunk))


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    """Checks that the parent can be one, and the sub-ports; they are written with the trunk."""
    parent_id = values["port_id"]
    ports, networks = lock_ports(transaction, [parent_id, *(each["port_id"] for each in values["sub_ports"])])
    parent = ports.get(parent_id)
    if parent is None:
        raise not_found("port", parent_id)
    _check_unused(transaction.connection, [parent_id])
    if parent.host_id:
        raise _parent_in_use(parent_id)
    segments = checked_segments(values["sub_ports"], parent, ports, networks)
    _check_sub_ports(transaction.connection, segments, parent_id, ports, context)
    return values | {"status": DOWN, "sub_ports": segments}


def _check_sub_ports(
    connection: Connection, wanted: Sequence[SubPort], parent_id: str, ports: dict[str, Row[Any]], context: Context
) -> None:
    """Raises AlcorError unless the caller may have all these ports carried by the parent."""
    port.ACCESS.check_visible(connection, [each.port_id for each in wanted], context)
    for each in wanted:
        if each.port_id == parent_id:
            raise _parent_in_use(parent_id)
        if ports[each.port_id].device_id:
            row = ports[each.port_id]
            raise conflict(
                "PortInUse",
                f"Unable to complete operation on port {row.id} for network {row.network_id}. Port already has an "
                f"attached device {row.device_id}.",
            )
    _check_unused(connection, [each.port_id for each in wanted])


def _check_unused(connection: Connection, port_ids: Sequence[str]) -> None:
    """Raises AlcorError (409) for a port that is a trunk's already."""
    if carried := trunk_details.trunks_of_sub_ports(connection, port_ids):
        raise conflict("TrunkPortInUse", f"Port {min(carried)} is in use by another trunk.")
    parent = connection.execute(select(trunk.c.port_id).where(trunk.c.port_id.in_(port_ids)).limit(1)).scalar()
    if parent is not None:
        raise _parent_in_use(parent)


def _parent_in_use(port_id: str) -> AlcorError:
    return conflict(
        "ParentPortInUse", f"Port {port_id} is currently in use and is not eligible for use as a parent port."
    )


def _written(transaction: Transaction, row: Any, values: Values) -> None:
    _insert(transaction, row.id, values["sub_ports"])
    _mark_parent(transaction, row.port_id, {"trunk_id": row.id})


def _insert(transaction: Transaction, trunk_id: str, segments: Sequence[SubPort]) -> None:
    rows = [(each.port_id, trunk_id, each.segmentation_type, each.segmentation_id) for each in segments]
    if rows:
        bulk.insert_rows(transaction.connection, sub_port, rows)


def _mark_parent(transaction: Transaction, port_id: str, details: View | None) -> None:
    """Have the parent know its trunk, so that other ports need not be asked for theirs when shown."""
    connection, table = transaction.connection, store_tables.port
    text = connection.execute(select(table.c.attributes).where(table.c.id == port_id)).scalar_one()
    attributes = orjson.loads(text)
    attributes.pop("trunk_details", None)
    attributes |= {"trunk_details": details} if details else {}
    kept = orjson.dumps(attributes).decode()
    connection.execute(update(table).where(table.c.id == port_id).values(attributes=kept))


def _forget(transaction: Transaction, row: Row[Any], _context: Context) -> None:
    _check_enabled(row)
    ports, _ = lock_ports(transaction, [row.port_id])
    if ports[row.port_id].host_id:
        raise conflict("TrunkInUse", f"Trunk {row.id} is currently in use.")
    transaction.connection.execute(delete(sub_port).where(sub_port.c.trunk_id == row.id))
    _mark_parent(transaction, row.port_id, None)


def _check_enabled(row: Any) -> None:
    if not row.admin_state_up:
        raise conflict("TrunkDisabled", f"Trunk {row.id} is currently disabled.")


def _computed(connection: Connection, rows: Sequence[Row[Any]], _context: Context) -> list[View]:
    found = trunk_details.sub_ports_of(connection, [row.id for row in rows])
    return [{"sub_ports": [_shown(each) for each in found.get(row.id, ())]} for row in rows]


def _shown(each: Row[Any]) -> View:
    return {
        "port_id": each.port_id,
        "segmentation_type": each.segmentation_type,
        "segmentation_id": each.segmentation_id,
    }


def _add(transaction: Transaction, act: Act) -> ReadView:
    """Have the trunk carry more ports. Raises AlcorError."""
    row = _permitted_row(transaction, act, "add_subports")
    wanted = _of_body(act.body, sub_ports)
    ports, networks = lock_ports(transaction, [row.port_id, *(each["port_id"] for each in wanted)])
    segments = checked_segments(wanted, ports[row.port_id], ports, networks)
    _check_enabled(row)
    _check_sub_ports(transaction.connection, segments, row.port_id, ports, act.context)
    carried = trunk_details.sub_ports_of(transaction.connection, [row.id]).get(row.id, ())
    taken = {(each.segmentation_type, each.segmentation_id) for each in carried}
    for each in segments:
        if (each.segmentation_type, each.segmentation_id) in taken:
            raise conflict(
                "DuplicateSubPort",
                f"segmentation_type {each.segmentation_type} and segmentation_id {each.segmentation_id} already in "
                f"use on trunk {row.id}.",
            )
    _insert(transaction, row.id, segments)
    return _touched(transaction, row, act.context)


def _remove(transaction: Transaction, act: Act) -> ReadView:
    """Have the trunk carry some ports no more. Raises AlcorError."""
    row = _permitted_row(transaction, act, "remove_subports")
    wanted = [each["port_id"] for each in _of_body(act.body, removed_sub_ports)]
    _check_enabled(row)
    carried = trunk_details.sub_ports_of(transaction.connection, [row.id]).get(row.id, ())
    known = {each.port_id for each in carried}
    for port_id in wanted:
        if port_id not in known:
            raise AlcorError(404, "SubPortNotFound", f"SubPort {port_id} on trunk {row.id} could not be found.")
    bulk.delete_by(transaction.connection, sub_port, "port_id", wanted)
    return _touched(transaction, row, act.context)


def _get(transaction: Transaction, act: Act) -> View:
    row = _permitted_row(transaction, act, "get_subports")
    return _computed(transaction.connection, [row], act.context)[0]


def _permitted_row(transaction: Transaction, act: Act, action: str) -> Row[Any]:
    row = locked_row(transaction, ACCESS, act.id, act.context)
    ACCESS.require(transaction.connection, row, act.context, action, {})
    return row


def _of_body(body: Any, convert: Any) -> list[dict[str, Any]]:
    if not isinstance(body, dict) or "sub_ports" not in body:
        raise bad_request("Unable to find 'sub_ports' in request body")
    try:
        converted: list[dict[str, Any]] = convert(body["sub_ports"])
    except ValueError as error:
        raise bad_request(f"Invalid input for sub_ports. Reason: {error}.") from error
    return converted


def _touched(transaction: Transaction, row: Row[Any], context: Context) -> ReadView:
    """The trunk after its sub-ports changed: a revision later, and to be set up anew."""
    changes = {"revision_number": row.revision_number + 1, "updated_at": transaction.now, "status": DOWN}
    transaction.connection.execute(update(trunk).where(trunk.c.id == row.id).values(**changes))
    return TRUNKS.views(transaction.connection, [locked_row(transaction, ACCESS, row.id)], context)[0]


def _its_sub_ports(shown: Schema) -> Schema:
    return holding({"sub_ports": shown["properties"]["sub_ports"]})


TRUNKS: Manager = plain_manager(
    Plain(
        access=ACCESS,
        references={"port_id": port.ACCESS},
        prepare=_prepare,
        written=_written,
        forget=_forget,
        computed=_computed,
        quota="trunk",
        actions=(
            Action("PUT", "add_subports", _add, body=taking({"sub_ports": sub_ports})),
            Action("PUT", "remove_subports", _remove, body=taking({"sub_ports": removed_sub_ports})),
            Action("GET", "get_subports", _get, answer=_its_sub_ports),
        ),
    )
)
