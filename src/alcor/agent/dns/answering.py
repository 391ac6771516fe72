"""Who answers a question of a workload: its VPC's names are known or asked for, all others are asked of resolvers."""

from typing import Protocol

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.reversename

from alcor.agent.dns import answers
from alcor.agent.dns.names import address_in, contains, domain_of, name_of
from alcor.agent.wanted import Wanted
from alcor.model.addresses import ip_bytes
from alcor.model.goal_state import Port

_LONGEST_NAME = 253


class NotAtHand(Exception):
    """Nobody can be asked who knows the names of a VPC."""


class Directory(Protocol):
    """Knows the names of ports on other hosts. Methods raise NotAtHand."""

    async def addresses(self, vni: int, name: str) -> tuple[bytes, ...] | None:
        """Those of the ports of a VPC with this name; None when it has none."""

    async def name(self, vni: int, address: bytes) -> str | None:
        """That of the port with this address; None when it has none."""


class Resolvers(Protocol):
    """Know all other names."""

    async def ask(self, query: dns.message.Message, is_stream: bool) -> dns.message.Message:
        """The answer."""


class Answering:
    """Answers questions."""

    def __init__(self, wanted: Wanted, directory: Directory, resolvers: Resolvers) -> None:
        self._wanted, self._directory, self._resolvers = wanted, directory, resolvers

    async def answer(self, port: Port, query: dns.message.Message, is_stream: bool) -> dns.message.Message:
        """The answer to what the workload behind a port asks."""
        if query.opcode() != dns.opcode.QUERY:
            return answers.refused(query, dns.rcode.NOTIMP)
        if len(query.question) != 1:
            return answers.refused(query, dns.rcode.FORMERR)
        question = query.question[0]
        domain = dns.name.from_text(domain_of(self._wanted.state.vpcs.get(port.vni)))
        try:
            if question.rdclass == dns.rdataclass.IN and question.name.is_subdomain(domain):
                return await self._named(port, query, domain)
            address = _reversed(question.name)
            if address is not None and self._is_own(port, address):
                return await self._of_address(port, query, domain, address)
        except NotAtHand:
            return answers.refused(query, dns.rcode.SERVFAIL)
        if not query.flags & dns.flags.RD:
            return answers.refused(query, dns.rcode.REFUSED)
        return await self._resolvers.ask(query, is_stream)

    async def _named(self, port: Port, query: dns.message.Message, domain: dns.name.Name) -> dns.message.Message:
        question = query.question[0]
        if question.name == domain:
            return answers.own(query, domain, "A", ())
        name = question.name.relativize(domain).to_text().lower()
        addresses = await self._addresses(port.vni, name)
        if addresses is None:
            return answers.own(query, domain, "A", None)
        kind = dns.rdatatype.to_text(question.rdtype)
        return answers.own(query, domain, kind, answers.of_kind(addresses, question.rdtype))

    async def _addresses(self, vni: int, name: str) -> tuple[bytes, ...] | None:
        own = self._wanted.addresses_of_name(vni, name)
        if own:
            return own
        of_address = address_in(name)
        if of_address is not None:
            return (of_address,)
        return await self._directory.addresses(vni, name) if len(name) <= _LONGEST_NAME else None

    async def _of_address(
        self, port: Port, query: dns.message.Message, domain: dns.name.Name, address: bytes
    ) -> dns.message.Message:
        zone = query.question[0].name
        if query.question[0].rdtype != dns.rdatatype.PTR:
            return answers.own(query, zone, "PTR", ())
        name = self._wanted.name_of_address(port.vni, address)
        if name is None:
            name = await self._directory.name(port.vni, address)
        return answers.own(query, zone, "PTR", [f"{name or name_of(address)}.{domain}"])

    def _is_own(self, port: Port, address: bytes) -> bool:
        subnets = self._wanted.state.subnets.values()
        return any(subnet.vni == port.vni and contains(subnet.cidr, address) for subnet in subnets)


def _reversed(name: dns.name.Name) -> bytes | None:
    """The address that a name under in-addr.arpa or ip6.arpa stands for (RFC 1035, 3.5; RFC 3596, 2.5)."""
    try:
        return ip_bytes(dns.reversename.to_address(name))
    except (dns.exception.DNSException, ValueError):
        return None
