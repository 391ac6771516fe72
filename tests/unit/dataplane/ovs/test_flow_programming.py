"""The steps from the flows a switch has to those it should have, and whose flow it was that failed."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane.ovs import cookies
from alcor.dataplane.ovs import pipeline as rules
from alcor.dataplane.ovs.flow_programming import Difference, Inventory, Modifications, Owner, program, read_inventory
from alcor.dataplane.ovs.openflow.connection import PAUSE, OpenFlowConnection, connect
from alcor.dataplane.ovs.openflow.errors import SwitchError
from alcor.dataplane.ovs.openflow.flows import add_flow, delete_flow, delete_flows_with_cookie
from alcor.dataplane.ovs.rendering import Flow, compile_pipeline
from tests.unit.dataplane.ovs.openflow import reports
from tests.unit.dataplane.ovs.openflow.fake_switch import (
    REFUSED_AT_COMMIT_TABLE,
    REFUSED_TABLE,
    FakeSwitch,
    fake_switch,
)

PIPELINE = compile_pipeline(metered=True, idle_seconds=60)
FULL = SwitchError(5, 1)
ANY = bytes((0, 1, 0, 4, 0, 0, 0, 0))
numbers = st.sets(st.integers(0, 50))


def remote(number: int, vtep: int = 1) -> Flow:
    return PIPELINE[rules.TO_HOST].flow({"vni": 70001, "mac": number, "vtep": vtep})


def inventory(flows: dict[int, Flow], generation: int) -> Inventory:
    digests = [flow.digest() for flow in flows.values()]
    return Inventory({digest: cookies.cookie(generation, digest) for digest in digests}, [])


@given(numbers, numbers, numbers)
def test_only_the_difference_is_changed(present: set[int], wanted: set[int], moved: set[int]) -> None:
    """``moved`` are wanted otherwise than they are there: the addition takes the old one's place."""
    there = {number: remote(number, vtep=1) for number in present}
    goal = {number: remote(number, vtep=2 if number in moved else 1) for number in wanted}
    difference = Difference(inventory(there, 1), ((70001, flow) for flow in goal.values()), generation=2)
    steps = [body for _, body in difference if body != PAUSE]
    kept = {number for number in present & wanted if there[number] == goal[number]}
    stale = [there[number].digest() for number in present - kept]
    assert sorted(steps) == sorted(
        [goal[number].addition(cookies.cookie(2, goal[number].digest())) for number in wanted - kept]
        + [delete_flows_with_cookie(cookies.cookie(1, digest)) for digest in stale]
    )
    assert (difference.kept, difference.added, difference.removed) == (len(kept), len(wanted - kept), len(stale))


def test_foreign_flows_go_first_and_stale_ones_last() -> None:
    foreign = delete_flow(60, 200, ANY)
    found = Inventory(inventory({1: remote(1)}, 1).ours, [foreign])
    steps = [body for _, body in Difference(found, [(70001, remote(2))], generation=2)]
    assert steps[0] == foreign
    assert steps[-1] == delete_flows_with_cookie(cookies.cookie(1, remote(1).digest()))


def test_a_long_comparison_lets_others_run() -> None:
    flows = {number: remote(number) for number in range(1000)}
    steps = list(Difference(inventory(flows, 1), ((70001, flow) for flow in flows.values()), generation=2))
    assert len(steps) > 2 and {body for _, body in steps} == {PAUSE}


@pytest.fixture
async def switch(tmp_path: Path) -> AsyncIterator[FakeSwitch]:
    async with fake_switch(tmp_path) as switch:
        yield switch


@pytest.fixture
async def connection(switch: FakeSwitch) -> AsyncIterator[OpenFlowConnection]:
    connection = await connect(switch.socket)
    yield connection
    await connection.close()


async def test_of_our_flows_the_cookies_are_read_and_of_others_how_to_remove_them(
    switch: FakeSwitch, connection: OpenFlowConnection
) -> None:
    ours = cookies.cookie(3, 0xABC)
    switch.multipart_parts = [
        reports.flow_statistics(60, 100, ours, ANY, b""),
        reports.flow_statistics(60, 200, 0, ANY, b"") + reports.flow_statistics(9, 1, 7, ANY, b""),
    ]
    found = await read_inventory(connection)
    assert found == Inventory({0xABC: ours}, [delete_flow(60, 200, ANY), delete_flow(9, 1, ANY)])


PORT_A, PORT_B, VPC = b"A" * 16, b"B" * 16, 70001


def flow(table: int) -> bytes:
    return add_flow(1, table, 100, ANY)


async def carry_out(connection: OpenFlowConnection, steps: list[tuple[Owner, bytes]]) -> dict[Owner, SwitchError]:
    async def prepare() -> Modifications:
        return iter(steps)

    refused, changed = await program(connection, prepare)
    assert changed
    return refused


async def test_what_is_not_refused_takes_effect_as_one(switch: FakeSwitch, connection: OpenFlowConnection) -> None:
    assert await carry_out(connection, [(None, flow(0)), (PORT_A, flow(1)), (VPC, flow(2))]) == {}
    assert switch.committed() == [[flow(0), flow(1), flow(2)]]


@pytest.mark.parametrize("refused_table", [REFUSED_TABLE, REFUSED_AT_COMMIT_TABLE])
async def test_a_refused_port_has_none_of_its_flows_and_the_others_have_all(
    switch: FakeSwitch, connection: OpenFlowConnection, refused_table: int
) -> None:
    steps = [(PORT_A, flow(1)), (PORT_A, flow(refused_table)), (PORT_A, flow(2)), (PORT_B, flow(3)), (PORT_B, flow(4))]
    assert await carry_out(connection, steps) == {PORT_A: FULL}
    assert switch.committed() == [[flow(3), flow(4)]]


async def test_a_refused_peer_leaves_the_vpcs_others(switch: FakeSwitch, connection: OpenFlowConnection) -> None:
    steps = [(VPC, flow(1)), (VPC, flow(REFUSED_TABLE)), (VPC, flow(2)), (PORT_B, flow(3))]
    assert await carry_out(connection, steps) == {VPC: FULL}
    assert switch.single() == [flow(1), flow(2)]
    assert switch.committed() == [[flow(3)]]


async def test_each_attempt_is_prepared_anew(connection: OpenFlowConnection) -> None:
    prepared = 0

    async def prepare() -> Iterator[tuple[Owner, bytes]]:
        nonlocal prepared
        prepared += 1
        return iter([(PORT_A, flow(REFUSED_TABLE))])

    assert await program(connection, prepare) == ({PORT_A: FULL}, True)
    assert prepared == 2


async def test_nothing_changes_where_there_is_nothing_to_modify(
    switch: FakeSwitch, connection: OpenFlowConnection
) -> None:
    async def prepare() -> Modifications:
        return iter([(PORT_A, PAUSE)])

    assert await program(connection, prepare) == ({}, False)
    assert not switch.committed() and not switch.single()
