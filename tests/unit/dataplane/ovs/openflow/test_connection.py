"""An OpenFlow connection carries out flow-mods as one or one by one, and ends cleanly whatever the switch does."""

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alcor.dataplane.ovs.openflow import message
from alcor.dataplane.ovs.openflow.connection import PAUSE, Handlers, OpenFlowConnection, connect
from alcor.dataplane.ovs.openflow.errors import Refused, SwitchError
from alcor.dataplane.ovs.openflow.flows import RemovedFlow, add_flow, decode_statistics
from alcor.dataplane.ovs.openflow.packets import PacketIn
from tests.unit.dataplane.ovs.openflow import reports
from tests.unit.dataplane.ovs.openflow.fake_switch import (
    REFUSED_AT_COMMIT_TABLE,
    REFUSED_TABLE,
    FakeSwitch,
    fake_switch,
)

FULL = SwitchError(5, 1)
OPEN, COMMIT, DISCARD = 0, 4, 6
ANY = bytes((0, 1, 0, 4, 0, 0, 0, 0))


def flow(table: int) -> bytes:
    return add_flow(1, table, 100, ANY)


@pytest.fixture
async def switch(tmp_path: Path) -> AsyncIterator[FakeSwitch]:
    async with fake_switch(tmp_path) as switch:
        yield switch


@pytest.fixture
async def connection(switch: FakeSwitch) -> AsyncIterator[OpenFlowConnection]:
    connection = await connect(switch.socket)
    yield connection
    await connection.close()


def bundle_controls(switch: FakeSwitch) -> list[int]:
    return [heard.body[5] for heard in switch.heard if heard.kind == message.BUNDLE_CONTROL]


async def test_flow_mods_travel_in_one_bundle_and_take_effect_at_its_commit(
    switch: FakeSwitch, connection: OpenFlowConnection
) -> None:
    flows = [flow(1)] * 1000
    assert await connection.modify_as_one(flows) == []
    assert bundle_controls(switch) == [OPEN, COMMIT]
    said = [kind for kind in switch.kinds() if kind in (message.BUNDLE_ADD, message.BUNDLE_CONTROL)]
    assert said == [message.BUNDLE_CONTROL, *[message.BUNDLE_ADD] * 1000, message.BUNDLE_CONTROL]
    added = [heard.body for heard in switch.heard if heard.kind == message.BUNDLE_ADD]
    assert [body[16:] for body in added] == flows
    assert message.FLOW_MOD not in switch.kinds()


async def test_a_bundle_of_which_one_is_refused_is_discarded(
    switch: FakeSwitch, connection: OpenFlowConnection
) -> None:
    assert await connection.modify_as_one([flow(1), flow(REFUSED_TABLE), flow(2)]) == [FULL]
    assert bundle_controls(switch) == [OPEN, DISCARD]


async def test_a_bundle_refused_at_its_commit_says_why(connection: OpenFlowConnection) -> None:
    assert await connection.modify_as_one([flow(1), flow(REFUSED_AT_COMMIT_TABLE)]) == [FULL]


async def test_nothing_to_do_is_not_told_to_the_switch(switch: FakeSwitch, connection: OpenFlowConnection) -> None:
    assert await connection.modify_as_one([PAUSE, PAUSE]) == []
    await connection.barrier()
    assert switch.kinds() == [message.BARRIER_REQUEST]


async def test_bundles_have_numbers_of_their_own(switch: FakeSwitch, connection: OpenFlowConnection) -> None:
    for _ in range(3):
        await connection.modify_as_one([flow(1)])
    numbers = [heard.body[:4] for heard in switch.heard if heard.kind == message.BUNDLE_CONTROL]
    assert len(set(numbers)) == 3


async def test_one_by_one_a_refusal_leaves_the_others_alone(switch: FakeSwitch, connection: OpenFlowConnection) -> None:
    assert await connection.modify_each([flow(1), PAUSE, flow(REFUSED_TABLE), flow(2)]) == [FULL]
    assert switch.kinds() == [message.FLOW_MOD] * 3 + [message.BARRIER_REQUEST]


async def test_others_run_while_many_flow_mods_are_produced(connection: OpenFlowConnection) -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    await connection.modify_as_one(PAUSE for _ in range(50))
    counting.cancel()
    assert turns >= 50


async def test_a_command_that_is_refused_says_so(connection: OpenFlowConnection) -> None:
    await connection.command(message.FLOW_MOD, flow(1))
    with pytest.raises(Refused, match="the table is full"):
        await connection.command(message.FLOW_MOD, flow(REFUSED_TABLE))


async def test_an_answer_in_parts_is_given_part_by_part(switch: FakeSwitch, connection: OpenFlowConnection) -> None:
    switch.multipart_parts = [b"one", b"", b"three"]
    parts: list[bytes] = []
    await connection.multipart(message.MULTIPART_FLOW, b"", parts.append)
    assert parts == switch.multipart_parts


async def test_an_answer_that_cannot_be_read_is_a_refusal(switch: FakeSwitch, connection: OpenFlowConnection) -> None:
    switch.multipart_parts = [b"no statistics"]
    with pytest.raises(Refused, match="cut short"):
        await connection.multipart(message.MULTIPART_FLOW, b"", lambda part: print(list(decode_statistics(part))))
    await connection.barrier()


