"""A controller tells the Nova of a real Keystone what happens to its servers' ports, also after it was killed."""

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tests.integration.running import Controller
from tests.keystone.keystone import Keystone, run_keystone
from tests.processes import free_port

_PATIENCE_SECONDS = 60


@contextlib.contextmanager
def nova(port: int, keystone: Keystone) -> Iterator[list[dict[str, Any]]]:
    """What it is told by those whose token Keystone knows."""
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known = keystone.client.get("/auth/tokens", headers={"X-Subject-Token": self.headers["X-Auth-Token"]})
            if known.status_code == 200 and self.path == "/v2.1/os-server-external-events":
                heard.extend(json.loads(body)["events"])
            self.send_response(known.status_code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        threading.Thread(target=server.serve_forever, name="nova", daemon=True).start()
        try:
            yield heard
        finally:
            server.shutdown()


def until(heard: list[dict[str, Any]], count: int) -> list[str]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while len(heard) < count:
        assert time.monotonic() < deadline, heard
        time.sleep(0.05)
    return [each["name"] for each in heard]


def test_nothing_that_happened_to_a_servers_port_is_lost(tmp_path: Path) -> None:
    password = tmp_path / "password"
    with run_keystone() as keystone:
        password.write_text(keystone.add_account("alcor", "service", "admin").password)
        port = free_port()
        keystone.register("compute", "nova", f"http://127.0.0.1:{port}/v2.1")
        options = ["--auth", "keystone", "--keystone-url", keystone.url, "--keystone-password-file", str(password)]
        controller = Controller(tmp_path, *options)
        controller.start()
        headers = {"X-Auth-Token": keystone.token(keystone.admin)}
        server = str(uuid.uuid4())
        with httpx.Client(base_url=f"http://{controller.address}/v2.0", headers=headers, timeout=30) as client:

            def ask(method: str, path: str, **body: Any) -> Any:
                answer = client.request(method, path, json=body or None)
                assert answer.is_success, answer.text
                return answer.json() if answer.content else None

            network = ask("POST", "/networks", network={})["network"]
            values = {"network_id": network["id"], "device_id": server, "device_owner": "compute:nova"}
            made = ask("POST", "/ports", port=values)["port"]
            with nova(port, keystone) as heard:
                ask("PUT", f"/ports/{made['id']}", port={"name": "new"})
                assert until(heard, 1) == ["network-changed"]
                assert {each["server_uuid"] for each in heard} == {server}
            ask("DELETE", f"/ports/{made['id']}")  # Nova is away
            controller.kill()
            controller.start()
            with nova(port, keystone) as heard:
                assert until(heard, 1) == ["network-vif-deleted"]
        controller.stop()
