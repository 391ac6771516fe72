"""What a process holds that serves only some hosts: the VPCs in which these have ports, and all known nodes,
routers and security groups. Pure.

Of a VPC that is told ahead it holds everything, since a change of any port is told to its hosts; of a VPC on demand
only the ports of its own hosts. A VPC comes with the first port of a host that is served, and goes with the last one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from typing import Protocol

from alcor.dpm.compiler import Compiled, compile_entry
from alcor.dpm.read_model import ReadModel, VpcModel
from alcor.model.identifiers import Id
from alcor.model.records import (
    AddressGroupDeleted,
    AddressGroupRecord,
    LogEntry,
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
)


def relevant(model: ReadModel, records: Iterable[Record]) -> tuple[Record, ...]:
    """Those of an entry's records that concern what is held, as the model stands before the entry.

    A VPC that is not held, or not wholly and needs to be from now on, is left to needed(): nothing of it is relevant.
    """
    return tuple(_relevant(model, records))


def _relevant(model: ReadModel, records: Iterable[Record]) -> Iterator[Record]:
    came: set[Id] = set()  # ports and subnets that the entry itself brings: it may take them away again
    for record in records:
        match record:
            case PortRecord():
                vpc = model.vpcs.get(record.vpc_id)
                if vpc is not None and (vpc.whole or model.serves(record.host_id)):
                    came.add(record.id)
                    yield record
                elif record.id in model.ports or record.id in came:
                    yield PortDeleted(record.id, record.vpc_id)
            case PortDeleted():
                if record.id in model.ports or record.id in came:
                    yield record
            case VpcRecord():
                vpc = model.vpcs.get(record.id)
                if vpc is not None and (vpc.whole or record.on_demand):
                    yield record
            case VpcDeleted():
                if record.id in model.vpcs:
                    yield record
            case SubnetRecord():
                if record.vpc_id in model.vpcs:
                    came.add(record.id)
                    yield record
                elif record.id in model.subnet_vpcs or record.id in came:
                    yield SubnetDeleted(record.id)
            case SubnetDeleted():
                if record.id in model.subnet_vpcs or record.id in came:
                    yield record
            case NetworkAclRecord() | NetworkAclDeleted():
                if record.vpc_id in model.vpcs:
                    yield record
            case NodeRecord() | NodeDeleted():
                yield record
            case RouterRecord() | RouterDeleted() | RouterInterfaceRecord() | RouterInterfaceDeleted():
                yield record
            case RouteTableRecord() | RouteTableDeleted():
                yield record
            case SecurityGroupRecord() | SecurityGroupDeleted() | AddressGroupRecord() | AddressGroupDeleted():
                yield record


def needed(model: ReadModel, entries: Iterable[LogEntry], newcomers: Collection[str]) -> dict[Id, set[str]]:
    """The VPCs that have to be read from the tables because of these entries, and the hosts that get ports in them.

    Hosts that are served, or come with these entries, get ports in VPCs that are not held, or VPCs held in part are
    told ahead from now on. A VPC that is held ceases to be when it is deleted, also where it is made anew.
    """
    wanted: dict[Id, set[str]] = {}
    whole: dict[Id, bool] = {}  # as the entries leave them
    deleted: set[Id] = set()
    for entry in entries:
        for record in entry.records:
            if isinstance(record, PortRecord):
                is_held = record.vpc_id in model.vpcs and record.vpc_id not in deleted
                if not is_held and (model.serves(record.host_id) or record.host_id in newcomers):
                    wanted.setdefault(record.vpc_id, set()).add(record.host_id)
            elif isinstance(record, VpcDeleted):
                deleted.add(record.id)
            elif isinstance(record, VpcRecord) and (vpc := model.vpcs.get(record.id)) is not None:
                if not record.on_demand and not whole.get(record.id, vpc.whole):
                    wanted.setdefault(record.id, set())
                whole[record.id] = not record.on_demand
    return wanted


class Tables(Protocol):
    """Records as of the last entry that is taken in together with them."""

    def vpcs(self, vpc_ids: Collection[Id]) -> Iterable[VpcRecord | SubnetRecord | NetworkAclRecord]:
        """These VPCs, their subnets and their network ACLs, as far as there are any."""

    def ports_of_vpcs(self, vpc_ids: Collection[Id]) -> Iterable[PortRecord]:
        """The VPCs' ports that are bound to hosts."""

    def ports_of_hosts(self, host_ids: Collection[str]) -> Iterable[PortRecord]:
        """The ports bound to these hosts."""


