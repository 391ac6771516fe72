"""What a controller process trusts, and is trusted by: its certificate, the authority, and certificates for others."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from alcor.channels.fast_path.opening import server_credentials
from alcor.channels.fast_path.renewal import renewal_handler
from alcor.channels.message_queue.host_trust import HostTrust
from alcor.channels.topic_keys import TopicKeySchedule
from alcor.channels.trust import certificates, kept_secrets
from alcor.channels.trust.certifying import NotCertified
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.enrolment_server import EnrolmentServer
from alcor.channels.trust.guard import CertificateGuard
from alcor.channels.trust.identity import Identity, Kind
from alcor.channels.trust.refusals import Refusal, Refusals
from alcor.controller.settings import ControllerError
from alcor.dpm.compiler import Compiled
from alcor.model.records import NodeRecord
from alcor.services.trust import authorities, nodes, topic_secret
from alcor.services.trust.authorities import StoredAuthority
from alcor.services.trust.settings import TrustSettings
from alcor.store.store import Store

log = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0  # so long a withdrawn authority may still be trusted
_OWN_SECONDS = 30 * 86400  # its key is nowhere but in this process, and each change is a risk to those who connect

T = TypeVar("T")


class Trust:
    """Of one process. A certifying.Certifier, and a dpm.follower.Follower."""

    def __init__(
        self,
        store: Store,
        controller_id: str,
        settings: TrustSettings,
        known: Callable[[], Mapping[str, NodeRecord]],
        refusals: Refusals | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``known`` gives the nodes as this process knows them at any time."""
        self._store, self._settings, self._clock = store, settings, clock
        self._identity = Identity(Kind.CONTROLLER, controller_id)
        self._refusals = refusals or Refusals()
        self.guard = CertificateGuard(known, self._refusals)
        self._stored: list[StoredAuthority] = []
        self._signing: tuple[StoredAuthority, certificates.Authority] | None = None
        self._own: Credentials | None = None
        self._renew_at = 0.0
        self._enrolment: EnrolmentServer | None = None
        self._topic_secret = self._kept_topic_secret = b""
        self.topic_keys = TopicKeySchedule(lambda: self._topic_secret, settings.topic_key_seconds, clock)
        """What topics are sealed with."""

    async def load(self) -> None:
        """Read the authority, or make the first. To be called before anything is served. Raises ControllerError."""
        secret = self._settings.secret
        with contextlib.suppress(IntegrityError):  # another controller has just made one
            await self._store.write(partial(authorities.make_first, secret=secret))
        await self._store.write(partial(topic_secret.make_first, secret=secret))
        if secret:
            await self._store.write(partial(topic_secret.encrypt, secret=secret))
            await self._store.write(partial(authorities.encrypt, secret=secret))
        await self.look()

    @property
    def credentials(self) -> Credentials:
        """What this controller shows, and whom it believes."""
        assert self._own is not None, "it is loaded first"
        return self._own

    def current(self) -> Credentials | None:
        """The same; None before anything is loaded (a CredentialSource)."""
        return self._own

    def over_queue(self) -> HostTrust:
        """For this process's end of the message-queue path."""
        return HostTrust(self.current, self.guard, self._refusals, self._clock)

    def server_credentials(self) -> Any:
        """For this process's gRPC server."""
        return server_credentials(lambda: self.credentials, self._refusals.connections.inc)

    def renewal_service(self) -> Any:
        """For this process's gRPC server."""
        return renewal_handler(self._renew)

    @contextlib.asynccontextmanager
    async def enrolling(self, address: str) -> AsyncIterator[None]:
        """Take in hosts without certificates at an address, while this lasts. Raises ControllerError."""
        self._enrolment = EnrolmentServer(address, self, self.credentials)
        try:
            async with self._enrolment.listening():
                log.info("hosts join at %s", address)
                yield
        except OSError as error:
            raise ControllerError(f"cannot listen for hosts that join at {address}: {error.strerror}") from error
        finally:
            self._enrolment = None

    async def run(self) -> None:
        """Keep up with the authorities, and renew this controller's own certificate, for ever."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except (SQLAlchemyError, ControllerError) as error:
                log.error("the authorities cannot be read and are tried again: %s", str(error).splitlines()[0])

    async def look(self) -> None:
        """Take in which authorities there are now; who may have shown a withdrawn one's certificate is sent away.

        Raises ControllerError.
        """
        before, self._stored = self._stored, await self._store.read(authorities.read)
        now = self._clock()
        if any(each.trusted_until is not None and each.trusted_until <= now for each in self._stored):
            await self._store.write(authorities.forget_ended)
        signing = authorities.signing(self._stored, now)
        is_new = self._signing is None or self._signing[0].number != signing.number
        if is_new:
            self._signing = signing, self._loaded(signing)
            log.info("authority %d signs: %s", signing.number, certificates.fingerprint(signing.certificate))
        trusted = self.authorities()
        if self._own is None or is_new or now >= self._renew_at or self._own.authorities != trusted:
            key = certificates.new_key()
            chain = self._signer().certify(certificates.public_key(key), self._identity, now, _OWN_SECONDS)
            self._own = Credentials(key, chain, trusted)
            self._renew_at = now + _OWN_SECONDS / 2
            if self._enrolment is not None:
                self._enrolment.show(self._own)
        self._take_topic_secret(await self._store.read(topic_secret.read))
        if authorities.are_withdrawn(before, self._stored, now):
            log.warning("an authority was withdrawn: hosts have to join anew")
            self.guard.authority_withdrawn(self.authorities)

    def _take_topic_secret(self, kept: bytes) -> None:
        if kept != self._kept_topic_secret:
            self._topic_secret = self._readable("the secret of topics", partial(kept_secrets.opened, kept))
            self._kept_topic_secret = kept

    # dpm.follower.Follower.

    def compiled(self, compiled: Compiled) -> None:
        """See Follower."""
        if compiled.nodes:
            self.guard.nodes_changed(compiled.nodes)

    def reloaded(self) -> None:
        """See Follower."""
        self.guard.everything_changed()

    # Certifier.

    def authorities(self) -> bytes:
        """See Certifier."""
        return authorities.trusted(self._stored, self._clock())

    async def join(self, token: str, signing_request: bytes) -> bytes:
        """See Certifier."""
        key = certificates.requested_key(signing_request)
        try:
            identity = await self._store.write(partial(nodes.joining, token=token, public_key=key))
        except NotCertified as error:
            self._refusals.note("somebody who wants to join", Refusal("token", str(error)))
            raise
        log.info("%s joins", identity)
        return self._certify(identity, key)

    async def come_back(self, certificate: bytes, signing_request: bytes, signature: bytes) -> bytes:
        """See Certifier."""
        certificates.check_issued(certificate, self.authorities())
        certificates.check_signature(certificate, signing_request, signature)
        identity, ended = certificates.identity_of(certificate), certificates.validity(certificate).end
        if self._clock() > ended + self._settings.return_seconds:
            reason = "its certificate ended too long ago: it needs a new token"
            self._refusals.note(str(identity), Refusal("away too long", reason))
            raise NotCertified(reason)
        return await self._certify_again(identity, signing_request)

    async def _renew(self, context: Any, signing_request: bytes) -> tuple[bytes, bytes]:
        identity = self.guard.caller(context)
        return await self._certify_again(identity, signing_request), self.authorities()

    async def _certify_again(self, identity: Identity, signing_request: bytes) -> bytes:
        key = certificates.requested_key(signing_request)
        try:
            await self._store.read(partial(nodes.check_still_good, identity=identity))
        except NotCertified as error:
            self._refusals.note(str(identity), Refusal("revoked", str(error)))
            raise
        return self._certify(identity, key)

    def _certify(self, identity: Identity, key: bytes) -> bytes:
        self._refusals.certificates.labels(identity.kind.value).inc()
        return self._signer().certify(key, identity, self._clock(), self._settings.lifetime)

    def _signer(self) -> certificates.Authority:
        assert self._signing is not None, "it is loaded first"
        return self._signing[1]

    def _loaded(self, stored: StoredAuthority) -> certificates.Authority:
        return self._readable(
            "the authority's key", partial(certificates.load_authority, stored.certificate, stored.key)
        )

    def _readable(self, what: str, read: Callable[[bytes], T]) -> T:
        """What is kept in the database, read with the operator's secret. Raises ControllerError."""
        try:
            return read(self._settings.secret)
        except (ValueError, TypeError) as error:
            raise ControllerError(
                f"{what} cannot be read from the database: {error}; give this controller the secret that the others "
                "have, with --authority-secret-file"
            ) from error
