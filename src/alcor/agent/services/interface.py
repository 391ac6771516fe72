"""Giving the host's interface for its workloads its addresses (netdevice(7), ipv6(7)).

It asks for nobody's MAC address: the data plane knows from an answer's destination where it goes, and writes the
workload's.
"""

import contextlib
import fcntl
import socket
import struct
from pathlib import Path

from alcor.dataplane.host_services import SERVICE_IPV6
from alcor.model.addresses import ip_text, ipv4_text

_GET_FLAGS, _SET_FLAGS = 0x8913, 0x8914
_SET_ADDRESS, _SET_MASK = 0x8916, 0x891C
_UP, _NO_ARP = 0x1, 0x80
_PREFIX_LENGTH_IPV6 = 64
_SETTINGS = Path("/proc/sys/net/ipv6/conf")
_IPV6_SETTINGS = {"addr_gen_mode": "1", "accept_ra": "0", "disable_ipv6": "0"}  # no addresses but the one given


def interface_index(name: str) -> int:
    """The kernel's number of an interface, another one each time it is made anew; 0 when it is not there."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return 0


def is_set_up(name: str, ipv4: int) -> bool:
    """Whether an interface is as set_up() leaves it; other programs of the host may think that it is theirs."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kernel:
            kernel.bind((ipv4_text(ipv4), 0))
            is_up = bool(_flags(kernel, name) & _UP)
        if has_ipv6(name):
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as kernel:
                kernel.bind((ip_text(SERVICE_IPV6), 0, 0, socket.if_nametoindex(name)))
    except OSError:
        return False
    return is_up


def set_up(name: str, ipv4: int, prefix_length: int) -> None:
    """Bring an interface up with this IPv4 address and the services' IPv6 address. Raises OSError.

    It comes up last, so that the host gets one new route, and not at first one for a whole class of addresses. Where
    everything is so already, nothing changes.
    """
    packed = name.encode()
    mask = 0xFFFFFFFF << 32 - prefix_length & 0xFFFFFFFF
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kernel:
        flags = _flags(kernel, name) | _NO_ARP
        fcntl.ioctl(kernel, _SET_FLAGS, struct.pack("16sH22x", packed, flags))
        for request, address in ((_SET_ADDRESS, ipv4), (_SET_MASK, mask)):
            given = socket.inet_aton(ipv4_text(address))
            fcntl.ioctl(kernel, request, struct.pack("16sHH4s16x", packed, socket.AF_INET, 0, given))
        fcntl.ioctl(kernel, _SET_FLAGS, struct.pack("16sH22x", packed, flags | _UP))
    if has_ipv6(name):
        _set_up_ipv6(name)


def _flags(kernel: socket.socket, name: str) -> int:
    (flags,) = struct.unpack_from("H", fcntl.ioctl(kernel, _GET_FLAGS, struct.pack("16s24x", name.encode())), 16)
    return int(flags)


def has_ipv6(name: str) -> bool:
    """Whether the kernel has IPv6 at all."""
    return (_SETTINGS / name).is_dir()


def _set_up_ipv6(name: str) -> None:
    for setting, value in _IPV6_SETTINGS.items():
        (_SETTINGS / name / setting).write_text(value)
    given = struct.pack("16sIi", SERVICE_IPV6, _PREFIX_LENGTH_IPV6, socket.if_nametoindex(name))
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as kernel, contextlib.suppress(FileExistsError):
        fcntl.ioctl(kernel, _SET_ADDRESS, given)
