"""What ports must respect of local IPs. Only tables are looked at here."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, select

from alcor.model.errors import conflict
from alcor.store import bulk
from alcor.store.tables import local_ip, local_ip_association
from alcor.store.transaction import Transaction

OWNER = "network:local_ip"
"""The owner of ports that were made to hold the address of a local IP."""

_HELD_BY = select(local_ip.c.local_port_id).where(local_ip.c.local_port_id.in_(bindparam("ports", expanding=True)))
_TO_PORTS = select(local_ip_association.c.id, local_ip_association.c.fixed_ip).where(
    local_ip_association.c.fixed_port_id.in_(bindparam("ports", expanding=True))
)


def holders(connection: Connection, port_ids: Sequence[str]) -> set[str]:
    """Those of the ports that hold the address of a local IP."""
    return set(connection.execute(_HELD_BY, {"ports": port_ids}).scalars())


def check_holds_none(port_id: str, holding: Collection[str]) -> None:
    """Raises AlcorError (409) for a port that is one of the holders: the local IP has to go first."""
    if port_id in holding:
        raise conflict(
            "ServicePortInUse",
            f"Port {port_id} cannot be deleted directly via the port API: still referenced by Local IPs.",
        )


def forget_associations(transaction: Transaction, port_ids: Sequence[str], kept: Collection[str] = ()) -> None:
    """Ports go, or have only these addresses from now on: the others answer to no local IP."""
    rows = transaction.connection.execute(_TO_PORTS, {"ports": port_ids}).all()
    gone = [row.id for row in rows if row.fixed_ip not in kept]
    if gone:
        bulk.delete_by(transaction.connection, local_ip_association, "id", gone)
