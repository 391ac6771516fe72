"""Networks, of which floating IPs are a part that lead nowhere: they go with their network, as Neutron has it."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, delete, select

from alcor.services import tags
from alcor.services.manager import Delete
from alcor.services.networks.vpc import NETWORKS as PLAIN_NETWORKS
from alcor.services.networks.vpc import locked_network
from alcor.services.ports.port import erase_ports
from alcor.store import bulk
from alcor.store.tables import floating_ip, qos_attachment
from alcor.store.transaction import Transaction

_IDLE = select(floating_ip.c.id, floating_ip.c.floating_port_id).where(
    floating_ip.c.floating_network_id == bindparam("network"),
    floating_ip.c.port_id.is_(None),
    floating_ip.c.router_id.is_(None),
)


def _delete(transaction: Transaction, requests: Sequence[Delete]) -> Sequence[Exception | None]:
    for request in requests:
        row = locked_network(transaction, request.id, request.context)
        if row.external:
            PLAIN_NETWORKS.access.require(transaction.connection, row, request.context, "delete", {})
            _release_idle(transaction, row.id)
    return PLAIN_NETWORKS.delete(transaction, requests)


def _release_idle(transaction: Transaction, network_id: str) -> None:
    connection = transaction.connection
    idle = connection.execute(_IDLE, {"network": network_id}).all()
    if idle:
        ids = [row.id for row in idle]
        connection.execute(delete(floating_ip).where(floating_ip.c.id.in_(ids)))
        bulk.delete_by(connection, qos_attachment, "object_id", ids)
        tags.forget(connection, ids)
        erase_ports(transaction, [row.floating_port_id for row in idle])


NETWORKS = msgspec.structs.replace(PLAIN_NETWORKS, delete=_delete)
