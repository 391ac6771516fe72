"""Which security groups ports are members of: by default that of their project, where they have port security."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from alcor.model.context import Context
from alcor.model.errors import bad_request, conflict, not_found
from alcor.services.manager import Create, Values
from alcor.services.rows import missing
from alcor.services.security.security_group import ACCESS, defaults_read, ensure_defaults
from alcor.store import bulk, sql
from alcor.store.listing.query import Named
from alcor.store.tables import port_security_group, security_group
from alcor.store.transaction import Transaction

ATTRIBUTE = "security_groups"

Member = tuple[str, str, str | None]
"""A port, a group that it is a member of, and the port's project where the group is another's: a row of the table."""

_TRUSTED_OWNERS = "network:"


def check_new(connection: Connection, create: Create, secured: Mapping[str, bool]) -> None:
    """Raises AlcorError when new ports name groups that their creator is not shown (404), or may not have any (400),
    or groups that do not go together (409).

    ``secured`` is whether ports of each network have port security that do not say.
    """
    named = [values for values in create.items if _names_groups(values)]
    for values in named:
        if not _is_secured(values, secured[values["network_id"]]):
            raise _needs_port_security()
    if named:
        _check_visible(connection, (each for values in named for each in values[ATTRIBUTE]), create.context)
    for values in named:
        _check_alike(connection, values[ATTRIBUTE])


def of_new(
    transaction: Transaction, ports: Sequence[tuple[Any, Values]], secured: Mapping[str, bool]
) -> tuple[list[list[str]], list[Member]]:
    """The groups of each of the new ports, given as rows with what was asked for, and the rows that say so."""
    by_default = [_is_member_by_default(values, secured[row.network_id]) for row, values in ports]
    projects = (row.project_id for (row, _), default in zip(ports, by_default, strict=True) if default)
    defaults = ensure_defaults(transaction, projects)
    groups: list[list[str]] = []
    for (row, values), default in zip(ports, by_default, strict=True):
        if default:
            groups.append([defaults[row.project_id]])
        else:
            groups.append(sorted(values[ATTRIBUTE]) if _names_groups(values) else [])
    owners = {group_id: project_id for project_id, group_id in defaults.items()}
    owners |= _owners(transaction.connection, {each for its in groups for each in its} - owners.keys())
    return groups, [
        member for (row, _), its in zip(ports, groups, strict=True) for member in _members(row, its, owners)
    ]


def _owners(connection: Connection, group_ids: Collection[str]) -> dict[str, str]:
    """Whose these groups are."""
    columns = [security_group.c.id, security_group.c.project_id]
    rows = bulk.select_by(connection, columns, security_group.c.id, sorted(group_ids)) if group_ids else ()
    return {row.id: row.project_id for row in rows}


def _members(row: Any, group_ids: Sequence[str], owners: Mapping[str, str]) -> Iterator[Member]:
    """The rows that say which groups a port is a member of."""
    for each in group_ids:
        yield row.id, each, None if owners[each] == row.project_id else row.project_id


def reads(connection: Connection, requests: Sequence[Create]) -> Iterator[sql.Read]:
    """What finding the groups of new ports reads first, where they have port security."""
    ports = (values for request in requests for values in request.items)
    if projects := {values["project_id"] for values in ports if _is_member_by_default(values, usual=True)}:
        yield defaults_read(connection, projects)


def change(
    transaction: Transaction, row: Any, held: list[str], values: Values, given: Values, context: Context
) -> list[str]:
    """The groups of a port after an update; ``held`` are those before, ``values`` the attributes it leads to.

    Raises AlcorError: 400 or 409 for a port without port security that would be a member, 404 for unknown groups, 409
    for groups that do not go together.
    """
    connection = transaction.connection
    ensure_defaults(transaction, [row.project_id])
    if not values["port_security_enabled"]:
        if given.get(ATTRIBUTE):
            raise _needs_port_security()
        if held and ATTRIBUTE not in given:
            raise conflict(
                "PortSecurityPortHasSecurityGroup",
                "Port has security group associated. Cannot disable port security or IP address until security group "
                "is removed.",
            )
    if ATTRIBUTE not in given or sorted(given[ATTRIBUTE]) == held:
        return held
    wanted = sorted(given[ATTRIBUTE])
    _check_visible(connection, (each for each in wanted if each not in held), context)
    _check_alike(connection, wanted)
    forget(connection, [row.id])
    bulk.insert_rows(connection, port_security_group, list(_members(row, wanted, _owners(connection, wanted))))
    return wanted


def forget(connection: Connection, port_ids: Sequence[str]) -> None:
    """Have ports be members of no group."""
    bulk.delete_by(connection, port_security_group, "port_id", port_ids)


def members(group_ids: Sequence[str]) -> Named:
    """What names the ports that are members of one of the groups."""
    return Named(port_security_group.c.port_id, port_security_group.c.security_group_id.in_(group_ids))


def is_trusted(values: Values) -> bool:
    """Whether it is a port of the network's own, like those of routers: neither groups nor port security are for it."""
    return bool(values["device_owner"].startswith(_TRUSTED_OWNERS))


def _is_secured(values: Values, usual: bool) -> bool:
    return usual if missing(values, "port_security_enabled") else bool(values["port_security_enabled"])


def _is_member_by_default(values: Values, usual: bool) -> bool:
    return missing(values, ATTRIBUTE) and not is_trusted(values) and _is_secured(values, usual)


def _names_groups(values: Values) -> bool:
    return not missing(values, ATTRIBUTE) and bool(values[ATTRIBUTE]) and not is_trusted(values)


def _check_visible(connection: Connection, group_ids: Iterable[str], context: Context) -> None:
    named = list(dict.fromkeys(group_ids))
    seen = ACCESS.visible_ids(connection, named, context)
    if unknown := [each for each in named if each not in seen]:
        raise not_found("security_group", ", ".join(unknown))


def _check_alike(connection: Connection, group_ids: Sequence[str]) -> None:
    """Raises AlcorError (409) when some of a port's groups are stateful and some are not."""
    if len(group_ids) < 2:
        return
    rows = bulk.select_by(connection, [security_group.c.stateful], security_group.c.id, group_ids)
    if len({row.stateful for row in rows}) > 1:
        raise conflict(
            "SecurityGroupConflict",
            "Error Cannot apply both stateful and stateless security groups on the same port at the same time while "
            "attempting the operation.",
        )


def _needs_port_security() -> Exception:
    return bad_request(
        "Port security must be enabled and port must have an IP address in order to use security groups.",
        "PortSecurityAndIPRequiredForSecurityGroups",
    )
