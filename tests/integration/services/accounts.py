"""What must be true of the database at any moment, whatever was asked of the services before."""

import ipaddress
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from alcor.model.number_ranges import Range, normalised, runs
from alcor.model.programming import DEFAULT_ON_DEMAND_ABOVE, is_on_demand
from alcor.model.records import (
    NodeDeleted,
    NodeRecord,
    PortDeleted,
    PortRecord,
    Record,
    SubnetDeleted,
    SubnetRecord,
    VpcDeleted,
    VpcRecord,
)
from alcor.services.vpc import ROWS as NETWORK_ROWS
from alcor.store import change_log, snapshot
from alcor.store.tables import free_range, ip_allocation, metadata, network, number_pool, port, subnet

VNIS = (1, 2**24 - 1)
MACS = (0xFA163E000001, 0xFA163EFFFFFE)
_OTHER_POOLS = {"vni", "mac", "host_index"}
_ENTRIES = 100_000


def check(connection: Connection, on_demand_above: int = DEFAULT_ON_DEMAND_ABOVE) -> None:
    """Nothing leaked, nothing held twice, and the change log tells what the tables hold."""
    _check_pools(connection)
    _check_allocations(connection)
    _check_bound_ports(connection, on_demand_above)
    _check_change_log(connection)


def _check_pools(connection: Connection) -> None:
    free: dict[str, list[Range]] = defaultdict(list)
    for row in connection.execute(free_range.select().order_by(free_range.c.pool_id, free_range.c.last)):
        free[row.pool_id].append((int.from_bytes(row.first), int.from_bytes(row.last)))
    for pool_id, ranges in free.items():
        assert ranges == normalised(ranges), f"the free ranges of {pool_id} overlap or touch"
    vnis = [row.segmentation_id for row in connection.execute(network.select())]
    macs = {row.mac_address for row in connection.execute(port.select())}
    _check_pool("vni", [VNIS], vnis, free["vni"])
    _check_pool("mac", [MACS], macs, free["mac"])
    held: dict[str, list[int]] = defaultdict(list)
    for row in connection.execute(ip_allocation.select()):
        held[row.subnet_id].append(int.from_bytes(row.ip_address))
    subnets = connection.execute(subnet.select()).all()
    for row in subnets:
        _check_pool(row.id, _pools_of(row), held[row.id], free[row.id])
    pools = {row.id for row in connection.execute(number_pool.select())}
    assert pools == _OTHER_POOLS | {row.id for row in subnets}
    assert free.keys() <= pools


def _check_pool(name: str, pool: Iterable[Range], held: Iterable[int], free: list[Range]) -> None:
    """Taken plus free is the whole pool."""
    whole = normalised(pool)
    taken = [number for number in held if any(first <= number <= last for first, last in whole)]
    assert len(set(taken)) == len(taken), f"a number of {name} is held twice"
    for number in taken:
        assert not any(first <= number <= last for first, last in free), f"{number} of {name} is taken and free"
    assert normalised([*runs(taken), *free]) == whole, f"numbers of {name} have leaked, or come from nowhere"


def _pools_of(row: Any) -> list[Range]:
    pools = json.loads(row.attributes)["allocation_pools"]
    return [(int(ipaddress.ip_address(each["start"])), int(ipaddress.ip_address(each["end"]))) for each in pools]


def _check_allocations(connection: Connection) -> None:
    """Addresses are of subnets of the port's own network, inside their ranges, in the order 0, 1, 2, …"""
    ports = {row.id: row for row in connection.execute(port.select())}
    subnets = {row.id: row for row in connection.execute(subnet.select())}
    positions: dict[str, list[int]] = defaultdict(list)
    for row in connection.execute(ip_allocation.select().order_by(ip_allocation.c.position)):
        assert subnets[row.subnet_id].network_id == ports[row.port_id].network_id
        assert ipaddress.ip_address(bytes(row.ip_address)) in ipaddress.ip_network(subnets[row.subnet_id].cidr)
        positions[row.port_id].append(row.position)
    for found in positions.values():
        assert found == list(range(len(found)))


def _check_bound_ports(connection: Connection, on_demand_above: int) -> None:
    """Each network says how many of its ports are bound, and is on demand as its setting or this number says."""
    bound = Counter(row.network_id for row in connection.execute(port.select()) if row.host_id)
    for row in connection.execute(network.select()):
        assert row.bound_ports == bound[row.id]
        setting = NETWORK_ROWS.view(row)["programming"]
        allowed = {is_on_demand(setting, row.bound_ports, was, on_demand_above) for was in (False, True)}
        assert row.on_demand in allowed


def _check_change_log(connection: Connection) -> None:
    """Whoever followed the log from its beginning holds what a snapshot holds."""
    head, records = snapshot.read_records(connection)
    entries = change_log.read_entries(connection, 0, _ENTRIES)
    assert [entry.position for entry in entries] == list(range(1, head + 1))
    assert followed(record for entry in entries for record in entry.records) == set(records)


def followed(records: Iterable[Record]) -> set[Record]:
    """The records that are left when all have been taken in, one after the other."""
    state: dict[Any, Record] = {}
    for record in records:
        match record:
            case VpcRecord() | SubnetRecord() | PortRecord():
                state[record.id] = record
            case NodeRecord():
                state[record.host_id] = record
            case PortDeleted() | SubnetDeleted():
                state.pop(record.id, None)
            case NodeDeleted():
                state.pop(record.host_id, None)
            case VpcDeleted():
                gone = record.id
                state = {key: each for key, each in state.items() if gone not in (key, getattr(each, "vpc_id", None))}
    return set(state.values())


def everything(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, to see that a refused request changed none."""
    return {
        table.name: sorted(tuple(row) for row in connection.execute(table.select())) for table in metadata.sorted_tables
    }
