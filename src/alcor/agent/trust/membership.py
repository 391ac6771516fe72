"""This host's certificate, or this broker's: asked for, kept, and renewed long before it ends, for ever.

Without one that holds, nobody is connected to; the data plane goes on as it is. Streams that are open live on when a
certificate is renewed, and when it ends.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from alcor.agent.counters import Counters
from alcor.agent.trust.files import TrustFiles
from alcor.agent.trust.settings import TrustSettings
from alcor.channels.fast_path.dialling import Backoff
from alcor.channels.fast_path.opening import opens_trusted
from alcor.channels.fast_path.renewal import renewed
from alcor.channels.trust import certificates, enrolment_client
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.enrolment_client import EnrolmentFailed
from alcor.channels.trust.identity import Identity, Kind
from alcor.channels.ways import Ways, direct

log = logging.getLogger(__name__)

DIRECTORY = "trust"
_EARLIEST, _LATEST = 0.4, 0.7  # of what is left of a certificate's life, when it is renewed
_LOOK_SECONDS = 30.0  # the host's clock may jump
_PATIENCE = Backoff(0.5, 15.0)
_RARELY = Backoff(300.0, 300.0)  # when asking leads nowhere before somebody does something


class Membership:
    """Of one host in its region, or of one broker of its message queue."""

    def __init__(
        self,
        host_id: str,
        controllers: Sequence[str],
        settings: TrustSettings,
        data_directory: Path,
        counters: Counters,
        clock: Callable[[], float] = time.time,
        ways: Ways = direct,
        kind: Kind = Kind.HOST,
    ) -> None:
        """Controllers are reached by ``ways``, whether to join, to renew or to come back.

        A broker is whom its token is for: it needs no ``host_id``.
        """
        self.trouble = ""
        """Why there is no certificate, or no new one; empty when all is well."""
        self._kind, self._host_id, self._controllers, self._settings = kind, host_id, controllers, settings
        self._files = TrustFiles(data_directory / DIRECTORY, apart=kind is Kind.BROKER)
        self._counters, self._clock, self._ways = counters, clock, ways
        self._credentials: Credentials | None = None
        self._validity = certificates.Validity(0.0, 0.0)
        self._renew_at = 0.0
        self._useless_token = ""
        self.open_channel = opens_trusted(self.current)
        """Opens channels to controllers, on which this host shows its certificate."""

    def load(self) -> None:
        """Take up the certificate of an earlier life. Raises OSError."""
        found = self._files.load()
        if found is None:
            return
        identity = certificates.identity_of(found.chain)
        if not self._is_own(identity):
            log.warning("the certificate that was kept is of %s, and not of this host: it is not used", identity)
            return
        self._take(found)

    def _is_own(self, identity: Identity) -> bool:
        return identity.kind is self._kind and self._host_id in ("", identity.name)

    def current(self) -> Credentials | None:
        """What this host shows and believes; None while it has no certificate that holds (a CredentialSource)."""
        return self._credentials if self._clock() < self._validity.end else None

    @property
    def ends_at(self) -> float:
        """When the certificate ends (seconds since the epoch); 0 where there is none."""
        return self._validity.end

    async def run(self) -> None:
        """Go on for ever."""
        failures = 0
        while True:
            try:
                if not self._is_due():
                    await asyncio.sleep(min(_LOOK_SECONDS, max(0.01, self._renew_at - self._clock())))
                    continue
                await self.ask()
                failures, self.trouble = 0, ""
                continue
            except EnrolmentFailed as error:
                failures += 1
                patience = _RARELY if error.is_final else _PATIENCE
                self._say(str(error))
            except OSError as error:
                failures += 1
                patience = _PATIENCE
                self._say(f"a certificate cannot be kept: {error}")
            await asyncio.sleep(patience.delay(failures))

    async def ask(self) -> None:
        """Get a certificate in whatever way there is at the moment. Raises EnrolmentFailed or OSError."""
        token = self._new_token()
        if token or self._credentials is None:
            await self._join(token)
        elif self.current() is not None:
            await self._replace(self._controllers, self._renewed)
        else:
            ended = self._credentials
            await self._replace(
                self._settings.enrolment_addresses(self._controllers),
                lambda address, key: enrolment_client.come_back(address, ended, key, self._ways),
            )

    async def _renewed(self, address: str, key: bytes) -> Credentials:
        return await renewed(address, key, self.open_channel, self._ways)

    def _is_due(self) -> bool:
        return self._credentials is None or self._clock() >= self._renew_at or bool(self._new_token())

    def _new_token(self) -> str:
        """A token to join with, or to join anew with; empty where there is none."""
        token = self._settings.join_token()
        if not token or (self._credentials is not None and token == self._useless_token):
            return ""
        return "" if self._files.has_joined_with(token) and self._credentials is not None else token

    async def _join(self, token: str) -> None:
        if not token:
            raise EnrolmentFailed(
                f"this {self._kind.value} has no certificate, and no token to get one: {self._remedy}"
            )
        key, authority = self._files.joining_key(), self._settings.authority
        addresses = self._settings.enrolment_addresses(self._controllers)
        try:
            self._keep(
                await _from_any(
                    addresses, lambda address: enrolment_client.join(address, authority, token, key, self._ways)
                )
            )
        except EnrolmentFailed as error:
            self._useless_token = token if error.is_final else ""
            raise
        self._files.joined(token)
        log.info("%s has joined", self._host_id or f"this {self._kind.value}")

    @property
    def _remedy(self) -> str:
        if self._kind is Kind.BROKER:
            return "make one with 'alcor trust broker-token NAME...'"
        return f"make one with 'alcor node join-token {self._host_id}' and write it to [trust] in the agent's file"

    async def _replace(self, addresses: Sequence[str], ask: Callable[[str, bytes], Awaitable[Credentials]]) -> None:
        key = certificates.new_key()
        self._keep(await _from_any(addresses, lambda address: ask(address, key)))

    def _keep(self, credentials: Credentials) -> None:
        identity = certificates.identity_of(credentials.chain)
        if not self._is_own(identity):
            raise EnrolmentFailed(
                f"the certificate is of {identity}, and not of this host: was the token for it?", True
            )
        if certificates.validity(credentials.chain).end <= self._clock():
            raise EnrolmentFailed("the certificate ends before it begins: is this host's clock right?")
        self._files.save(credentials)
        self._take(credentials)
        self._counters.add("certificates")

    def _take(self, credentials: Credentials) -> None:
        self._credentials, self._validity = credentials, certificates.validity(credentials.chain)
        now = self._clock()
        left = max(0.0, self._validity.end - now)
        self._renew_at = now + left * random.uniform(_EARLIEST, _LATEST)

    def _say(self, trouble: str) -> None:
        self._counters.add("certificates_failed")
        if trouble != self.trouble:
            log.warning("no certificate: %s", trouble)
        self.trouble = trouble


async def _from_any(addresses: Sequence[str], ask: Callable[[str], Awaitable[Credentials]]) -> Credentials:
    """What the first says that gives one. Raises EnrolmentFailed of the last, final when all were."""
    failures: list[EnrolmentFailed] = []
    for address in random.sample(addresses, len(addresses)):
        try:
            return await ask(address)
        except EnrolmentFailed as error:
            failures.append(error)
    raise EnrolmentFailed("; ".join(map(str, failures)), all(error.is_final for error in failures))
