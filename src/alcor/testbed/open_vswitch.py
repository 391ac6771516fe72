"""A host's own Open vSwitch, with the underlay on the bridge br-phy as provisioning leaves it."""

import socket
from pathlib import Path

from alcor.dataplane.ovs.kernel_datapath import kernel_datapath_available
from alcor.testbed.errors import TestbedError
from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.program import Program
from alcor.testbed.underlay import MTU
from alcor.testbed.waiting import wait_until

_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
_QUIET = ("-vconsole:off", "-vsyslog:off")


class OpenVSwitch:
    """ovsdb-server and ovs-vswitchd in a host's network namespace, sockets and logs in a directory of the sandbox.

    The VTEP address is on br-phy's own interface, as Open vSwitch's tunnels in userspace need it; br-phy is in the
    kernel where the kernel can, because the tunnels then are, too.
    """

    def __init__(self, namespace: NetworkNamespace, directory: str, mac_address: str, vtep_ip: str) -> None:
        self.directory = directory
        self._namespace = namespace
        self._mac_address, self._vtep_ip = mac_address, vtep_ip
        self._environment = dict.fromkeys(("OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR"), directory)
        self._files.mkdir(parents=True, exist_ok=True)
        namespace.sandbox.run("ovsdb-tool", "create", f"{directory}/conf.db", _SCHEMA)
        self.server = self._program("ovsdb-server", f"{directory}/conf.db", f"--remote=punix:{directory}/db.sock")
        self.switch = self._program("ovs-vswitchd", f"unix:{directory}/db.sock", "--pidfile")

    @property
    def _files(self) -> Path:
        return self._namespace.sandbox.outside(self.directory)

    def _program(self, name: str, *arguments: str) -> Program:
        log = f"--log-file={self.directory}/{name}.log"
        output = self._files / f"{name}.out"
        return Program(self._namespace.popen, (name, *arguments, log, *_QUIET), output, self._environment)

    def start(self) -> None:
        """Start both."""
        self.start_server()
        self.vsctl("--no-wait", "init")
        self.start_switch()

    def start_server(self) -> None:
        """Start ovsdb-server on the database as it is. One that runs is left alone."""
        if self.server.running:
            return
        (self._files / "db.sock").unlink(missing_ok=True)
        self.server.start()
        wait_until(lambda: self._server_listens() or self._ended(self.server), f"ovsdb-server in {self.directory}")

    def start_switch(self) -> None:
        """Start ovs-vswitchd, and do what provisioning does at boot: br-phy with the host's card and VTEP address.

        One that runs is left alone.
        """
        if self.switch.running:
            return
        process_id = self._files / "ovs-vswitchd.pid"  # written when its control socket is there
        process_id.unlink(missing_ok=True)
        self.switch.start()
        wait_until(lambda: process_id.exists() or self._ended(self.switch), f"ovs-vswitchd in {self.directory}")
        datapath = "system" if self._namespace.inside(kernel_datapath_available) else "netdev"
        settings = (f"datapath_type={datapath}", "fail_mode=standalone", f'other_config:hwaddr="{self._mac_address}"')
        self.vsctl(
            *("--no-wait", "--may-exist", "add-br", "br-phy", "--", "set", "bridge", "br-phy", *settings),
            *("--", "--may-exist", "add-port", "br-phy", "eth0"),
        )
        wait_until(lambda: "br-phy" in self._namespace.ip("-br", "link"), f"br-phy in {self.directory}")
        self._namespace.ip("link", "set", "br-phy", "mtu", str(MTU), "up")
        self._namespace.ip("address", "replace", self._vtep_ip, "dev", "br-phy")

    def wait_steady(self) -> None:
        """Return when the switch no longer reconfigures itself.

        While network devices of its host come and go, the userspace datapath reads the routes of its tunnels anew and
        may drop what it should have sent through them.
        """
        seen = ""

        def unchanged() -> bool:
            nonlocal seen
            before, seen = seen, self.appctl("coverage/read-counter", "rev_reconfigure")
            return seen == before

        wait_until(unchanged, f"the switch in {self.directory} to be steady")

    def vsctl(self, *arguments: str) -> str:
        """``ovs-vsctl`` of this switch."""
        database = f"--db=unix:{self.directory}/db.sock"
        return self._namespace.sandbox.run("ovs-vsctl", database, "--timeout=30", *arguments).strip()

    def ofctl(self, command: str, *arguments: str, bridge: str = "br-int") -> str:
        """``ovs-ofctl`` of a bridge."""
        target = f"unix:{self.directory}/{bridge}.mgmt"
        return self._namespace.sandbox.run("ovs-ofctl", "-O", "OpenFlow14", command, target, *arguments)

    def flows(self) -> set[str]:
        """The flows of br-int as ovs-ofctl prints them, without what changes as time goes by."""
        return {line.strip() for line in self.ofctl("dump-flows", "--no-stats").splitlines() if "=" in line}

    def rules(self) -> set[str]:
        """The flows of br-int without their cookies, which tell one life of an agent from another."""
        return {flow.split(", ", 1)[1] for flow in self.flows()}

    def appctl(self, *arguments: str) -> str:
        """``ovs-appctl`` of ovs-vswitchd."""
        number = (self._files / "ovs-vswitchd.pid").read_text().strip()
        target = f"{self.directory}/ovs-vswitchd.{number}.ctl"
        return self._namespace.sandbox.run("ovs-appctl", "-t", target, *arguments)

    def _server_listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._files / "db.sock")) == 0

    def _ended(self, program: Program) -> bool:
        if not program.running:
            raise TestbedError(f"Open vSwitch in {self.directory} ended: {program.last_words()}")
        return False
