"""A Docker engine at a host, with its state, sockets and mounts in the host's sandbox, and so gone with it."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from alcor.testbed.errors import TestbedError
from alcor.testbed.host import Host
from alcor.testbed.program import Program
from alcor.testbed.sandbox import CommandFailed, Sandbox
from alcor.testbed.underlay import OFFLOADS_OFF
from alcor.testbed.waiting import wait_until
from tests.conformance.kuryr.plugin import Plugin, specifications

_IMAGE = "busybox"
_CLIENT = "/usr/bin/docker"  # of the engine's package: newer ones refuse to ask it for MAC addresses
_PROGRAMS = ("sh", "ip", "ping", "nc", "sleep", "echo")
_START_SECONDS = 60
_COMMAND_SECONDS = 90
_LIFE_SECONDS = 900  # of a container, should nobody stop it

# The mounts are in a namespace of this process. Its own /proc is of the sandbox's processes; below /etc/docker Docker
# looks for plug-ins, and keeps a key; Kuryr takes only sandboxes below /var/run/docker, where Docker usually has them.
_START = """
mount -t proc proc /proc && mkdir -p /etc/docker /run/docker && mount -t tmpfs alcor /run/docker &&
mount -t tmpfs alcor /etc/docker && mkdir /etc/docker/plugins && mount --bind "$1" /etc/docker/plugins && shift &&
exec "$@"
"""
_TREE = """
mkdir -p "$1/image/bin" && cp "$(command -v busybox)" "$1/image/bin/busybox" && cd "$1/image/bin" && shift &&
for program; do ln -s busybox "$program"; done
"""


class Container(msgspec.Struct, frozen=True):
    """A container in one network, as Docker shows it there."""

    name: str
    endpoint_id: str
    mac_address: str
    address: str
    address_v6: str


class Engine:
    """Docker at a host. Its methods do what users do by commands, and raise CommandFailed with Docker's complaint."""

    def __init__(self, sandbox: Sandbox, host: Host, plugin: Plugin, cgroup: str) -> None:
        self.host = host
        self.plugin = plugin
        self._sandbox = sandbox
        self._socket = f"unix://{host.directory}/docker.sock"
        command = (
            *("dockerd", "--host", self._socket, "--bridge", "none", "--iptables=false", "--ip6tables=false"),
            *("--storage-driver", "vfs", "--cgroup-parent", f"/{cgroup}", "--pidfile", f"{host.directory}/docker.pid"),
            *("--data-root", f"{host.directory}/docker-data"),
        )
        # Not by "ip netns exec": that mounts a /sys without control groups.
        inside = ("nsenter", f"--net=/run/netns/{host.name}", "unshare", "--mount")
        mounted = (*inside, "sh", "-c", _START, "sh", str(specifications()), *command)
        self._program = Program(sandbox.popen, mounted, host.outside("docker.log"))

    @property
    def log(self) -> Path:
        """Where it writes what it does."""
        return self._program.log

    def start(self) -> None:
        """Start it, and make the image of all containers: a busybox that needs nothing else."""
        self._program.start()
        wait_until(lambda: self._answers() or not self._program.running, f"Docker at {self.host.name}", _START_SECONDS)
        if not self._program.running:
            raise TestbedError(f"Docker at {self.host.name} ended: {self._program.last_words()}")
        self._sandbox.run("sh", "-c", _TREE, "sh", self.host.directory, *_PROGRAMS)
        tree, archive = f"{self.host.directory}/image", f"{self.host.directory}/image.tar"
        self._sandbox.run("tar", "-C", tree, "-cf", archive, ".")
        self("import", "--change", f'CMD ["/bin/sleep", "{_LIFE_SECONDS}"]', archive, _IMAGE)

    def __call__(self, *arguments: str) -> str:
        """A command of ``docker``, and what it printed."""
        configuration = f"{self.host.directory}/docker-client"
        command = (_CLIENT, "--config", configuration, "--host", self._socket, *arguments)
        return self._sandbox.run(*command, timeout=_COMMAND_SECONDS).strip()

    def create_network(self, name: str, *options: str) -> str:
        """A network whose driver and IPAM are Kuryr. Returns its id."""
        return self("network", "create", "--driver", "kuryr", "--ipam-driver", "kuryr", *options, name)

    def run(self, name: str, network: str, *options: str) -> Container:
        """A new container in a network."""
        self("run", "--detach", "--name", name, "--network", network, *options, _IMAGE)
        self._complete_checksums(name)
        return self.container(name, network)

    def run_many(self, names: Sequence[str], network: str) -> list[Container]:
        """New containers in a network, made side by side."""
        with ThreadPoolExecutor(len(names)) as executor:
            return list(executor.map(lambda name: self.run(name, network), names))

    def connect(self, name: str, network: str, *options: str) -> Container:
        """A container gets an interface in one more network."""
        self("network", "connect", *options, network, name)
        self._complete_checksums(name)
        return self.container(name, network)

    def container(self, name: str, network: str) -> Container:
        """What Docker says of it in the network."""
        shown = self._settings(name)["Networks"][network]
        return Container(name, shown["EndpointID"], shown["MacAddress"], shown["IPAddress"], shown["GlobalIPv6Address"])

    def addresses(self, name: str) -> set[str]:
        """The addresses on a container's interfaces, as it sees them itself, with the length of their prefixes."""
        lines = self("exec", name, "/bin/ip", "-o", "address", "show", "scope", "global").splitlines()
        return {line.split()[3] for line in lines}

    def pings(self, name: str, address: str) -> bool:
        """Whether an echo request from a container is answered."""
        return self._succeeds("exec", name, "/bin/ping", "-c", "1", "-W", "2", address)

    def listen(self, name: str, port: int) -> None:
        """Whoever connects to this TCP port of a container is told something from now on."""
        self("exec", "--detach", name, "/bin/nc", "-ll", "-p", str(port), "-e", "/bin/echo", "here")

    def hears(self, name: str, address: str, port: int) -> bool:
        """Whether a container is told something there."""
        return self._succeeds("exec", name, "/bin/sh", "-c", f'[ "$(nc -w 2 {address} {port} < /dev/null)" = here ]')

    def remove(self, *names: str) -> None:
        """Stop containers and remove them."""
        self("rm", "--force", *names)

    def clear(self) -> None:
        """Remove all containers and networks."""
        for name in self("ps", "--all", "--quiet").split():
            self.remove(name)
        for name in self("network", "ls", "--quiet", "--filter", "driver=kuryr").split():
            self("network", "rm", name)

    def left(self) -> list[str]:
        """The containers and networks that there are."""
        return [
            *self("ps", "--all", "--format", "container {{.Names}}").splitlines(),
            *self("network", "ls", "--filter", "driver=kuryr", "--format", "network {{.Name}}").splitlines(),
        ]

    def _settings(self, name: str) -> dict[str, Any]:
        settings: dict[str, Any] = json.loads(self("inspect", "--format", "{{json .NetworkSettings}}", name))
        return settings

    def _complete_checksums(self, name: str) -> None:
        """Open vSwitch in userspace passes on unfinished checksums, so nobody may leave them unfinished."""
        mounts = f"--mount=/proc/{self._program.process_id}/ns/mnt"
        inside = ("nsenter", mounts, "nsenter", f"--net={self._settings(name)['SandboxKey']}")
        links = self._sandbox.run(*inside, "ip", "-o", "-br", "link", "show", "type", "veth")
        for line in links.splitlines():
            interface = line.split()[0].partition("@")[0]
            self._sandbox.run(*inside, "ethtool", "-K", interface, *OFFLOADS_OFF)

    def _answers(self) -> bool:
        return self._succeeds("version")

    def _succeeds(self, *arguments: str) -> bool:
        try:
            self(*arguments)
        except CommandFailed:
            return False
        return True
