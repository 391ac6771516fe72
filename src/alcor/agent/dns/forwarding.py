"""Asking the resolvers of the host."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.resolver

from alcor.agent.dns import answers

log = logging.getLogger(__name__)

_RESOLV_CONF = Path("/etc/resolv.conf")
_TRY_SECONDS, _ALL_SECONDS = 2.0, 8.0
_TRIES = 2
_PAYLOAD = 1232


class Forwarder:
    """Asks one resolver after the other, each twice, under a number and from a port that nobody can guess."""

    def __init__(self, resolvers: Sequence[str], resolv_conf: Path = _RESOLV_CONF, port: int = 53) -> None:
        self._given, self._resolv_conf, self._port = tuple(resolvers), resolv_conf, port
        self._read: tuple[str, ...] = ()
        self._read_of = 0  # when the file was changed that was read

    async def ask(self, query: dns.message.Message, is_stream: bool) -> dns.message.Message:
        """The answer to a question; that it failed when nobody answers."""
        question = query.question[0]
        with_dnssec = bool(query.ednsflags & dns.flags.DO)
        asked = dns.message.make_query(
            question.name, question.rdtype, question.rdclass, want_dnssec=with_dnssec, use_edns=0, payload=_PAYLOAD
        )
        asked.flags |= query.flags & dns.flags.CD
        try:
            async with asyncio.timeout(_ALL_SECONDS):
                said = await self._ask_each(asked, is_stream)
        except TimeoutError:
            said = None
        if said is None:
            return answers.refused(query, dns.rcode.SERVFAIL)
        answer = answers.refused(query, said.rcode())
        answer.flags |= said.flags & (dns.flags.TC | dns.flags.AD)
        answer.answer, answer.authority, answer.additional = said.answer, said.authority, said.additional
        return answer

    async def _ask_each(self, asked: dns.message.Message, is_stream: bool) -> dns.message.Message | None:
        for resolver in self.resolvers() * _TRIES:
            try:
                if is_stream:
                    return await dns.asyncquery.tcp(asked, resolver, _TRY_SECONDS, self._port)
                return await dns.asyncquery.udp(
                    asked, resolver, _TRY_SECONDS, self._port, ignore_unexpected=True, ignore_errors=True
                )
            except (dns.exception.DNSException, OSError, EOFError) as error:
                log.debug("resolver %s does not answer: %r", resolver, error)
        return None

    def resolvers(self) -> tuple[str, ...]:
        """Whom to ask: those that are set, or those of the file as it is now."""
        if self._given:
            return self._given
        try:
            changed = self._resolv_conf.stat().st_mtime_ns
            if changed != self._read_of:
                resolver = dns.resolver.Resolver(str(self._resolv_conf))
                self._read, self._read_of = tuple(map(str, resolver.nameservers)), changed
        except (OSError, dns.exception.DNSException) as error:
            log.debug("%s names no resolvers: %s", self._resolv_conf, error)
        return self._read
