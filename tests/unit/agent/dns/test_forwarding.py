"""Resolvers are asked one after the other, and only what answers the question is believed."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import dns.rrset
import pytest

from alcor.agent.dns import forwarding
from alcor.agent.dns.forwarding import Forwarder

NAME = "www.example.org."


class Upstream(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.asked: list[dns.message.Message] = []
        self.before: list[bytes] = []  # sent before each answer

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, peer: Any) -> None:
        query = dns.message.from_wire(data)
        self.asked.append(query)
        for forged in self.before:
            self.transport.sendto(forged, peer)
        answer = dns.message.make_response(query)
        answer.answer.append(dns.rrset.from_text(NAME, 60, "IN", "A", "198.51.100.7"))
        self.transport.sendto(answer.to_wire(), peer)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    loop = asyncio.get_running_loop()
    transport, upstream = await loop.create_datagram_endpoint(Upstream, local_addr=("127.0.0.1", 0))
    yield upstream
    transport.close()


def port_of(upstream: Upstream) -> int:
    port: int = upstream.transport.get_extra_info("sockname")[1]
    return port


async def test_an_answer_is_passed_on_under_the_askers_number(upstream: Upstream) -> None:
    query = dns.message.make_query(NAME, "A")
    answer = await Forwarder(["127.0.0.1"], port=port_of(upstream)).ask(query, False)
    assert (answer.id, [records.to_text() for records in answer.answer]) == (query.id, [f"{NAME} 60 IN A 198.51.100.7"])
    assert upstream.asked[0].id != query.id or upstream.asked[0].question == query.question


async def test_the_next_is_asked_when_one_is_dead(upstream: Upstream) -> None:
    forwarder = Forwarder(["127.0.0.99", "127.0.0.1"], port=port_of(upstream))
    assert (await forwarder.ask(dns.message.make_query(NAME, "A"), False)).answer


async def test_what_answers_nothing_that_was_asked_is_passed_over(upstream: Upstream) -> None:
    other = dns.message.make_response(dns.message.make_query("evil.example.", "A"))
    upstream.before = [b"", b"garbage", other.to_wire()]
    answer = await Forwarder(["127.0.0.1"], port=port_of(upstream)).ask(dns.message.make_query(NAME, "A"), False)
    assert answer.answer[0].name.to_text() == NAME


@pytest.mark.parametrize("is_stream", [False, True])
async def test_when_nobody_answers_that_is_said(monkeypatch: pytest.MonkeyPatch, is_stream: bool) -> None:
    monkeypatch.setattr(forwarding, "_TRY_SECONDS", 0.05)
    for resolvers in ([], ["127.0.0.1"]):
        forwarder = Forwarder(resolvers, Path("/nonexistent"), port=1)
        answer = await forwarder.ask(dns.message.make_query(NAME, "A"), is_stream)
        assert answer.rcode() == dns.rcode.SERVFAIL


def test_the_hosts_own_resolvers_are_those_of_the_moment(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    forwarder = Forwarder((), file)
    assert forwarder.resolvers() == ()
    for number, text in enumerate(("nameserver 192.0.2.1\n", "nameserver 192.0.2.2\nnameserver 2001:db8::1\n"), 1):
        file.write_text(text)
        os.utime(file, ns=(number, number))
        assert [f"nameserver {each}" for each in forwarder.resolvers()] == text.splitlines()
