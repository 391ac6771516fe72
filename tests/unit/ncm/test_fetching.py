"""A VPC that is taken up while the log goes on is what it would be had it always been held."""

import copy
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from alcor.dpm.compiler import compile_entry
from alcor.dpm.loading import load
from alcor.dpm.partial import relevant
from alcor.dpm.read_model import ReadModel
from alcor.model.records import LogEntry, PortRecord, Record
from alcor.ncm.fetching import Fetch
from tests.unit.dpm.cloud import HOSTS, MACS, PORTS, VPCS, Cloud
from tests.unit.dpm.histories import entries
from tests.unit.dpm.test_compiler import transaction
from tests.unit.dpm.test_partial import CloudTables, may_happen

VPC = VPCS[0]


def part_of(cloud: Cloud, position: int, nodes: ReadModel) -> ReadModel:
    """What ncm.fetching.read_part reads of the tables."""
    tables = CloudTables(cloud)
    records: list[Record] = [*tables.vpcs([VPC])]
    if not records:
        return ReadModel(revision=position)
    return load(position, [*records, *tables.ports_of_vpcs([VPC])], nodes.nodes)


def follow(model: ReadModel, entry: LogEntry) -> None:
    compile_entry(model, LogEntry(entry.position, relevant(model, entry.records)))


def moves(cloud: Cloud, operation: tuple[object, ...]) -> bool:
    """A port or a subnet stays in its VPC as long as it lives."""
    name, *arguments = operation
    if name == "put_port":
        port = arguments[0]
        assert isinstance(port, PortRecord)
        return port.id in cloud.ports and cloud.ports[port.id].vpc_id != port.vpc_id
    if name == "put_subnet":
        subnet_id, vpc_id, *_ = arguments
        return subnet_id in cloud.subnets and cloud.subnets[subnet_id].vpc_id != vpc_id
    return False


@settings(max_examples=400, deadline=None)
@given(entries, st.lists(st.integers(0, 25), min_size=3, max_size=3), st.randoms(use_true_random=False))
def test_what_was_taken_up_is_what_it_would_be_had_it_been_held(
    batches: list[list[tuple[object, ...]]], at: list[int], shuffle: random.Random
) -> None:
    began, read, absorbed = sorted(min(position, len(batches)) for position in at)
    cloud, clouds, log = Cloud(), [], []
    clouds.append(copy.deepcopy(cloud))
    for position, batch in enumerate(batches, 1):
        records = [
            record
            for operation in batch
            if operation[0] != "delete_vpc" and may_happen(cloud, operation) and not moves(cloud, operation)
            for record in transaction(cloud, operation, shuffle)
        ]
        log.append(LogEntry(position, tuple(records)))
        clouds.append(copy.deepcopy(cloud))
    model, whole, fetch, part = ReadModel(served=set()), ReadModel(served=set()), Fetch(VPC, 1), ReadModel()
    for position in range(len(log) + 1):
        if position:
            follow(model, log[position - 1])
            compile_entry(whole, log[position - 1])
            if began < position <= absorbed:
                fetch.note(log[position - 1])
        if position == shuffle.randint(began, read):
            part = part_of(clouds[read], read, model)  # the tables may be ahead of what was followed
        elif position == read and not part.revision:
            part = part_of(clouds[read], read, model)
        if position == absorbed:
            fetch.absorb(model, part)
        if position >= absorbed and VPC in whole.vpcs:
            held, expected = model.vpcs.get(VPC), whole.vpcs[VPC]
            if expected.record is None:
                continue
            if held is None:  # it came after the tables had been read: the log says so to who takes care of it
                assert VPC not in clouds[read].vpcs
                return
            assert held.record == expected.record
            assert held.neighbours == expected.neighbours
            assert held.network_acls == expected.network_acls
            bound = {host: ports for host, ports in expected.hosts.items() if host}
            assert {host: ports for host, ports in held.hosts.items() if host} == bound
            assert {host for host, vpcs in model.host_vpcs.items() if VPC in vpcs} == bound.keys()


def test_a_host_that_changes_while_its_vpc_is_read_is_known_as_it_is_then() -> None:
    cloud, model, fetch = Cloud(), ReadModel(served=set()), Fetch(VPC, 7)
    cloud.put_vpc(VPC, 7, 1450, True, True)
    known = [LogEntry(1, (*cloud.put_node(HOSTS[0], 101, False), *cloud.put_node(HOSTS[1], 102, False)))]
    cloud.put_port(PortRecord(PORTS[0], VPC, MACS[0], (), HOSTS[0]))
    cloud.put_port(PortRecord(PORTS[1], VPC, MACS[1], (), HOSTS[1]))
    follow(model, known[0])
    part = part_of(cloud, 1, model)
    for entry in (
        LogEntry(2, tuple(cloud.put_node(HOSTS[0], 103, True))),
        LogEntry(3, tuple(cloud.delete_node(HOSTS[1]))),
    ):
        follow(model, entry)
        fetch.note(entry)
    fetch.absorb(model, part)
    assert model.vpcs[VPC].neighbours.forwarding == {MACS[0]: cloud.nodes[HOSTS[0]].host_index}
