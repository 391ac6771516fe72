"""Address scopes: within one, no two subnet pools have an address in common."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model.address_plan import Network
from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict
from alcor.model.prefixes import common, parsed
from alcor.model.resources.subnetpool import ADDRESS_SCOPE, SUBNETPOOL
from alcor.services.access import EVERYBODY, Access, shareable
from alcor.services.manager import Values
from alcor.services.plain import Change, Held, Plain, locked_row, plain_manager
from alcor.services.rows import Rows
from alcor.services.sharing import sharing
from alcor.store.tables import address_scope, subnetpool
from alcor.store.transaction import Transaction

OBJECT_TYPE = "address_scope"
"""What entries of what is shared call a scope."""

_shown_as_shared = sharing.shown_as_shared(OBJECT_TYPE)
_POOL_ROWS = Rows(SUBNETPOOL, subnetpool)
_POOLS = select(subnetpool).where(
    subnetpool.c.address_scope_id == bindparam("scope_id"), subnetpool.c.id != bindparam("pool_id")
)
_OWNER = select(address_scope.c.project_id).where(address_scope.c.id == bindparam("scope_id"))
_USERS = select(subnetpool.c.project_id).where(subnetpool.c.address_scope_id == bindparam("scope_id")).distinct()

ACCESS = Access(ADDRESS_SCOPE, address_scope, shareable(address_scope, OBJECT_TYPE), computed=_shown_as_shared)


def users_of(connection: Connection, scope_id: str) -> set[str]:
    """The projects that have pools in the scope."""
    return set(connection.execute(_USERS, {"scope_id": scope_id}).scalars())


def check_pool(
    transaction: Transaction, scope_id: str, pool_id: str, prefixes: Sequence[Network], context: Context
) -> None:
    """Nobody else changes the scope's pools until the transaction ends.

    Raises AlcorError: 404 for a scope that the caller is not shown, 400 when it is of the other IP version, 409 when
    another pool in it has an address of the prefixes.
    """
    scope = locked_row(transaction, ACCESS, scope_id, context)
    if scope.ip_version != prefixes[0].version:
        raise bad_request(
            f"Illegal subnetpool association: subnetpool {pool_id} cannot associate with address scope {scope_id} "
            f"because subnetpool ip_version is not {scope.ip_version}.",
            "IllegalSubnetPoolIpVersionAssociationToAddressScope",
        )
    for row in transaction.connection.execute(_POOLS, {"scope_id": scope_id, "pool_id": pool_id}):
        if common(parsed(_POOL_ROWS.view(row)["prefixes"]), prefixes):
            raise conflict(
                "AddressScopePrefixConflict",
                "Failed to associate address scope: subnetpools within an address scope must have unique prefixes.",
            )


def owns(connection: Connection, scope_id: str, context: Context) -> bool:
    """Whether the scope is the caller's to change."""
    return context.is_admin or _owner(connection, scope_id) == context.project_id


def has_part(connection: Connection, scope_id: str, project_id: str) -> bool:
    """Whether the scope is the project's, or shared with it."""
    targets = sharing.targets(connection, OBJECT_TYPE, scope_id)
    return bool(targets & {project_id, EVERYBODY}) or _owner(connection, scope_id) == project_id


def _owner(connection: Connection, scope_id: str) -> str | None:
    owner: str | None = connection.execute(_OWNER, {"scope_id": scope_id}).scalar()
    return owner


def _written(transaction: Transaction, row: Any, values: Values) -> None:
    if values["shared"]:
        sharing.share(transaction, OBJECT_TYPE, [row])


def _apply(transaction: Transaction, change: Change) -> Values:
    if "shared" in change.values:
        is_shared = EVERYBODY in sharing.targets(transaction.connection, OBJECT_TYPE, change.row.id)
        if change.values["shared"] and not is_shared:
            sharing.share(transaction, OBJECT_TYPE, [change.row])
        elif is_shared and not change.values["shared"]:
            raise bad_request(
                f"Unable to update address scope {change.row.id} : Shared address scope can't be unshared.",
                "AddressScopeUpdateError",
            )
    return change.values


def _forget(transaction: Transaction, row: Row[Any], _context: Context) -> None:
    sharing.forget(transaction.connection, OBJECT_TYPE, row.id)


def _in_use(scope_id: str, _pool_id: str) -> AlcorError:
    return conflict(
        "AddressScopeInUse",
        f"Unable to complete operation on address scope {scope_id}. There are one or more subnet pools in use on the "
        "address scope.",
    )


ADDRESS_SCOPES = plain_manager(
    Plain(
        access=ACCESS,
        written=_written,
        apply=_apply,
        forget=_forget,
        computed=_shown_as_shared,
        held_by=(Held(subnetpool.c.address_scope_id, _in_use),),
        filters={"shared": sharing.shared_filter(address_scope, OBJECT_TYPE)},
    )
)
