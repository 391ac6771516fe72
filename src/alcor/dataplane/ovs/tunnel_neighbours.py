"""Keeps the way to other hosts' VTEPs known to ovs-vswitchd, so that no first packet is lost.

When ovs-vswitchd forwards by itself (datapath type netdev) it drops a packet for a VTEP whose MAC address it does not
know and only then asks for it. The kernel's neighbour table on the underlay knows better: this module makes the kernel
resolve every VTEP as soon as one is named (a datagram to the discard port, which also finds the next hop of VTEPs
behind a router) and copies what the kernel learns into ovs-vswitchd through its control socket, again and again
before ovs-vswitchd forgets (after 15 minutes). With the kernel's datapath none of this is needed: the kernel queues
the packet.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterable

from alcor.dataplane.ovs import neighbour_table
from alcor.dataplane.ovs.control_socket import ControlSocket
from alcor.dataplane.ovs.jsonrpc import RpcError
from alcor.dataplane.ovs.neighbour_table import Neighbour
from alcor.model.addresses import ipv4_number, ipv4_text, mac_text

_REFRESH_SECONDS = 240.0
_RETRY_SECONDS = 0.5
_DISCARD_PORT = 9

log = logging.getLogger(__name__)


class TunnelNeighbours:
    """The copying of the kernel's underlay neighbours to ovs-vswitchd."""

    def __init__(self, control: ControlSocket, vtep_ip: str) -> None:
        self._control = control
        self._vtep = ipv4_number(vtep_ip)
        self._vteps: set[int] = set()
        self._known: dict[int, int] = {}  # IPv4 → MAC, as told to ovs-vswitchd
        self._pending: asyncio.Queue[Neighbour] = asyncio.Queue()
        self._learned = asyncio.Condition()
        self._interface = 0
        self._warned = False
        self._wake = asyncio.Event()
        self._addresses = neighbour_table.subscribe(neighbour_table.ADDRESSES)
        self._neighbours = neighbour_table.subscribe(neighbour_table.NEIGHBOURS)
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.setblocking(False)
        for netlink in (self._addresses, self._neighbours):
            asyncio.get_running_loop().add_reader(netlink.fileno(), self._receive, netlink)
        self._tasks = (asyncio.create_task(self._copy()), asyncio.create_task(self._refresh()))

    async def stop(self) -> None:
        """End. What ovs-vswitchd was told it keeps until it forgets."""
        for netlink in (self._addresses, self._neighbours):
            asyncio.get_running_loop().remove_reader(netlink.fileno())
            netlink.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._datagrams.close()

    def replace(self, vteps: Iterable[int]) -> None:
        """These are all the VTEPs there are."""
        self._vteps = set(vteps) - {self._vtep}
        self._resolve(self._vteps)

    def add(self, vteps: Iterable[int]) -> None:
        """These VTEPs may be sent to from now on."""
        new = set(vteps) - self._vteps - {self._vtep}
        self._vteps |= new
        self._resolve(new)

    def remove(self, vteps: Iterable[int]) -> None:
        """These VTEPs are gone."""
        self._vteps.difference_update(vteps)

    async def wait_known(self, vteps: Iterable[int], timeout: float) -> None:
        """Return once ovs-vswitchd was told the MAC addresses of these VTEPs, or after the timeout in seconds."""
        wanted = set(vteps) & self._vteps
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout), self._learned:
                await self._learned.wait_for(lambda: wanted <= self._known.keys())

    def restarted(self) -> None:
        """ovs-vswitchd started anew and knows nothing."""
        self._known.clear()
        self._wake.set()

    def _resolve(self, vteps: Iterable[int]) -> None:
        for vtep in vteps:
            with contextlib.suppress(OSError):
                self._datagrams.sendto(b"", (ipv4_text(vtep), _DISCARD_PORT))

    async def _refresh(self) -> None:
        while True:
            self._known.clear()
            neighbour_table.request_addresses(self._addresses)
            neighbour_table.request_neighbours(self._neighbours)
            self._resolve(self._vteps)
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REFRESH_SECONDS if self._interface else _RETRY_SECONDS):
                    await self._wake.wait()
            if not self._interface and not self._warned:
                self._warned = True
                log.warning(
                    "no interface has the VTEP address %s: give it to the bridge that holds the underlay's interface",
                    ipv4_text(self._vtep),
                )

    def _receive(self, netlink: socket.socket) -> None:
        try:
            data = netlink.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError as error:  # the kernel had more news than room: read everything again
            log.info("the kernel's neighbour news overflowed: %s", error)
            self._wake.set()
            return
        for event in neighbour_table.decode(data):
            if isinstance(event, Neighbour):
                self._pending.put_nowait(event)
            elif event.ipv4 == self._vtep and event.present != (event.interface == self._interface):
                self._interface = event.interface if event.present else 0
                self._wake.set()

    async def _copy(self) -> None:
        while True:
            neighbour = await self._pending.get()
            if neighbour.interface != self._interface or self._known.get(neighbour.ipv4) == neighbour.mac:
                continue
            try:
                await self._tell(neighbour)
            except (OSError, RpcError) as error:
                log.info("ovs-vswitchd was not told of %s: %s", ipv4_text(neighbour.ipv4), error)
                asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._wake.set)
                continue
            async with self._learned:
                self._known[neighbour.ipv4] = neighbour.mac
                self._learned.notify_all()

    async def _tell(self, neighbour: Neighbour) -> None:
        bridge = socket.if_indextoname(neighbour.interface)
        await self._control.call("tnl/neigh/set", bridge, ipv4_text(neighbour.ipv4), mac_text(neighbour.mac))
