"""Subnet pools, which subnets that are there already can be brought into."""

import ipaddress
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from alcor.model import prefixes as plan
from alcor.model.errors import AlcorError, bad_request, invalid_input
from alcor.model.schema import STRING, all_of, holding, taking
from alcor.model.values import Schema, uuid
from alcor.services.manager import Act, Action
from alcor.services.networks.vpc import locked_network
from alcor.services.plain import locked_row
from alcor.services.revisions import revise
from alcor.services.rows import View
from alcor.services.subnets import subnet_prefixes
from alcor.services.subnets.subnetpool import ACCESS, grow, illegal_update
from alcor.services.subnets.subnetpool import SUBNETPOOLS as PLAIN_SUBNETPOOLS
from alcor.store import bulk, prefix_pools
from alcor.store.tables import subnet
from alcor.store.transaction import Transaction

_SUBNETS = (
    select(subnet.c.id, subnet.c.cidr, subnet.c.subnetpool_id)
    .where(subnet.c.network_id == bindparam("network_id"), subnet.c.ip_version == bindparam("version"))
    .order_by(subnet.c.id)
)


def _onboard(transaction: Transaction, act: Act) -> list[View]:
    """Make the subnets of a network, of the pool's IP version, subnets of the pool, which grows by their ranges."""
    network = locked_network(transaction, _network_of_body(act.body), act.context)
    if network.project_id != act.context.project_id and not act.context.is_admin:
        raise AlcorError(403, "NotAuthorized", "Not authorized.")
    pool = locked_row(transaction, ACCESS, act.id, act.context)
    asked = {"network_id": network.id, "version": pool.ip_version}
    rows = transaction.connection.execute(_SUBNETS, asked).all()
    _check_apart(rows, pool.id)
    subnet_prefixes.release(transaction, rows)
    if rows:
        grow(transaction, pool, plan.parsed(row.cidr for row in rows), act.context)
    for row in rows:
        if not prefix_pools.take_exact(transaction, pool.id, ipaddress.ip_network(row.cidr)):
            raise _conflicts(row, pool.id)
        revise(transaction, subnet, row.id)
    bulk.update_rows(transaction.connection, subnet, "id", ("subnetpool_id",), [(pool.id, row.id) for row in rows])
    return [{"id": row.id, "cidr": row.cidr} for row in rows]


def _check_apart(rows: Any, pool_id: str) -> None:
    for row in rows:
        if row.subnetpool_id == pool_id:
            raise _conflicts(row, pool_id)


def _conflicts(row: Any, pool_id: str) -> AlcorError:
    return illegal_update(
        f"Onboarding subnet {row.id}: {row.cidr} conflicts with allocated prefixes in subnet pool {pool_id}"
    )


def _network_of_body(body: Any) -> str:
    if not isinstance(body, dict) or body.get("network_id") is None:
        raise invalid_input("network_id must be specified")
    try:
        network_id: str = uuid(body["network_id"])
    except ValueError as error:
        raise bad_request(f"Invalid input for network_id. Reason: {error}.") from error
    return network_id


def _onboarded(_shown: Schema) -> Schema:
    return all_of(holding({"id": STRING, "cidr": STRING}))


SUBNETPOOLS = msgspec.structs.replace(
    PLAIN_SUBNETPOOLS,
    actions=(
        *PLAIN_SUBNETPOOLS.actions,
        Action("PUT", "onboard_network_subnets", _onboard, body=taking({"network_id": uuid}), answer=_onboarded),
    ),
)
