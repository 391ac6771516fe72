"""Questions of workloads for names, by UDP and TCP: whoever asks too much is not answered, and costs others nothing."""

import asyncio
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import dns.message
import dns.rcode

from alcor.agent.counters import Counters
from alcor.agent.dns import answers
from alcor.agent.dns.answering import Answering
from alcor.agent.rates import Rates
from alcor.agent.services.listening import Listening, client_of
from alcor.agent.wanted import Wanted
from alcor.dataplane.driver import DataPlane
from alcor.dataplane.host_services import DNS, DNS_OVER_TCP
from alcor.model.addresses import Address
from alcor.model.goal_state import Port
from alcor.model.identifiers import Id

log = logging.getLogger(__name__)

_QUESTIONS_OF_PORT, _QUESTIONS = 100, 1000  # a second
_OPEN_OF_PORT, _OPEN = 64, 1024  # questions and connections that are not answered yet
_IDLE_SECONDS = 10.0


class DnsServer:
    """Answers the services DNS and DNS_OVER_TCP."""

    def __init__(
        self,
        answering: Answering,
        wanted: Wanted,
        driver: DataPlane,
        counters: Counters,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answering, self._wanted, self._driver, self._counters = answering, wanted, driver, counters
        self._rates = Rates(counters, "dns_questions", _QUESTIONS_OF_PORT, _QUESTIONS, clock)
        self._open: Counter[Id] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def forget(self, port_id: Id) -> None:
        """The port's interface is gone."""
        self._rates.forget(port_id)

    def datagram(self, data: bytes, peer: Any, transport: asyncio.DatagramTransport) -> None:
        """A question came by UDP. Never raises."""
        port = self._asker(client_of(peer))
        if port is None or not self._enter(port.id):
            self._counters.add("dns_questions_refused")
            return
        task = asyncio.create_task(self._answer_datagram(port, data, peer, transport))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._leave(port.id))

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection came by TCP (RFC 7766): its questions are answered one after the other. Never raises."""
        client = client_of(writer.get_extra_info("peername"))
        port = self._asker(client)
        if port is None or not self._enter(port.id):
            self._counters.add("dns_questions_refused")
            writer.close()
            return
        try:
            while (asker := self._asker(client)) is not None and asker.id == port.id:
                async with asyncio.timeout(_IDLE_SECONDS):
                    data = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
                answered = await self._answer(asker, data, is_stream=True)
                if answered is None:
                    return
                wire = answers.whole(answered[1])
                async with asyncio.timeout(_IDLE_SECONDS):
                    writer.write(len(wire).to_bytes(2) + wire)
                    await writer.drain()
        except (OSError, EOFError, TimeoutError):
            self._counters.add("dns_connections_ended")
        except Exception:
            if self._counters.add("dns_failed"):
                log.exception("a question for a name could not be answered")
        finally:
            self._leave(port.id)
            writer.close()

    async def _answer_datagram(self, port: Port, data: bytes, peer: Any, transport: asyncio.DatagramTransport) -> None:
        try:
            answered = await self._answer(port, data, is_stream=False)
            if answered is not None and self._asker(client_of(peer)) is not None:
                transport.sendto(answers.datagram(*answered), peer)
        except Exception:
            if self._counters.add("dns_failed"):
                log.exception("a question for a name could not be answered: %s", data[:512].hex())

    async def _answer(
        self, port: Port, data: bytes, is_stream: bool
    ) -> tuple[dns.message.Message, dns.message.Message] | None:
        """A question and its answer, or None when there is to be none."""
        if not self._rates.take(port.id):
            return None
        query = answers.parse(data)
        if query is None:
            self._counters.add("dns_malformed")
            return None
        answer = await self._answering.answer(port, query, is_stream)
        self._counters.add(f"dns_answered_{dns.rcode.to_text(answer.rcode()).lower()}")
        return query, answer

    def _asker(self, client: Address) -> Port | None:
        port_id = self._driver.client(client)
        return None if port_id is None else self._wanted.state.ports.get(port_id)

    def _enter(self, port_id: Id) -> bool:
        """Whether there is room for one more of the port, which then is there."""
        if self._open[port_id] >= _OPEN_OF_PORT or self._open.total() >= _OPEN:
            return False
        self._open[port_id] += 1
        return True

    def _leave(self, port_id: Id) -> None:
        self._open[port_id] -= 1
        if not self._open[port_id]:
            del self._open[port_id]


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, peer: Any) -> None:
        self._server.datagram(data, peer, self._transport)


class OverUdp:
    """The server as an Offer of datagrams."""

    service = DNS

    def __init__(self, server: DnsServer) -> None:
        self._server = server

    async def start(self, listener: socket.socket) -> Listening:
        """See Offer."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self._server), sock=listener)
        return transport


class OverTcp:
    """The server as an Offer of connections."""

    service = DNS_OVER_TCP

    def __init__(self, server: DnsServer) -> None:
        self._server = server

    async def start(self, listener: socket.socket) -> Listening:
        """See Offer."""
        return await asyncio.start_server(self._server.connection, sock=listener)
