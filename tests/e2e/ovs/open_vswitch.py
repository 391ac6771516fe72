"""A host's own Open vSwitch in a network namespace, with the underlay on br-phy as provisioning would leave it."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.ovs.network_namespace import UNTIL_WE_END, Namespace, run

_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
OFFLOADS_OFF = ("tx", "off", "tso", "off", "gso", "off", "gro", "off")


class Underlay:
    """A switch between hosts."""

    def __init__(self) -> None:
        self.namespace = Namespace("underlay")
        self.namespace.ip("link", "add", "fabric", "type", "bridge")
        self.namespace.ip("link", "set", "fabric", "mtu", "1600", "up")

    def join(self, host: Namespace, number: int) -> None:
        """Give a host a network card (eth0) plugged into the underlay."""
        port = f"host{number}"
        self.namespace.ip("link", "add", port, "mtu", "1600", "type", "veth", "peer", "name", "eth0", "mtu", "1600",
                          "netns", host.name)  # fmt: skip
        self.namespace.run("ethtool", "-K", port, *OFFLOADS_OFF)
        host.run("ethtool", "-K", "eth0", *OFFLOADS_OFF)
        self.namespace.ip("link", "set", port, "master", "fabric", "up")
        host.ip("link", "set", "eth0", "up")

    def delete(self) -> None:
        self.namespace.delete()


class OpenVSwitch:
    """ovsdb-server and ovs-vswitchd of one host."""

    def __init__(self, namespace: Namespace, vtep_ip: str) -> None:
        self.namespace = namespace
        self.vtep_ip = vtep_ip
        self._temporary = tempfile.TemporaryDirectory(prefix="aovs")
        self.directory = Path(self._temporary.name)
        name = str(self.directory)
        self._environment = os.environ | dict.fromkeys(("OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR"), name)
        run("ovsdb-tool", "create", f"{name}/conf.db", _SCHEMA)
        self._server: subprocess.Popen[bytes] | None = None
        self._switch: subprocess.Popen[bytes] | None = None
        self.start_server()
        self.vsctl("--no-wait", "init")
        self.start_switch()

    def vsctl(self, *arguments: str) -> str:
        return run("ovs-vsctl", f"--db=unix:{self.directory}/db.sock", *arguments).strip()

    def ofctl(self, command: str, bridge: str, *arguments: str) -> str:
        return run("ovs-ofctl", "-O", "OpenFlow14", command, f"unix:{self.directory}/{bridge}.mgmt", *arguments)

    def appctl(self, *arguments: str) -> str:
        assert self._switch is not None
        return run("ovs-appctl", "-t", f"{self.directory}/ovs-vswitchd.{self._switch.pid}.ctl", *arguments)

    def flows(self) -> set[str]:
        """The flows of br-int as ovs-ofctl prints them, without what changes as time goes by."""
        return {line.strip() for line in self.ofctl("dump-flows", "br-int", "--no-stats").splitlines() if "=" in line}

    def rules(self) -> set[str]:
        """The flows of br-int without their cookies, which tell one life of an agent from another."""
        return {flow.split(", ", 1)[1] for flow in self.flows()}

    def wait_steady(self) -> None:
        """Return when the switch no longer reconfigures itself.

        While it does, because network devices come and go, the userspace datapath may lose tunnelled packets.
        """
        seen = ""

        def unchanged() -> bool:
            nonlocal seen
            before, seen = seen, self.appctl("coverage/read-counter", "rev_reconfigure")
            return seen == before

        _wait_until(unchanged, "the switch to be steady")

    def start_server(self) -> None:
        name = str(self.directory)
        (self.directory / "db.sock").unlink(missing_ok=True)
        self._server = subprocess.Popen(
            [*UNTIL_WE_END, "ovsdb-server", f"{name}/conf.db", f"--remote=punix:{name}/db.sock"],
            env=self._environment,
            stderr=subprocess.DEVNULL,
        )
        _wait_connectable(self.directory / "db.sock")

    def stop_server(self) -> None:
        _kill(self._server)
        self._server = None

    def start_switch(self) -> None:
        """Start ovs-vswitchd and do what provisioning does: the underlay's interface and the VTEP address on br-phy."""
        self._switch = self.namespace.popen(
            "ovs-vswitchd",
            f"unix:{self.directory}/db.sock",
            "--pidfile",
            env=self._environment,
            stderr=subprocess.DEVNULL,
        )
        mac = self.namespace.run("cat", "/sys/class/net/eth0/address").strip()
        # A dead ovs-vswitchd leaves its sockets; it is there again when it has written this file.
        _wait_until(self._switch_is_up, "ovs-vswitchd's pid file")
        self.vsctl(
            *("--may-exist", "add-br", "br-phy"),
            *("--", "set", "bridge", "br-phy", "datapath_type=netdev", "fail_mode=standalone"),
            *("--", "set", "bridge", "br-phy", f'other_config:hwaddr="{mac}"'),
            *("--", "--may-exist", "add-port", "br-phy", "eth0"),
        )
        _wait_until(lambda: "br-phy" in self.namespace.ip("-br", "link"), "br-phy")
        self.namespace.ip("link", "set", "br-phy", "mtu", "1600", "up")
        self.namespace.ip("addr", "replace", f"{self.vtep_ip}/24", "dev", "br-phy")

    def _switch_is_up(self) -> bool:
        return self._switch is not None and self._process_id() == self._switch.pid

    def _process_id(self) -> int:
        path = self.directory / "ovs-vswitchd.pid"
        return int(path.read_text() or 0) if path.exists() else 0

    def kill_switch(self) -> None:
        """kill -9."""
        _kill(self._switch)
        self._switch = None

    def delete(self) -> None:
        _kill(self._switch)
        _kill(self._server)
        self._temporary.cleanup()


def _kill(process: "subprocess.Popen[bytes] | None") -> None:
    if process is not None:
        process.send_signal(signal.SIGKILL)
        process.wait(10)


def _wait_connectable(path: Path) -> None:
    def connects() -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(path)) == 0

    _wait_until(connects, f"a listener on {path}")


def _wait_until(condition: Callable[[], bool], what: str, timeout: float = 10) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout} s for {what}")
        time.sleep(0.02)
