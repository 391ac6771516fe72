"""The change log, and what those know who follow it."""

from collections.abc import Iterable, Iterator
from typing import Any

from alcor.model.identifiers import id_bytes
from alcor.model.records import (
    AddressGroupDeleted,
    AddressGroupRecord,
    NetworkAclDeleted,
    NetworkAclRecord,
    NodeDeleted,
    NodeRecord,
    PortDeleted,
    PortRecord,
    Record,
    RouterDeleted,
    RouterInterfaceDeleted,
    RouterInterfaceRecord,
    RouterRecord,
    RouteTableDeleted,
    RouteTableRecord,
    SecurityGroupDeleted,
    SecurityGroupRecord,
    SubnetDeleted,
    SubnetRecord,
    VpcDeleted,
    VpcRecord,
    decode_records,
)
from alcor.store import partial_snapshot, snapshot
from alcor.store.router_records import read_routers
from alcor.store.security_records import read_security_groups
from alcor.store.tables import change_log, change_log_head, network, port
from tests.invariants.database import Database


def positions_have_no_gaps(database: Database) -> Iterator[str]:
    """Entries are numbered one after the other, up to the head."""
    positions = sorted(row.position for row in database.rows(change_log))
    (head,) = (row.position for row in database.rows(change_log_head))
    first = positions[0] if positions else head + 1
    if positions != list(range(first, head + 1)):
        yield f"of the entries up to {head} there are {positions}"


def ports_are_heard_of_as_of_entries_that_are_there(database: Database) -> Iterator[str]:
    """What hosts say of a port counts from an entry of the log on, not from one that is to come."""
    (head,) = (row.position for row in database.rows(change_log_head))
    for row in database.rows(port):
        if row.heard_after > head:
            yield f"port {row.id} is heard of after {row.heard_after}, but the log ends at {head}"


def followers_hold_what_a_snapshot_holds(database: Database) -> Iterator[str]:
    """Whoever followed the log from its beginning, where that is still there."""
    entries = sorted(database.rows(change_log), key=lambda row: row.position)
    if entries and entries[0].position == 1:
        kept = followed(record for row in entries for record in decode_records(row.records))
        yield from _differences(kept, _snapshot(database))


def parts_of_a_snapshot_are_the_whole(database: Database) -> Iterator[str]:
    """Controllers that each serve some VPCs or some hosts read together what one reads that serves all."""
    connection = database.connection
    vpc_ids = [id_bytes(each) for each in sorted(database.values(network.c.id))]
    hosts = sorted(database.values(port.c.host_id) - {""})
    by_vpc = {
        *partial_snapshot.read_nodes(connection),
        *partial_snapshot.read_vpcs(connection, vpc_ids),
        *partial_snapshot.read_ports_of_vpcs(connection, vpc_ids),
        *read_routers(connection),
        *read_security_groups(connection),
    }
    ports = {each for each in by_vpc if isinstance(each, PortRecord)}
    yield from _differences(by_vpc, _snapshot(database))
    yield from _differences(set(partial_snapshot.read_ports_of_hosts(connection, hosts)), ports)


def _snapshot(database: Database) -> set[Record]:
    return set(snapshot.read_records(database.connection)[1])


def _differences(kept: set[Any], whole: set[Any]) -> Iterator[str]:
    yield from (f"nothing is told by {each}" for each in kept - whole)
    yield from (f"not known is {each}" for each in whole - kept)


def followed(records: Iterable[Record]) -> set[Record]:
    """The records that are left when all have been taken in, one after the other."""
    state: dict[Any, Record] = {}
    for record in records:
        match record:
            case VpcRecord() | SubnetRecord() | NetworkAclRecord() | PortRecord() | RouterRecord():
                state[record.id] = record
            case SecurityGroupRecord() | AddressGroupRecord():
                state[record.id] = record
            case RouterInterfaceRecord():
                state["interface", record.id] = record
            case RouteTableRecord():
                state["route table", record.owner_id] = record
            case RouteTableDeleted():
                state.pop(("route table", record.owner_id), None)
            case NodeRecord():
                state[record.host_id] = record
            case RouterInterfaceDeleted():
                state.pop(("interface", record.id), None)
            case PortDeleted() | SubnetDeleted() | RouterDeleted() | SecurityGroupDeleted() | AddressGroupDeleted():
                state.pop(record.id, None)
            case NetworkAclDeleted():
                state.pop(record.id, None)
            case NodeDeleted():
                state.pop(record.host_id, None)
            case VpcDeleted():
                gone = record.id
                state = {key: each for key, each in state.items() if gone not in (key, getattr(each, "vpc_id", None))}
    return set(state.values())
