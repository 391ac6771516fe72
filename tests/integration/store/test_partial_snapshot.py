"""Processes that hold a part of the cloud read just that from the tables."""

from typing import Any

import pytest
from sqlalchemy import Engine, event

from alcor.model.identifiers import id_bytes
from alcor.store import bulk
from alcor.store.engine import reading
from alcor.store.partial_snapshot import read_ports_of_vpc, read_ports_of_vpcs
from alcor.store.tables import ip_allocation, network, port, subnet
from tests.integration.store.rows import network_row, port_row, subnet_row


def add_vpcs(engine: Engine, sizes: list[int]) -> list[bytes]:
    """VPCs with so many ports that are bound to a host, and one each that is not."""
    networks, subnets, ports, allocations = [], [], [], []
    for vni, size in enumerate(sizes, 1):
        of_network = (*network_row(vni)[:-6], size, False, False, False, False, vni)
        of_subnet = subnet_row(of_network[0])
        networks.append(of_network)
        subnets.append(of_subnet)
        for number in range(size + 1):
            ports.append(port_row(of_network[0], vni << 24 | number, f"host-{number % 3}" if number else ""))
            allocations.append((of_subnet[0], (2 * number).to_bytes(4), ports[-1][0], 1))
            allocations.append((of_subnet[0], (2 * number + 1).to_bytes(4), ports[-1][0], 0))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        for table, rows in ((network, networks), (subnet, subnets), (port, ports), (ip_allocation, allocations)):
            bulk.insert_rows(connection, table, rows)
    return [id_bytes(row[0]) for row in networks]


@pytest.mark.parametrize("sizes", [[], [0, 3], [10], [2, 0, 5, 1], [6000, 1, 4999, 2, 5001, 3]])
def test_ports_of_many_vpcs_are_those_of_each(engine: Engine, sizes: list[int]) -> None:
    vpc_ids = add_vpcs(engine, sizes)
    with reading(engine) as connection:
        for vpc_id, size in zip(vpc_ids, sizes, strict=True):
            found = list(read_ports_of_vpc(connection, vpc_id))
            assert len({record.id for record in found}) == len(found) == size
            assert all(record.vpc_id == vpc_id and record.host_id for record in found)
            assert all([address[-1] & 1 for _, address in record.fixed_ips] == [1, 0] for record in found)
        each = {record.id: record for vpc_id in vpc_ids[1:] for record in read_ports_of_vpc(connection, vpc_id)}
        together = list(read_ports_of_vpcs(connection, vpc_ids[1:]))
        assert len(together) == len(each)
        assert {record.id: record for record in together} == each


def test_small_vpcs_cost_a_few_statements_however_many_there_are(engine: Engine) -> None:
    vpc_ids = add_vpcs(engine, [2] * 400)
    executed: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        executed.append(statement)

    with reading(engine) as connection:
        event.listen(engine, "before_cursor_execute", keep)
        assert len(list(read_ports_of_vpcs(connection, vpc_ids))) == 800
        event.remove(engine, "before_cursor_execute", keep)
    assert len(executed) == 4
