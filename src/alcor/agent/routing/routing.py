"""What becomes of packets for routers that the data plane cannot route by itself.

It knows no next hop at first: the agent finds out who has the address and where, has it programmed, and gives the
packet back. What is too big for where it goes on is taken to pieces, if it may be. What cannot be routed is answered
with an ICMP error, from the gateway's address (RFC 1812, 4.3.3); what is for a router's own addresses as by a host
where nobody listens.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from alcor.agent.counters import Counters
from alcor.agent.on_demand.held_packets import Waiting
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.punt import PuntedPackets
from alcor.agent.routing.next_hops import NextHops
from alcor.agent.wanted import Wanted
from alcor.dataplane.driver import MOST_ROUTERS, DataPlane, NextHop, Router, RouterInterface, Way
from alcor.dataplane.frames import ETHERNET_HEADER, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ethernet
from alcor.dataplane.refusals import refusal
from alcor.dataplane.route_choice import ways
from alcor.dataplane.routed_packets import (
    Failure,
    Header,
    error_frame,
    fragments,
    header_of,
    size_of,
    stays_in_subnet,
    time_to_live,
)
from alcor.model.addresses import Address, version_of
from alcor.model.identifiers import Id

_VERSIONS = {ETHERTYPE_IPV4: 4, ETHERTYPE_IPV6: 6}
_MOST_HELD = 2048


_Branch = tuple[Id, RouterInterface]
"""A router, and the interface by which a packet came to it."""


class _Held(NamedTuple):
    """A workload's packet that waits for the data plane to have its next hop."""

    port_id: Id
    frame: bytes
    vni: int
    address: Address


class _End(NamedTuple):
    """Where a packet's way through routers ends: the interface by which it came to the last, and what becomes of it."""

    interface: RouterInterface
    then: Way | Failure | None  # it goes on there, or not, or it is for the router
    largest: int = 0  # in bytes, when it is too big


