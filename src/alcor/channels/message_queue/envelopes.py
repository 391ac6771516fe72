"""What travels by a message queue around the messages of the southbound protocol, between its plain form and protobuf.

As strict as channels.codec: whatever comes becomes a value of the right shape or raises MalformedMessage.
"""

from typing import TypeVar

import msgspec

from alcor.channels import checks
from alcor.channels.checks import MalformedMessage
from alcor.southbound.v1 import message_queue_pb2 as pb

VERSION = 1

_TOPIC_CHARACTERS = 1024
_CERTIFICATE_BYTES = 16 * 1024

_Envelope = TypeVar("_Envelope", pb.QueuedHello, pb.FromQueuedHost, pb.ToQueuedHost)


class Place(msgspec.Struct, frozen=True):
    """Where messages for a host are: those of a topic that have its key."""

    topic: str
    key: str


class Proof(msgspec.Struct, frozen=True):
    """Who it is that speaks (sealing.py)."""

    certificate: bytes
    share: bytes
    signature: bytes


class QueuedHello(msgspec.Struct, frozen=True):
    """What a host says first, to all controllers."""

    session: bytes
    attempt: int
    hello: bytes
    place: Place | None = None
    proof: Proof | None = None


class FromQueuedHost(msgspec.Struct, frozen=True):
    """What a host says then, to its controller."""

    session: bytes
    number: int
    message: bytes = b""
    taken: int = 0
    end: bool = False


class ToQueuedHost(msgspec.Struct, frozen=True):
    """What a controller says to a host."""

    session: bytes
    number: int
    message: bytes = b""
    controller: str = ""
    end: str = ""
    place: Place | None = None
    proof: Proof | None = None


def encode_hello(hello: QueuedHello) -> bytes:
    """As it travels."""
    return pb.QueuedHello(
        version=VERSION,
        session=hello.session,
        attempt=hello.attempt,
        hello=hello.hello,
        place=_place_message(hello.place),
        proof=_proof_message(hello.proof),
    ).SerializeToString()


def decode_hello(data: bytes) -> QueuedHello:
    """Raises MalformedMessage."""
    message = _parse(pb.QueuedHello, data)
    return QueuedHello(message.session, message.attempt, message.hello, _place(message), _proof(message))


def encode_from_host(said: FromQueuedHost) -> bytes:
    """As it travels."""
    return pb.FromQueuedHost(
        version=VERSION,
        session=said.session,
        number=said.number,
        message=said.message,
        taken=said.taken,
        end=said.end,
    ).SerializeToString()


def decode_from_host(data: bytes) -> FromQueuedHost:
    """Raises MalformedMessage."""
    message = _parse(pb.FromQueuedHost, data)
    return FromQueuedHost(message.session, message.number, message.message, message.taken, message.end)


def encode_to_host(said: ToQueuedHost) -> bytes:
    """As it travels."""
    return pb.ToQueuedHost(
        version=VERSION,
        session=said.session,
        number=said.number,
        message=said.message,
        controller=said.controller,
        end=said.end,
        place=_place_message(said.place),
        proof=_proof_message(said.proof),
    ).SerializeToString()


def decode_to_host(data: bytes) -> ToQueuedHost:
    """Raises MalformedMessage."""
    message = _parse(pb.ToQueuedHost, data)
    return ToQueuedHost(
        session=message.session,
        number=message.number,
        message=message.message,
        controller=_topic(message.controller),
        end=message.end,
        place=_place(message),
        proof=_proof(message),
    )


def _parse(kind: type[_Envelope], data: bytes) -> _Envelope:
    """Of this version, and of a session."""
    message = checks.parse(kind, data)
    if message.version != VERSION:
        raise MalformedMessage(f"version {message.version} of the protocol over the message queue; {VERSION} is known")
    checks.identifier(message.session, "session")
    return message


def _place_message(place: Place | None) -> pb.QueuePlace | None:
    return None if place is None else pb.QueuePlace(topic=place.topic, key=place.key)


def _place(message: pb.QueuedHello | pb.ToQueuedHost) -> Place | None:
    if not message.HasField("place"):
        return None
    place = message.place
    if not place.topic or not place.key:
        raise MalformedMessage("a place in the message queue has a topic and a key")
    return Place(_topic(place.topic), _topic(place.key))


def _proof_message(proof: Proof | None) -> pb.QueueProof | None:
    if proof is None:
        return None
    return pb.QueueProof(certificate=proof.certificate, share=proof.share, signature=proof.signature)


def _proof(message: pb.QueuedHello | pb.ToQueuedHost) -> Proof | None:
    if not message.HasField("proof"):
        return None
    proof = message.proof
    if len(proof.certificate) > _CERTIFICATE_BYTES:
        raise MalformedMessage(f"a certificate of {len(proof.certificate)} bytes")
    return Proof(proof.certificate, proof.share, proof.signature)


def _topic(text: str) -> str:
    if len(text) > _TOPIC_CHARACTERS:
        raise MalformedMessage(f"a topic or key of {len(text)} characters; {_TOPIC_CHARACTERS} are allowed")
    return text
