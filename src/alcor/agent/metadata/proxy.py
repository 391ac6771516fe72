"""Asking Nova for the metadata of the workloads of this host, one question at a time for each connection.

A workload, or Nova, may be slow, dead or hostile: each connection has a time for all it does, each port has few
connections, and of a body no more than a piece is held.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable

import h11
import httpx

from alcor.agent.counters import Counters
from alcor.agent.metadata.question import Header, identity, passed_back, passed_on
from alcor.agent.metadata.settings import MetadataSettings
from alcor.agent.rates import Rates
from alcor.agent.services.listening import client_of
from alcor.agent.wanted import Wanted
from alcor.dataplane.driver import DataPlane
from alcor.dataplane.host_services import METADATA
from alcor.model.addresses import Address
from alcor.model.goal_state import Port
from alcor.model.identifiers import Id

log = logging.getLogger(__name__)

_CONNECTIONS_OF_PORT, _CONNECTIONS = 16, 512
_QUESTIONS_OF_PORT, _QUESTIONS = 50, 500  # a second
_HEAD_BYTES, _BODY_BYTES, _PIECE_BYTES = 16 * 1024, 64 * 1024, 16 * 1024
_IDLE_SECONDS, _EXCHANGE_SECONDS = 15.0, 60.0
_NOVA_SECONDS = httpx.Timeout(30.0, connect=5.0)


class Refusal(Exception):
    """A workload is not answered by Nova; it is told why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class MetadataProxy:
    """Answers the service METADATA."""

    service = METADATA

    def __init__(
        self,
        settings: MetadataSettings,
        wanted: Wanted,
        driver: DataPlane,
        counters: Counters,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._wanted, self._driver, self._counters = settings, wanted, driver, counters
        self._rates = Rates(counters, "metadata_questions", _QUESTIONS_OF_PORT, _QUESTIONS, clock)
        self._connections: Counter[Id] = Counter()
        self._nova = nova_client(settings)

    async def start(self, listener: socket.socket) -> asyncio.Server:
        """See Offer."""
        return await asyncio.start_server(self._serve, sock=listener, limit=_HEAD_BYTES)

    async def close(self) -> None:
        """Ask Nova no more."""
        await self._nova.aclose()

    def forget(self, port_id: Id) -> None:
        """The port's interface is gone."""
        self._rates.forget(port_id)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            client = client_of(writer.get_extra_info("peername"))
            port_id = self._driver.client(client)
            if port_id is None or not self._may_connect(port_id):
                self._counters.add("metadata_connections_refused")
                return
            self._connections[port_id] += 1
            try:
                await _Connection(reader, writer, lambda: self._asker(client, port_id), self._answer).run()
            finally:
                self._connections[port_id] -= 1
                self._connections += Counter()
        except (OSError, TimeoutError, h11.ProtocolError):
            self._counters.add("metadata_connections_broken")
        except Exception:
            if self._counters.add("metadata_failed"):
                log.exception("a question for metadata could not be answered")
        finally:
            writer.close()

    def _may_connect(self, port_id: Id) -> bool:
        return self._connections[port_id] < _CONNECTIONS_OF_PORT and self._connections.total() < _CONNECTIONS

    def _asker(self, client: Address, port_id: Id) -> Port:
        """Who asks: the same as when the connection began. Raises Refusal."""
        port = self._wanted.state.ports.get(port_id) if self._driver.client(client) == port_id else None
        if port is None:
            self._counters.add("metadata_unknown_client")
            raise Refusal(404, "nobody is known by this address")
        return port

    @contextlib.asynccontextmanager
    async def _answer(self, port: Port, request: h11.Request, body: bytes) -> AsyncIterator[httpx.Response]:
        """What Nova answers a workload. Raises Refusal."""
        self._counters.add("metadata_questions")
        if not self._settings.url:
            raise Refusal(503, "there is no metadata service: the table [metadata] of the agent names none")
        who = identity(port, self._settings.shared_secret)
        if who is None:
            raise Refusal(404, "the port is no server's: it has no device_id")
        if not self._rates.take(port.id):
            raise Refusal(429, "too many questions")
        question = self._question(request, who, body)
        try:
            answer = await self._nova.send(question, stream=True)
        except httpx.HTTPError as error:
            if self._counters.add("metadata_service_failed"):
                log.warning("the metadata service %s does not answer: %r", self._settings.url, error)
            status = 504 if isinstance(error, httpx.TimeoutException) else 502
            raise Refusal(status, "the metadata service does not answer") from error
        try:
            self._counters.add("metadata_answered")
            yield answer
        finally:
            await answer.aclose()

    def _question(self, request: h11.Request, who: list[Header], body: bytes) -> httpx.Request:
        if not request.target.startswith(b"/"):
            raise Refusal(400, "only paths can be asked for")
        base = httpx.URL(self._settings.url)
        headers = [*passed_on(request.headers), *who]
        try:
            url = base.copy_with(raw_path=base.raw_path.rstrip(b"/") + request.target)
            return self._nova.build_request(request.method.decode(), url, headers=headers, content=body or None)
        except httpx.InvalidURL as error:
            raise Refusal(400, "this is no path") from error


def nova_client(settings: MetadataSettings) -> httpx.AsyncClient:
    """Speaks to Nova only, whatever the environment says of proxies."""
    verify: ssl.SSLContext | bool = not settings.url.startswith("http:")
    if settings.ca_file:
        verify = ssl.create_default_context(cafile=settings.ca_file)
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=8)
    client = httpx.AsyncClient(verify=verify, timeout=_NOVA_SECONDS, limits=limits, trust_env=False)
    client.headers.clear()
    return client


