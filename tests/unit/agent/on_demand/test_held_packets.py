"""Packets wait in their order, few for each port, and not for long."""

from alcor.agent.on_demand.held_packets import HeldPackets, Waiting
from alcor.agent.on_demand.open_questions import Question

PORT, OTHER = b"p" * 16, b"o" * 16
PEERS = [Question(1, mac=number) for number in range(10)]


def test_what_waited_comes_out_in_its_order_and_once() -> None:
    held = HeldPackets()
    for frame in (b"1", b"2"):
        assert held.hold(PEERS[0], Waiting(PORT, frame), 0.0)
    assert held.hold(PEERS[1], Waiting(PORT, b"3"), 0.0)
    assert [packet.frame for packet in held.release(PEERS[0], 1.0)] == [b"1", b"2"]
    assert held.release(PEERS[0], 1.0) == []
    assert len(held) == 1


def test_a_port_that_sends_more_takes_no_room_from_others() -> None:
    held = HeldPackets(per_port=2)
    assert [held.hold(PEERS[number], Waiting(PORT, b""), 0.0) for number in range(3)] == [True, True, False]
    assert held.hold(PEERS[0], Waiting(OTHER, b""), 0.0)
    held.release(PEERS[0], 0.0)
    assert held.hold(PEERS[9], Waiting(PORT, b""), 0.0)


def test_what_comes_to_a_port_takes_no_room_from_what_it_sends() -> None:
    held = HeldPackets(per_port=1)
    assert held.hold(PEERS[0], Waiting(PORT, b"", ingress=True), 0.0)
    assert not held.hold(PEERS[1], Waiting(PORT, b"", ingress=True), 0.0)
    assert held.hold(PEERS[2], Waiting(PORT, b""), 0.0)


def test_there_is_a_limit_for_all() -> None:
    held = HeldPackets(in_all=2)
    assert held.hold(PEERS[0], Waiting(PORT, b""), 0.0)
    assert held.hold(PEERS[0], Waiting(OTHER, b""), 0.0)
    assert not held.hold(PEERS[1], Waiting(b"x" * 16, b""), 0.0)


def test_what_waited_too_long_is_dropped_and_makes_room() -> None:
    held = HeldPackets(per_port=1, seconds=2.0)
    held.hold(PEERS[0], Waiting(PORT, b"old"), 0.0)
    assert held.release(PEERS[0], 2.0) == []
    held.hold(PEERS[0], Waiting(PORT, b"old"), 0.0)
    assert held.expire(1.9) == 0
    assert held.expire(2.0) == 1
    assert held.hold(PEERS[0], Waiting(PORT, b"new"), 2.0)
