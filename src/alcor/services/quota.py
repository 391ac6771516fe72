"""How many resources of each kind a project may have (Neutron's quotas): as was set for it, else as for any project.

What holds for any project is the operator's choice (model.choices). What a project has is kept beside, in the table
``quota_usage``: the database counts rows as they come and go, so that asking for more costs the same however much there
is. Writers take turns, so nobody else creates anything meanwhile.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from sqlalchemy import Connection, Table, bindparam, func, literal_column, select, union_all

from alcor.model.choices import Choices
from alcor.model.context import DEFAULT_PROJECT
from alcor.model.errors import AlcorError, conflict
from alcor.services.manager import Create, CreateHandler
from alcor.services.rows import View, missing
from alcor.store import bulk, sql
from alcor.store.tables import (
    floating_ip,
    network,
    port,
    quota,
    quota_reservation,
    quota_usage,
    rbac_policy,
    router,
    security_group,
    security_group_rule,
    subnet,
    subnetpool,
    trunk,
)
from alcor.store.transaction import Transaction

UNLIMITED = -1
LIMITED: Mapping[str, Table] = {
    "network": network,
    "subnet": subnet,
    "port": port,
    "router": router,
    "floatingip": floating_ip,
    "trunk": trunk,
    "security_group": security_group,
    "security_group_rule": security_group_rule,
    "rbac_policy": rbac_policy,
    "subnetpool": subnetpool,
}
"""What projects can have a limited number of, and the rows that count."""

ROUTES = "router_route"
RESOURCES = (*LIMITED, ROUTES)
"""What can be limited: the above, and the routes of each of a project's routers, of which no count is kept."""

NEUTRONS_DEFAULTS: Mapping[str, int] = {
    "network": 100,
    "subnet": 100,
    "port": 500,
    "router": 10,
    "floatingip": 50,
    "security_group": 10,
    "security_group_rule": 100,
    "rbac_policy": 10,
    ROUTES: 30,
}
"""What any project may have by Neutron's defaults, and any number of what is not here."""

Limits = dict[str, int]
"""Resource → how many there may be."""

_STANDING = union_all(
    select(quota.c.project_id, quota.c.resource, literal_column("'most'").label("what"), quota.c.most.label("number")),
    select(quota_usage.c.project_id, quota_usage.c.resource, literal_column("'used'"), quota_usage.c.used),
    select(
        quota_reservation.c.project_id,
        quota_reservation.c.resource,
        literal_column("'used'"),
        func.sum(quota_reservation.c.amount),
    ).group_by(quota_reservation.c.project_id, quota_reservation.c.resource),
).subquery()
_of_projects = sql.among(
    select(_STANDING.c.project_id, _STANDING.c.what, _STANDING.c.number).where(
        _STANDING.c.resource == bindparam("resource")
    ),
    _STANDING.c.project_id,
)
"""What is to be known of projects, in one statement: it is carried out before every create."""

_ALL = select(quota.c.project_id, quota.c.resource, quota.c.most).order_by(quota.c.project_id)
_OF_PROJECT = select(quota.c.resource, quota.c.most).where(quota.c.project_id == bindparam("project"))

_USED = select(quota_usage.c.resource, quota_usage.c.used).where(quota_usage.c.project_id == bindparam("project"))
_RESERVED = (
    select(quota_reservation.c.resource, func.sum(quota_reservation.c.amount).label("amount"))
    .where(quota_reservation.c.project_id == bindparam("project"))
    .group_by(quota_reservation.c.resource)
)


def limited(resource: str, create: CreateHandler) -> CreateHandler:
    """The handler, for projects that have no more than they may: requests beyond that are refused (409)."""

    def handler(transaction: Transaction, requests: Sequence[Create]) -> Sequence[list[View] | Exception]:
        wanted = [Counter(map(_project, request.items)) for request in requests]
        room = _room(transaction, resource, {project for each in wanted for project in each})
        if not room:
            return create(transaction, requests)
        outcomes: dict[int, list[View] | Exception] = {}
        while True:
            accepted = _accept(room, {n: more for n, more in enumerate(wanted) if n not in outcomes})
            results = create(transaction, [requests[n] for n in accepted]) if accepted else ()
            outcomes |= dict(zip(accepted, results, strict=True))
            failed = [n for n in accepted if isinstance(outcomes[n], Exception)]
            if not failed:  # else there may be room for others again
                break
            for n in failed:
                room.update({project: more for project, more in wanted[n].items() if project in room})
        return [outcomes[n] if n in outcomes else _exceeded(resource) for n in range(len(requests))]

    return handler


def reads(connection: Connection, resource: str, requests: Sequence[Create]) -> sql.Read:
    """What the handler reads first."""
    projects = {_project(values) for request in requests for values in request.items}
    return _of_projects.read(connection, sorted(projects), resource=resource)


def require_room(transaction: Transaction, resource: str, project_id: str, more: int) -> None:
    """Raises AlcorError (409) when a project may not have so many more."""
    if more > _room(transaction, resource, [project_id]).get(project_id, more):
        raise _exceeded(resource)


def require_routes(transaction: Transaction, project_id: str, before: int, now: int) -> None:
    """Raises AlcorError (409) when a router of a project may not have so many routes, unless they become fewer."""
    if now > before:
        require_room(transaction, ROUTES, project_id, now)


