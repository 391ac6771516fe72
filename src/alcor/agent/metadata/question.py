"""What Nova is asked for a workload. Pure.

Nova believes what the headers say because they are signed (nova/api/metadata/handler.py): the server, its project and
the address that asks. Of the workload's own headers only harmless ones are passed on: others might, however they are
written, be taken for these.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable

from alcor.model.goal_state import Port

Header = tuple[bytes, bytes]

_PASSED_ON = {b"accept", b"accept-encoding", b"accept-language", b"content-type", b"range", b"user-agent"}
_PASSED_BACK = {
    b"cache-control", b"content-encoding", b"content-length", b"content-range", b"content-type", b"date", b"etag",
    b"expires", b"last-modified", b"location", b"retry-after",
}  # fmt: skip
_USABLE = re.compile(r"[!-~]+")


def identity(port: Port, secret: str) -> list[Header] | None:
    """The headers that tell Nova who asks, or None when the port is no server's."""
    if not _USABLE.fullmatch(port.device_id) or not _USABLE.fullmatch(port.project_id) or not port.fixed_ips:
        return None
    address = min((text for _, text in port.fixed_ips), key=lambda text: ":" in text)  # IPv4 if there is any
    signature = hmac.new(secret.encode(), port.device_id.encode(), hashlib.sha256).hexdigest()
    said = {
        "X-Instance-ID": port.device_id,
        "X-Tenant-ID": port.project_id,
        "X-Instance-ID-Signature": signature,
        "X-Forwarded-For": address,
    }
    return [(name.encode(), value.encode()) for name, value in said.items()]


def passed_on(headers: Iterable[Header]) -> list[Header]:
    """Those of a workload's headers that Nova is given."""
    return [(name, value) for name, value in headers if name.lower() in _PASSED_ON]


def passed_back(headers: Iterable[Header]) -> list[Header]:
    """Those of Nova's headers that the workload is given."""
    return [(name, value) for name, value in headers if name.lower() in _PASSED_BACK]
