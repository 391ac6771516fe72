"""A network between hosts and their controllers, where the two do not meet in the machine's files."""

from alcor.testbed.host import Host
from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.sandbox import Sandbox

_NETWORK = "192.0.2"  # set aside for examples by RFC 5737
_FIRST_HOST = 11


class Management:
    """A switch in a network namespace, in which controllers run, with a cable to each host."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.namespace = NetworkNamespace(sandbox, "management")
        self.address = f"{_NETWORK}.1"
        self.namespace.ip("link", "add", "switch", "type", "bridge")
        self.namespace.ip("address", "add", f"{self.address}/24", "dev", "switch")
        self.namespace.ip("link", "set", "switch", "up")
        self._hosts = 0

    def join(self, host: Host) -> None:
        """Give a host a network card, mgmt0, plugged into the switch."""
        address = f"{_NETWORK}.{_FIRST_HOST + self._hosts}/24"
        self._hosts += 1
        peer = ("peer", "name", "mgmt0", "netns", host.name)
        self.namespace.ip("link", "add", host.name, "type", "veth", *peer)
        self.namespace.ip("link", "set", host.name, "master", "switch", "up")
        host.namespace.ip("address", "add", address, "dev", "mgmt0")
        host.namespace.ip("link", "set", "mgmt0", "up")

    def cut(self, host: Host) -> None:
        """Pull the host's cable."""
        self.namespace.ip("link", "set", host.name, "down")

    def heal(self, host: Host) -> None:
        """Plug it in again."""
        self.namespace.ip("link", "set", host.name, "up")
