"""What the suites ask of a compute service: which hypervisors there are, to bind ports to one of them."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PATH = "/os-hypervisors"


@contextlib.contextmanager
def run_compute(hosts: Sequence[str]) -> Iterator[str]:
    """Hypervisors on these hosts, in Nova's words. Gives the URL."""
    hypervisors = [
        {"id": number, "hypervisor_hostname": host, "state": "up", "status": "enabled"}
        for number, host in enumerate(hosts, 1)
    ]
    with run_answers(lambda path: {"hypervisors": hypervisors} if path == _PATH else None) as url:
        yield url


@contextlib.contextmanager
def run_answers(answer: Callable[[str], Any]) -> Iterator[str]:
    """A service that tells of what this answers to a path, and nothing of others. Gives the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answer(self.path.partition("?")[0])
            body = json.dumps({} if found is None else found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, name="compute", daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
