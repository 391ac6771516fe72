"""Records of some VPCs and some hosts, read from the tables: for processes that do not hold everything.

The connection must be in one consistent snapshot (Store.read), whose position the caller knows.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

from sqlalchemy import BindParameter, Connection, bindparam, select

from alcor.model.identifiers import Id, id_bytes, id_text
from alcor.model.records import NetworkAclRecord, NodeRecord, PortRecord, SubnetRecord, VpcRecord
from alcor.store import sql
from alcor.store.network_acl_records import SUBNETS_WITH_ACLS, network_acls_of_vpcs
from alcor.store.record_rows import node_record, subnet_record, vpc_record
from alcor.store.snapshot import PORT_COLUMNS, port_records
from alcor.store.tables import network, node, subnet

_T = TypeVar("_T")

_CHUNK = 5000  # ports, more or less
_AT_ONCE = 500  # ids in one statement
_VPCS = select(network).where(network.c.id.in_(bindparam("ids", expanding=True)))
_SUBNETS = SUBNETS_WITH_ACLS.where(subnet.c.network_id.in_(bindparam("ids", expanding=True)))
_PORTS_OF_VPC = sql.statement(
    f"SELECT {PORT_COLUMNS} FROM port "
    "WHERE network_id = :network_id AND id > :after AND host_id <> '' ORDER BY id LIMIT :limit"
)
_ALLOCATIONS_OF_VPC = sql.statement(
    "SELECT port_id, subnet_id, ip_address FROM port JOIN ip_allocation ON port_id = port.id "
    "WHERE network_id = :network_id AND port.id > :after AND port.id <= :last AND host_id <> '' "
    "ORDER BY port_id, position"
)
_GROUPS_OF_VPC = sql.statement(
    "SELECT port_id, security_group_id FROM port JOIN port_security_group ON port_id = port.id "
    "WHERE network_id = :network_id AND port.id > :after AND port.id <= :last AND host_id <> '' "
    "ORDER BY port_id, security_group_id"
)
_SIZES = sql.statement("SELECT id, bound_ports FROM network WHERE id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)
_PORTS_OF_VPCS = sql.statement(
    f"SELECT {PORT_COLUMNS} FROM port WHERE network_id IN :ids AND host_id <> ''"
).bindparams(bindparam("ids", expanding=True))
_ALLOCATIONS_OF_VPCS = sql.statement(
    "SELECT port_id, subnet_id, ip_address FROM port JOIN ip_allocation ON port_id = port.id "
    "WHERE network_id IN :ids AND host_id <> '' ORDER BY port_id, position"
).bindparams(bindparam("ids", expanding=True))
_GROUPS_OF_VPCS = sql.statement(
    "SELECT port_id, security_group_id FROM port JOIN port_security_group ON port_id = port.id "
    "WHERE network_id IN :ids AND host_id <> '' ORDER BY port_id, security_group_id"
).bindparams(bindparam("ids", expanding=True))
_HOSTS: BindParameter[str] = bindparam("hosts", expanding=True)
_PORTS_OF_HOSTS = sql.statement(f"SELECT {PORT_COLUMNS} FROM port WHERE host_id IN :hosts").bindparams(_HOSTS)
_ALLOCATIONS_OF_HOSTS = sql.statement(
    "SELECT port_id, subnet_id, ip_address FROM port JOIN ip_allocation ON port_id = port.id "
    "WHERE host_id IN :hosts ORDER BY port_id, position"
).bindparams(_HOSTS)

_GROUPS_OF_HOSTS = sql.statement(
    "SELECT port_id, security_group_id FROM port JOIN port_security_group ON port_id = port.id "
    "WHERE host_id IN :hosts ORDER BY port_id, security_group_id"
).bindparams(_HOSTS)


def read_nodes(connection: Connection) -> Iterator[NodeRecord]:
    """All nodes."""
    for row in connection.execute(select(node), execution_options={"yield_per": _CHUNK}):
        yield node_record(row)


def read_vpcs(connection: Connection, vpc_ids: Collection[Id]) -> Iterator[VpcRecord | SubnetRecord | NetworkAclRecord]:
    """Those of these VPCs that there are, their subnets and their network ACLs."""
    for some in _some(list(map(id_text, vpc_ids))):
        yield from map(vpc_record, connection.execute(_VPCS, {"ids": some}))
        subnets = connection.execute(_SUBNETS, {"ids": some})
        yield from (subnet_record(row, row.network_acl_id) for row in subnets)
        yield from network_acls_of_vpcs(connection, some)


def read_ports_of_vpc(connection: Connection, vpc_id: Id) -> Iterator[PortRecord]:
    """The ports of a VPC that are bound to hosts."""
    packed = lru_cache(1000)(id_bytes)
    given = {"network_id": id_text(vpc_id)}
    after = ""
    while ports := connection.execute(_PORTS_OF_VPC, given | {"after": after, "limit": _CHUNK}).all():
        last = ports[-1].id
        page = given | {"after": after, "last": last}
        allocations = connection.execute(_ALLOCATIONS_OF_VPC, page).all()
        yield from port_records(ports, allocations, connection.execute(_GROUPS_OF_VPC, page), packed)
        after = last


def read_ports_of_vpcs(connection: Connection, vpc_ids: Collection[Id]) -> Iterator[PortRecord]:
    """The ports of VPCs that are bound to hosts: those of many small VPCs with the statements of one."""
    packed = lru_cache(1000)(id_bytes)
    for together in _small_together(connection, vpc_ids):
        if len(together) == 1:
            yield from read_ports_of_vpc(connection, id_bytes(together[0]))
        else:
            given = {"ids": together}
            ports = connection.execute(_PORTS_OF_VPCS, given).all()
            allocations = connection.execute(_ALLOCATIONS_OF_VPCS, given).all()
            yield from port_records(ports, allocations, connection.execute(_GROUPS_OF_VPCS, given), packed)


def _small_together(connection: Connection, vpc_ids: Collection[Id]) -> Iterator[Sequence[str]]:
    """The VPCs that there are, as many together as have about as many ports as are read at a time."""
    for some in _some(list(map(id_text, vpc_ids))):
        together: list[str] = []
        size = 0
        for vpc_id, ports in connection.execute(_SIZES, {"ids": some}).all():
            if together and size + ports > _CHUNK:
                yield together
                together, size = [], 0
            together.append(vpc_id)
            size += ports
        if together:
            yield together


def read_ports_of_hosts(connection: Connection, host_ids: Collection[str]) -> Iterator[PortRecord]:
    """The ports bound to these hosts."""
    packed = lru_cache(1000)(id_bytes)
    for some in _some(list(host_ids)):
        given = {"hosts": some}
        ports = connection.execute(_PORTS_OF_HOSTS, given).all()
        allocations = connection.execute(_ALLOCATIONS_OF_HOSTS, given).all()
        yield from port_records(ports, allocations, connection.execute(_GROUPS_OF_HOSTS, given), packed)


def _some(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
