"""The host's end of the enrolment: the first certificate for a token, or another for one that has ended.

By whatever way a controller is reached (``ways``): it is known by its certificate.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

from alcor.channels.checks import MalformedMessage
from alcor.channels.trust import certificates
from alcor.channels.trust.credentials import Credentials, believing
from alcor.channels.trust.framing import read_message, write_message
from alcor.channels.trust.identity import CONTROLLER_NAME
from alcor.channels.ways import Ways, direct
from alcor.southbound.v1 import trust_pb2 as pb

_PATIENCE_SECONDS = 15.0


class EnrolmentFailed(Exception):
    """No certificate was given; ``is_final`` when asking again in the same way leads nowhere."""

    def __init__(self, reason: str, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


async def join(address: str, authority: str, token: str, key: bytes, ways: Ways = direct) -> Credentials:
    """The first certificate, for a key and a token. ``authority`` is the fingerprint of one that signs.

    Raises EnrolmentFailed.
    """
    authorities = await _believed_authorities(address, authority, ways)
    request = pb.JoinRequest(token=token, signing_request=certificates.signing_request(key))
    return await _certificate(address, authorities, pb.EnrolmentRequest(join=request), key, ways)


async def come_back(address: str, ended: Credentials, key: bytes, ways: Ways = direct) -> Credentials:
    """A certificate for a new key, on the word of one that has ended. Raises EnrolmentFailed."""
    request = certificates.signing_request(key)
    returning = pb.ReturnRequest(
        signing_request=request, certificate=ended.chain, signature=certificates.sign(ended.key, request)
    )
    request_to_return = pb.EnrolmentRequest(return_after_end=returning)
    return await _certificate(address, ended.authorities, request_to_return, key, ways)


def taken(answer: pb.Certificate, key: bytes) -> Credentials:
    """The credentials that a certificate makes of a key. Raises EnrolmentFailed when it is not for the key."""
    if not certificates.fits(answer.chain, key) or not answer.authorities:
        raise EnrolmentFailed("the certificate is not for the key that it was asked for")
    return Credentials(key, answer.chain, answer.authorities)


async def _believed_authorities(address: str, fingerprint: str, ways: Ways) -> bytes:
    """The authority of this fingerprint, from a controller that is not believed yet."""
    unbelieving = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unbelieving.check_hostname, unbelieving.verify_mode = False, ssl.CERT_NONE
    answer = await _ask(address, unbelieving, pb.EnrolmentRequest(authorities=pb.AuthoritiesRequest()), ways)
    try:
        found = certificates.with_fingerprint(answer.authorities.certificates, fingerprint)
    except MalformedMessage as error:
        raise EnrolmentFailed(f"{address} answers nonsense: {error}") from error
    if found is None:
        raise EnrolmentFailed(f"{address} knows no authority with the fingerprint {fingerprint}", is_final=True)
    return found


async def _certificate(
    address: str, authorities: bytes, request: pb.EnrolmentRequest, key: bytes, ways: Ways
) -> Credentials:
    answer = await _ask(address, believing(authorities), request, ways)
    if answer.WhichOneof("answer") == "refusal":
        raise EnrolmentFailed(f"{address} refuses: {answer.refusal.reason}", answer.refusal.is_final)
    return taken(answer.certificate, key)


async def _ask(address: str, context: ssl.SSLContext, request: pb.EnrolmentRequest, ways: Ways) -> pb.EnrolmentAnswer:
    try:
        async with (
            ways(address) as target,
            asyncio.timeout(_PATIENCE_SECONDS),
            _connection(target, context) as (reader, writer),
        ):
            await write_message(writer, request)
            return await read_message(reader, pb.EnrolmentAnswer)
    except TimeoutError as error:
        raise EnrolmentFailed(f"{address} does not answer") from error
    except (OSError, MalformedMessage) as error:
        raise EnrolmentFailed(f"{address} cannot be asked: {error}") from error


@contextlib.asynccontextmanager
async def _connection(
    address: str, context: ssl.SSLContext
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    if address.startswith("unix:"):
        path = address.removeprefix("unix:")
        reader, writer = await asyncio.open_unix_connection(path, ssl=context, server_hostname=CONTROLLER_NAME)
    else:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(
            host.strip("[]"), int(port), ssl=context, server_hostname=CONTROLLER_NAME
        )
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await writer.wait_closed()
