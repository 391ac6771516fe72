"""Ranges of new subnets out of subnet pools."""

import ipaddress
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, null, select, union_all

from alcor.model.address_plan import Network
from alcor.model.context import Context
from alcor.model.errors import AlcorError, bad_request, conflict, not_found, wrong_for
from alcor.services.manager import Values
from alcor.services.rows import missing
from alcor.services.subnets.subnet_prefixes import lock
from alcor.services.subnets.subnetpool import ACCESS, default_pool, scope_affinity_error
from alcor.store import prefix_pools
from alcor.store.tables import subnet, subnetpool
from alcor.store.transaction import Transaction

_QUOTA_UNIT = {4: 32, 6: 64}
"""The prefix length of what a pool's quota counts."""

_beside = subnet.c.network_id == bindparam("network_id"), subnet.c.ip_version == bindparam("version")
_pools = select(func.min(subnet.c.subnetpool_id).label("id")).where(*_beside).cte("pools", recursive=True)
_pools = _pools.union_all(
    select(
        select(func.min(subnet.c.subnetpool_id)).where(*_beside, subnet.c.subnetpool_id > _pools.c.id).scalar_subquery()
    ).where(_pools.c.id.is_not(None))
)
_of_none = select(subnet.c.subnetpool_id).where(*_beside, subnet.c.subnetpool_id.is_(None)).limit(1).subquery()
_BESIDE = union_all(
    select(_pools.c.id.label("subnetpool_id"), subnetpool.c.address_scope_id).join_from(
        _pools, subnetpool, subnetpool.c.id == _pools.c.id
    ),
    select(_of_none.c.subnetpool_id, null()),
)
"""The pools of a network's subnets: from each to the next in an index, whatever number of subnets they have."""

_HELD = select(subnet.c.cidr).where(
    subnet.c.subnetpool_id == bindparam("pool_id"), subnet.c.project_id == bindparam("project_id")
)


def chosen_pool(connection: Connection, given: Values, context: Context) -> Row[Any] | None:
    """The pool that a new subnet is to be of; None when it is of none, but says its range.

    Raises AlcorError: 404 for a pool that the caller is not shown, 400 when what the subnet says does not go together.
    """
    has_range = _said(given, "cidr") is not None
    if has_range and _said(given, "prefixlen") is not None:
        raise wrong_for("subnets", "cidr and prefixlen must not be supplied together")
    pool = _named_pool(connection, given, context)
    if pool is None:
        if not has_range:
            raise wrong_for("subnets", "a subnetpool must be specified in the absence of a cidr")
        return None
    if not has_range and not missing(given, "allocation_pools") and given["allocation_pools"]:
        raise wrong_for("subnets", "allocation_pools allowed only for specific subnet requests")
    version = _version(given) or pool.ip_version
    if version != pool.ip_version:
        raise wrong_for("subnets", f"Cannot allocate IPv{version} subnet from IPv{pool.ip_version} subnet pool")
    return pool


def _named_pool(connection: Connection, given: Values, context: Context) -> Row[Any] | None:
    pool_id = _said(given, "subnetpool_id")
    if pool_id is not None:
        if given["use_default_subnetpool"]:
            raise wrong_for("subnets", "subnetpool_id and use_default_subnetpool cannot both be specified")
        found = ACCESS.rows(connection, [pool_id], context).get(pool_id)
        if found is None:
            raise not_found("subnetpool", pool_id)
        return found
    if not given["use_default_subnetpool"]:
        return None
    version = _version(given)
    if version is None:
        raise wrong_for("subnets", "ip_version must be specified in the absence of cidr and subnetpool_id")
    pool = default_pool(connection, version)
    if pool is None or not ACCESS.sees(connection, pool, context):
        raise wrong_for("subnets", f"No default subnetpool found for IPv{version}")
    return pool


def _said(given: Values, name: str) -> Any:
    return None if missing(given, name) else given[name]


def _version(given: Values) -> int | None:
    """The IP version that a new subnet says, or that its range is of."""
    cidr = _said(given, "cidr")
    version: int | None = _said(given, "ip_version")
    return version if version is not None or cidr is None else ipaddress.ip_network(cidr).version


def check_beside(connection: Connection, network_id: str, version: int, pool: Row[Any] | None) -> None:
    """Subnets of a network, of one IP version, are of one pool, or of pools in one scope. Raises AlcorError (400)."""
    beside = connection.execute(_BESIDE, {"network_id": network_id, "version": version}).all()
    scopes = {row.address_scope_id for row in beside if row.address_scope_id is not None}
    if scopes and pool is not None:
        if {pool.address_scope_id} != scopes:
            raise scope_affinity_error()
    elif {row.subnetpool_id for row in beside} - {None if pool is None else pool.id}:
        raise bad_request(
            "Subnets hosted on the same network must be allocated from the same subnet pool.",
            "NetworkSubnetPoolAffinityError",
        )


def take_range(transaction: Transaction, pool: Row[Any], given: Values, project_id: str) -> Network:
    """Take from the pool the range that a new subnet says, or any of the length that it wants. Raises AlcorError."""
    cidr = _said(given, "cidr")
    wanted = ipaddress.ip_network(cidr) if cidr is not None else None
    length = _said(given, "prefixlen") if wanted is None else wanted.prefixlen
    length = pool.default_prefixlen if length is None else length
    _check_length(pool, length)
    lock(transaction, [pool.id])
    _check_quota(transaction.connection, pool, project_id, length)
    if wanted is None:
        taken = prefix_pools.take(transaction, pool.id, length)
        if taken is None:
            raise _not_allocated(f"Insufficient prefix space to allocate subnet size /{length}")
        return taken
    if not prefix_pools.take_exact(transaction, pool.id, wanted):
        raise _not_allocated("Cannot allocate requested subnet from the available set of prefixes")
    return wanted


def _check_length(pool: Row[Any], length: int) -> None:
    for word, bound, is_right in (
        ("maximum", pool.max_prefixlen, length <= pool.max_prefixlen),
        ("minimum", pool.min_prefixlen, length >= pool.min_prefixlen),
    ):
        if not is_right:
            raise bad_request(
                f"Unable to allocate subnet with prefix length {length}, {word} allowed prefix is {bound}.",
                f"{word[:3].capitalize()}PrefixSubnetAllocationError",
            )


def _check_quota(connection: Connection, pool: Row[Any], project_id: str, length: int) -> None:
    if not pool.default_quota:
        return
    held = connection.execute(_HELD, {"pool_id": pool.id, "project_id": project_id}).scalars()
    lengths = [length, *(ipaddress.ip_network(cidr).prefixlen for cidr in held)]
    if sum(2.0 ** (_QUOTA_UNIT[pool.ip_version] - each) for each in lengths) > pool.default_quota:
        raise conflict("SubnetPoolQuotaExceeded", "Per-project subnet pool prefix quota exceeded.")


def _not_allocated(reason: str) -> AlcorError:
    return conflict("SubnetAllocationError", f"Failed to allocate subnet: {reason}.")
