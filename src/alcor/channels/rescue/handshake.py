"""What a host and the neighbour that relays for it say to each other before the neighbour only passes bytes on.

The relay greets with a random number. The host answers who it is, to which address it wants to be led, and proves it
with the token that a controller gave it for this relay; the token itself does not travel. The relay answers with one
octet. What is passed on then is the affair of the host and of its controller.
"""

import enum
import hashlib
import hmac
import os

import msgspec

from alcor.channels import checks
from alcor.channels.checks import MalformedMessage

_MAGIC = b"ALCr\x01"
_NONCE_BYTES = 16
_PROOF_BYTES = 32
KEY_BYTES = 32
_MOST_HOST_BYTES = 1020  # of 255 characters
_MOST_ADDRESS_BYTES = 320

PATIENCE_SECONDS = 5.0
"""That a relay may take to reach a controller, and that each side has to say its part."""

GREETING_BYTES = len(_MAGIC) + _NONCE_BYTES
LENGTHS_BYTES = 4
"""At the beginning of a request: how long its parts are."""


class Answer(enum.IntEnum):
    """What a relay answers."""

    WELCOME = 0
    NOT_ADMITTED = 1  # no proof, or none that holds
    BUSY = 2
    RELAYED_ITSELF = 3  # it reaches no controller either
    NOT_A_CONTROLLER = 4  # the address is none to which it leads anybody
    NOT_REACHED = 5  # the controller


class Request(msgspec.Struct, frozen=True):
    """Who wants to be led to which address, and the proof."""

    host_id: str
    address: str
    proof: bytes


def new_greeting() -> bytes:
    """What a relay begins with."""
    return _MAGIC + os.urandom(_NONCE_BYTES)


def check_greeting(greeting: bytes) -> None:
    """Raises MalformedMessage when it is not a relay's."""
    if len(greeting) != GREETING_BYTES or not greeting.startswith(_MAGIC):
        raise MalformedMessage("what answers is no relay")


def relay_key(secret: bytes, host_id: str) -> bytes:
    """The key of a relay, from a secret that all controllers of a region share."""
    return hmac.digest(secret, b"relay\0" + host_id.encode(), hashlib.sha256)


def token(key: bytes, host_id: str) -> bytes:
    """What a host proves itself with to the relay that has this key."""
    return hmac.digest(key, b"token\0" + host_id.encode(), hashlib.sha256)


def proof(its_token: bytes, greeting: bytes, host_id: str, address: str) -> bytes:
    """The proof that one has the token, for this greeting and request only."""
    return hmac.digest(its_token, b"\0".join((greeting, host_id.encode(), address.encode())), hashlib.sha256)


def request(its_token: bytes, greeting: bytes, host_id: str, address: str) -> bytes:
    """A host's request, as it travels."""
    host, target = host_id.encode(), address.encode()
    lengths = len(host).to_bytes(2) + len(target).to_bytes(2)
    return lengths + host + target + proof(its_token, greeting, host_id, address)


def rest_bytes(lengths: bytes) -> int:
    """How much of a request follows on its lengths. Raises MalformedMessage for one that nobody would send."""
    host, target = int.from_bytes(lengths[:2]), int.from_bytes(lengths[2:LENGTHS_BYTES])
    if not 0 < host <= _MOST_HOST_BYTES or not 0 < target <= _MOST_ADDRESS_BYTES:
        raise MalformedMessage(f"a request of {host} and {target} octets")
    return host + target + _PROOF_BYTES


def read_request(lengths: bytes, rest: bytes) -> Request:
    """A request from its two pieces. Raises MalformedMessage."""
    host_end = int.from_bytes(lengths[:2])
    target_end = host_end + int.from_bytes(lengths[2:LENGTHS_BYTES])
    try:
        host_id, address = rest[:host_end].decode(), rest[host_end:target_end].decode()
    except UnicodeDecodeError as error:
        raise MalformedMessage("a request that is no text") from error
    return Request(host_id, checks.server(address, "address"), rest[target_end:])


def is_proven(key: bytes, greeting: bytes, wanted: Request) -> bool:
    """Whether the request comes from the host that it names."""
    expected = proof(token(key, wanted.host_id), greeting, wanted.host_id, wanted.address)
    return hmac.compare_digest(expected, wanted.proof)
