"""Looking inside a running agent: HTTP over a unix socket, for ``alcor agent status`` and whoever is root.

GET /status, /ports, /flows, /trace?port=…&packet=…, /trace?vni=…&frame=… (JSON) and /metrics (Prometheus text).
``curl --unix-socket PATH http://agent/status`` works too.
"""

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

log = logging.getLogger(__name__)

_REQUEST_SECONDS = 5.0
_HEADER_LINES = 100

Page = Callable[[], Awaitable[Any]]
"""Makes what a path answers: text as it is, anything else as JSON."""

Question = Callable[[Mapping[str, str]], Awaitable[Any]]
"""The same for a path with a query, whose parameters it is given. Raises WrongQuestion."""


class WrongQuestion(ValueError):
    """What cannot be asked, and why."""


class LocalApi:
    """Serves pages on a unix socket that only the owner may open."""

    def __init__(self, path: Path, pages: Mapping[str, Page], questions: Mapping[str, Question]) -> None:
        self._path = path
        self._pages = pages
        self._questions = questions
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises OSError. A socket left by an earlier life is taken over."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(self._path))
            self._path.chmod(0o600)
        except OSError:
            listener.close()
            raise
        self._server = await asyncio.start_unix_server(self._serve, sock=listener)

    async def stop(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                target = await _read_target(reader)
            writer.write(await self._response(target))
            await writer.drain()
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            log.debug("a request to the local API was not completed")
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _response(self, target: str | None) -> bytes:
        if target is None:
            return _render("400 Bad Request", "text/plain", "only GET is understood\n")
        path, _, query = target.partition("?")
        name = path.removeprefix("/")
        if name not in self._pages and name not in self._questions:
            paths = ", ".join(f"/{each}" for each in (*self._pages, *self._questions))
            return _render("404 Not Found", "text/plain", f"there are {paths}\n")
        try:
            if name in self._pages:
                content = await self._pages[name]()
            else:
                content = await self._questions[name](dict(parse_qsl(query)))
        except WrongQuestion as error:
            return _render("400 Bad Request", "text/plain", f"{error}\n")
        except Exception as error:
            log.exception("the local API could not make %s", target)
            return _render("500 Internal Server Error", "text/plain", f"{type(error).__name__}: {error}\n")
        if isinstance(content, str):
            return _render("200 OK", "text/plain; version=0.0.4", content)
        return _render("200 OK", "application/json", json.dumps(content) + "\n")


async def _read_target(reader: asyncio.StreamReader) -> str | None:
    """The path asked for, or None when it is no GET. Reads to the end of the headers."""
    method, _, rest = (await reader.readline()).decode("ascii", "replace").partition(" ")
    for _ in range(_HEADER_LINES):
        if (await reader.readline()).strip() == b"":
            break
    return rest.partition(" ")[0] if method == "GET" else None


def _render(status: str, content_type: str, text: str) -> bytes:
    body = text.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    return f"{head}\r\n".encode() + body
