"""Which controllers answer hosts that ask, and where, so that hosts and controllers share the VPCs out alike."""

from collections.abc import Sequence

from sqlalchemy import Connection

from alcor.store import sql
from alcor.store.transaction import Transaction

_SAY = sql.statement(
    "INSERT INTO controller (id, heartbeat_at, ncm_address) VALUES (:id, :now, :address) "
    "ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at, ncm_address = excluded.ncm_address"
)
_LIVING = sql.statement(
    "SELECT DISTINCT ncm_address FROM controller "
    "WHERE ncm_address IS NOT NULL AND heartbeat_at >= :heard_since ORDER BY ncm_address"
)


def say(transaction: Transaction, controller_id: str, address: str | None) -> None:
    """This controller lives, and answers hosts at this address; None when it does so no more."""
    transaction.connection.execute(_SAY, {"id": controller_id, "now": transaction.now, "address": address})


def living(connection: Connection, heard_since: int) -> Sequence[str]:
    """The addresses of those heard of since then (seconds since the epoch), in order."""
    return [row.ncm_address for row in connection.execute(_LIVING, {"heard_since": heard_since})]
