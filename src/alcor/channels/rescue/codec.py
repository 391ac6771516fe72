"""Who may lead whom to a controller: between the plain form (channels.messages) and protobuf, strictly."""

from alcor.channels.checks import MalformedMessage
from alcor.channels.messages import RelayCandidate, RelayCandidates
from alcor.channels.rescue.handshake import KEY_BYTES
from alcor.southbound.v1 import southbound_pb2 as pb

MOST_CANDIDATES = 16
_HOST_ID_CHARACTERS = 255


def encode_relays(relays: RelayCandidates) -> bytes:
    """Who may lead a host, as a controller says it."""
    candidates = [
        pb.RelayCandidate(host_id=each.host_id, ipv4=each.ipv4, token=each.token) for each in relays.candidates
    ]
    message = pb.RelayCandidates(key=relays.key, candidates=candidates)
    return pb.ControllerMessage(relay_candidates=message).SerializeToString()


def decode_relays(message: pb.RelayCandidates) -> RelayCandidates:
    """Who may lead a host. Raises MalformedMessage."""
    if len(message.candidates) > MOST_CANDIDATES:
        raise MalformedMessage(f"{len(message.candidates)} relay candidates; {MOST_CANDIDATES} are allowed")
    candidates = (RelayCandidate(each.host_id, each.ipv4, _secret(each.token, "token")) for each in message.candidates)
    found = tuple(candidates)
    if any(not 0 < len(each.host_id) <= _HOST_ID_CHARACTERS for each in found):
        raise MalformedMessage("a relay candidate without a host id")
    return RelayCandidates(_secret(message.key, "key"), found)


def _secret(value: bytes, what: str) -> bytes:
    if len(value) != KEY_BYTES:
        raise MalformedMessage(f"a relay's {what} has {KEY_BYTES} bytes, not {len(value)}")
    return value
