"""Requests and responses over bare ASGI.

Half of what a web framework costs a request is objects that this API never looks at; a controller answers thousands
of requests a second beside everything else it does (docs/architecture.md has the figures).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import orjson

from alcor.model.context import OPERATOR, Context
from alcor.model.errors import AlcorError, bad_request
from alcor.model.json_bytes import json_bytes

_LARGEST_BODY = 64 * 1024 * 1024


class Request:
    """One request. ``parameters`` are the parts of the path that its route names; ``context`` is who asks."""

    __slots__ = ("_query", "body", "context", "headers", "method", "parameters", "path", "query_string")

    def __init__(self, scope: Any, body: bytes) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query_string: bytes = scope["query_string"]
        self.headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        self.body = body
        self.parameters: dict[str, str] = {}
        self.context: Context = OPERATOR
        self._query: list[tuple[str, str]] | None = None

    def header(self, name: bytes) -> str:
        """The value of a header, named in lower case; empty when it is not there."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return ""

    def query(self) -> list[tuple[str, str]]:
        """The parameters of the query string, in order. Raises AlcorError when they are not text."""
        if self._query is None:
            self._query = self._parsed_query() if self.query_string else []
        return self._query

    def _parsed_query(self) -> list[tuple[str, str]]:
        try:
            parameters = parse_qsl(self.query_string.decode("ascii"), keep_blank_values=True, errors="strict")
        except ValueError as error:
            raise bad_request("The query string is not UTF-8 in percent encoding.") from error
        if b"%00" in self.query_string:
            raise bad_request("The query string holds the character NUL.")
        return parameters

    def base_url(self) -> str:
        """How the client reached this server: scheme and host."""
        scheme = self.header(b"x-forwarded-proto") or "http"
        return f"{scheme}://{self.header(b'x-forwarded-host') or self.header(b'host')}"

    def json(self) -> Any:
        """The body. Raises AlcorError when it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise bad_request(f"Body contains invalid data: {error}.") from error


class Response(msgspec.Struct, frozen=True):
    """What is answered."""

    status: int
    body: bytes = b""
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()


def json_response(status: int, value: Any) -> Response:
    """A JSON answer."""
    return Response(status, json_bytes(value))


NO_CONTENT = Response(204)

Handler = Callable[[Request], Awaitable[Response]]


async def read_body(scope: Any, receive: Any) -> bytes:
    """The whole body of a request. Raises AlcorError when it is cut short or larger than any sensible one (413)."""
    announced = _announced_length(scope["headers"])
    if announced == 0:
        return b""  # asking the server for nothing would cost a third of what a small request does
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False) or len(body) == announced:
        return body  # asking the server again, only to hear that this was all, would cost more than the look
    parts, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise bad_request("The request body was cut short: nothing was done.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > _LARGEST_BODY:
            raise AlcorError(
                413, "RequestTooLarge", f"A request body may have {_LARGEST_BODY} bytes at most: send it in parts."
            )
    return b"".join(parts)


def _announced_length(headers: Sequence[tuple[bytes, bytes]]) -> int:
    """How many bytes the body has; -1 when that is not known before its end.

    A request that says nothing of a body has none (RFC 9112, 6.3).
    """
    length = 0
    for name, value in headers:
        if name == b"content-length":
            length = int(value) if value.isdigit() else -1
        elif name == b"transfer-encoding":
            return -1
    return length


async def send_response(send: Any, response: Response, request_id: bytes, with_body: bool) -> None:
    """Answer; a HEAD request gets everything but the body."""
    headers = [(b"x-openstack-request-id", request_id), *response.headers]
    if response.status != 204:
        headers += [(b"content-type", response.content_type), (b"content-length", b"%d" % len(response.body))]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body if with_body else b""})
