"""Whatever workloads send to the DNS does no harm, and too much is not answered."""

import asyncio
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alcor.agent.dns import answers
from alcor.agent.dns.answering import Answering
from alcor.agent.dns.server import DnsServer
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.model.addresses import Address
from alcor.model.identifiers import Id
from tests.unit.agent.core import Core
from tests.unit.agent.dns.test_answering import WEB, Peers

PEER = ("100.64.0.7", 4000)


class Known(MemoryDataPlane):
    """A data plane that takes whoever asks for one port's workload."""

    who: Id | None = WEB.id

    def client(self, address: Address) -> Id | None:
        return self.who


class World:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()

    async def ask(self, query: dns.message.Message, is_stream: bool) -> dns.message.Message:
        await self.may_answer.wait()
        return answers.refused(query, dns.rcode.NXDOMAIN)


class Host:
    def __init__(self, core: Core) -> None:
        self.core, self.driver, self.world = core, Known(), World()
        self.sent: list[bytes] = []
        answering = Answering(core.wanted, Peers(), self.world)
        self.server = DnsServer(answering, core.wanted, self.driver, core.counters, core.clock)

    def sendto(self, data: bytes, peer: Any) -> None:
        self.sent.append(data)

    def send(self, data: bytes) -> None:
        self.server.datagram(data, PEER, self)  # type: ignore[arg-type]

    async def settle(self) -> None:
        while self.server._tasks:
            await asyncio.gather(*self.server._tasks)

    async def ask(self, name: str, kind: str = "A") -> dns.message.Message:
        self.sent.clear()
        self.send(dns.message.make_query(name, kind).to_wire())
        await self.settle()
        return dns.message.from_wire(self.sent[0])


@pytest.fixture
async def host(tmp_path: Path) -> Host:
    core = Core(tmp_path)
    await core.deliver_ports(WEB)
    return Host(core)


async def test_a_question_is_answered(host: Host) -> None:
    assert (await host.ask("web.openstacklocal")).answer
    assert host.core.counters.values["dns_answered_noerror"] == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(
    st.binary(max_size=100)
    | st.binary(max_size=60).map(dns.message.make_query("web.openstacklocal", "A").to_wire().__add__)
)
async def test_garbage_does_no_harm(host: Host, data: bytes) -> None:
    host.world.may_answer.set()
    host.core.now += 10
    host.send(data)
    await host.settle()
    assert host.core.counters.values["dns_failed"] == 0
    assert (await host.ask("web.openstacklocal")).answer


async def test_what_is_malformed_is_refused_and_an_answer_is_not_answered(host: Host) -> None:
    host.send(b"\x12\x34\x01\x00\x00\x01" + bytes(6))
    host.send(b"\x12\x34\x81\x00\x00\x01" + bytes(6))
    await host.settle()
    (refusal,) = map(dns.message.from_wire, host.sent)
    assert (refusal.id, refusal.rcode()) == (0x1234, dns.rcode.FORMERR)


async def test_more_than_the_rate_is_not_answered(host: Host) -> None:
    host.world.may_answer.set()
    query = dns.message.make_query("web.openstacklocal", "A").to_wire()
    for _ in range(20):
        for _ in range(20):
            host.send(query)
        await host.settle()
    assert len(host.sent) == 200  # two seconds' worth, and the clock stands still
    host.core.now += 1
    assert (await host.ask("web.openstacklocal")).answer


async def test_few_questions_are_open_at_a_time(host: Host) -> None:
    """Whoever asks for names that nobody answers is still answered what is known, once there is room."""
    for number in range(100):
        host.send(dns.message.make_query(f"slow-{number}.example.org", "A").to_wire())
    assert host.core.counters.values["dns_questions_refused"] == 36
    host.world.may_answer.set()
    await host.settle()
    assert len(host.sent) == 64
    assert (await host.ask("web.openstacklocal")).answer


async def test_who_is_not_known_is_not_answered(host: Host) -> None:
    host.driver.who = None
    host.send(dns.message.make_query("web.openstacklocal", "A").to_wire())
    assert (host.sent, host.server._tasks) == ([], set())


async def test_an_answer_that_is_too_large_is_cut(host: Host) -> None:
    query = dns.message.make_query("a.example", "TXT")
    for count, is_cut in ((1, False), (9, True)):
        texts = [f"{number}{'x' * 100}" for number in range(count)]
        answer = answers.own(query, query.question[0].name, "TXT", texts)
        said = dns.message.from_wire(answers.datagram(query, answer))
        assert (bool(said.flags & dns.flags.TC), bool(said.answer)) == (is_cut, not is_cut)
        assert len(dns.message.from_wire(answers.whole(answer)).answer[0]) == count


async def test_questions_come_by_tcp_one_after_the_other(host: Host) -> None:
    listener = await asyncio.start_server(host.server.connection, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
    query = dns.message.make_query("web.openstacklocal", "A").to_wire()
    writer.write((len(query).to_bytes(2) + query) * 3)
    for _ in range(3):
        answer = dns.message.from_wire(await reader.readexactly(int.from_bytes(await reader.readexactly(2))))
        assert answer.answer
    host.driver.who = None
    writer.write(len(query).to_bytes(2) + query)
    writer.write_eof()
    await reader.read()
    assert not host.server._open
    writer.close()
    listener.close()
