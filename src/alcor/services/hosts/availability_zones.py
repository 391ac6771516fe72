"""Availability zones: where nodes are. Every node serves networks and routers, so each zone is one of both."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, func, select

from alcor.model.errors import AlcorError
from alcor.services.rows import View
from alcor.store import sql
from alcor.store.tables import agent

_RESOURCES = ("network", "router")
_ZONES = (
    select(agent.c.availability_zone, agent.c.admin_state_up)
    .where(agent.c.is_deleted.is_(False), agent.c.availability_zone != "")
    .group_by(agent.c.availability_zone, agent.c.admin_state_up)
    .order_by(agent.c.availability_zone)
)

# From zone to zone in the index: there are few, and many nodes in each.
_SERVING = sql.DriverStatement(
    "WITH RECURSIVE zone (name) AS (SELECT min(availability_zone) FROM agent WHERE availability_zone > '' UNION ALL "
    "SELECT (SELECT min(availability_zone) FROM agent WHERE availability_zone > zone.name) FROM zone "
    "WHERE zone.name IS NOT NULL) SELECT name FROM zone WHERE EXISTS (SELECT 1 FROM agent "
    "WHERE availability_zone = zone.name AND admin_state_up = true AND is_deleted = false) ORDER BY name"
)


def serving(connection: Connection) -> list[str]:
    """The zones that have an enabled node."""
    return [name for (name,) in _SERVING.rows(connection, {})]


def among_hints(serving_zones: Sequence[str], hints: Sequence[str]) -> list[str]:
    """Where a network or a router is served: wherever there are nodes, or where its hints say."""
    return [name for name in serving_zones if not hints or name in hints]


def zones(connection: Connection) -> Sequence[View]:
    """All zones, each available when one of its nodes is enabled."""
    enabled: dict[str, bool] = {}
    for name, admin_state_up in connection.execute(_ZONES):
        enabled[name] = enabled.get(name, False) or bool(admin_state_up)
    return [
        {"name": name, "resource": resource, "state": "available" if is_enabled else "unavailable"}
        for name, is_enabled in enabled.items()
        for resource in _RESOURCES
    ]


def check(connection: Connection, hints: Iterable[str]) -> None:
    """Raises AlcorError (404) for a zone in which there is no node."""
    for name in hints:
        known = select(func.count()).where(agent.c.availability_zone == name, agent.c.is_deleted.is_(False))
        if not connection.execute(known).scalar():
            raise AlcorError(404, "AvailabilityZoneNotFound", f"AvailabilityZone {name} could not be found.")
