"""What belongs to a router and goes with it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from alcor.store.tables import conntrack_helper

_HELPERS = (
    select(
        conntrack_helper.c.router_id, conntrack_helper.c.protocol, conntrack_helper.c.port, conntrack_helper.c.helper
    )
    .where(conntrack_helper.c.router_id.in_(bindparam("router_ids", expanding=True)))
    .order_by(conntrack_helper.c.id)
)


def conntrack_helpers_of(connection: Connection, router_ids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The conntrack helpers of routers, as the routers show them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for router_id, protocol, port, helper in connection.execute(_HELPERS, {"router_ids": list(router_ids)}):
        found.setdefault(router_id, []).append({"protocol": protocol, "port": port, "helper": helper})
    return found


def forget(connection: Connection, router_id: str) -> None:
    """Delete what belongs to a router that goes."""
    connection.execute(delete(conntrack_helper).where(conntrack_helper.c.router_id == router_id))
