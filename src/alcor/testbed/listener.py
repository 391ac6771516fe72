"""What reaches a workload."""

import socket

from alcor.testbed.network_namespace import NetworkNamespace

_ETHERTYPE_ALL = 3
_SO_RCVBUFFORCE = 33
_BUFFER = 4 << 20  # octets the kernel keeps until they are asked for


class Listener:
    """Takes note of the frames that arrive at an interface."""

    def __init__(self, namespace: NetworkNamespace, interface: str) -> None:
        def listen() -> socket.socket:
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETHERTYPE_ALL))
            raw.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
            raw.setblocking(False)
            raw.bind((interface, _ETHERTYPE_ALL))
            return raw

        self._socket = namespace.inside(listen)

    def heard(self) -> list[bytes]:
        """The frames that arrived since the last time, without those that the workload sent itself."""
        frames: list[bytes] = []
        while True:
            try:
                frame, address = self._socket.recvfrom(65536)
            except BlockingIOError:
                return frames
            if address[2] != socket.PACKET_OUTGOING:
                frames.append(frame)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
