"""Subnet pools: what is free, and what subnets have, is the whole of their prefixes, each address once."""

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from alcor.model import prefixes as plan
from alcor.model.address_plan import Network
from alcor.store.tables import free_prefix, subnet, subnetpool
from tests.invariants.database import Database, attributes_of


def pools_are_free_or_of_subnets(database: Database) -> Iterator[str]:
    """No address of a pool has leaked, none comes from nowhere, none is both."""
    for pool_id, whole in _prefixes(database).items():
        free = [_free(row) for row in database.rows(free_prefix) if row.pool_id == pool_id]
        held = [ipaddress.ip_network(row.cidr) for row in database.rows(subnet) if row.subnetpool_id == pool_id]
        if sorted(plan.merged(free), key=str) != sorted(free, key=str):
            yield f"what is free of {pool_id} is not written as shortly as can be"
        if plan.merged([*free, *held]) != whole:
            yield f"prefixes of {pool_id} have leaked, or come from nowhere"
        if sum(each.num_addresses for each in [*free, *held]) != sum(each.num_addresses for each in whole):
            yield f"addresses of {pool_id} are of two subnets, or of one and free"


def pools_of_a_scope_do_not_overlap(database: Database) -> Iterator[str]:
    """Within an address scope an address is of one pool."""
    seen: dict[str, list[Network]] = defaultdict(list)
    whole = _prefixes(database)
    for row in database.rows(subnetpool):
        if row.address_scope_id is not None:
            if plan.common(whole[row.id], seen[row.address_scope_id]):
                yield f"pool {row.id} overlaps with another of scope {row.address_scope_id}"
            seen[row.address_scope_id] += whole[row.id]


def one_pool_is_the_default(database: Database) -> Iterator[str]:
    """Of each IP version."""
    count = Counter(row.ip_version for row in database.rows(subnetpool) if row.is_default)
    yield from (f"{times} pools of IPv{version} are the default" for version, times in count.items() if times > 1)


def subnets_of_a_network_are_of_one_pool(database: Database) -> Iterator[str]:
    """Or of pools in one scope."""
    scopes = {row.id: row.address_scope_id for row in database.rows(subnetpool)}
    of: dict[tuple[str, int], set[str | None]] = defaultdict(set)
    for row in database.rows(subnet):
        of[row.network_id, row.ip_version].add(row.subnetpool_id)
    for (network_id, version), pools in of.items():
        its = {scopes.get(pool_id or "") for pool_id in pools}
        if len(pools) > 1 and (None in its or len(its) > 1):
            yield f"IPv{version} subnets of network {network_id} are of several pools"


def _free(row: Row[Any]) -> Network:
    return ipaddress.ip_network((bytes(row.first), row.prefixlen))


def _prefixes(database: Database) -> dict[str, list[Network]]:
    return {row.id: plan.parsed(attributes_of(row)["prefixes"]) for row in database.rows(subnetpool)}
