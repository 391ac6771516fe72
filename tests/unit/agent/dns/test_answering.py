"""Names of the VPC are known or asked for, and all others asked of resolvers."""

from pathlib import Path

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.reversename
import msgspec
import pytest

from alcor.agent.dns import answers
from alcor.agent.dns.answering import Answering, NotAtHand
from alcor.model.addresses import ip_bytes
from alcor.model.goal_state import GoalStateDelta, Vpc
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import MACS, SUBNET_ID, port, subnet

WEB = port(1, address="10.0.0.1", hostname="Web")
PLAIN = port(2, address="10.0.0.2", mac=MACS[2])
ELSEWHERE = port(3, vni=2, address="10.0.0.1", mac=MACS[0], hostname="other")


class Peers:
    """Knows one port of another host; asking for "broken" fails."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str | bytes]] = []

    async def addresses(self, vni: int, name: str) -> tuple[bytes, ...] | None:
        self.asked.append((vni, name))
        if name == "broken":
            raise NotAtHand("nobody")
        return (ip_bytes("10.0.0.9"), ip_bytes("fd00::9")) if (vni, name) == (1, "far") else None

    async def name(self, vni: int, address: bytes) -> str | None:
        self.asked.append((vni, address))
        return "far" if address == ip_bytes("10.0.0.9") else None


class World:
    """Answers whatever it is asked that there is nothing, and says what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def ask(self, query: dns.message.Message, is_stream: bool) -> dns.message.Message:
        self.asked.append(query.question[0].name.to_text())
        return answers.refused(query, dns.rcode.NXDOMAIN)


class Host:
    def __init__(self, core: Core) -> None:
        self.peers, self.world = Peers(), World()
        self.answering = Answering(core.wanted, self.peers, self.world)

    async def ask(self, name: str, kind: str = "A", flags: int = dns.flags.RD) -> dns.message.Message:
        query = dns.message.make_query(name, kind)
        query.flags = dns.flags.Flag(flags)
        return await self.answering.answer(WEB, query, False)

    async def told(self, name: str, kind: str = "A") -> list[str]:
        answer = await self.ask(name, kind)
        assert answer.rcode() == dns.rcode.NOERROR
        assert answer.flags & dns.flags.AA
        return [record.to_text() for records in answer.answer for record in records]


@pytest.fixture
async def host(tmp_path: Path) -> Host:
    core = Core(tmp_path)
    ports = {each.id: each for each in (WEB, PLAIN, ELSEWHERE)}
    vpcs = {1: Vpc(bytes(16), 1, 1450, "cloud.example."), 2: Vpc(b"2" * 16, 2, 1450)}
    await core.deliver(GoalStateDelta(revision=1, snapshot=True, vpcs=vpcs, subnets={SUBNET_ID: subnet()}, ports=ports))
    return Host(core)


async def test_ports_of_this_host_need_nobody(host: Host) -> None:
    assert await host.told("web.cloud.example") == await host.told("WEB.Cloud.Example.") == ["10.0.0.1"]
    assert await host.told("host-10-0-0-7.cloud.example") == ["10.0.0.7"]
    assert await host.told("web.cloud.example", "AAAA") == await host.told("cloud.example", "NS") == []
    assert host.peers.asked == []


async def test_others_are_asked_for_in_their_vpc(host: Host) -> None:
    assert await host.told("FAR.cloud.example") == ["10.0.0.9"]
    assert await host.told("far.cloud.example", "AAAA") == ["fd00::9"]
    assert host.peers.asked == [(1, "far")] * 2


@pytest.mark.parametrize("name", ["absent", "other", "web.more", "x" * 63])
async def test_what_is_not_there_is_said_with_authority(host: Host, name: str) -> None:
    answer = await host.ask(f"{name}.cloud.example")
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert answer.flags & dns.flags.AA
    (authority,) = answer.authority
    assert (authority.name.to_text(), authority[0].minimum) == ("cloud.example.", answers.NEGATIVE_SECONDS)
    assert host.world.asked == []


async def test_when_nobody_can_be_asked_it_fails(host: Host) -> None:
    assert (await host.ask("broken.cloud.example")).rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize(
    ("address", "name"), [("10.0.0.1", "web"), ("10.0.0.9", "far"), ("10.0.0.77", "host-10-0-0-77")]
)
async def test_addresses_of_the_subnet_have_names(host: Host, address: str, name: str) -> None:
    reversed_name = str(dns.reversename.from_address(address))
    assert await host.told(reversed_name, "PTR") == [f"{name}.cloud.example."]
    assert await host.told(reversed_name, "A") == []


@pytest.mark.parametrize(
    "name", ["www.example.org.", "example.", "xcloud.example.", "1.1.0.10.in-addr.arpa.", "0.10.in-addr.arpa.", "."]
)
async def test_all_else_is_asked_of_resolvers(host: Host, name: str) -> None:
    answer = await host.ask(name)
    assert (host.world.asked, host.peers.asked) == ([name], [])
    assert not answer.flags & dns.flags.AA
    assert (await host.ask(name, flags=0)).rcode() == dns.rcode.REFUSED


async def test_what_is_no_question_is_refused(host: Host) -> None:
    update = dns.message.make_query("cloud.example", "A")
    update.set_opcode(dns.opcode.NOTIFY)
    assert (await host.answering.answer(WEB, update, False)).rcode() == dns.rcode.NOTIMP
    update.set_opcode(dns.opcode.QUERY)
    update.question.clear()
    assert (await host.answering.answer(WEB, update, False)).rcode() == dns.rcode.FORMERR


async def test_a_name_that_changes_is_the_new_one(host: Host, tmp_path: Path) -> None:
    renamed = msgspec.structs.replace(WEB, hostname="db")
    core = Core(tmp_path / "other")
    assert core.wanted.addresses_of_name(1, "web") == ()
    await core.deliver_ports(WEB)
    assert core.wanted.addresses_of_name(1, "web") == (ip_bytes("10.0.0.1"),)
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, ports={renamed.id: renamed}))
    assert core.wanted.addresses_of_name(1, "web") == ()
    assert core.wanted.name_of_address(1, ip_bytes("10.0.0.1")) == "db"
