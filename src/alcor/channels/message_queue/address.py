"""Where a message queue is, as controllers and agents are told: pulsar://HOST:PORT/TENANT/NAMESPACE."""

import re

import msgspec

_NAMESPACE = "public/default"
_ADDRESS = re.compile(r"(pulsar(?:\+ssl)?://[A-Za-z0-9.:,\[\]_-]+)(?:/([A-Za-z0-9._-]+/[A-Za-z0-9._-]+))?/?")


class QueueAddress(msgspec.Struct, frozen=True):
    """A broker, or several, and the namespace that Alcor's topics are in."""

    service: str  # as the client takes it
    namespace: str = _NAMESPACE


def parse_queue(text: str) -> QueueAddress:
    """Raises ValueError, saying how it is written."""
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ValueError(f"message queue {text!r}: write pulsar://HOST:PORT or pulsar://HOST:PORT/TENANT/NAMESPACE")
    return QueueAddress(match[1], match[2] or _NAMESPACE)
