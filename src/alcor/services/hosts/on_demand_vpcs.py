"""Which VPCs hosts ask about, for the Network Config Managers that share them."""

from collections.abc import Collection, Iterator, Sequence

import msgspec
from sqlalchemy import Connection, bindparam

from alcor.model.identifiers import Id, id_bytes, id_text
from alcor.store import sql

_AT_ONCE = 500
_ALL = sql.statement("SELECT id, vni, on_demand FROM network WHERE on_demand ORDER BY id")
_NAMED = sql.statement("SELECT id, vni, on_demand FROM network WHERE vni IN :vnis ORDER BY id").bindparams(
    bindparam("vnis", expanding=True)
)
_HAS_PORTS = sql.statement("SELECT 1 FROM port WHERE network_id = :vpc_id AND host_id IN :hosts LIMIT 1").bindparams(
    bindparam("hosts", expanding=True)
)
_SUBNETS = sql.statement(
    "SELECT DISTINCT port.host_id, ip_allocation.subnet_id FROM port "
    "JOIN ip_allocation ON ip_allocation.port_id = port.id WHERE port.host_id IN :hosts"
).bindparams(bindparam("hosts", expanding=True))


class NamedVpc(msgspec.Struct, frozen=True):
    """A VPC by both of its names."""

    id: Id
    vni: int
    on_demand: bool


def all_on_demand(connection: Connection) -> list[NamedVpc]:
    """Every VPC on demand."""
    return [NamedVpc(id_bytes(row.id), row.vni, True) for row in connection.execute(_ALL)]


def named(connection: Connection, vnis: Collection[int]) -> list[NamedVpc]:
    """Those of the VPCs that there are."""
    return [
        NamedVpc(id_bytes(row.id), row.vni, bool(row.on_demand))
        for part in _parts(list(vnis))
        for row in connection.execute(_NAMED, {"vnis": part})
    ]


def has_ports(connection: Connection, vpc_id: Id, hosts: Collection[str]) -> bool:
    """Whether any of the hosts has ports in the VPC."""
    return any(
        connection.execute(_HAS_PORTS, {"vpc_id": id_text(vpc_id), "hosts": part}).first() is not None
        for part in _parts(list(hosts))
    )


def subnets_of_hosts(connection: Connection, hosts: Collection[str]) -> dict[str, frozenset[Id]]:
    """The subnets in which each of the hosts has ports."""
    found: dict[str, set[Id]] = {}
    for part in _parts(list(hosts)):
        for host_id, subnet_id in connection.execute(_SUBNETS, {"hosts": part}):
            found.setdefault(host_id, set()).add(id_bytes(subnet_id))
    return {host_id: frozenset(subnets) for host_id, subnets in found.items()}


def _parts(values: Sequence[int] | Sequence[str]) -> Iterator[Sequence[int] | Sequence[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
