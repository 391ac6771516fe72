"""Has workloads hear that an address is at another MAC address than before (RFC 5227, 3; RFC 4861, 7.2.6).

They may remember the old one for as long as they hear of no other. Only those of this host are told, each by a copy of
its own, and only those in the subnet of the address.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from alcor.agent.counters import Counters
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.punt import PuntedPackets
from alcor.agent.routing.router_index import RouterIndex
from alcor.agent.wanted import Wanted
from alcor.dataplane.frames import ARP_REQUEST, Arp, arp_frame
from alcor.dataplane.neighbour_discovery import NeighbourAdvertisement, announcement_frame
from alcor.dataplane.routers import prefix_of
from alcor.model.addresses import MAC_BROADCAST, Address, address_number, address_of, version_of
from alcor.model.goal_state import GoalState, GoalStateDelta, NeighbourDelta
from alcor.model.identifiers import Id

_MOST_REMEMBERED = 4096  # of a VPC

_K = TypeVar("_K", int, bytes)


class _News(NamedTuple):
    """Who has an address of a VPC now, and the subnet in which that matters: its network, mask and version of IP."""

    vni: int
    address: Address
    mac: int
    subnet: tuple[int, int, int]
    is_router: bool = False

    def frame(self) -> bytes:
        """What tells it to whoever hears it."""
        if isinstance(self.address, int):
            return arp_frame(Arp(ARP_REQUEST, self.mac, self.address, MAC_BROADCAST, self.address))
        return announcement_frame(NeighbourAdvertisement(self.address, self.mac, self.is_router))

    def concerns(self, address: Address) -> bool:
        """Whether who has this address is in the subnet."""
        network, mask, version = self.subnet
        return version_of(address) == version and address_number(address) & mask == network


class Announcing:
    """Everything is called on one event loop.

    Of an address that was taken from its owner it is remembered who that was, until somebody has it again: what passes
    from one port to another may have been nobody's for a while. New addresses are not announced: nobody remembers them.
    """

    def __init__(self, wanted: Wanted, on_demand: OnDemand, punted: PuntedPackets, counters: Counters) -> None:
        self._wanted, self._on_demand, self._punted, self._counters = wanted, on_demand, punted, counters
        self._owners_before: dict[int, dict[Address, int]] = {}  # by VNI, of addresses whose owner may have changed
        self._touched: dict[int, set[Address]] = {}  # of these, what is to be looked at
        self._routers = RouterIndex()
        on_demand.coming = self.learning

    def touch(self, goal: GoalState, delta: GoalStateDelta) -> None:
        """A delta is about to be applied to the goal state."""
        for vni in delta.removed_vpcs:
            self._owners_before.pop(vni, None)
        ids = goal.ports.keys() | delta.ports.keys() if delta.snapshot else (*delta.ports, *delta.removed_ports)
        for ports in (goal.ports, delta.ports):
            for port in (ports[port_id] for port_id in ids if port_id in ports):
                self._may_change(port.vni, [address_of(fixed) for _, fixed in port.fixed_ips])
        for vni, change in delta.neighbours.items():
            if (known := goal.neighbours.get(vni)) is not None:
                put = change.put
                self._change(vni, known.ipv4, put.ipv4, known.ipv4 if delta.snapshot else change.removed_ipv4)
                self._change(vni, known.ipv6, put.ipv6, known.ipv6 if delta.snapshot else change.removed_ipv6)
            self._touch(vni, change.put.ipv4.keys())
            self._touch(vni, change.put.ipv6.keys())

    def learning(self, neighbours: Mapping[int, NeighbourDelta]) -> None:
        """What a manager says of these VPCs is about to be learned."""
        for vni, change in neighbours.items():
            named: list[Address] = [*change.removed_ipv4, *change.removed_ipv6, *change.put.ipv4, *change.put.ipv6]
            self._may_change(vni, named)

    def programmed(self) -> None:
        """The data plane does what was wanted: have the workloads hear whom it sends their packets to."""
        news = [*self._news_of_gateways(), *self._news_of_ports()]
        own: dict[int, list[tuple[Id, int, Address]]] = {vni: [] for vni in {each.vni for each in news}}
        for port in self._wanted.state.ports.values() if news else ():
            if port.vni in own:
                own[port.vni] += [(port.id, port.mac, address_of(fixed)) for _, fixed in port.fixed_ips]
        for each in news:
            frame = each.frame()
            for port_id in {to for to, mac, address in own[each.vni] if mac != each.mac and each.concerns(address)}:
                self._counters.add("announcements_sent")
                self._punted.reply(port_id, frame)

    def _news_of_gateways(self) -> Iterator[_News]:
        """All those that are new: this agent need not be the first that their workloads hear."""
        before, self._routers = self._routers, self._wanted.routers()
        if before is self._routers:
            return
        for gateway in before.interfaces():
            self._remember(gateway.vni, {gateway.address: gateway.mac})
            self._touch(gateway.vni, (gateway.address,))
        for gateway in self._routers.interfaces():
            if before.owner_of(gateway.vni, gateway.address) != gateway.mac:
                subnet = gateway.network, gateway.mask, gateway.version()
                yield _News(gateway.vni, gateway.address, gateway.mac, subnet, is_router=True)

    def _news_of_ports(self) -> Iterator[_News]:
        touched, self._touched = self._touched, {}
        for vni, addresses in touched.items():
            before = self._owners_before.get(vni, {})
            for address in addresses & before.keys():
                is_gateway = self._routers.owner_of(vni, address) is not None
                owner = self._owner(vni, address)
                if owner is None and not is_gateway:
                    self._on_demand.follow(vni, address)
                    continue
                if before.pop(address) != owner and owner is not None and not is_gateway:
                    yield from (_News(vni, address, owner, subnet) for subnet in self._subnets(vni, address))

    def _subnets(self, vni: int, address: Address) -> set[tuple[int, int, int]]:
        """Those in which workloads here may speak to an address."""
        ranges = {prefix_of(subnet.cidr) for subnet in self._wanted.state.subnets.values() if subnet.vni == vni}
        return {each for each in ranges if _News(vni, address, 0, each).concerns(address)}

    def _owner(self, vni: int, address: Address) -> int | None:
        owner = self._wanted.owner_of(vni, address)
        return self._on_demand.learned.owner(vni, address) if owner is None else owner

    def _may_change(self, vni: int, addresses: Collection[Address]) -> None:
        """Who has these addresses may be others soon."""
        owners = ((address, self._owner(vni, address)) for address in addresses)
        self._remember(vni, {address: mac for address, mac in owners if mac is not None})
        self._touch(vni, addresses)

    def _change(self, vni: int, known: Mapping[_K, int], put: Mapping[_K, int], removed: Iterable[_K]) -> None:
        """Neighbours told ahead are about to be others."""
        named = (address for addresses in (removed, put) for address in addresses if address in known)
        self._remember(vni, {address: known[address] for address in named if put.get(address) != known[address]})

    def _remember(self, vni: int, owners: Mapping[Address, int]) -> None:
        if owners:
            before = self._owners_before.setdefault(vni, {})
            for address, mac in owners.items():
                before.setdefault(address, mac)
            for address in list(before)[: max(0, len(before) - _MOST_REMEMBERED)]:
                del before[address]

    def _touch(self, vni: int, addresses: Collection[Address]) -> None:
        before = self._owners_before.get(vni)
        if before:
            self._touched.setdefault(vni, set()).update(before.keys() & addresses)
