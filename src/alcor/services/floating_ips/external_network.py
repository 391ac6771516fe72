"""Networks, of which floating IPs are a part that lead nowhere: they go when it does, or is external no more.

Neutron calls the latter floatingip-autodelete-internal.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, delete, select

from alcor.services import tags
from alcor.services.manager import Delete, Manager, Update, UpdateHandler, each, together
from alcor.services.networks.vpc import NETWORKS as PLAIN_NETWORKS
from alcor.services.networks.vpc import VPCS as PLAIN_VPCS
from alcor.services.networks.vpc import locked_network
from alcor.services.ports.port import erase_ports
from alcor.services.rows import View
from alcor.services.sharing import network_sharing
from alcor.store import bulk
from alcor.store.tables import floating_ip, network, qos_attachment
from alcor.store.transaction import Transaction

_IDLE = select(floating_ip.c.id, floating_ip.c.floating_port_id).where(
    floating_ip.c.floating_network_id == bindparam("network"),
    floating_ip.c.port_id.is_(None),
    floating_ip.c.router_id.is_(None),
)

_EXTERNAL = select(network.c.external).where(network.c.id == bindparam("network"))


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


def _releasing(update: UpdateHandler) -> UpdateHandler:
    def update_one(transaction: Transaction, request: Update) -> View:
        [[view]] = together(update)(transaction, [[request]])
        if request.values.get("router:external") is False:
            _release_idle(transaction, request.id)
        return view

    return each(update_one)


def sharing_changed(transaction: Transaction, network_id: str) -> None:
    """Entries about a network are others than they were: see network_sharing.changed."""
    network_sharing.changed(transaction, network_id)
    if not transaction.connection.execute(_EXTERNAL, {"network": network_id}).scalar():
        _release_idle(transaction, network_id)


NETWORKS: Manager = msgspec.structs.replace(PLAIN_NETWORKS, delete=_delete, update=_releasing(PLAIN_NETWORKS.update))
VPCS: Manager = msgspec.structs.replace(PLAIN_VPCS, update=_releasing(PLAIN_VPCS.update))
