"""The network service as one without tags would be, which Kuryr then asks in another way: it finds all by name."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.conformance.neutron.cloud import Cloud

_HIDDEN = frozenset(f"/v2.0/extensions/{alias}" for alias in ("standard-attr-tag", "tag", "tag-ext"))
_PASSED_ON = ("Content-Type", "Accept", "X-Auth-Token")


REGION = "Untagged"
"""In the catalog."""


@contextlib.contextmanager
def run_untagged(cloud: Cloud) -> Iterator[str]:
    """What is asked there is asked of the network service, but for the extensions of tags: it has none. Yields its URL,
    of which the catalog tells in a region of its own."""

    class Asked(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
            answer = httpx.request(self.command, f"{cloud.url}{self.path}", headers=headers, content=body, timeout=60)
            self._answer(answer.status_code, answer.headers.get("Content-Type", ""), answer.content)

        def _answer(self, status: int, content_type: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815

        def do_GET(self) -> None:
            if self.path in _HIDDEN:
                self._answer(404, "application/json", b"{}")
            else:
                self._pass_on()

        def log_message(self, *_: Any) -> None:
            """The controller has a log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        serving = threading.Thread(target=server.serve_forever, name="untagged", daemon=True)
        serving.start()
        url = f"http://127.0.0.1:{server.server_port}"
        cloud.keystone.create("regions", {"id": REGION})
        cloud.keystone.register("network", "untagged", url, REGION)
        yield url
        server.shutdown()
