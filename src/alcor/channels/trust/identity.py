"""Whom a certificate is for, as its only URI says it."""

import enum
import re
from urllib.parse import quote, unquote

import msgspec

from alcor.channels.checks import MalformedMessage

CONTROLLER_NAME = "controllers.alcor.internal"
"""The name that certificates of controllers are for, wherever they are reached."""

_URI = re.compile(r"alcor://(host|fleet|controller|broker)/([^/?#]+)(?:\?index=(\d{1,18})&generation=(\d{1,18}))?")


class Kind(enum.Enum):
    """What somebody may do: speak for one host, for many, to hosts, or carry what they say to each other."""

    HOST = "host"
    FLEET = "fleet"
    CONTROLLER = "controller"
    BROKER = "broker"


class Identity(msgspec.Struct, frozen=True):
    """Somebody who has a certificate. Only hosts have an index and a generation.

    A broker is called as clients reach it: a name or address, or several with a space between.

    ``index`` tells a node from an earlier one of the same id. A revoked host is a generation later: certificates of
    earlier ones are refused.
    """

    kind: Kind
    name: str
    index: int = 0
    generation: int = 0

    def uri(self) -> str:
        """As it stands in a certificate."""
        place = f"alcor://{self.kind.value}/{quote(self.name, safe='')}"
        return f"{place}?index={self.index}&generation={self.generation}" if self.kind is Kind.HOST else place

    def role(self) -> str:
        """What brokers grant rights to: all of a kind have the same."""
        return f"alcor-{self.kind.value}"

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}"


def parse_identity(uri: str) -> Identity:
    """The identity that a URI says. Raises MalformedMessage."""
    match = _URI.fullmatch(uri)
    if match is None or (match[1] == Kind.HOST.value) is not (match[3] is not None):
        raise MalformedMessage(f"{uri[:64]!r} names nobody")
    return Identity(Kind(match[1]), unquote(match[2]), int(match[3] or 0), int(match[4] or 0))
