"""Taking up a VPC that was not held: it is read in a thread, at a position of its own, while others are followed."""

from itertools import chain

from sqlalchemy import Connection

from alcor.dpm.compiler import compile_entry
from alcor.dpm.goal_states import add_neighbours
from alcor.dpm.loading import load
from alcor.dpm.read_model import ReadModel, VpcModel
from alcor.model.goal_state import VpcNeighbours
from alcor.model.identifiers import Id
from alcor.model.records import (
    LogEntry,
    NetworkAclDeleted,
    NetworkAclRecord,
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
from alcor.store import change_log
from alcor.store.partial_snapshot import read_ports_of_vpc, read_vpcs


class Fetch:
    """One VPC on its way, and what the log says of it meanwhile."""

    def __init__(self, vpc_id: Id, vni: int) -> None:
        self.vpc_id, self.vni = vpc_id, vni
        self._entries: list[LogEntry] = []
        self._nodes: set[str] = set()  # hosts that came, went or changed

    def note(self, entry: LogEntry) -> None:
        """An entry was taken into the model, which did not hold the VPC."""
        records = tuple(record for record in entry.records if _concerns(record, self.vpc_id))
        if records:
            self._entries.append(LogEntry(entry.position, records))
        self._nodes.update(record.host_id for record in entry.records if isinstance(record, NodeRecord | NodeDeleted))

    def absorb(self, model: ReadModel, part: ReadModel) -> None:
        """Have the model hold the VPC, as of the model's revision, which must not be before the part's."""
        vpc = part.vpcs.get(self.vpc_id)
        if vpc is not None:
            _move(model, part, vpc)
            for host_id in self._nodes & vpc.hosts.keys():
                _renew(model, vpc, host_id)
        later = [record for entry in self._entries if entry.position > part.revision for record in entry.records]
        if later and vpc is not None:
            compile_entry(model, LogEntry(model.revision, tuple(later)))


def read_part(connection: Connection, vpc_id: Id, nodes: dict[str, NodeRecord]) -> ReadModel:
    """A model of one VPC and what is in it, as of the head of the log; of nothing when the VPC is not there.

    ``nodes`` may be a little older or newer: what changes of them meanwhile, Fetch.note hears.
    """
    position = change_log.head(connection)
    records = list(read_vpcs(connection, [vpc_id]))
    if not records:
        return ReadModel(revision=position)
    return load(position, chain(records, read_ports_of_vpc(connection, vpc_id)), nodes)


def _concerns(record: Record, vpc_id: Id) -> bool:
    match record:
        case PortRecord() | PortDeleted() | SubnetRecord() | NetworkAclRecord() | NetworkAclDeleted():
            return record.vpc_id == vpc_id
        case VpcRecord() | VpcDeleted():
            return record.id == vpc_id
        case SubnetDeleted():
            return True
        case _:
            return False


def _move(model: ReadModel, part: ReadModel, vpc: VpcModel) -> None:
    assert vpc.record is not None
    model.vpcs[vpc.id] = vpc
    model.vnis[vpc.record.vni] = vpc.id
    model.ports.update(part.ports)
    model.security.add_hosts(part.security)
    model.subnet_vpcs.update(part.subnet_vpcs)
    for host_id in part.host_vpcs:
        model.host_vpcs.setdefault(host_id, set()).add(vpc.id)
    if vpc.on_demand:
        model.on_demand.add(vpc.id)


def _renew(model: ReadModel, vpc: VpcModel, host_id: str) -> None:
    """Have what the host's ports add to the neighbours follow the node as it is now."""
    old, new = VpcNeighbours(), VpcNeighbours()
    node = model.nodes.get(host_id)
    for port_id in vpc.hosts[host_id].ports:
        port = model.port(port_id)
        assert port is not None, "a host's ports are known"
        add_neighbours(old, port, 0)
        if node is not None:
            add_neighbours(new, port, node.host_index)
    known = vpc.neighbours
    for mac in old.forwarding:
        known.forwarding.pop(mac, None)
    for ipv4 in old.ipv4:
        known.ipv4.pop(ipv4, None)
    for ipv6 in old.ipv6:
        known.ipv6.pop(ipv6, None)
    for mac in old.memberships:
        known.memberships.pop(mac, None)
    known.forwarding.update(new.forwarding)
    known.ipv4.update(new.ipv4)
    known.ipv6.update(new.ipv6)
    known.memberships.update(new.memberships)
