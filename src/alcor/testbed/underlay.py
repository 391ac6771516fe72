"""The network between hosts."""

from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.sandbox import Sandbox

MTU = 1600  # octets; leaves workloads 1500 and the tunnel its headers
OFFLOADS_OFF = ("tx", "off", "tso", "off", "gso", "off", "gro", "off")
"""For ``ethtool -K``. Open vSwitch in userspace passes on unfinished checksums and segments longer than the MTU."""


class Underlay:
    """A switch in a network namespace of its own, with a cable to each host."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.namespace = NetworkNamespace(sandbox, "underlay")
        self.namespace.ip("link", "add", "fabric", "type", "bridge")
        self.namespace.ip("link", "set", "fabric", "mtu", str(MTU), "up")

    def join(self, host: NetworkNamespace, mac_address: str) -> None:
        """Give a host a network card, eth0, with this MAC address, plugged into the switch."""
        mtu = ("mtu", str(MTU))
        peer = ("peer", "name", "eth0", "address", mac_address, *mtu, "netns", host.name)
        self.namespace.ip("link", "add", host.name, *mtu, "type", "veth", *peer)
        self.namespace.run("ethtool", "-K", host.name, *OFFLOADS_OFF)
        host.run("ethtool", "-K", "eth0", *OFFLOADS_OFF)
        self.namespace.ip("link", "set", host.name, "master", "fabric", "up")
        host.ip("link", "set", "eth0", "up")
