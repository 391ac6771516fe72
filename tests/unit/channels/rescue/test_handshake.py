"""A relay leads only those whom a controller sent, and only where they asked to go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.channels.checks import MalformedMessage
from alcor.channels.rescue import handshake
from alcor.channels.rescue.handshake import LENGTHS_BYTES, Request

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
hosts = st.text(min_size=1, max_size=255)
addresses = st.sampled_from(["192.0.2.1:9697", "[2001:db8::1]:9697", "unix:/run/agents", "controller.example:9697"])


def received(data: bytes) -> Request:
    lengths, rest = data[:LENGTHS_BYTES], data[LENGTHS_BYTES:]
    assert handshake.rest_bytes(lengths) == len(rest)
    return handshake.read_request(lengths, rest)


@given(hosts, addresses)
def test_a_request_is_understood_and_proven(host_id: str, address: str) -> None:
    greeting = handshake.new_greeting()
    handshake.check_greeting(greeting)
    wanted = received(handshake.request(handshake.token(KEY, host_id), greeting, host_id, address))
    assert (wanted.host_id, wanted.address) == (host_id, address)
    assert handshake.is_proven(KEY, greeting, wanted)


def test_a_proof_holds_for_one_relay_one_greeting_one_host_and_one_address() -> None:
    greeting, address = handshake.new_greeting(), "192.0.2.1:9697"
    token = handshake.token(KEY, "host-1")
    wanted = received(handshake.request(token, greeting, "host-1", address))
    assert handshake.is_proven(KEY, greeting, wanted)
    assert not handshake.is_proven(OTHER_KEY, greeting, wanted)
    assert not handshake.is_proven(KEY, handshake.new_greeting(), wanted)
    assert not handshake.is_proven(KEY, greeting, Request("host-2", address, wanted.proof))
    assert not handshake.is_proven(KEY, greeting, Request("host-1", "192.0.2.9:9697", wanted.proof))
    assert not handshake.is_proven(KEY, greeting, Request("host-1", address, b""))


@given(st.binary(min_size=LENGTHS_BYTES, max_size=LENGTHS_BYTES), st.binary(max_size=100))
def test_garbage_is_refused_or_is_a_request_without_proof(lengths: bytes, rest: bytes) -> None:
    try:
        handshake.rest_bytes(lengths)
        wanted = handshake.read_request(lengths, rest)
    except MalformedMessage:
        return
    assert not handshake.is_proven(KEY, handshake.new_greeting(), wanted)


@pytest.mark.parametrize("greeting", [b"", b"HTTP/1.1 400 Bad Re", b"ALCr\x01", b"ALCr\x02" + b"0" * 16])
def test_what_is_no_relay_is_noticed(greeting: bytes) -> None:
    with pytest.raises(MalformedMessage):
        handshake.check_greeting(greeting)
