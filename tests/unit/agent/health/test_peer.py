"""A host counts as unreached, and as reached again, only when probes say so several times."""

from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.health.peer import ANSWERS, SILENCE, Line, Peer
from alcor.channels.messages import Fault


def numbered(number: int) -> bytes:
    return number.to_bytes(8, "big")


def test_one_lost_probe_or_two_mean_nothing() -> None:
    line = Line()
    for number in range(SILENCE):
        line.sent(numbered(number))
    assert line.works
    assert line.answered(numbered(SILENCE - 1))
    for number in range(SILENCE, 2 * SILENCE):
        line.sent(numbered(number))
    assert line.works


def test_silence_is_noticed_and_so_is_its_end() -> None:
    line = Line()
    for number in range(SILENCE + 1):
        line.sent(numbered(number))
    assert not line.works
    for number in range(10, 10 + ANSWERS):
        line.sent(numbered(number))
        assert not line.works
        assert line.answered(numbered(number))
    assert line.works


def test_an_answer_counts_once_and_only_while_it_is_waited_for() -> None:
    line = Line()
    for number in range(SILENCE + 2):
        line.sent(numbered(number))
    assert not line.answered(numbered(0)), "given up"
    assert not line.answered(numbered(99)), "never asked"
    assert line.answered(numbered(SILENCE + 1))
    assert not line.answered(numbered(SILENCE + 1)), "had already"
    assert not line.works


def test_answers_that_take_longer_than_a_round_are_answers() -> None:
    line = Line()
    for number in range(20):
        line.sent(numbered(number))
        if number >= SILENCE - 1:
            assert line.answered(numbered(number - SILENCE + 1))
        assert line.works


@given(st.lists(st.booleans(), max_size=60))
def test_a_line_works_unless_that_many_in_a_row_were_lost(arrived: list[bool]) -> None:
    line, lost, answers, works = Line(), 0, 0, True
    for number, arrives in enumerate(arrived):
        if lost >= SILENCE:
            works, answers = False, 0
        line.sent(numbered(number))
        if arrives:
            assert line.answered(numbered(number))
            lost, answers = 0, answers + 1
            works = works or answers >= ANSWERS
        else:
            lost += 1
        assert line.works is works


def test_a_host_that_only_small_packets_reach_is_told_apart() -> None:
    peer = Peer("192.0.2.1")
    for number in range(SILENCE + 1):
        peer.small.sent(numbered(number))
        peer.full.sent(numbered(100 + number))
        assert peer.answered(numbered(number))
    assert peer.fault() is Fault.NOT_WITH_FULL_PACKETS
    for number in range(SILENCE + 1):
        peer.small.sent(numbered(200 + number))
    assert peer.fault() is Fault.UNREACHABLE
