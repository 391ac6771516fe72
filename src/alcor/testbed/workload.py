"""Workloads of a testbed: network namespaces that stand for virtual machines and containers."""

from alcor.testbed.dhcp_client import Lease, request_lease
from alcor.testbed.host import Host
from alcor.testbed.listener import Listener
from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.ping import RunningPing, ping_once
from alcor.testbed.sandbox import Sandbox
from alcor.testbed.underlay import OFFLOADS_OFF

INTERFACE = "eth0"


class Workload:
    """A workload on a host, its interface not given to the switch yet.

    The name has at most 11 characters: the host's end of the interface is called tap-NAME, and Linux takes 15.
    """

    def __init__(self, sandbox: Sandbox, name: str, host: Host, mtu: int = 1450) -> None:
        self.name = name
        self.host = host
        self.port_id = ""
        self.namespace = NetworkNamespace(sandbox, name)
        self._tap = f"tap-{name}"
        size = ("mtu", str(mtu))
        peer = ("peer", "name", INTERFACE, *size, "netns", name)
        host.namespace.ip("link", "add", self._tap, *size, "type", "veth", *peer)
        self.namespace.run("ethtool", "-K", INTERFACE, *OFFLOADS_OFF)
        host.namespace.run("ethtool", "-K", self._tap, *OFFLOADS_OFF)
        host.namespace.ip("link", "set", self._tap, "up")

    def plug(self, port_id: str, mac_address: str) -> None:
        """Become the workload of this port: take its MAC address and give the interface to the host's switch."""
        self.port_id = port_id
        self.namespace.ip("link", "set", INTERFACE, "address", mac_address, "up")
        self.host.plug(self._tap, port_id)

    def unplug(self) -> None:
        """Take the interface from the host's switch."""
        self.host.unplug(self._tap)

    def move(self, host: Host) -> None:
        """Go on at another host, as after a live migration: the interface keeps its addresses."""
        self.unplug()
        self.host.namespace.ip("link", "set", self._tap, "netns", host.namespace.name)
        host.namespace.ip("link", "set", self._tap, "up")
        self.host = host
        host.plug(self._tap, self.port_id)

    def request_lease(self) -> Lease:
        """Get an address by DHCP. Raises TestbedError when no server answers."""
        return request_lease(self.namespace, INTERFACE)

    def ping(self, address: str, timeout: float = 5, size: int = 56) -> float | None:
        """Send one echo request with so many bytes of data; the round-trip time in milliseconds, or None when no answer
        came in time (s)."""
        return ping_once(self.namespace, address, timeout, size)

    def keep_pinging(self, address: str, interval: float = 0.01) -> RunningPing:
        """Send an echo request every so many seconds until stopped."""
        return RunningPing(self.namespace, address, interval)

    def listen(self) -> Listener:
        """Take note of every frame that reaches the interface from now on."""
        return Listener(self.namespace, INTERFACE)
