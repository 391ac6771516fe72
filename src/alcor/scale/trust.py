"""How simulated hosts come by a certificate: as a fleet, which speaks for all of them, and renews it."""

import asyncio
import logging
import random
import socket
import time
from collections.abc import Callable
from urllib.parse import quote

from alcor.channels.fast_path.dialling import Backoff
from alcor.channels.fast_path.opening import opens_trusted
from alcor.channels.fast_path.renewal import renewed
from alcor.channels.trust import certificates
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.enrolment_client import EnrolmentFailed, join
from alcor.scale.errors import ScaleError
from alcor.scale.http_client import HttpClient

log = logging.getLogger(__name__)

_EARLIEST, _LATEST = 0.4, 0.7  # of what is left of a certificate's life, when it is renewed: as agents do
_PATIENCE = Backoff(0.5, 15.0)


async def joined(client: HttpClient, enrolment: str) -> Credentials:
    """A certificate for the fleets of this machine, of the controller that hosts join at ``enrolment``.

    Raises ScaleError.
    """
    name = quote(f"scale-{socket.gethostname()}", safe="")
    made = (await client.json("POST", f"/trust/fleets/{name}/join-token"))["join_token"]
    try:
        return await join(enrolment, made["authority"], made["token"], certificates.new_key())
    except EnrolmentFailed as error:
        raise ScaleError(f"the simulated hosts get no certificate: {error}") from error


class FleetCertificate:
    """What one process of simulated hosts shows. Each renews its own, long before it ends."""

    def __init__(self, credentials: Credentials, controller: str, clock: Callable[[], float] = time.time) -> None:
        """``controller`` is where hosts connect."""
        self._controller, self._clock = controller, clock
        self._take(credentials)

    def current(self) -> Credentials | None:
        """What is shown; None when it has ended, and hosts that connect are not let in (a CredentialSource)."""
        return self._credentials if self._clock() < self._end else None

    async def run(self) -> None:
        """Renew it, for ever."""
        failures = 0
        while True:
            await asyncio.sleep(max(0.0, self._renew_at - self._clock()))
            try:
                self._take(await renewed(self._controller, certificates.new_key(), opens_trusted(self.current)))
                failures = 0
            except EnrolmentFailed as error:
                failures += 1
                log.error("the certificate of the simulated hosts is not renewed: %s", error)
                await asyncio.sleep(_PATIENCE.delay(failures))

    def _take(self, credentials: Credentials) -> None:
        self._credentials, self._end = credentials, certificates.validity(credentials.chain).end
        now = self._clock()
        self._renew_at = now + max(0.0, self._end - now) * random.uniform(_EARLIEST, _LATEST)
