"""What floating IPs and ports must respect of port forwardings. Only tables are looked at here."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from alcor.model.errors import conflict
from alcor.store import bulk
from alcor.store.tables import floating_ip, port_forwarding
from alcor.store.transaction import Transaction

_OF_FLOATING_IPS = (
    select(port_forwarding)
    .where(port_forwarding.c.floatingip_id.in_(bindparam("floatingips", expanding=True)))
    .order_by(port_forwarding.c.floatingip_id, port_forwarding.c.id)
)
_FIRST_OF = select(port_forwarding.c.id).where(port_forwarding.c.floatingip_id == bindparam("floatingip")).limit(1)
_TO_PORTS = select(port_forwarding.c.id, port_forwarding.c.floatingip_id, port_forwarding.c.internal_ip_address).where(
    port_forwarding.c.internal_port_id.in_(bindparam("ports", expanding=True))
)
_LEAD = (
    update(floating_ip)
    .where(floating_ip.c.id == bindparam("floatingip"))
    .values(
        router_id=bindparam("router"),
        status=bindparam("state"),
        revision_number=floating_ip.c.revision_number + 1,
        updated_at=bindparam("now"),
    )
)


def forwardings_of(connection: Connection, floatingip_ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """The port forwardings of floating IPs."""
    found: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(_OF_FLOATING_IPS, {"floatingips": floatingip_ids}) if floatingip_ids else ():
        found.setdefault(row.floatingip_id, []).append(row)
    return found


def check_forwards_nothing(connection: Connection, floatingip_id: str) -> None:
    """Raises AlcorError (409) for a floating IP that has port forwardings."""
    if connection.execute(_FIRST_OF, {"floatingip": floatingip_id}).first() is not None:
        raise conflict("FipInUseByPortForwarding", f"Floating IP {floatingip_id} in use by Port Forwarding resources.")


def lead_through(transaction: Transaction, floatingip_id: str, router_id: str | None) -> None:
    """Have the forwardings of a floating IP go through a router; through none when there are none any more."""
    values = {"floatingip": floatingip_id, "router": router_id, "state": "ACTIVE" if router_id else "DOWN"}
    transaction.connection.execute(_LEAD, values | {"now": transaction.now})


def forget(transaction: Transaction, forwarding_id: str, floatingip_id: str) -> None:
    """A port forwarding goes: without any, its floating IP leads nowhere."""
    connection = transaction.connection
    bulk.delete_by(connection, port_forwarding, "id", [forwarding_id])
    if connection.execute(_FIRST_OF, {"floatingip": floatingip_id}).first() is None:
        lead_through(transaction, floatingip_id, None)


def forget_those_to(transaction: Transaction, port_ids: Sequence[str], kept: Collection[str] = ()) -> None:
    """Ports go, or have only these addresses from now on: nothing is forwarded to the others."""
    for row in transaction.connection.execute(_TO_PORTS, {"ports": port_ids}).all():
        if row.internal_ip_address not in kept:
            forget(transaction, row.id, row.floatingip_id)
