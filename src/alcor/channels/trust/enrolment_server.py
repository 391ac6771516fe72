"""The controller's end of the enrolment: where hosts that have no certificate come for one."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from alcor.channels.checks import MalformedMessage
from alcor.channels.trust.certifying import Certifier, NotCertified
from alcor.channels.trust.credentials import Credentials, server_context, show
from alcor.channels.trust.framing import read_message, write_message
from alcor.southbound.v1 import trust_pb2 as pb

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 10.0
_MOST_AT_ONCE = 500


class EnrolmentServer:
    """Listens at HOST:PORT or unix:PATH."""

    def __init__(self, address: str, certifier: Certifier, credentials: Credentials) -> None:
        """``credentials`` are this controller's own."""
        self._address, self._certifier = address, certifier
        self._context = server_context(credentials, asks_for_certificates=False)
        self._at_once = 0

    def show(self, credentials: Credentials) -> None:
        """From now on, this is the controller's certificate."""
        show(self._context, credentials)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen while this lasts. Raises OSError."""
        if self._address.startswith("unix:"):
            path = self._address.removeprefix("unix:")
            server = await asyncio.start_unix_server(
                self._serve, path, ssl=self._context, ssl_handshake_timeout=_PATIENCE_SECONDS
            )
        else:
            host, _, port = self._address.rpartition(":")
            server = await asyncio.start_server(
                self._serve, host.strip("[]") or None, int(port), ssl=self._context,
                ssl_handshake_timeout=_PATIENCE_SECONDS,
            )  # fmt: skip
        try:
            yield
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._at_once += 1
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                if self._at_once <= _MOST_AT_ONCE:
                    request = await read_message(reader, pb.EnrolmentRequest)
                    await write_message(writer, await self._answer(request))
        except (MalformedMessage, TimeoutError, OSError) as error:
            log.debug("an enrolment came to nothing: %s", error)
        except Exception:
            log.exception("an enrolment failed")
        finally:
            self._at_once -= 1
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await writer.wait_closed()

    async def _answer(self, request: pb.EnrolmentRequest) -> pb.EnrolmentAnswer:
        try:
            match request.WhichOneof("request"):
                case "authorities":
                    return pb.EnrolmentAnswer(authorities=pb.Authorities(certificates=self._certifier.authorities()))
                case "join":
                    joining = request.join
                    return self._given(await self._certifier.join(joining.token, joining.signing_request))
                case "return_after_end":
                    back = request.return_after_end
                    chain = await self._certifier.come_back(back.certificate, back.signing_request, back.signature)
                    return self._given(chain)
                case _:
                    raise NotCertified("the request asks for nothing that this controller knows")
        except NotCertified as error:
            return pb.EnrolmentAnswer(refusal=pb.Refusal(reason=str(error), is_final=error.is_final))
        except MalformedMessage as error:
            return pb.EnrolmentAnswer(refusal=pb.Refusal(reason=str(error), is_final=True))

    def _given(self, chain: bytes) -> pb.EnrolmentAnswer:
        return pb.EnrolmentAnswer(certificate=pb.Certificate(chain=chain, authorities=self._certifier.authorities()))
