"""Hosts of a testbed: a network namespace with an Open vSwitch and a control agent, plugged into the underlay."""

import contextlib
import ipaddress
import sys
from pathlib import Path
from typing import Any

import httpx

from alcor.testbed.errors import TestbedError
from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.open_vswitch import OpenVSwitch
from alcor.testbed.program import Program
from alcor.testbed.sandbox import Sandbox
from alcor.testbed.underlay import Underlay
from alcor.testbed.waiting import wait_until

_UNDERLAY = ipaddress.IPv4Network("198.18.0.0/15")  # set aside for such use by RFC 2544

_CONFIG = """\
host_id = "{host_id}"
controllers = {controllers}
vtep_ip = "{vtep_ip}"
data_directory = "{directory}/agent"
socket = "{directory}/agent.sock"

[ovs]
run_directory = "{directory}"
"""


class Host:
    """A host that is not running yet. ``number`` (from 1) gives its name and its VTEP address."""

    def __init__(self, sandbox: Sandbox, underlay: Underlay, number: int, controllers: tuple[str, ...]) -> None:
        self.name = f"host-{number}"
        self.vtep_ip = str(_UNDERLAY[number])
        self.directory = f"/run/{self.name}"
        self.config = f"{self.directory}/agent.toml"
        self._sandbox = sandbox
        mac_address = f"02:a1:c0:00:{number >> 8:02x}:{number & 255:02x}"
        self.namespace = NetworkNamespace(sandbox, self.name)
        self.namespace.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6", check=False)
        underlay.join(self.namespace, mac_address)
        vtep = f"{self.vtep_ip}/{_UNDERLAY.prefixlen}"
        self.switch = OpenVSwitch(self.namespace, self.directory, mac_address, vtep)
        self.outside("agent.toml").write_text(
            _CONFIG.format(
                host_id=self.name,
                controllers=list(controllers),
                vtep_ip=self.vtep_ip,
                directory=self.directory,
            )
        )
        command = (sys.executable, "-m", "alcor", "agent", "--config", self.config)
        self.agent = Program(self.namespace.popen, command, self.outside("agent.log"))

    def trust(self, token: str, authority: str) -> None:
        """Have the agent and its controllers show each other certificates; it joins with a token when it starts."""
        with self.outside("agent.toml").open("a") as config:
            config.write(f'[trust]\nsecure = true\ntoken = "{token}"\nauthority = "{authority}"\n')

    def start(self) -> None:
        """Start the switch and the agent, and wait until the agent has made the integration bridge."""
        self.switch.start()
        self.agent.start()
        wait_until(lambda: self.has_bridge or not self.agent.running, f"the agent of {self.name}")
        if not self.agent.running:
            raise TestbedError(f"the agent of {self.name} ended: {self.agent.last_words()}")

    def outside(self, name: str) -> Path:
        """A file of the host, as it is called on the machine."""
        return self._sandbox.outside(f"{self.directory}/{name}")

    def status(self) -> dict[str, Any]:
        """What the agent says of itself; empty when none answers."""
        status: dict[str, Any] = self._page("status") or {}
        return status

    def flows(self) -> list[str]:
        """The flows of the switch, as the agent describes them; none when no agent answers."""
        flows: list[str] = self._page("flows") or []
        return flows

    def trace(self, port_id: str, packet: bytes) -> dict[str, Any]:
        """What the data plane would do with an IP packet of a port's workload; empty when no agent answers."""
        fate: dict[str, Any] = self._page(f"trace?port={port_id}&packet={packet.hex()}") or {}
        return fate

    def trace_arriving(self, vni: int, frame: str) -> dict[str, Any]:
        """What the data plane would do with a frame (hexadecimal) that comes by tunnel; empty when no agent answers."""
        fate: dict[str, Any] = self._page(f"trace?vni={vni}&frame={frame}") or {}
        return fate

    def _page(self, name: str) -> Any:
        transport = httpx.HTTPTransport(uds=str(self.outside("agent.sock")), verify=False)
        with contextlib.suppress(httpx.TransportError), httpx.Client(transport=transport, timeout=10) as client:
            response = client.get(f"http://agent/{name}")
            if response.status_code == 200:
                return response.json()
        return None

    @property
    def connected(self) -> bool:
        """Whether the agent is connected to a controller and has the whole goal state."""
        status = self.status()
        return bool(status.get("controller")) and status.get("goal_state") == "complete"

    @property
    def has_bridge(self) -> bool:
        """Whether the integration bridge is there."""
        return "br-int" in self.switch.vsctl("list-br").split()

    def plug(self, interface: str, port_id: str) -> None:
        """Give an interface of the host to the switch, for this port."""
        identity = f"external_ids:iface-id={port_id}"
        self.switch.vsctl("--no-wait", "add-port", "br-int", interface, "--", "set", "interface", interface, identity)

    def unplug(self, interface: str) -> None:
        """Take an interface from the switch."""
        self.switch.vsctl("--no-wait", "--if-exists", "del-port", "br-int", interface)
