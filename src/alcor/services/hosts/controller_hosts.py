"""How many hosts each controller serves, so that hosts spread over all there are."""

from sqlalchemy import Connection

from alcor.store import sql
from alcor.store.transaction import Transaction

_SAY = sql.statement("UPDATE controller SET hosts = :hosts WHERE id = :id")
_OTHERS = sql.statement(
    "SELECT id, hosts FROM controller WHERE id <> :id AND hosts IS NOT NULL AND heartbeat_at >= :heard_since"
)


def say(transaction: Transaction, controller_id: str, hosts: int | None) -> None:
    """This controller serves so many hosts; None when it takes no more. Nothing before its first sign of life."""
    transaction.connection.execute(_SAY, {"id": controller_id, "hosts": hosts})


def of_others(connection: Connection, controller_id: str, heard_since: int) -> dict[str, int]:
    """Controller → hosts, of the others that take hosts and were heard of since then (seconds since the epoch)."""
    rows = connection.execute(_OTHERS, {"id": controller_id, "heard_since": heard_since})
    return {row.id: row.hosts for row in rows}
