"""Whether this kernel forwards for Open vSwitch.

ovs-vswitchd lists the datapath type "system" on every Linux, module or not, so the kernel is asked itself: by generic
netlink, for the family of the openvswitch module, which also loads the module where it may be loaded.
"""

import socket
import struct

_NETLINK_GENERIC = 16
_CONTROLLER_FAMILY = 0x10
_REQUEST = 1
_GET_FAMILY = 3
_ATTRIBUTE_FAMILY_NAME = 2
_ERROR = 2


def kernel_datapath_available() -> bool:
    """True when the openvswitch module is there."""
    name = b"ovs_datapath\0"
    attribute = struct.pack("=HH", 4 + len(name), _ATTRIBUTE_FAMILY_NAME) + name
    attribute += bytes(-len(attribute) % 4)
    body = struct.pack("=BBxx", _GET_FAMILY, 1) + attribute
    request = struct.pack("=IHHII", 16 + len(body), _CONTROLLER_FAMILY, _REQUEST, 1, 0) + body
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_GENERIC) as netlink:
            netlink.settimeout(5)
            netlink.send(request)
            answer = netlink.recv(65536)
    except OSError:
        return False
    return len(answer) >= 16 and struct.unpack_from("=IH", answer)[1] != _ERROR
