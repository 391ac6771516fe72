"""Probes say what they are and nothing else, whatever arrives."""

from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.health import datagram
from alcor.agent.health.datagram import HEAD_BYTES, Kind

numbers = st.binary(min_size=8, max_size=8)


@given(numbers, st.integers(0, 9000))
def test_a_question_is_told_by_its_beginning(number: bytes, packet_bytes: int) -> None:
    question = datagram.question(number, packet_bytes)
    assert datagram.read(question[:HEAD_BYTES]) == (Kind.QUESTION, number)
    assert len(question) == max(HEAD_BYTES, packet_bytes - 28)


@given(numbers, st.integers(0, 9000))
def test_an_answer_is_never_longer_than_its_question(number: bytes, packet_bytes: int) -> None:
    answer = datagram.answer(number)
    assert datagram.read(answer) == (Kind.ANSWER, number)
    assert len(answer) <= len(datagram.question(number, packet_bytes))


@given(st.binary(max_size=40))
def test_anything_else_is_nothing(data: bytes) -> None:
    found = datagram.read(data)
    assert found is None or data.startswith((b"ALCp\x01\x01", b"ALCp\x01\x02"))