_Answer = Callable[[Port, h11.Request, bytes], contextlib.AbstractAsyncContextManager[httpx.Response]]


class _Connection:
    """One connection of a workload."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asker: Callable[[], Port], answer: _Answer
    ) -> None:
        self._reader, self._writer, self._asker, self._answer = reader, writer, asker, answer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_BYTES)
        self._has_body = True  # has the answer one

    async def run(self) -> None:
        """Answer questions until the workload has no more. Raises OSError, TimeoutError or h11.ProtocolError."""
        try:
            await self._answer_all()
        except h11.RemoteProtocolError as error:
            if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                await self._refuse(Refusal(error.error_status_hint, "this is no HTTP"))
            raise

    async def _answer_all(self) -> None:
        while True:
            async with asyncio.timeout(_IDLE_SECONDS):
                request = await self._next()
            if not isinstance(request, h11.Request):
                return
            self._has_body = request.method != b"HEAD"
            async with asyncio.timeout(_EXCHANGE_SECONDS):
                await self._exchange(request)
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _exchange(self, request: h11.Request) -> None:
        try:
            port = self._asker()
            async with self._answer(port, request, await self._body()) as answer:
                headers = passed_back(answer.headers.raw)
                await self._send(h11.Response(status_code=answer.status_code, headers=headers))
                async for piece in answer.aiter_raw(_PIECE_BYTES):
                    self._asker()
                    await self._send(h11.Data(data=piece))
                await self._send(h11.EndOfMessage())
        except (Refusal, httpx.HTTPError) as error:
            if self._http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
                raise ConnectionAbortedError("cut off in the middle of an answer") from error
            refusal = error if isinstance(error, Refusal) else Refusal(502, "the metadata service broke off")
            await self._refuse(refusal)

    async def _refuse(self, refusal: Refusal) -> None:
        text = f"{refusal.reason}\n".encode()
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))]
        await self._send(h11.Response(status_code=refusal.status, headers=headers))
        if self._has_body:
            await self._send(h11.Data(data=text))
        await self._send(h11.EndOfMessage())

    async def _body(self) -> bytes:
        """The body of the question. Raises Refusal when it is too large."""
        body = bytearray()
        while isinstance(event := await self._next(), h11.Data):
            body += event.data
            if len(body) > _BODY_BYTES:
                raise Refusal(413, f"no more than {_BODY_BYTES} bytes can be sent")
        return bytes(body)

    async def _next(self) -> object:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    await self._send(h11.InformationalResponse(status_code=100, headers=[]))
                self._http.receive_data(await self._reader.read(_PIECE_BYTES))
            else:
                return event

    async def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()