class Routing:
    """The agent's part in it. Everything is called on one event loop."""

    def __init__(
        self, wanted: Wanted, driver: DataPlane, counters: Counters, on_demand: OnDemand, punted: PuntedPackets,
        own_vtep: int,
    ) -> None:  # fmt: skip
        self.changed: Callable[[], None] = lambda: None
        """Told that the data plane must be told of next hops; programmed() is awaited after it was."""
        self.next_hops = NextHops(self._resolve)
        self._wanted, self._driver, self._counters = wanted, driver, counters
        self._on_demand, self._punted, self._own_vtep = on_demand, punted, own_vtep
        self._held: list[_Held] = []
        on_demand.is_routed_to = self.next_hops.leads_to

    def packet(self, port_id: Id, frame: bytes) -> None:
        """A workload sent a packet to a router that the data plane could not route. Never raises."""
        self._counters.add("packets_for_routers")
        if self._punted.within_rate(port_id):
            self._take(port_id, frame)

    def idle(self, vni: int, address: Address) -> None:
        """The data plane has dropped a next hop that nobody used."""
        self._counters.add("next_hops_idle")
        hop = self.next_hops.idle(vni, address)
        if hop is not None:
            self._on_demand.no_longer_routed_to(vni, hop.mac)

    async def programmed(self) -> None:
        """The data plane does what was wanted: let go what waited for it."""
        held = self._held
        self._held = [each for each in held if self.next_hops.is_new(each.vni, each.address)]
        for each in held:
            if not self.next_hops.is_new(each.vni, each.address):
                self._counters.add("held_packets_sent")
                await self._driver.forward(each.port_id, each.frame)

    def _take_again(self, port_id: Id, frame: bytes, _there: bool) -> None:
        """It is known who has the address that a packet goes to next, or nobody has it."""
        self._take(port_id, frame)

    def _router(self, vni: int, frame: bytes) -> tuple[Router, RouterInterface] | None:
        """The router that a frame is for, and the interface that it is at."""
        header = ethernet(frame)
        if header is None or header.ethertype not in _VERSIONS:
            return None
        return self._wanted.routers().at_mac(vni, header.destination, _VERSIONS[header.ethertype])

    def _take(self, port_id: Id, frame: bytes) -> None:
        header, port = header_of(frame), self._wanted.state.ports.get(port_id)
        if header is None or port is None:
            self._counters.add("packets_for_routers_malformed")
            return
        found = self._router(port.vni, frame)
        if found is None:
            self._counters.add("packets_for_no_router")
            return
        # A data plane counts what trails the packet, too, and would have the agent look at it again and again.
        frame = frame[: ETHERNET_HEADER + size_of(header)]
        ends = list(self._ends(*found, header))
        if not self._sent_on(port_id, frame, ends):
            self._end(port_id, frame, header, next((each for each in ends if not isinstance(each.then, Way)), ends[0]))

    def _end(self, port_id: Id, frame: bytes, header: Header, end: _End) -> None:
        """The packet goes no further."""
        if end.then is None:
            self._refuse_own(port_id, frame, header)
        elif isinstance(end.then, Way):
            self._refuse(port_id, frame, header, end, Failure.HOST_UNREACHABLE)
        elif end.then is Failure.TOO_BIG and (pieces := fragments(frame, header, end.largest)):
            self._take_pieces(port_id, pieces)
        else:
            self._refuse(port_id, frame, header, end, end.then)

    def _ends(self, router: Router, interface: RouterInterface, header: Header) -> Iterator[_End]:
        """Where the packet's way may end, from router to router to one that does not send it to another; at least one.

        There are several where routes have several ways: the data plane chooses, and does not say which.
        """
        waiting: list[tuple[Router, RouterInterface, tuple[_Branch, ...]]] = [(router, interface, ())]
        branched: set[_Branch] = set()
        while waiting:
            router, interface, passed = waiting.pop()
            number, branch = len(passed) + 1, (router.id, interface)
            end = self._end_at(router, interface, header, number)
            onward = ways(router, interface, header.destination) if end is None else ()
            if len(onward) > 1:
                if branch in passed:
                    end, onward = _End(interface, Failure.TIME_EXCEEDED), ()
                elif branch in branched:
                    continue  # its ways are looked at already
                branched.add(branch)
            if end is not None:
                yield end
            elif not onward:
                yield _End(interface, Failure.NETWORK_UNREACHABLE)
            for each in onward:
                out = self._wanted.routers().at_mac(each.vni, each.mac, version_of(header.destination))
                following = self._wanted.routers().at(each.vni, each.next_hop)
                if out is not None and not out[1].takes(size_of(header)):
                    yield _End(interface, Failure.TOO_BIG, out[1].mtu)
                elif following is None:
                    yield _End(interface, each if number <= MOST_ROUTERS else Failure.NETWORK_UNREACHABLE)
                else:
                    waiting.append((*following, (*passed, branch)))

    def _end_at(self, router: Router, interface: RouterInterface, header: Header, number: int) -> _End | None:
        """Why the packet goes no further than this router, the so manieth on its way; None when it does."""
        if any(header.destination in each.own_addresses() for each in router.interfaces):
            return _End(interface, None)
        if number >= time_to_live(header):
            return _End(interface, Failure.TIME_EXCEEDED)
        return _End(interface, Failure.BEYOND_SCOPE) if stays_in_subnet(header) else None

    def _sent_on(self, port_id: Id, frame: bytes, ends: list[_End]) -> bool:
        """Whether the packet goes on, when the data plane has the next hops that it may go to.

        It has gone to one of those that nobody has, or that end otherwise, when it comes though all others are there.
        """
        onward = [each.then for each in ends if isinstance(each.then, Way)]
        there = [each for each in onward if self._resolve(each.vni, each.next_hop) is not None]
        new = [each for each in there if not self.next_hops.is_used(each.vni, each.next_hop)]
        if new or (there and len(there) == len(ends)):
            for each in new or there:
                self._on_demand.hasten(each.vni, each.next_hop)
                self.next_hops.use(each.vni, each.next_hop)
            last = (new or there)[-1]
            self._hold(_Held(port_id, frame, last.vni, last.next_hop))
            return True
        missing = (each for each in onward if each not in there)
        waiting = Waiting(port_id, frame, self._take_again)
        return any(self._on_demand.unknown_address(each.vni, each.next_hop, waiting) for each in missing)

    def _hold(self, packet: _Held) -> None:
        if len(self._held) < _MOST_HELD:
            self._held.append(packet)
        else:
            self._counters.add("packets_without_room")
        self.changed()

    def _take_pieces(self, port_id: Id, pieces: list[bytes]) -> None:
        """Have them go on, all or none: each counts as a packet of the workload, as which the whole was counted."""
        if all(self._punted.within_rate(port_id) for _ in pieces[1:]):
            self._counters.add("packets_taken_to_pieces")
            for piece in pieces:
                self._take(port_id, piece)

    def _refuse_own(self, port_id: Id, frame: bytes, header: Header) -> None:
        self._counters.add("packets_to_routers_own_addresses")
        answer = refusal(frame, header)
        if answer is not None:
            self._punted.reply(port_id, answer)

    def _refuse(self, port_id: Id, frame: bytes, header: Header, end: _End, failure: Failure) -> None:
        self._counters.add("packets_not_routed")
        answer = error_frame(frame, header, end.interface.address, failure, end.largest)
        if answer is not None:
            self._punted.reply(port_id, answer)

    def _resolve(self, vni: int, address: Address) -> NextHop | None:
        wanted, learned = self._wanted, self._on_demand.learned
        if not wanted.routers().is_reached(vni, address):
            return None
        mac = wanted.owner_of(vni, address)
        if mac is None:
            mac = learned.owner(vni, address)
        if mac is None:
            return None
        if wanted.has_local_mac(vni, mac):
            return NextHop(mac)
        neighbours = wanted.state.neighbours.get(vni)
        index = None if neighbours is None else neighbours.forwarding.get(mac)
        if index is not None:
            vtep = wanted.state.vteps.get(index)
        else:
            vtep = learned.vteps(vni).get(learned.forwarding(vni).get(mac, -1))
        return None if vtep is None or vtep == self._own_vtep else NextHop(mac, vtep)