def missing_records(
    tables: Tables, model: ReadModel, missing: Mapping[Id, Set[str]], newcomers: Collection[str]
) -> Iterator[Record]:
    """What is not held and is needed for the missing VPCs and for hosts that are to be served from now on."""
    first_ports = {host_id for hosts in missing.values() for host_id in hosts}
    ports = list(tables.ports_of_hosts({*newcomers, *first_ports}))
    wanted = missing.keys() | {port.vpc_id for port in ports if port.vpc_id not in model.vpcs}
    told_ahead = []
    for record in tables.vpcs(wanted):
        yield record
        if isinstance(record, VpcRecord) and not record.on_demand:
            told_ahead.append(record.id)
    yield from tables.ports_of_vpcs(told_ahead)
    yield from (port for port in ports if port.host_id in newcomers or port.vpc_id in wanted)


def compile_partial(
    model: ReadModel, entry: LogEntry, loaded: Sequence[Record] = (), newcomers: Iterable[str] = ()
) -> Compiled:
    """Take in what concerns what is held, and hold what is needed from now on.

    ``loaded`` are the records of what was not held until now, as the entry leaves them; hosts that are served get them
    with its deltas. ``newcomers`` are served from now on; nothing is compiled for them yet.
    """
    assert model.served is not None
    records = (*relevant(model, entry.records), *loaded)
    compiled = compile_entry(model, LogEntry(entry.position, records))
    model.served.update(newcomers)
    for record in records:
        if isinstance(record, VpcRecord) and (vpc := model.vpcs.get(record.id)) is not None:
            if vpc.on_demand:
                _keep_served(model, vpc)
            vpc.whole = not vpc.on_demand
    return compiled


def drop_unneeded(model: ReadModel, vpc_ids: Iterable[Id]) -> None:
    """Forget those of the VPCs in which no host that is served has ports: only between batches, which rely on them."""
    for vpc_id in vpc_ids:
        vpc = model.vpcs.get(vpc_id)
        if vpc is not None and not any(model.serves(host_id) for host_id in vpc.hosts):
            model.drop_vpc(vpc)


def release(model: ReadModel, host_ids: Iterable[str]) -> None:
    """Serve these hosts no longer."""
    assert model.served is not None
    for host_id in host_ids:
        model.served.discard(host_id)
        vpc_ids = list(model.host_vpcs.get(host_id, ()))
        for vpc_id in vpc_ids:
            vpc = model.vpcs[vpc_id]
            if not vpc.whole:
                _drop_ports(model, vpc, host_id)
        drop_unneeded(model, vpc_ids)


def _keep_served(model: ReadModel, vpc: VpcModel) -> None:
    for host_id in [host_id for host_id in vpc.hosts if not model.serves(host_id)]:
        _drop_ports(model, vpc, host_id)


def _drop_ports(model: ReadModel, vpc: VpcModel, host_id: str) -> None:
    known = vpc.neighbours
    for port_id in list(vpc.hosts[host_id].ports):
        port = model.port(port_id)
        assert port is not None, "a host's ports are known"
        known.forwarding.pop(port.mac, None)
        for _, address in port.fixed_ips:
            if len(address) == 4:
                known.ipv4.pop(int.from_bytes(address), None)
            else:
                known.ipv6.pop(address, None)
        known.memberships.pop(port.mac, None)
        model.remove_port(port)
