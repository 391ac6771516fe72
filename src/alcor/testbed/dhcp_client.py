"""A real DHCP client, busybox's udhcpc, and what it was given."""

import msgspec

from alcor.testbed.errors import TestbedError
from alcor.testbed.network_namespace import NetworkNamespace
from alcor.testbed.sandbox import CommandFailed, Sandbox

_SCRIPT = "/run/udhcpc-script"
_TRIES = 5

# udhcpc leaves it to a script to act on its events. The distribution's would write the machine's /etc/resolv.conf.
_SCRIPT_TEXT = """\
#!/bin/sh
case "$1" in
deconfig)
    ip -4 address flush dev "$interface"
    ip link set "$interface" up
    ;;
bound | renew)
    ip address replace "$ip/$mask" dev "$interface"
    [ -z "$mtu" ] || ip link set "$interface" mtu "$mtu"
    if [ -n "$staticroutes" ]; then
        routes=$staticroutes
    elif [ -n "$router" ]; then
        routes="0.0.0.0/0 ${router%% *}"
    fi
    set -- $routes
    while [ $# -ge 2 ]; do
        case "$2" in
        0.0.0.0) ip route replace "$1" dev "$interface" ;;
        *) ip route replace "$1" via "$2" dev "$interface" ;;
        esac
        shift 2
    done
    echo "lease address=$ip"
    echo "lease prefix_length=$mask"
    echo "lease router=$router"
    echo "lease dns=$dns"
    echo "lease mtu=$mtu"
    echo "lease hostname=$hostname"
    echo "lease domain=$domain"
    echo "lease classless_routes=$staticroutes"
    echo "lease server=$serverid"
    echo "lease seconds=$lease"
    ;;
esac
"""


class Lease(msgspec.Struct, frozen=True):
    """What a DHCP server gave, as udhcpc writes it; several of a kind are separated by blanks, absent ones empty."""

    address: str
    prefix_length: str
    router: str
    dns: str
    mtu: str
    hostname: str
    domain: str
    classless_routes: str
    server: str
    seconds: str


def install_script(sandbox: Sandbox) -> None:
    """Put the script that udhcpc runs into the sandbox; once."""
    path = sandbox.outside(_SCRIPT)
    path.write_text(_SCRIPT_TEXT)
    path.chmod(0o755)


def request_lease(namespace: NetworkNamespace, interface: str) -> Lease:
    """Get an address and set it on the interface. Raises TestbedError when no server answers."""
    command = ("udhcpc", "-i", interface, "-f", "-n", "-q", "-t", str(_TRIES), "-T", "1", "-s", _SCRIPT)
    options = ("-O", "mtu", "-O", "staticroutes")
    try:
        output = namespace.run(*command, *options)
    except CommandFailed as error:
        raise TestbedError(f"{namespace.name} got no address by DHCP: {error}") from error
    pairs = [line.removeprefix("lease ").partition("=") for line in output.splitlines() if line.startswith("lease ")]
    return msgspec.convert({key: value for key, _, value in pairs}, Lease)
