"""What the suites ask of a compute service: which hypervisors there are, to bind ports to one of them."""

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PATH = "/os-hypervisors"


@contextlib.contextmanager
def run_compute(hosts: Sequence[str]) -> Iterator[str]:
    """Hypervisors on these hosts, in Nova's words. Gives the URL."""
    hypervisors = [
        {"id": number, "hypervisor_hostname": host, "state": "up", "status": "enabled"}
        for number, host in enumerate(hosts, 1)
    ]
    body = json.dumps({"hypervisors": hypervisors}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = body if self.path == _PATH else b"{}"
            self.send_response(200 if self.path == _PATH else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, name="compute", daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
