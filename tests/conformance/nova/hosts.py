"""Hosts with an Open vSwitch and a control agent each, and what Nova's hypervisors have done at them."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from alcor.testbed.testbed import Testbed
from alcor.testbed.workload import Workload
from tests.conformance.neutron.cloud import HOSTS, Cloud
from tests.conformance.real_hosts import run_real_hosts


class Hosts:
    """Servers' interfaces, by host and port: network namespaces that stand for what a hypervisor runs."""

    def __init__(self, testbed: Testbed) -> None:
        self._hosts = {host.name: host for host in testbed.hosts}
        self._testbed = testbed
        self._workloads: dict[tuple[str, str], Workload] = {}

    def plug(self, host: str, port_id: str, mac_address: str) -> None:
        """Plug the interface of a port in."""
        workload = self._workloads.get((host, port_id))
        if workload is None:
            name = f"{port_id[-8:]}-{list(HOSTS).index(host)}"
            workload = self._workloads[host, port_id] = self._testbed.add_workload(name, self._hosts[host])
        workload.plug(port_id, mac_address)

    def unplug(self, host: str, port_id: str) -> None:
        """Pull it out, if it is in."""
        if workload := self._workloads.get((host, port_id)):
            workload.unplug()

    def lease(self, host: str, port_id: str) -> str:
        """The address that the server gets there by DHCP."""
        return self._workloads[host, port_id].request_lease().address

    def ping(self, host: str, port_id: str, address: str) -> float | None:
        """How long an echo request takes from the server there (ms); None without an answer."""
        return self._workloads[host, port_id].ping(address)


@contextlib.contextmanager
def run_hosts(cloud: Cloud) -> Iterator[str]:
    """The cloud's nodes, connected to its controller. Yields the URL at which something is done at them."""
    with run_real_hosts(cloud) as testbed:
        hosts = Hosts(testbed)

        class Asked(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = json.dumps(getattr(hosts, self.path.strip("/"))(**json.loads(body))).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Nothing is said of what goes well."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
            serving = threading.Thread(target=server.serve_forever, name="hosts", daemon=True)
            serving.start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()
