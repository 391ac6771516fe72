"""Ranges of subnets that are of subnet pools, and back to their pools when the subnets are gone."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from alcor.model.prefixes import parsed
from alcor.store import prefix_pools, sql
from alcor.store.tables import subnet, subnetpool
from alcor.store.transaction import Transaction

_LOCK = (
    select(subnetpool.c.id)
    .where(subnetpool.c.id.in_(bindparam("pool_ids", expanding=True)))
    .order_by(subnetpool.c.id)
    .with_for_update()
)
_of_networks = sql.among(
    select(subnet.c.network_id, subnet.c.id, subnet.c.ip_version, subnet.c.segment_id, subnetpool.c.address_scope_id)
    .outerjoin(subnetpool, subnetpool.c.id == subnet.c.subnetpool_id)
    .order_by(subnet.c.network_id, subnet.c.id),
    subnet.c.network_id,
)
_POOLED = select(subnet.c.subnetpool_id, subnet.c.cidr).where(
    subnet.c.network_id == bindparam("network_id"), subnet.c.subnetpool_id.is_not(None)
)


def lock(transaction: Transaction, pool_ids: Iterable[str]) -> None:
    """Nobody else takes from the pools or gives back to them until the transaction ends."""
    transaction.connection.execute(_LOCK, {"pool_ids": sorted(set(pool_ids))})


def release(transaction: Transaction, subnets: Sequence[Any]) -> None:
    """Give the ranges of subnets that go back to the pools that they are of."""
    pooled = [row for row in subnets if row.subnetpool_id is not None]
    if pooled:
        lock(transaction, (row.subnetpool_id for row in pooled))
        for row in pooled:
            prefix_pools.give(transaction, row.subnetpool_id, parsed([row.cidr]))


def release_of_network(transaction: Transaction, network_id: str) -> None:
    """The same for all subnets of a network."""
    release(transaction, transaction.connection.execute(_POOLED, {"network_id": network_id}).all())


def subnets_of(connection: Connection, network_ids: Sequence[str]) -> dict[str, list[Any]]:
    """Of the subnets of each network the id, IP version and segment, and the address scope of their pools if any."""
    found: dict[str, list[Any]] = {}
    for row in _of_networks(connection, network_ids) if network_ids else ():
        found.setdefault(row.network_id, []).append(row)
    return found
