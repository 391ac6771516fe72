"""Every record as of one position of the change log, read from the tables."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Table, select

from alcor.model.records import Record
from alcor.store import change_log
from alcor.store.record_rows import node_record, port_record, subnet_record, vpc_record
from alcor.store.tables import ip_allocation, network, node, port, subnet

_CHUNK = 5000


def read_records(connection: Connection) -> tuple[int, Iterator[Record]]:
    """The position and an iterator over all records as of it: VPCs, subnets and nodes before ports.

    The connection must stay in one consistent snapshot (Store.read) until the iterator has ended.
    """
    return change_log.head(connection), _records(connection)


def _records(connection: Connection) -> Iterator[Record]:
    sources: tuple[tuple[Table, Callable[[Any], Record]], ...] = (
        (network, vpc_record),
        (subnet, subnet_record),
        (node, node_record),
    )
    for table, record in sources:
        for row in connection.execute(select(table), execution_options={"yield_per": _CHUNK}):
            yield record(row)
    yield from _port_records(connection)


def _port_records(connection: Connection) -> Iterator[Record]:
    """Walks ports and allocations side by side, both in the order of the port's id, a page at a time."""
    after = ""
    while True:
        ports = connection.execute(select(port).where(port.c.id > after).order_by(port.c.id).limit(_CHUNK)).all()
        if not ports:
            return
        last = ports[-1].id
        allocations: dict[str, list[tuple[str, bytes]]] = {}
        for row in connection.execute(
            select(ip_allocation.c.port_id, ip_allocation.c.subnet_id, ip_allocation.c.ip_address)
            .where(ip_allocation.c.port_id > after, ip_allocation.c.port_id <= last)
            .order_by(ip_allocation.c.port_id, ip_allocation.c.position)
        ):
            allocations.setdefault(row.port_id, []).append((row.subnet_id, row.ip_address))
        for row in ports:
            yield port_record(row, allocations.get(row.id, ()))
        after = last
