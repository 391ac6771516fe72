"""What ports say of the trunks they are parents or parts of."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.addresses import mac_text
from alcor.model.errors import conflict
from alcor.services.rows import View
from alcor.store import bulk
from alcor.store.tables import port, sub_port

_SUB_PORTS = (
    select(sub_port, port.c.mac_address)
    .join(port, port.c.id == sub_port.c.port_id)
    .where(sub_port.c.trunk_id.in_(bindparam("trunk_ids", expanding=True)))
    .order_by(sub_port.c.trunk_id, sub_port.c.segmentation_type, sub_port.c.segmentation_id)
)


def sub_ports_of(connection: Connection, trunk_ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """The sub-ports of trunks, with their MACs, in the order of their segments."""
    found: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(_SUB_PORTS, {"trunk_ids": list(trunk_ids)}):
        found.setdefault(row.trunk_id, []).append(row)
    return found


def trunks_of_sub_ports(connection: Connection, port_ids: Sequence[str]) -> dict[str, str]:
    """The trunks that carry these ports: those that are carried only."""
    columns = [sub_port.c.port_id, sub_port.c.trunk_id]
    return {row.port_id: row.trunk_id for row in bulk.select_by(connection, columns, sub_port.c.port_id, port_ids)}


def add_trunk_details(connection: Connection, views: Sequence[View]) -> None:
    """Have ports that are parents of trunks show the sub-ports."""
    parents = [view for view in views if view["trunk_details"]]
    if not parents:
        return
    found = sub_ports_of(connection, [view["trunk_details"]["trunk_id"] for view in parents])
    for view in parents:
        trunk_id = view["trunk_details"]["trunk_id"]
        sub_ports = [
            {
                "segmentation_id": each.segmentation_id,
                "segmentation_type": each.segmentation_type,
                "port_id": each.port_id,
                "mac_address": mac_text(each.mac_address),
            }
            for each in found.get(trunk_id, ())
        ]
        view["trunk_details"] = {"trunk_id": trunk_id, "sub_ports": sub_ports}


def check_not_in_trunk(port_id: str, parent_of: str, carried_by: str) -> None:
    """Raises AlcorError (409) for a port that is a trunk's parent or sub-port (the ids; empty for none)."""
    if carried_by:
        raise conflict("PortInUseAsSubPort", f"Port {port_id} is currently a subport for trunk {carried_by}.")
    if parent_of:
        raise conflict("PortInUseAsTrunkParent", f"Port {port_id} is currently a parent port for trunk {parent_of}.")
