"""Whatever happens, in whatever batches, every host ends with what a fresh snapshot would give it."""

import random

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alcor.dpm.compiler import Compiled, compile_entry
from alcor.dpm.goal_states import snapshot
from alcor.dpm.loading import load
from alcor.dpm.read_model import ReadModel
from alcor.model.goal_state import GoalState, GoalStateDelta, apply_delta
from alcor.model.merge import copy_delta, merge_deltas
from alcor.model.records import (
    LogEntry,
    NodeRecord,
    PortDeleted,
    PortRecord,
    Record,
    SubnetRecord,
    VpcDeleted,
    VpcRecord,
)
from tests.unit.dpm.cloud import ADDRESSES, HOSTS, MACS, PORTS, SUBNETS, VPCS, Cloud
from tests.unit.dpm.expected import goal_state
from tests.unit.dpm.histories import entries


def without_revision(state: GoalState) -> GoalState:
    state.revision = 0
    return state


def fresh(model: ReadModel, host_id: str) -> GoalState:
    state = GoalState()
    apply_delta(state, snapshot(model, host_id))
    return without_revision(state)


def transaction(cloud: Cloud, operation: tuple[object, ...], shuffle: random.Random) -> list[Record]:
    records: list[Record] = getattr(cloud, str(operation[0]))(*operation[1:])
    shuffle.shuffle(records)
    return records


@settings(max_examples=300, deadline=None)
@given(entries, st.randoms(use_true_random=False), st.integers(1, 3))
def test_applied_deltas_equal_the_snapshot_and_the_oracle(
    batches: list[list[tuple[object, ...]]], shuffle: random.Random, repetitions: int
) -> None:
    cloud, model = Cloud(), ReadModel()
    states = {host_id: GoalState() for host_id in HOSTS}
    for position, batch in enumerate(batches, 1):
        records = [record for operation in batch for record in transaction(cloud, operation, shuffle)]
        for _ in range(repetitions):
            compiled = compile_entry(model, LogEntry(position, tuple(records)))
            for host_id, delta in compiled.deltas.items():
                assert delta.revision == position
                apply_delta(states[host_id], delta)
            for host_id in compiled.resync:
                apply_delta(states[host_id], snapshot(model, host_id))
        for host_id, state in states.items():
            expected = goal_state(cloud, host_id)
            assert without_revision(state) == expected
            assert fresh(model, host_id) == expected


@settings(max_examples=200, deadline=None)
@given(entries, st.randoms(use_true_random=False))
def test_merged_deltas_end_in_the_same_state(batches: list[list[tuple[object, ...]]], shuffle: random.Random) -> None:
    cloud, model = Cloud(), ReadModel()
    states = {host_id: GoalState() for host_id in HOSTS}
    waiting: dict[str, GoalStateDelta] = {}
    for position, batch in enumerate(batches, 1):
        records = [record for operation in batch for record in transaction(cloud, operation, shuffle)]
        compiled = compile_entry(model, LogEntry(position, tuple(records)))
        for host_id, delta in compiled.deltas.items():
            untouched = copy_delta(delta)
            waiting[host_id] = merge_deltas(waiting[host_id], delta) if host_id in waiting else delta
            assert delta == untouched
        for host_id in compiled.resync:
            waiting[host_id] = snapshot(model, host_id)
        for host_id in [host_id for host_id in waiting if shuffle.random() < 0.3]:
            apply_delta(states[host_id], waiting.pop(host_id))
    for host_id, delta in waiting.items():
        apply_delta(states[host_id], delta)
    for host_id, state in states.items():
        assert without_revision(state) == goal_state(cloud, host_id)


@settings(max_examples=100, deadline=None)
@given(entries, st.randoms(use_true_random=False))
def test_a_model_fed_from_the_tables_equals_one_that_followed_the_log(
    batches: list[list[tuple[object, ...]]], shuffle: random.Random
) -> None:
    cloud, followed = Cloud(), ReadModel()
    for position, batch in enumerate(batches, 1):
        records = [record for operation in batch for record in transaction(cloud, operation, shuffle)]
        compile_entry(followed, LogEntry(position, tuple(records)))
    loaded = load(len(batches), cloud.records())
    followed.fed = loaded.fed  # only one that followed can know when something changed
    for model in (loaded, followed):
        model.take_moved()  # this, too, is of how it came to be
    assert loaded == followed


VPC = VpcRecord(VPCS[0], 7, 1450)
SUBNET = SubnetRecord(SUBNETS[0], VPCS[0], "10.0.0.0/24", "10.0.0.254", True)
NODES = [NodeRecord(host_id, number, 100 + number) for number, host_id in enumerate(HOSTS, 1)]


def port(number: int, host: int, address: int | None = None) -> PortRecord:
    chosen = ADDRESSES[number if address is None else address]
    return PortRecord(PORTS[number], VPCS[0], MACS[number], ((SUBNETS[0], chosen),), HOSTS[host])


def compiled(*batches: tuple[Record, ...]) -> tuple[ReadModel, dict[str, GoalStateDelta]]:
    model = ReadModel()
    deltas: dict[str, GoalStateDelta] = {}
    for position, records in enumerate(batches, 1):
        deltas = compile_entry(model, LogEntry(position, records)).deltas
    return model, deltas


