"""Listening where the workloads of this host reach its programs, while the data plane has an interface for it."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from alcor.agent.services.interface import has_ipv6, interface_index, is_set_up, set_up
from alcor.dataplane.driver import DataPlane
from alcor.dataplane.host_services import SERVICE_IPV6, ClientAddresses, Service
from alcor.model.addresses import Address, address_of, ip_text, ipv4_text

_LOOK_SECONDS = 1.0
_LOOK_SOON_SECONDS = 0.05  # while it waits for the interface: what changes in the network is best over at once
_TCP = 6
_BACKLOG = 128

log = logging.getLogger(__name__)


class Listening(Protocol):
    """What listens until it is closed: a server of asyncio, a transport of datagrams."""

    def close(self) -> None:
        """Listen no more."""


class Offer(Protocol):
    """What answers a service."""

    service: Service

    async def start(self, listener: socket.socket) -> Listening:
        """Answer at this socket, which is bound."""


class Services:
    """Keeps what is offered answered; the interface may go and come with the data plane."""

    def __init__(self, driver: DataPlane, clients: ClientAddresses, offers: Sequence[Offer]) -> None:
        self.trouble = "not listening yet"
        """Why workloads are not answered; empty when they are."""
        self._driver, self._clients, self._offers = driver, clients, offers
        self._listening: list[Listening] = []
        self._index = 0  # of the interface at which it listens

    async def run(self) -> None:
        """Go on for ever."""
        try:
            while True:
                pause = await self._look()
                await asyncio.sleep(pause)
        finally:
            self._close()

    async def _look(self) -> float:
        """Do what there is to do; returns after how long to look again (s)."""
        name = self._driver.services_interface()
        index = interface_index(name) if name else 0
        if name is None or not index:
            self._close()
            self.trouble = "the data plane has no interface for them"
            return _LOOK_SOON_SECONDS if name else _LOOK_SECONDS
        if index != self._index or not is_set_up(name, self._clients.host):
            self._close()
            try:
                await self._listen(name, index)
            except OSError as error:
                self._close()
                self._say(f"cannot answer workloads at {name}: {error}")
        return _LOOK_SECONDS

    async def _listen(self, name: str, index: int) -> None:
        set_up(name, self._clients.host, self._clients.prefix_length)
        for offer in self._offers:
            for listener in _listeners(name, index, self._clients.host, offer.service):
                self._listening.append(await offer.start(listener))
        self._index = index
        self.trouble = ""

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.error("%s", trouble)
        self.trouble = trouble

    def _close(self) -> None:
        for listening in self._listening:
            listening.close()
        self._listening, self._index = [], 0


def client_of(peer: Sequence[Any]) -> Address:
    """The address that stands for a workload, of a socket's peer."""
    return address_of(str(peer[0]).partition("%")[0])


def _listeners(interface: str, index: int, host: int, service: Service) -> Iterator[socket.socket]:
    kind = socket.SOCK_STREAM if service.protocol == _TCP else socket.SOCK_DGRAM
    yield _bound(interface, socket.AF_INET, kind, (ipv4_text(host), service.host_port))
    if has_ipv6(interface):
        yield _bound(interface, socket.AF_INET6, kind, (ip_text(SERVICE_IPV6), service.host_port, 0, index))


def _bound(interface: str, family: int, kind: int, address: Any) -> socket.socket:
    """A socket that hears nothing that did not come by the interface. Raises OSError."""
    listener = socket.socket(family, kind)
    with contextlib.ExitStack() as closing:
        closing.callback(listener.close)
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        listener.bind(address)
        if kind == socket.SOCK_STREAM:
            listener.listen(_BACKLOG)
        closing.pop_all()
    return listener
