"""Whom a controller believes of those who say hello over a message queue: what guards of streams see in TLS."""

import time
from collections.abc import Callable

import msgspec

from alcor.channels.checks import MalformedMessage
from alcor.channels.message_queue.envelopes import Proof, QueuedHello, ToQueuedHost
from alcor.channels.message_queue.sealing import Seal, answer, caller
from alcor.channels.trust.credentials import CredentialSource
from alcor.channels.trust.guard import CertificateGuard, End
from alcor.channels.trust.identity import Identity, Kind
from alcor.channels.trust.refusals import Refusal, Refusals


class Known(msgspec.Struct, frozen=True):
    """Somebody who proved who that is, and the session with that one."""

    identity: Identity
    proof: Proof
    seal: Seal

    def sealed(self, said: ToQueuedHost) -> ToQueuedHost:
        """As only that one can read it, with the proof of who says it in the first message."""
        sealed = self.seal.of_controller(said)
        return msgspec.structs.replace(sealed, proof=self.proof) if said.number == 1 else sealed


class HostTrust:
    """Of one controller."""

    def __init__(
        self,
        credentials: CredentialSource,
        guard: CertificateGuard,
        refusals: Refusals,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``credentials`` are this controller's own."""
        self._credentials, self._guard, self._refusals, self._clock = credentials, guard, refusals, clock

    def meet(self, host_id: str, said: QueuedHello) -> Known:
        """Who says hello for a host. Raises MalformedMessage when that one may not."""
        try:
            shown = self._credentials()
            if shown is None:
                raise MalformedMessage("this controller has no certificate yet")
            identity = caller(said, shown.authorities, self._clock())
            if identity.kind is not Kind.FLEET and (identity.kind, identity.name) != (Kind.HOST, host_id):
                raise MalformedMessage(f"the certificate is of {identity}")
            return Known(identity, *answer(shown, said))
        except MalformedMessage as error:
            self.refuse(f"a hello for host {host_id[:255]}", str(error))
            raise

    def check(self, identity: Identity) -> None:
        """Raises Refused when the certificates of this identity hold no longer."""
        self._guard.check(identity)
        self._refusals.admitted.inc()

    def watch(self, identity: Identity, end: End) -> Callable[[], None]:
        """See CertificateGuard."""
        return self._guard.watch(identity, end)

    def refuse(self, who: str, reason: str) -> None:
        """What came by the message queue was not said by whom it should be."""
        self._refusals.note(who, Refusal("message queue", reason))
