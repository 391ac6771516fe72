"""A crowd of light workloads on one host: a veth pair each, all behind one raw socket."""

import contextlib
import socket
from collections.abc import Iterable, Mapping, Sequence

from alcor.testbed.host import Host

_ETHERTYPE_ALL = 3
_SO_RCVBUFFORCE = 33
_BUFFER = 64 << 20
_AT_ONCE = 100


class Crowd:
    """The workloads of a host, by port id."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._numbers: dict[str, int] = {}
        self._socket = host.namespace.inside(_raw_socket)

    def plug(self, port_ids: Sequence[str]) -> None:
        """Make an interface for each of these ports and give it to the switch, whether or not that runs now."""
        for start in range(0, len(port_ids), _AT_ONCE):
            chunk = port_ids[start : start + _AT_ONCE]
            first = len(self._numbers)
            self._numbers |= {port_id: first + offset for offset, port_id in enumerate(chunk)}
            numbers = [self._numbers[port_id] for port_id in chunk]
            lines = [
                line
                for number in numbers
                for line in (
                    f"link add t{number} type veth peer name w{number}",
                    f"link set t{number} up",
                    f"link set w{number} up",
                )
            ]
            self.host.namespace.sandbox.run("ip", "-n", self.host.namespace.name, "-batch", "-", stdin="\n".join(lines))
            self.host.switch.vsctl("--no-wait", *_additions(zip(chunk, numbers, strict=True)))

    def send(self, frames: Mapping[str, bytes]) -> None:
        """Send a frame from each of these ports' workloads."""
        for port_id, frame in frames.items():
            self._socket.sendto(frame, (f"w{self._numbers[port_id]}", 0))

    def received(self) -> list[tuple[str, bytes]]:
        """What reached workloads since the last time, with the port it came to."""
        ports = {f"w{number}": port_id for port_id, number in self._numbers.items()}
        arrived = []
        with contextlib.suppress(BlockingIOError):
            while True:
                frame, (interface, _, kind, *_) = self._socket.recvfrom(65536)
                if interface in ports and kind != socket.PACKET_OUTGOING:
                    arrived.append((ports[interface], frame))
        return arrived

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def _additions(ports: Iterable[tuple[str, int]]) -> list[str]:
    words: list[str] = []
    for port_id, number in ports:
        identity = f"external_ids:iface-id={port_id}"
        words += ["--", "add-port", "br-int", f"t{number}", "--", "set", "interface", f"t{number}", identity]
    return words[1:]


def _raw_socket() -> socket.socket:
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETHERTYPE_ALL))
    raw.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
    raw.setblocking(False)
    return raw