@pytest.mark.usefixtures("connection")
async def test_a_switch_that_asks_for_a_sign_of_life_gets_one(switch: FakeSwitch) -> None:
    await switch.hears(message.HELLO)
    switch.say(message.message(message.ECHO_REQUEST, 5, b"alive?"))
    await switch.hears(message.ECHO_REPLY)
    assert (message.ECHO_REPLY, b"alive?") in switch.heard


async def test_packets_go_to_their_handler_with_their_port(switch: FakeSwitch) -> None:
    packets: asyncio.Queue[PacketIn] = asyncio.Queue()
    connection = await connect(switch.socket, Handlers(packet_in=packets.put_nowait))
    switch.say(message.message(message.PACKET_IN, 0, reports.packet_in(7, b"a frame")))
    assert await packets.get() == PacketIn(7, 20, 0, b"a frame", {"in_port": 7})
    await connection.close()


async def test_flows_that_went_idle_go_to_their_handler(switch: FakeSwitch) -> None:
    flows: asyncio.Queue[RemovedFlow] = asyncio.Queue()
    connection = await connect(switch.socket, Handlers(idle_flow=flows.put_nowait))
    switch.say(message.message(message.FLOW_REMOVED, 0, reports.flow_removed(5, 70, 90, ANY)))
    assert await flows.get() == RemovedFlow(5, 70, 90, ())
    await connection.close()


async def test_what_nobody_here_wants_to_hear_is_passed_over(
    switch: FakeSwitch, connection: OpenFlowConnection
) -> None:
    await connection.barrier()
    switch.say(message.message(message.PACKET_IN, 0, reports.packet_in(7, b"a frame")))
    switch.say(message.message(message.FLOW_REMOVED, 0, reports.flow_removed(5, 70, 90, ANY)))
    await connection.barrier()


@pytest.mark.parametrize(
    ("handlers", "packet_ins", "removals"),
    [
        (Handlers(), 0, 0),
        (Handlers(packet_in=print), 0b100010, 0),
        (Handlers(idle_flow=print), 0, 0b1),
    ],
    ids=["nothing", "packets", "idle flows"],
)
async def test_the_switch_is_asked_to_say_what_there_are_handlers_for(
    switch: FakeSwitch, handlers: Handlers, packet_ins: int, removals: int
) -> None:
    """Properties of the asynchronous configuration, OpenFlow 1.4.1 section 7.3.10: type, length, mask."""
    connection = await connect(switch.socket, handlers)
    await connection.listen()
    (body,) = (heard.body for heard in switch.heard if heard.kind == message.SET_ASYNC)
    assert struct.unpack("!HHIHHIHHI", body) == (1, 8, packet_ins, 3, 8, 0, 5, 8, removals)
    await connection.close()


@pytest.mark.parametrize(
    "garbage",
    [
        bytes(8),
        message.HEADER.pack(message.VERSION, message.BARRIER_REPLY, 3, 1),
        message.HEADER.pack(1, message.BARRIER_REPLY, 8, 1),
        message.message(message.ERROR, 1, b"x"),
        message.message(message.PACKET_IN, 0, bytes(30)),
        message.message(message.FLOW_REMOVED, 0, bytes(30)),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=[
        "zeros",
        "length below the header's",
        "other version",
        "short error",
        "bad packet-in",
        "bad news",
        "other protocol",
    ],
)
async def test_garbage_ends_the_connection_with_a_reason(switch: FakeSwitch, garbage: bytes) -> None:
    connection = await connect(switch.socket, Handlers(packet_in=print, idle_flow=print))
    switch.say(garbage)
    assert "broke" in await connection.closed
    with pytest.raises(ConnectionError):
        await connection.barrier()
    await connection.close()


async def test_whoever_waits_when_the_switch_goes_away_is_told(
    switch: FakeSwitch, connection: OpenFlowConnection
) -> None:
    await connection.barrier()
    waiting = asyncio.create_task(connection.request(message.FEATURES_REQUEST, message.FEATURES_REPLY))
    await switch.hears(message.FEATURES_REQUEST)
    await switch.hang_up()
    with pytest.raises(ConnectionError, match="closed the connection"):
        await waiting
    with pytest.raises(ConnectionError):
        await connection.modify_as_one([flow(1)])


async def test_a_switch_of_an_older_version_is_refused_with_what_to_do(switch: FakeSwitch) -> None:
    switch.greeting = message.HEADER.pack(4, message.HELLO, 8, 0)
    with pytest.raises(Refused, match="allow OpenFlow14 in the bridge's protocols"):
        await connect(switch.socket)


async def test_a_switch_that_hangs_up_while_greeting_is_a_lost_connection(switch: FakeSwitch) -> None:
    switch.greeting = b"\x05"
    connecting = asyncio.create_task(connect(switch.socket))
    await switch.hears(message.HELLO)
    await switch.hang_up()
    with pytest.raises(ConnectionError, match="during the greeting"):
        await connecting
