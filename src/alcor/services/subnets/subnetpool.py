"""Subnet pools: prefixes out of which subnets get their ranges."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from alcor.model import prefixes as plan
from alcor.model.address_plan import Network, check_range
from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, invalid_input
from alcor.model.resources.subnetpool import SUBNETPOOL, changed_prefixes
from alcor.model.schema import STRING, all_of, holding, taking
from alcor.model.values import Schema
from alcor.services.access import Access, shareable
from alcor.services.manager import Act, Action, Manager, Values
from alcor.services.plain import Change, Held, Plain, locked_row, plain_manager
from alcor.services.rows import Rows, View, missing
from alcor.services.sharing import sharing
from alcor.services.subnets import address_scope
from alcor.store import bulk, prefix_pools
from alcor.store.tables import subnet, subnetpool
from alcor.store.transaction import Transaction

OBJECT_TYPE = "subnetpool"
"""What entries of what is shared call a pool."""

_shown_as_shared = sharing.shown_as_shared(OBJECT_TYPE)
ROWS = Rows(SUBNETPOOL, subnetpool)
ACCESS = Access(SUBNETPOOL, subnetpool, shareable(subnetpool, OBJECT_TYPE), computed=_shown_as_shared)

_LONGEST = {4: 32, 6: 128}
_USUAL_SHORTEST = {4: 8, 6: 64}
_DEFAULT = select(subnetpool).where(subnetpool.c.ip_version == bindparam("version"), subnetpool.c.is_default.is_(True))
_USERS = select(subnet.c.project_id).where(subnet.c.subnetpool_id == bindparam("pool_id")).distinct()
_BESIDE = subnet.alias("beside")
_BESIDE_OTHERS = (
    select(subnet.c.id)
    .join(_BESIDE, (_BESIDE.c.network_id == subnet.c.network_id) & (_BESIDE.c.ip_version == subnet.c.ip_version))
    .where(
        subnet.c.subnetpool_id == bindparam("pool_id"),
        _BESIDE.c.subnetpool_id.is_distinct_from(bindparam("pool_id")),
    )
    .limit(1)
)


def users_of(connection: Connection, pool_id: str) -> set[str]:
    """The projects that have subnets of the pool."""
    return set(connection.execute(_USERS, {"pool_id": pool_id}).scalars())


def check_target(connection: Connection, pool: Row[Any], target: str) -> None:
    """Whoever has a part in a pool must have one in its address scope. Raises AlcorError (400)."""
    scope_id = pool.address_scope_id
    if scope_id is not None and not address_scope.has_part(connection, scope_id, target):
        raise bad_request(
            f"Failed to create RBAC policy on object {pool.id} because target project doesn't have access to "
            "associated address scope.",
            "RbacPolicyInitError",
        )


def default_pool(connection: Connection, version: int) -> Row[Any] | None:
    """The default pool of an IP version, if any is."""
    return connection.execute(_DEFAULT, {"version": version}).first()


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    prefixes = _checked_prefixes(values["prefixes"])
    version = prefixes[0].version
    if missing(values, "min_prefixlen"):
        values["min_prefixlen"] = str(_USUAL_SHORTEST[version])
    if missing(values, "max_prefixlen"):
        values["max_prefixlen"] = str(_LONGEST[version])
    if missing(values, "default_prefixlen"):
        values["default_prefixlen"] = values["min_prefixlen"]
    _check_lengths(version, values)
    if values["is_default"]:
        _check_no_default(transaction.connection, version)
    if values["address_scope_id"] is not None:
        address_scope.check_pool(transaction, values["address_scope_id"], values["id"], prefixes, context)
    return values | {"prefixes": _texts(prefixes), "ip_version": version}


def _written(transaction: Transaction, row: Any, values: Values) -> None:
    prefix_pools.give(transaction, row.id, plan.parsed(values["prefixes"]))
    if values["shared"]:
        sharing.share(transaction, OBJECT_TYPE, [row])


def _checked_prefixes(prefixes: Sequence[str]) -> list[Network]:
    """Prefixes of a pool, as few as may be. Raises AlcorError (400)."""
    if not prefixes:
        raise bad_request("Empty subnet pool prefix list.", "EmptySubnetPoolPrefixList")
    given = plan.parsed(prefixes)
    if len({each.version for each in given}) > 1:
        raise bad_request("Cannot mix IPv4 and IPv6 prefixes in a subnet pool.", "PrefixVersionMismatch")
    merged = plan.merged(given)
    for each in merged:
        check_range(each)
    return merged


def _check_lengths(version: int, pool: View) -> None:
    shortest, usual, longest = (int(pool[f"{each}_prefixlen"]) for each in ("min", "default", "max"))
    bounds = (
        ("min_prefixlen", shortest, "max_prefixlen", longest, shortest <= longest),
        ("max_prefixlen", longest, "ip_version_max", _LONGEST[version], longest <= _LONGEST[version]),
        ("default_prefixlen", usual, "min_prefixlen", shortest, usual >= shortest),
        ("default_prefixlen", usual, "max_prefixlen", longest, usual <= longest),
    )
    for name, length, other, bound, is_right in bounds:
        if not is_right:
            raise bad_request(
                f"Illegal prefix bounds: {name}={length}, {other}={bound}.", "IllegalSubnetPoolPrefixBounds"
            )


def _check_no_default(connection: Connection, version: int) -> None:
    if default_pool(connection, version) is not None:
        raise invalid_input(
            "A default subnetpool for this IP family has already been set. Only one default may exist per IP family"
        )


def _apply(transaction: Transaction, change: Change) -> Values:
    values = dict(change.values)
    row, held = change.row, plan.parsed(change.view["prefixes"])
    prefixes = held
    if "prefixes" in values:
        prefixes = _checked_prefixes(values["prefixes"])
        if prefixes[0].version != row.ip_version or plan.less(held, prefixes):
            raise _illegal_prefixes("Existing prefixes must be a subset of the new prefixes")
        values["prefixes"] = _texts(prefixes)
    _check_lengths(row.ip_version, change.view | values)
    if values.get("is_default") and not row.is_default:
        _check_no_default(transaction.connection, row.ip_version)
    more = plan.less(prefixes, held)
    _check_scope(transaction, row, values.get("address_scope_id", row.address_scope_id), prefixes, more, change.context)
    prefix_pools.give(transaction, row.id, more)
    return values


def _check_scope(
    transaction: Transaction,
    pool: Row[Any],
    wanted: str | None,
    prefixes: Sequence[Network],
    more: Sequence[Network],
    context: Context,
) -> None:
    """Whether the pool, which is changed, may be in the wanted scope, with more prefixes. Raises AlcorError."""
    connection, held = transaction.connection, pool.address_scope_id
    if held is not None and not address_scope.owns(connection, held, context):
        raise illegal_update(f"subnetpool {pool.id} cannot be updated when associated with shared address scope {held}")
    if wanted != held and connection.execute(_BESIDE_OTHERS, {"pool_id": pool.id}).first() is not None:
        raise scope_affinity_error()
    if wanted is not None and (wanted != held or more):
        address_scope.check_pool(transaction, wanted, pool.id, prefixes, context)


def scope_affinity_error() -> AlcorError:
    """Subnets of a network, of one IP version, are in one address scope."""
    return bad_request(
        "Subnets of the same address family hosted on the same network must all participate in the same address scope.",
        "NetworkAddressScopeAffinityError",
    )


def illegal_update(reason: str) -> AlcorError:
    """What is asked of a pool cannot be: 400."""
    return bad_request(f"Illegal subnetpool update : {reason}.", "IllegalSubnetPoolUpdate")


def _illegal_prefixes(reason: str) -> AlcorError:
    return bad_request(f"Illegal update to prefixes: {reason}.", "IllegalSubnetPoolPrefixUpdate")


def _forget(transaction: Transaction, row: Row[Any], _context: Context) -> None:
    prefix_pools.delete(transaction, row.id)
    sharing.forget(transaction.connection, OBJECT_TYPE, row.id)


def _in_use(_pool_id: str, _subnet_id: str) -> AlcorError:
    return bad_request("Unable to delete subnet pool: Subnet pool has existing allocations.", "SubnetPoolDeleteError")


def _add(transaction: Transaction, act: Act) -> View:
    pool, given = _pool_and_prefixes(transaction, act)
    return {"prefixes": grow(transaction, pool, given, act.context)}


def grow(transaction: Transaction, pool: Row[Any], given: Sequence[Network], context: Context) -> list[str]:
    """Make the pool, whose row is locked, one of these prefixes, too. Returns all of them. Raises AlcorError."""
    held = plan.parsed(ROWS.view(pool)["prefixes"])
    prefixes = _checked_prefixes(_texts([*held, *given]))
    more = plan.less(prefixes, held)
    _check_scope(transaction, pool, pool.address_scope_id, prefixes, more, context)
    prefix_pools.give(transaction, pool.id, more)
    return _write_prefixes(transaction, pool, prefixes)


def _remove(transaction: Transaction, act: Act) -> View:
    pool, given = _pool_and_prefixes(transaction, act)
    held = plan.parsed(ROWS.view(pool)["prefixes"])
    for each in plan.common(held, given):
        if not prefix_pools.take_exact(transaction, pool.id, each):
            raise _illegal_prefixes("One or more the prefixes to be removed is in use by a subnet")
    return {"prefixes": _write_prefixes(transaction, pool, plan.less(held, given))}


def _pool_and_prefixes(transaction: Transaction, act: Act) -> tuple[Row[Any], list[Network]]:
    given = plan.parsed(_of_body(act.body))
    pool = locked_row(transaction, ACCESS, act.id, act.context)
    if {each.version for each in given} - {pool.ip_version}:
        raise bad_request("Cannot mix IPv4 and IPv6 prefixes in a subnet pool.", "PrefixVersionMismatch")
    return pool, given


def _write_prefixes(transaction: Transaction, pool: Row[Any], prefixes: Sequence[Network]) -> list[str]:
    texts = _texts(prefixes)
    if texts != ROWS.view(pool)["prefixes"]:
        changed = ROWS.changed_row(pool, {"prefixes": texts}, transaction.now)
        bulk.update_row(transaction.connection, subnetpool, changed)
    return texts


_PREFIXES = taking({"prefixes": changed_prefixes})


def _all_prefixes(_shown: Schema) -> Schema:
    return holding({"prefixes": all_of(STRING)})


def _of_body(body: Any) -> list[str]:
    if not isinstance(body, dict) or not isinstance(body.get("prefixes"), list) or not body["prefixes"]:
        raise bad_request("Request body contains invalid data")
    try:
        given: list[str] = changed_prefixes(body["prefixes"])
    except ValueError as error:
        raise bad_request(f"Invalid input for prefixes. Reason: {error}.") from error
    return given


def _texts(prefixes: Iterable[Network]) -> list[str]:
    return [str(each) for each in prefixes]


SUBNETPOOLS: Manager = plain_manager(
    Plain(
        access=ACCESS,
        references={"address_scope_id": address_scope.ACCESS},
        prepare=_prepare,
        written=_written,
        apply=_apply,
        forget=_forget,
        computed=_shown_as_shared,
        held_by=(Held(subnet.c.subnetpool_id, _in_use),),
        quota="subnetpool",
        actions=(
            Action("PUT", "add_prefixes", _add, body=_PREFIXES, answer=_all_prefixes),
            Action("PUT", "remove_prefixes", _remove, body=_PREFIXES, answer=_all_prefixes),
        ),
        filters={"shared": sharing.shared_filter(subnetpool, OBJECT_TYPE)},
    )
)
