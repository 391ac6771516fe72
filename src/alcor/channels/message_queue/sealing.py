"""Who speaks in a session over a message queue, and keys that only its two ends have.

Brokers let many hosts write where controllers read, and read where other hosts do. So each end proves with its
certificate who it is, and what it says is sealed: nobody else can speak in the session, or understand it.
"""

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from alcor.channels.checks import MalformedMessage
from alcor.channels.message_queue.envelopes import FromQueuedHost, Place, Proof, QueuedHello, ToQueuedHost
from alcor.channels.trust import certificates
from alcor.channels.trust.credentials import Credentials
from alcor.channels.trust.identity import Identity, Kind

_KEY_BYTES = 32
_NONCE_BYTES = 12
_HELLO, _ANSWER, _KEYS = b"alcor queue hello", b"alcor queue answer", b"alcor queue keys"


class Seal:
    """What one end of a session says and hears."""

    def __init__(self, says: bytes, hears: bytes) -> None:
        self._says, self._hears = AESGCM(says), AESGCM(hears)

    def of_host(self, said: FromQueuedHost) -> FromQueuedHost:
        """What a host says, sealed."""
        return msgspec.structs.replace(said, message=self._close(said.number, said.message, _beside_host(said)))

    def from_host(self, said: FromQueuedHost) -> FromQueuedHost:
        """What a host said, opened. Raises MalformedMessage when it was not the host of this session."""
        return msgspec.structs.replace(said, message=self._open(said.number, said.message, _beside_host(said)))

    def of_controller(self, said: ToQueuedHost) -> ToQueuedHost:
        """What a controller says, sealed."""
        return msgspec.structs.replace(said, message=self._close(said.number, said.message, _beside_controller(said)))

    def from_controller(self, said: ToQueuedHost) -> ToQueuedHost:
        """What a controller said, opened. Raises MalformedMessage when it was not the controller of this session."""
        return msgspec.structs.replace(said, message=self._open(said.number, said.message, _beside_controller(said)))

    def _close(self, number: int, data: bytes, beside: bytes) -> bytes:
        return self._says.encrypt(number.to_bytes(_NONCE_BYTES), data, beside)

    def _open(self, number: int, data: bytes, beside: bytes) -> bytes:
        try:
            return self._hears.decrypt(number.to_bytes(_NONCE_BYTES), data, beside)
        except (InvalidTag, ValueError) as error:
            raise MalformedMessage("it is not sealed by the other end of its session") from error


class Offer:
    """A host's part in agreeing on keys, for one session."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._key = X25519PrivateKey.generate()
        self._share = self._key.public_key().public_bytes_raw()

    def proven(self, hello: QueuedHello) -> QueuedHello:
        """A hello, with the proof of who says it."""
        proof = _prove(self._credentials, self._share, _hello_parts(hello, self._share))
        return msgspec.structs.replace(hello, proof=proof)

    def accept(self, said: ToQueuedHost, now: float) -> Seal:
        """The seal of the session with the controller that answered. Raises MalformedMessage when that is none."""
        share = b"" if said.proof is None else said.proof.share
        parts = (_ANSWER, said.session, self._share, share)
        identity = _proven(said.proof, parts, self._credentials.authorities, now)
        if identity.kind is not Kind.CONTROLLER:
            raise MalformedMessage(f"it was answered by {identity}, which is no controller")
        of_host, of_controller = _keys(self._key, share, said.session, self._share, share)
        return Seal(says=of_host, hears=of_controller)


def caller(hello: QueuedHello, authorities: bytes, now: float) -> Identity:
    """Who said a hello. Raises MalformedMessage when that is not proven."""
    share = b"" if hello.proof is None else hello.proof.share
    return _proven(hello.proof, _hello_parts(hello, share), authorities, now)


def answer(credentials: Credentials, hello: QueuedHello) -> tuple[Proof, Seal]:
    """A controller's answer to a hello whose caller is proven. Raises MalformedMessage."""
    assert hello.proof is not None, "its caller is proven"
    key = X25519PrivateKey.generate()
    own, share = key.public_key().public_bytes_raw(), hello.proof.share
    of_host, of_controller = _keys(key, share, hello.session, share, own)
    proof = _prove(credentials, own, (_ANSWER, hello.session, share, own))
    return proof, Seal(says=of_controller, hears=of_host)


def _prove(credentials: Credentials, share: bytes, parts: tuple[bytes, ...]) -> Proof:
    return Proof(credentials.chain, share, certificates.sign(credentials.key, _joined(*parts)))


def _proven(proof: Proof | None, parts: tuple[bytes, ...], authorities: bytes, now: float) -> Identity:
    """Who proves to have said something. Raises MalformedMessage."""
    if proof is None:
        raise MalformedMessage("it does not prove who says it")
    certificates.check_issued(proof.certificate, authorities)
    validity = certificates.validity(proof.certificate)
    if not validity.start <= now < validity.end:
        raise MalformedMessage("its certificate has ended, or holds later only")
    certificates.check_signature(proof.certificate, _joined(*parts), proof.signature)
    return certificates.identity_of(proof.certificate)


def _keys(
    own: X25519PrivateKey, share: bytes, session: bytes, of_host: bytes, of_controller: bytes
) -> tuple[bytes, bytes]:
    """That of what the host says, and that of what the controller says. Raises MalformedMessage."""
    try:
        secret = own.exchange(X25519PublicKey.from_public_bytes(share))
    except ValueError as error:
        raise MalformedMessage("its share is no public key") from error
    info = _joined(_KEYS, of_host, of_controller)
    keys = HKDF(hashes.SHA256(), 2 * _KEY_BYTES, salt=session, info=info).derive(secret)
    return keys[:_KEY_BYTES], keys[_KEY_BYTES:]


def _hello_parts(hello: QueuedHello, share: bytes) -> tuple[bytes, ...]:
    return _HELLO, hello.session, hello.attempt.to_bytes(8), hello.hello, *_place_parts(hello.place), share


def _beside_host(said: FromQueuedHost) -> bytes:
    return _joined(said.session, said.taken.to_bytes(4), bytes((said.end,)))


def _beside_controller(said: ToQueuedHost) -> bytes:
    return _joined(said.session, said.controller.encode(), said.end.encode(), *_place_parts(said.place))


def _place_parts(place: Place | None) -> tuple[bytes, bytes]:
    return (b"", b"") if place is None else (place.topic.encode(), place.key.encode())


def _joined(*parts: bytes) -> bytes:
    """So that no other parts are the same when they are joined."""
    return b"".join(len(part).to_bytes(4) + part for part in parts)
