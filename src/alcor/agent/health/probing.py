"""Probing other hosts on the underlay, and answering those that probe this one."""

import asyncio
import errno
import logging
import random
import socket
import time

from alcor.agent.counters import Counters
from alcor.agent.health import datagram
from alcor.agent.health.datagram import Kind
from alcor.agent.health.peer import Peer
from alcor.channels.messages import Fault, ProbeTargets
from alcor.model.addresses import ipv4_text
from alcor.model.token_bucket import TokenBucket

log = logging.getLogger(__name__)

_ANSWERS_PER_SECOND = 1000
_READ_AT_ONCE = 64
_RETRY_SECONDS = 5.0
_SPREAD = 0.1
_IP_MTU_DISCOVER, _DO_NOT_FRAGMENT = (
    10,
    3,
)  # Linux: IP_PMTUDISC_PROBE sends what the interface can, whatever was learned


class Probing:
    """Of one host. Nothing that comes ends it."""

    def __init__(self, vtep_ip: str, port: int, counters: Counters) -> None:
        self.trouble = ""
        """Why nobody is probed or answered; empty when they are."""
        self._address, self._counters = (vtep_ip, port), counters
        self._targets = ProbeTargets()
        self._peers: dict[int, Peer] = {}  # by host index
        self._by_address: dict[str, Peer] = {}
        self._answers = TokenBucket(_ANSWERS_PER_SECOND, _ANSWERS_PER_SECOND, time.monotonic())
        self._told = asyncio.Event()

    def told(self, targets: ProbeTargets) -> None:
        """Probe these from now on. What is known of those that stay is kept."""
        before = self._peers
        self._targets, self._peers = targets, {}
        for index, number in targets.targets.items():
            address = ipv4_text(number)
            known = before.get(index)
            self._peers[index] = known if known is not None and known.address == address else Peer(address)
        self._by_address = {peer.address: peer for peer in self._peers.values()}
        self._told.set()

    def probed(self) -> int:
        """How many hosts are probed."""
        return 0 if self.trouble else len(self._peers)

    def unreached(self) -> dict[int, Fault]:
        """Host index → what is wrong, of the hosts that are not reached as they should be."""
        if self.trouble:
            return {}
        faults = {index: peer.fault() for index, peer in self._peers.items()}
        return {index: fault for index, fault in sorted(faults.items()) if fault is not None}

    def page(self) -> list[dict[str, str | int]]:
        """The hosts probed, for people."""
        return [
            {"host_index": index, "address": peer.address, "fault": fault.name if (fault := peer.fault()) else ""}
            for index, peer in sorted(self._peers.items())
        ]

    async def run(self) -> None:
        """Go on for ever; an address that cannot be used is tried again."""
        while True:
            try:
                await self._serve()
            except OSError as error:
                trouble = f"cannot use {self._address[0]}, UDP port {self._address[1]}: {error.strerror or error}"
                if trouble != self.trouble:
                    log.warning("other hosts are not probed: %s", trouble)
                self.trouble = trouble
                await asyncio.sleep(_RETRY_SECONDS)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.setblocking(False)
            own.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _DO_NOT_FRAGMENT)
            own.bind(self._address)
            self.trouble = ""
            loop.add_reader(own, self._read, own)
            try:
                while True:
                    self._probe(own)
                    await self._pause()
            finally:
                loop.remove_reader(own)

    async def _pause(self) -> None:
        """Until the next round. Targets told meanwhile wait for it: probes are given time to be answered."""
        if self._peers:
            await asyncio.sleep(random.uniform(1 - _SPREAD, 1 + _SPREAD) * self._targets.interval)
        else:
            self._told.clear()
            await self._told.wait()

    def _probe(self, own: socket.socket) -> None:
        for peer in self._peers.values():
            for line, size in ((peer.small, 0), (peer.full, self._targets.packet_bytes)):
                number = datagram.new_number()
                line.sent(number)
                self._send(own, datagram.question(number, size), peer.address)

    def _send(self, own: socket.socket, data: bytes, address: str, port: int = 0) -> None:
        try:
            own.sendto(data, (address, port or self._address[1]))
        except OSError as error:
            name = errno.errorcode.get(error.errno or 0, "error").lower()
            self._counters.add(f"probes_not_sent_{name}")

    def _read(self, own: socket.socket) -> None:
        for _ in range(_READ_AT_ONCE):
            try:
                data, (address, port) = own.recvfrom(datagram.HEAD_BYTES)
            except BlockingIOError:
                return
            except OSError:  # what a router or host said of something sent before
                self._counters.add("probes_refused")
                continue
            self._take(own, data, address, port)

    def _take(self, own: socket.socket, data: bytes, address: str, port: int) -> None:
        match datagram.read(data):
            case (Kind.QUESTION, number):
                if self._answers.take(time.monotonic()):
                    self._send(own, datagram.answer(number), address, port)
                else:
                    self._counters.add("probes_over_rate")
            case (Kind.ANSWER, number):
                peer = self._by_address.get(address)
                if port != self._address[1] or peer is None or not peer.answered(number):
                    self._counters.add("probe_answers_not_asked_for")
            case _:
                self._counters.add("probes_malformed")
