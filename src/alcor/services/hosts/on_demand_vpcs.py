"""Which VPCs are programmed on demand, for the Network Config Managers that share them."""

from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import Connection, bindparam

from alcor.model.identifiers import Id, id_bytes
from alcor.store import sql

_AT_ONCE = 500
_ALL = sql.statement("SELECT id, vni FROM network WHERE on_demand ORDER BY id")
_OF_HOSTS = sql.statement(
    "SELECT id, vni FROM network WHERE vni = :vni AND on_demand AND EXISTS "
    "(SELECT 1 FROM port WHERE port.network_id = network.id AND port.host_id IN :hosts)"
).bindparams(bindparam("hosts", expanding=True))


class OnDemandVpc(msgspec.Struct, frozen=True):
    """A VPC by both of its names."""

    id: Id
    vni: int


def all_on_demand(connection: Connection) -> list[OnDemandVpc]:
    """Every VPC on demand."""
    return [OnDemandVpc(id_bytes(row.id), row.vni) for row in connection.execute(_ALL)]


def of_hosts(connection: Connection, asked: Mapping[int, Iterable[str]]) -> list[OnDemandVpc]:
    """Those of the VPCs (VNI → hosts) that are on demand and in which any of these hosts has ports."""
    found = []
    for vni, hosts in asked.items():
        row = connection.execute(_OF_HOSTS, {"vni": vni, "hosts": list(hosts)[:_AT_ONCE]}).first()
        if row is not None:
            found.append(OnDemandVpc(id_bytes(row.id), row.vni))
    return found
