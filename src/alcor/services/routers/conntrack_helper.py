"""Conntrack helpers of routers: which a router has, each only once and with a protocol that it understands."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select

from alcor.model.context import Context
from alcor.model.errors import bad_request, wrong_for
from alcor.model.resources.conntrack_helper import CONNTRACK_HELPER, PROTOCOLS_OF
from alcor.services.access import Access, owned
from alcor.services.manager import Parent, Values
from alcor.services.plain import Change, Plain, locked_row, plain_manager
from alcor.services.routers.router import ACCESS as ROUTER_ACCESS
from alcor.store.tables import conntrack_helper, router
from alcor.store.transaction import Transaction

_OWNER = select(router.c.project_id).where(router.c.id == bindparam("id"))
_SAME = select(conntrack_helper.c.id).where(
    conntrack_helper.c.router_id == bindparam("router_id"),
    conntrack_helper.c.protocol == bindparam("protocol"),
    conntrack_helper.c.port == bindparam("port"),
    conntrack_helper.c.helper == bindparam("helper"),
)


def _owner(connection: Connection, values: Mapping[str, Any]) -> str:
    return str(connection.execute(_OWNER, {"id": values["router_id"]}).scalar() or "")


ACCESS = Access(CONNTRACK_HELPER, conntrack_helper, owned(conntrack_helper), _owner)


def _prepare(transaction: Transaction, values: Values, context: Context) -> Values:
    owner = locked_row(transaction, ROUTER_ACCESS, values["router_id"], context)
    _check(transaction.connection, values)
    return values | {"project_id": owner.project_id}


def _apply(transaction: Transaction, change: Change) -> Values:
    _check(transaction.connection, change.view | change.values)
    return change.values


def _check(connection: Connection, values: Mapping[str, Any]) -> None:
    """Raises AlcorError (400) for a helper that there is not, does not understand the protocol, or is there already."""
    helper, protocol = values["helper"], values["protocol"]
    if helper not in PROTOCOLS_OF:
        raise bad_request(f"Conntrack Helper {helper} is not allowed.", "ConntrackHelperNotAllowed")
    if protocol not in PROTOCOLS_OF[helper]:
        raise bad_request(
            f"Conntrack Helper {helper} does not support: {protocol}. Supported protocols are: "
            f"{', '.join(PROTOCOLS_OF[helper])}",
            "InvalidProtocolForHelper",
        )
    wanted = {name: values[name] for name in ("router_id", "protocol", "port", "helper")}
    if connection.execute(_SAME, wanted).scalar() not in (None, values["id"]):
        raise wrong_for(
            "conntrack_helper",
            f"A duplicate conntrack helper entry with same attributes already exists, conflicting values are {wanted}",
        )


CONNTRACK_HELPERS = plain_manager(
    Plain(
        access=ACCESS,
        revises={"router_id": router},
        prepare=_prepare,
        apply=_apply,
        parent=Parent(ROUTER_ACCESS, "routers", "router_id"),
        path="conntrack_helpers",
    )
)