def test_hosts_without_a_part_in_a_change_share_its_neighbours() -> None:
    base = (VPC, SUBNET, *NODES, port(0, 0), port(1, 1), port(2, 2))
    _, deltas = compiled(base, (port(3, 3),))
    assert deltas[HOSTS[0]].neighbours[7] is deltas[HOSTS[1]].neighbours[7]
    assert deltas[HOSTS[0]].neighbours[7].put.forwarding == {MACS[3]: 4}
    assert deltas[HOSTS[3]].neighbours[7].put.forwarding == {MACS[0]: 1, MACS[1]: 2, MACS[2]: 3}


@given(st.permutations([port(0, 0, address=3), port(1, 1, address=0)]))
@example([port(1, 1, address=0), port(0, 0, address=3)])
def test_an_address_passed_on_within_an_entry_ends_at_its_new_port(records: list[PortRecord]) -> None:
    base = (VPC, SUBNET, *NODES, port(0, 0), port(1, 1), port(2, 2))
    model, deltas = compiled(base, tuple(records))
    assert model.vpcs[VPCS[0]].neighbours.ipv4[int.from_bytes(ADDRESSES[0])] == MACS[1]
    assert deltas[HOSTS[2]].neighbours[7].put.ipv4[int.from_bytes(ADDRESSES[0])] == MACS[1]


def test_a_port_named_again_is_sent_again_so_that_its_host_reports_on_it() -> None:
    base = (VPC, SUBNET, *NODES, port(0, 0), port(1, 1))
    _, deltas = compiled(base, (port(0, 0),))
    assert deltas.keys() == {HOSTS[0]}
    assert deltas[HOSTS[0]].ports.keys() == {PORTS[0]}
    assert not deltas[HOSTS[0]].neighbours


def test_the_last_port_of_a_vpc_takes_all_of_it_along() -> None:
    base = (VPC, SUBNET, *NODES, port(0, 0), port(1, 1))
    model, deltas = compiled(base, (port(0, 2),))
    assert deltas[HOSTS[0]].removed_vpcs == {7}
    assert deltas[HOSTS[0]].removed_subnets == {SUBNETS[0]}
    assert deltas[HOSTS[0]].removed_vteps == {2}
    assert fresh(model, HOSTS[0]) == GoalState()


ON_DEMAND = msgspec.structs.replace(VPC, on_demand=True)


def on_demand(ports: int) -> tuple[ReadModel, list[Compiled]]:
    """A VPC that grows port by port, each on the next of the hosts; with the third it becomes on demand."""
    model = ReadModel()
    compile_entry(model, LogEntry(1, (VPC, SUBNET, *NODES)))
    entries = [(port(number, number), *([ON_DEMAND] if number == 2 else [])) for number in range(ports)]
    return model, [compile_entry(model, LogEntry(position, records)) for position, records in enumerate(entries, 2)]


def test_a_vpc_that_becomes_on_demand_is_no_longer_told_ahead_and_its_hosts_start_anew() -> None:
    model, compiled = on_demand(3)
    assert [each.resync for each in compiled] == [set(), set(), {HOSTS[0], HOSTS[1], HOSTS[2]}]
    assert model.on_demand == {VPCS[0]}
    assert fresh(model, HOSTS[0]).vpcs[7].on_demand
    assert not fresh(model, HOSTS[0]).neighbours
    assert not fresh(model, HOSTS[0]).vteps


def test_a_change_of_a_vpc_on_demand_is_told_to_no_host_but_the_ports_own() -> None:
    _, compiled = on_demand(4)
    assert compiled[3].deltas.keys() == {HOSTS[3]}
    assert not compiled[3].deltas[HOSTS[3]].neighbours
    assert compiled[3].on_demand[7].new.forwarding == {MACS[3]: 4}


def test_a_vpc_is_told_ahead_again_when_its_record_says_so_however_large_it_is() -> None:
    model, _ = on_demand(3)
    shrunk = compile_entry(model, LogEntry(9, (PortDeleted(PORTS[2], VPCS[0]),)))
    assert not shrunk.resync
    assert model.on_demand == {VPCS[0]}
    ahead = compile_entry(model, LogEntry(10, (VPC,)))
    assert ahead.resync == {HOSTS[0], HOSTS[1]}
    assert not model.on_demand
    assert fresh(model, HOSTS[0]).neighbours[7].forwarding == {MACS[1]: 2}


def test_a_vpc_that_is_gone_is_not_on_demand() -> None:
    model, _ = on_demand(3)
    compile_entry(model, LogEntry(9, (VpcDeleted(VPCS[0]),)))
    assert not model.on_demand


def test_a_moved_tunnel_end_point_is_named_for_those_who_learned_it() -> None:
    model, _ = on_demand(3)
    moved = compile_entry(model, LogEntry(9, (NodeRecord(HOSTS[1], 2, 777),)))
    assert moved.moved == {2: 777}
    assert not moved.deltas


def test_hosts_that_are_told_the_same_share_one_delta() -> None:
    """A VPC on a thousand hosts would otherwise cost a thousand deltas for each port."""
    hosts = [f"host-{number}" for number in range(5)]
    ports = [PortRecord(bytes([number]) * 16, b"v" * 16, 1 + number, (), host) for number, host in enumerate(hosts)]
    nodes = [NodeRecord(host, 1 + number, number) for number, host in enumerate(hosts)]
    model = load(1, [VpcRecord(b"v" * 16, 7, 1450), *nodes, *ports])
    more = PortRecord(b"n" * 16, b"v" * 16, 99, (), hosts[0])
    deltas = compile_entry(model, LogEntry(2, (more,))).deltas
    assert deltas.keys() == set(hosts)
    assert len({id(deltas[host]) for host in hosts[1:]}) == 1
    assert deltas[hosts[0]].ports.keys() == {b"n" * 16}
