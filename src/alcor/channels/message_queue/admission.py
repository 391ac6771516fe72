"""Why a broker does not let a process in, or not do what it must: found out, counted, and logged once.

Pulsar's client says of a refused certificate only that time was up, so the broker is asked once more, in plain TLS.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable

import pulsar
from pulsar.asyncio import PulsarException

from alcor.channels.message_queue.address import QueueAddress
from alcor.channels.trust.certificates import identity_of
from alcor.channels.trust.credentials import Credentials, CredentialSource, client_context

log = logging.getLogger(__name__)

NOT_ADMITTED, NOT_PERMITTED = "not_admitted", "not_permitted"
"""What is counted: that the broker, or this process, does not believe the other; that the broker grants no right."""

_PATIENCE_SECONDS = 3.0
_REMEMBERED = 1000
_REFUSED = (pulsar.Result.AuthorizationError, pulsar.Result.AuthenticationError)

Count = Callable[[str], object]


class NotAdmitted(Exception):
    """The broker and this process do not believe each other; the message says what to do."""


class Admission:
    """Of one process at the brokers of one address."""

    def __init__(self, address: QueueAddress, shown: CredentialSource | None, count: Count) -> None:
        """``shown`` says what this process shows; None where it shows nothing."""
        self._address, self._shown, self._count = address, shown, count
        self._logged: dict[str, None] = {}
        self._is_admitted = False

    def refusal(self, error: PulsarException, topic: str) -> str:
        """What it means that something could not be done with a topic, and what to do."""
        if error.error() not in _REFUSED:
            return f"topic {topic} cannot be used: {error}"
        self._count(NOT_PERMITTED)
        shown = None if self._shown is None else self._shown()
        whom = f"the role {identity_of(shown.chain).role()}" if shown is not None else "those who show no certificate"
        why = f"the broker does not let {whom} use topic {topic}: grant it the rights in docs/message-queue.md"
        self._log(why)
        return why

    async def check(self) -> None:
        """Raises NotAdmitted when the broker is there and one does not believe the other."""
        if self._is_admitted or self._shown is None:
            return
        shown = self._shown()
        if shown is None:
            raise NotAdmitted("this process has no certificate yet to show to the broker")
        for server in self._address.servers:
            if why := await _disbelief(server, shown):
                self._count(NOT_ADMITTED)
                self._log(why)
                raise NotAdmitted(why)

    def answered(self) -> None:
        """The broker did what it was asked for."""
        self._is_admitted = True

    async def silence(self) -> str:
        """What it means that the broker did not answer, and what to do."""
        self._is_admitted = False
        try:
            await self.check()
        except NotAdmitted as error:
            return str(error)
        return "the broker does not answer"

    def _log(self, why: str) -> None:
        if why not in self._logged:
            if len(self._logged) >= _REMEMBERED:
                del self._logged[next(iter(self._logged))]
            self._logged[why] = None
            log.warning("%s", why)


async def _disbelief(server: str, shown: Credentials) -> str:
    """Which of the two ends does not believe the other; empty when both do, or nobody is there."""
    host, _, port = server.rpartition(":")
    context = client_context(shown)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    writer = None
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port), ssl=context)
            await reader.read(1)  # a certificate is refused after all else of TLS is done
    except ssl.SSLCertVerificationError as error:
        return (
            f"the broker at {server} is not believed ({error.verify_message}): it needs a certificate of this region's "
            f"authority, for the name {host} (alcor trust broker-token {host})"
        )
    except ssl.SSLError as error:
        return (
            f"the broker at {server} refuses this process's certificate ({error.reason}): it has to trust this "
            "region's authority (tlsTrustCertsFilePath), and the certificate has to hold yet"
        )
    except (OSError, TimeoutError):
        return ""
    finally:
        if writer is not None:
            writer.transport.abort()
    return ""
