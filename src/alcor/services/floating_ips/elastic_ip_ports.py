"""To which ports elastic IPs lead: what changes and deletes ports looks only here, and only at tables."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, bindparam, select, update

from alcor.store.tables import elastic_ip
from alcor.store.transaction import Transaction

_OF_PORT = select(elastic_ip.c.id, elastic_ip.c.private_ip).where(elastic_ip.c.port_id == bindparam("port"))
_LEAD_NOWHERE = (
    update(elastic_ip)
    .where(
        elastic_ip.c.port_id.in_(bindparam("ports", expanding=True)),
        elastic_ip.c.private_ip.not_in(bindparam("kept", expanding=True)),
    )
    .values(
        port_id=None,
        private_ip=None,
        revision_number=elastic_ip.c.revision_number + 1,
        updated_at=bindparam("now"),
    )
)


def leading_to(connection: Connection, port_id: str) -> dict[str, str]:
    """The elastic IPs that lead to a port, by the addresses of the port to which they do."""
    return {row.private_ip: row.id for row in connection.execute(_OF_PORT, {"port": port_id})}


def forget_those_to(transaction: Transaction, port_ids: Sequence[str], kept: Collection[str] = ()) -> None:
    """Ports go, or have only these addresses from now on: elastic IPs of the others lead nowhere."""
    asked = {"ports": list(port_ids), "kept": list(kept), "now": transaction.now}
    transaction.connection.execute(_LEAD_NOWHERE, asked)
