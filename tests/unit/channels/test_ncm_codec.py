"""Questions and welcomes survive the wire, and garbage is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.channels.checks import MalformedMessage
from alcor.channels.ncm_codec import (
    decode_host_message,
    decode_name_answer,
    decode_name_question,
    decode_ncm_welcome,
    encode_hello,
    encode_name_answer,
    encode_name_question,
    encode_ncm_welcome,
    encode_questions,
)
from alcor.channels.ncm_messages import NameAnswer, NameQuestion, NcmHello, NcmWelcome, VpcQuestions

_questions = st.dictionaries(
    st.integers(0, 2**24 - 1),
    st.builds(
        VpcQuestions,
        st.sets(st.integers(0, 2**32 - 1)),
        st.sets(st.binary(min_size=16, max_size=16)),
        st.sets(st.integers(0, 2**48 - 1)),
    ),
    max_size=4,
)


@given(_questions)
def test_questions_are_the_same_after_the_wire(questions: dict[int, VpcQuestions]) -> None:
    assert decode_host_message(encode_questions(questions)) == questions


def test_hello_and_welcome_are_the_same_after_the_wire() -> None:
    hello, welcome = NcmHello("host-1", bytes(range(16))), NcmWelcome("ncm", 60, 5, 100)
    assert decode_host_message(encode_hello(hello)) == hello
    assert decode_ncm_welcome(encode_ncm_welcome(welcome)) == welcome


@pytest.mark.parametrize("about", ["web", "a.b", bytes(4), bytes(16)])
def test_questions_for_names_and_their_answers_are_the_same_after_the_wire(about: str | bytes) -> None:
    question, answer = NameQuestion("host-1", 7, about), NameAnswer((bytes(4), bytes(16)), "web")
    assert decode_name_question(encode_name_question(question)) == question
    assert decode_name_answer(encode_name_answer(answer)) == answer


@pytest.mark.parametrize(
    "question",
    [
        NameQuestion("", 7, "web"),
        NameQuestion("host-1", 2**24, "web"),
        NameQuestion("host-1", 7, ""),
        NameQuestion("host-1", 7, "x" * 256),
        NameQuestion("host-1", 7, bytes(5)),
    ],
)
def test_a_question_for_a_name_that_cannot_be_is_refused(question: NameQuestion) -> None:
    with pytest.raises(MalformedMessage):
        decode_name_question(encode_name_question(question))


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_read_but_never_worse(data: bytes) -> None:
    for decode in (decode_host_message, decode_ncm_welcome, decode_name_question, decode_name_answer):
        try:
            decode(data)
        except MalformedMessage as error:
            assert str(error)


@pytest.mark.parametrize(
    "message",
    [encode_questions({2**24: VpcQuestions({1})}), encode_questions({1: VpcQuestions(macs={2**48})}), b""],
)
def test_what_cannot_be_is_refused(message: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_host_message(message)


def test_a_manager_that_does_not_say_how_much_it_answers_is_asked_within_the_default() -> None:
    silent = encode_ncm_welcome(NcmWelcome("ncm", questions_per_second=0))
    assert decode_ncm_welcome(silent) == NcmWelcome("ncm", questions_per_second=20_000)


def test_a_lease_of_no_time_is_refused() -> None:
    with pytest.raises(MalformedMessage):
        decode_ncm_welcome(encode_ncm_welcome(NcmWelcome("ncm", 0, 5)))
