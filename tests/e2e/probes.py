"""Probes between workloads by their kernels' sockets: many side by side, on one event loop."""

import asyncio
import itertools
import os
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Literal, cast

from alcor.testbed.network_namespace import NetworkNamespace

Protocol = Literal["tcp", "udp", "icmp"]

AGAIN = 0.2  # seconds until what was not answered is sent again
_numbers: Iterator[int] = itertools.count(os.getpid() & 0x7FFF)
_ECHO_REQUEST, _ECHO_REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}


class Echo(asyncio.DatagramProtocol):
    """A server that sends back whatever comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self._transport.sendto(data, address)


async def _echo_stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        writer.write(await reader.readexactly(1))
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass  # who asked waits no longer
    writer.close()


async def serve(namespace: NetworkNamespace, port: int) -> Callable[[], None]:
    """Answer TCP and UDP of both versions on a port; returns what ends that."""
    transports: list[asyncio.BaseTransport | asyncio.Server] = []
    for family in (socket.AF_INET, socket.AF_INET6):
        stream, datagram = [
            _listening(namespace, family, kind, port) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
        ]
        transports.append(await asyncio.start_server(_echo_stream, sock=stream))
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Echo, sock=datagram)
        transports.append(transport)

    def close() -> None:
        for each in transports:
            each.close()

    return close


def _listening(namespace: NetworkNamespace, family: int, kind: int, port: int) -> socket.socket:
    def listen() -> socket.socket:
        made = socket.socket(family, kind)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)
        made.bind(("", port))
        if kind == socket.SOCK_STREAM:
            made.listen(100)
        return made

    return namespace.inside(listen)


async def reaches(namespace: NetworkNamespace, address: str, protocol: Protocol, port: int, seconds: float) -> bool:
    """Whether an answer of the server at an address comes within the time; of ICMP an echo reply."""
    try:
        async with asyncio.timeout(seconds):
            while not await _PROBES[protocol](namespace, address, port):
                pass
            return True
    except TimeoutError:
        return False


async def _tcp(namespace: NetworkNamespace, address: str, port: int) -> bool:
    loop = asyncio.get_running_loop()
    with _new(namespace, _family(address), socket.SOCK_STREAM, 0) as probe:
        try:
            await loop.sock_connect(probe, (address, port))
            await loop.sock_sendall(probe, b"?")
            return await loop.sock_recv(probe, 1) == b"?"
        except ConnectionError:
            raise  # it came there
        except OSError:  # no route yet, which a router may say late
            await asyncio.sleep(AGAIN)
            return False


async def _udp(namespace: NetworkNamespace, address: str, port: int) -> bool:
    token = struct.pack("!I", next(_numbers))
    with _new(namespace, _family(address), socket.SOCK_DGRAM, 0) as probe:
        probe.connect((address, port))
        return await _answered(probe, token, lambda packet: packet == token)


async def _icmp(namespace: NetworkNamespace, address: str, _port: int) -> bool:
    family = _family(address)
    version, protocol = (4, socket.IPPROTO_ICMP) if family == socket.AF_INET else (6, socket.IPPROTO_ICMPV6)
    number = next(_numbers) & 0xFFFF
    request = struct.pack("!BBHHH", _ECHO_REQUEST[version], 0, 0, number, 1)
    if version == 4:
        request = request[:2] + struct.pack("!H", _checksum(request)) + request[4:]

    def is_answer(packet: bytes) -> bool:
        message = packet[20:] if version == 4 else packet
        return message[0] == _ECHO_REPLY[version] and message[4:6] == struct.pack("!H", number)

    with _new(namespace, family, socket.SOCK_RAW, protocol) as probe:
        probe.connect((address, 0))
        return await _answered(probe, request, is_answer)


_PROBES = {"tcp": _tcp, "udp": _udp, "icmp": _icmp}


async def _answered(probe: socket.socket, request: bytes, is_answer: Callable[[bytes], bool]) -> bool:
    """Send a request, and wait a little for its answer."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(AGAIN):
            await loop.sock_sendall(probe, request)
            while not is_answer(await loop.sock_recv(probe, 2048)):
                pass
            return True
    except TimeoutError:
        return False
    except ConnectionRefusedError:
        raise  # it came there
    except OSError:  # no route yet
        await asyncio.sleep(AGAIN)
        return False


def _new(namespace: NetworkNamespace, family: int, kind: int, protocol: int) -> socket.socket:
    made = namespace.inside(lambda: socket.socket(family, kind, protocol))
    made.setblocking(False)
    return made


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
