"""What the switch says when it refuses something. OpenFlow 1.4.1, section 7.5.4."""

import struct
from typing import NamedTuple

from alcor.dataplane.ovs.openflow.message import Malformed

_TYPES = {
    0: "hello failed",
    1: "bad request",
    2: "bad action",
    3: "bad instruction",
    4: "bad match",
    5: "flow mod failed",
    11: "role request failed",
    12: "meter mod failed",
    13: "table features failed",
    17: "bundle failed",
    0xFFFF: "extension error",
}
_CODES = {
    (1, 0): "unsupported version",
    (1, 1): "unsupported message type",
    (1, 2): "unsupported multipart type",
    (1, 5): "not permitted",
    (1, 6): "wrong length",
    (2, 0): "unknown action",
    (2, 4): "invalid output port",
    (2, 5): "bad argument",
    (2, 10): "match and action disagree",
    (3, 0): "unknown instruction",
    (3, 2): "no such table to go to",
    (4, 1): "wrong length",
    (4, 6): "unknown field",
    (4, 7): "bad value",
    (4, 8): "bad mask",
    (4, 9): "a field's prerequisite is missing",
    (4, 10): "duplicate field",
    (5, 1): "the table is full",
    (5, 2): "no such table",
    (5, 3): "it overlaps another flow",
    (5, 4): "not permitted",
    (12, 1): "the meter exists already",
    (12, 2): "invalid meter",
    (12, 3): "no such meter",
    (12, 8): "out of meters",
    (17, 1): "bad bundle id",
    (17, 2): "the bundle exists already",
    (17, 3): "the bundle is closed",
    (17, 4): "out of bundles",
    (17, 7): "unsupported message in a bundle",
    (17, 11): "a message in the bundle failed",
    (17, 13): "the bundle timed out",
}


class SwitchError(NamedTuple):
    """A refusal."""

    type: int
    code: int

    def __str__(self) -> str:
        kind = _TYPES.get(self.type, f"error type {self.type}")
        return f"Open vSwitch: {kind}: {_CODES.get((self.type, self.code), f'code {self.code}')}"


class Refused(RuntimeError):
    """The switch answered a request with an error."""


def decode_error(body: bytes) -> SwitchError:
    """The refusal in an error message's body. Raises Malformed."""
    if len(body) < 4:
        raise Malformed("an error message is shorter than type and code")
    return SwitchError(*struct.unpack_from(">HH", body))
