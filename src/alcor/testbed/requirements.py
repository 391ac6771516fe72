"""What a testbed needs of the machine, and how to say that it is missing."""

import os
import shutil
import sys
from pathlib import Path

from alcor.testbed.errors import TestbedError
from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.sandbox import CommandFailed, Sandbox, search_path

_PACKAGES = {
    "unshare": "util-linux",
    "mount": "mount",
    "ip": "iproute2",
    "ethtool": "ethtool",
    "ping": "iputils-ping",
    "udhcpc": "udhcpc",
    "ovsdb-server": "openvswitch-switch",
    "ovsdb-tool": "openvswitch-common",
    "ovs-vswitchd": "openvswitch-switch",
    "ovs-vsctl": "openvswitch-switch",
    "ovs-ofctl": "openvswitch-common",
    "ovs-appctl": "openvswitch-common",
}
"""Program → the package of Debian and Ubuntu that has it."""


def check_machine() -> None:
    """Raises TestbedError naming everything that can be seen to be missing, and what to do about it."""
    if sys.platform != "linux":
        raise TestbedError("network namespaces need Linux: run this on a Linux machine")
    if os.geteuid() != 0:
        raise TestbedError("making network namespaces needs root: run this as root, for example with sudo")
    missing = [program for program in _PACKAGES if shutil.which(program, path=search_path()) is None]
    if missing:
        packages = " ".join(sorted({_PACKAGES[program] for program in missing}))
        raise TestbedError(f"not installed: {', '.join(missing)}. On Debian or Ubuntu: apt-get install {packages}")
    for feature, path in (("network namespaces (CONFIG_NET_NS)", "/proc/self/ns/net"), ("TUN (tun)", "/dev/net/tun")):
        if not Path(path).exists():
            raise TestbedError(f"this kernel has no {feature}: {path} is not there")


def check_kernel(sandbox: Sandbox) -> None:
    """Raises TestbedError naming the kernel feature that turns out to be missing when used."""
    namespace = NetworkNamespace(sandbox, "check")
    for kind, option in (("veth", "CONFIG_VETH"), ("bridge", "CONFIG_BRIDGE")):
        try:
            namespace.ip("link", "add", kind, "type", kind)
        except CommandFailed as error:
            raise TestbedError(
                f"this kernel has no {kind} interfaces ({option}): try modprobe {kind}. {error}"
            ) from error
    namespace.delete()
