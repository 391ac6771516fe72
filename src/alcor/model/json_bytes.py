"""Values as JSON."""

import json
from typing import Any

import orjson


def json_bytes(value: Any) -> bytes:
    """The value as JSON."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a number of more than 64 bits: the addresses of an IPv6 network
        return json.dumps(value, separators=(",", ":")).encode()