def _project(values: Mapping[str, object]) -> str:
    return DEFAULT_PROJECT if missing(values, "project_id") else str(values["project_id"])


def _room(transaction: Transaction, resource: str, projects: Iterable[str]) -> Counter[str]:
    """How many more each of the projects that are limited may have."""
    limits = dict.fromkeys(projects, transaction.choices.default_limits.get(resource, UNLIMITED))
    taken: Counter[str] = Counter()
    for row in _of_projects(transaction.connection, sorted(limits), resource=resource):
        if row.what == "most":
            limits[row.project_id] = row.number
        else:
            taken[row.project_id] += int(row.number)
    return Counter({project: most - taken[project] for project, most in limits.items() if most != UNLIMITED})


def _used(connection: Connection, project_id: str) -> Counter[str]:
    return Counter({row.resource: row.used for row in connection.execute(_USED, {"project": project_id})})


def _accept(room: Counter[str], wanted: Mapping[int, Counter[str]]) -> list[int]:
    """Those for which there is room, in their order; takes it."""
    accepted = []
    for n, more in wanted.items():
        if all(count <= room[project] for project, count in more.items() if project in room):
            room.subtract({project: count for project, count in more.items() if project in room})
            accepted.append(n)
    return accepted


def _exceeded(resource: str) -> AlcorError:
    return conflict("OverQuota", f"Quota exceeded for resources: ['{resource}'].")


def limits_of(connection: Connection, project_id: str, choices: Choices) -> Limits:
    """What is set for a project, and the default where nothing is; -1 for any number."""
    return defaults(choices) | _set_for(connection, project_id)


def _set_for(connection: Connection, project_id: str) -> Limits:
    return {row.resource: row.most for row in connection.execute(_OF_PROJECT, {"project": project_id})}


def defaults(choices: Choices) -> Limits:
    """The limits of a project for which nothing is set."""
    return {resource: choices.default_limits.get(resource, UNLIMITED) for resource in RESOURCES}


def all_limits(connection: Connection) -> dict[str, Limits]:
    """What is set, by project."""
    found: dict[str, Limits] = {}
    for project_id, resource, most in connection.execute(_ALL):
        found.setdefault(project_id, {})[resource] = most
    return found


def usage_of(connection: Connection, project_id: str, choices: Choices) -> dict[str, dict[str, int]]:
    """Limit and use of each resource, as Neutron's quota details show them."""
    used = _used(connection, project_id)
    reserved = {row.resource: int(row.amount) for row in connection.execute(_RESERVED, {"project": project_id})}
    return {
        resource: {"limit": most, "used": used[resource], "reserved": reserved.get(resource, 0)}
        for resource, most in limits_of(connection, project_id, choices).items()
    }


def set_limits(project_id: str, limits: Limits, check: bool) -> Callable[[Transaction], Limits]:
    """The operation that sets limits; with ``check`` none below what the project has: raises AlcorError (400)."""

    def operation(transaction: Transaction) -> Limits:
        connection = transaction.connection
        if check:
            used = _used(connection, project_id)
            for resource, most in limits.items():
                if UNLIMITED < most < used[resource]:
                    raise AlcorError(
                        400,
                        "HTTPBadRequest",
                        f"Quota limit {most} for {resource} must be greater than or equal to already used "
                        f"{used[resource]}",
                    )
        known = _set_for(connection, project_id)
        bulk.delete_by(connection, quota, "project_id", [project_id])
        kept = known | limits
        bulk.insert_rows(connection, quota, [(project_id, resource, most) for resource, most in kept.items()])
        return limits_of(connection, project_id, transaction.choices)

    return operation


def reset_limits(project_id: str) -> Callable[[Transaction], None]:
    """The operation that forgets what was set for a project. Raises AlcorError (404) when nothing was."""

    def operation(transaction: Transaction) -> None:
        if not bulk.delete_by(transaction.connection, quota, "project_id", [project_id]):
            raise AlcorError(404, "TenantQuotaNotFound", f"Quota for tenant {project_id} could not be found.")

    return operation


def apply(project_id: str, apply_id: str, amounts: Limits) -> Callable[[Transaction], None]:
    """The operation that sets amounts aside for a project, all or none. Raises AlcorError (409) beyond its limits."""

    def operation(transaction: Transaction) -> None:
        connection = transaction.connection
        if bulk.select_by(connection, [quota_reservation.c.id], quota_reservation.c.id, [apply_id]):
            raise conflict("QuotaApplyExists", f"Quota apply {apply_id} exists already: choose another apply_id.")
        for resource, amount in amounts.items():
            room = _room(transaction, resource, [project_id])
            if project_id in room and amount > room[project_id]:
                raise _exceeded(resource)
        rows = [(apply_id, resource, project_id, amount) for resource, amount in amounts.items()]
        bulk.insert_rows(connection, quota_reservation, rows)

    return operation


def cancel(apply_id: str) -> Callable[[Transaction], None]:
    """The operation that gives back what was set aside. Raises AlcorError (404)."""

    def operation(transaction: Transaction) -> None:
        if not bulk.delete_by(transaction.connection, quota_reservation, "id", [apply_id]):
            raise AlcorError(404, "QuotaApplyNotFound", f"Quota apply {apply_id} could not be found.")

    return operation
