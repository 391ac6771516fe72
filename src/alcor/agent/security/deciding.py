"""What becomes of a packet that may pass if its other end is in a security group, which the data plane does not know.

The packet is held until it is known who that is, and what the data plane has to know of it; then it goes its way again:
on, or, from a stranger, nowhere.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from alcor.agent.counters import Counters
from alcor.agent.on_demand.held_packets import Waiting
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.rates import Rates
from alcor.agent.security.peers import Address, Peers
from alcor.agent.security.strangers import Strangers
from alcor.agent.wanted import Wanted
from alcor.dataplane import frames
from alcor.dataplane.driver import DataPlane
from alcor.model.addresses import is_link_local, mac_of_link_local
from alcor.model.identifiers import Id

_MOST_HELD = 2048
_MOST_STRANGERS = 4096  # on the host; of more, each packet comes to the agent, within its rate
_PORT_RATE = 200.0  # packets a second
_HOST_RATE = 5000.0
_NEEDED_SECONDS = 60.0


class _Held(NamedTuple):
    port_id: Id
    frame: bytes
    ingress: bool
    vni: int
    address: bytes


class Deciding:
    """The agent's part in security groups. Everything is called on one event loop."""

    def __init__(
        self,
        wanted: Wanted,
        driver: DataPlane,
        counters: Counters,
        on_demand: OnDemand,
        peers: Peers,
        clock: Callable[[], float],
    ) -> None:
        self.changed: Callable[[], None] = lambda: None
        """Told that the data plane must be told of strangers; programmed() is awaited after it was."""
        self.strangers = Strangers(self._knows)
        self._wanted, self._driver, self._counters = wanted, driver, counters
        self._on_demand, self._peers, self._clock = on_demand, peers, clock
        self._held: list[_Held] = []
        self._rates = Rates(counters, "packets_undecided", _PORT_RATE, _HOST_RATE, clock)
        self._needed: dict[tuple[int, int], float] = {}  # (VNI, MAC) of peers asked about, and until when it matters
        on_demand.is_decided_on = self._is_needed
        on_demand.ticked = self._tick

    def packet(self, port_id: Id, frame: bytes, ingress: bool) -> None:
        """See Listener.packet_undecided. Never raises."""
        self._counters.add("packets_undecided")
        if self._rates.take(port_id):
            self._decide(port_id, frame, ingress)

    def idle(self, vni: int, address: bytes) -> None:
        """The data plane has dropped a stranger of whom nothing came for a while."""
        self.strangers.idle(vni, address)

    def port_gone(self, port_id: Id) -> None:
        """The port's interface is gone."""
        self._rates.forget(port_id)

    async def programmed(self) -> None:
        """The data plane knows what was found out: let go what waited for it."""
        held = self._held
        self._held = [each for each in held if self.strangers.is_new(each.vni, each.address)]
        for each in held:
            if not self.strangers.is_new(each.vni, each.address):
                again = self._driver.deliver if each.ingress else self._driver.forward
                await again(each.port_id, each.frame)

    def _decide(self, port_id: Id, frame: bytes, ingress: bool) -> None:
        port = self._wanted.state.ports.get(port_id)
        address = other_end(frame, ingress)
        if port is None or address is None:
            self._counters.add("packets_undecided_malformed")
            return
        if not self._knows(port.vni, address) and self._ask(port_id, port.vni, address, frame, ingress):
            return
        if self.strangers.count() >= _MOST_STRANGERS:
            self._counters.add("strangers_without_room")
            return
        self.strangers.use(port.vni, address)
        self._hold(_Held(port_id, frame, ingress, port.vni, address))

    def _ask(self, port_id: Id, vni: int, address: bytes, frame: bytes, ingress: bool) -> bool:
        """Ask who has the address; False when it need not be asked."""
        packet = Waiting(port_id, frame, partial(self._answered, ingress), ingress)
        mac = _mac_of(address)
        if mac is not None:
            return self._on_demand.unknown_mac(vni, mac, packet)
        return self._on_demand.unknown_address(self._peers.home(vni, address), _key(address), packet)

    def _answered(self, ingress: bool, port_id: Id, frame: bytes, there: bool) -> None:
        """It is known who has the address, and the data plane was told, or nobody has it."""
        port = self._wanted.state.ports.get(port_id)
        address = other_end(frame, ingress)
        if port is None or address is None:
            return
        if there:
            self._need(port.vni, address)
            self._hold(_Held(port_id, frame, ingress, port.vni, address))
        else:
            self._decide(port_id, frame, ingress)

    def _hold(self, packet: _Held) -> None:
        if len(self._held) < _MOST_HELD:
            self._held.append(packet)
        else:
            self._counters.add("packets_without_room")
        self.changed()

    def _knows(self, vni: int, address: bytes) -> bool:
        """Whether nothing more can be found out of an address: it was told ahead, learned, or is not there.

        Of none where no port of this host is: so strangers go with the last one of their VPC.
        """
        if vni not in self._peers.vnis():
            return False
        learned = self._on_demand.learned
        mac = _mac_of(address)
        if mac is not None:
            if not self._on_demand.is_on_demand(vni) or self._wanted.has_local_mac(vni, mac):
                return True
            return mac in learned.forwarding(vni) or learned.is_absent(vni, self._clock(), mac=mac)
        home, key = self._peers.home(vni, address), _key(address)
        if not self._on_demand.is_on_demand(home) or self._peers.owns(home, address):
            return True
        return learned.owner(home, key) is not None or learned.is_absent(home, self._clock(), address=key)

    def _need(self, vni: int, address: bytes) -> None:
        home = self._peers.home(vni, address)
        mac = self._on_demand.learned.owner(home, _key(address))
        if mac is not None:
            self._needed[home, mac] = self._clock() + _NEEDED_SECONDS

    def _is_needed(self, vni: int, mac: int) -> bool:
        return self._needed.get((vni, mac), 0.0) > self._clock()

    def _tick(self) -> None:
        now = self._clock()
        self._needed = {place: until for place, until in self._needed.items() if until > now}
        if self.strangers.have_lapsed():
            self.strangers.review()
            self.changed()


def other_end(frame: bytes, ingress: bool) -> bytes | None:
    """The address of a packet's other end: of what comes to a workload the source, of what it sends the destination."""
    header = frames.ethernet(frame)
    if header is None:
        return None
    if header.ethertype == frames.ETHERTYPE_IPV4 and len(frame) >= frames.ETHERNET_HEADER + 20:
        return frame[26:30] if ingress else frame[30:34]
    if header.ethertype == frames.ETHERTYPE_IPV6 and len(frame) >= frames.ETHERNET_HEADER + 40:
        return frame[22:38] if ingress else frame[38:54]
    return None


def _mac_of(address: bytes) -> int | None:
    """The MAC address that a link-local address follows from, if it is one of those."""
    return mac_of_link_local(address) if len(address) == 16 and is_link_local(address) else None


def _key(address: bytes) -> Address:
    return int.from_bytes(address) if len(address) == 4 else address
