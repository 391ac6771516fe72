"""The driver of the data plane in memory. It keeps to the same promises as any driver and counts what it is asked."""

from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Protocol, TypeVar

from alcor.dataplane.driver import (
    Change,
    DataPlaneUnavailable,
    Endpoint,
    Failures,
    Fate,
    Listener,
    NextHop,
    NextHopDelta,
    RemoteDelta,
    State,
)
from alcor.dataplane.memory.firewall import Firewall
from alcor.dataplane.memory.switch import Fabric, MemorySwitch
from alcor.dataplane.memory.tracing import fate_arriving, fate_of
from alcor.dataplane.security_groups import ANY_VPC, MembersDelta, StrangersDelta
from alcor.model.addresses import Address, address_text, ipv4_text, mac_text
from alcor.model.identifiers import Id, id_text

_RESERVED_VTEP = 0

K = TypeVar("K")
T = TypeVar("T")


class MemoryDataPlane:
    """Programs a MemorySwitch; without one, a switch of its own that no other host reaches.

    ``operations`` counts what was done to the switch: one for each endpoint, remote, VTEP, learned remote, router, next
    hop, security group, member, stranger or network ACL put or removed, and for each VPC that is on demand from then
    on, or no longer, and for each whose flooding changes.
    ``refusals`` makes ports fail, with the reason given; ``unavailable`` makes every call raise, as a data plane
    does that cannot be reached.
    """

    def __init__(self, switch: MemorySwitch | None = None) -> None:
        self.switch = switch or MemorySwitch(Fabric(), _RESERVED_VTEP)
        self.operations: Counter[str] = Counter()
        self.refusals: dict[Id, str] = {}
        self.unavailable = ""
        self._listener: Listener | None = None
        self._replaced = 0

    async def start(self, listener: Listener) -> None:
        """See DataPlane.start."""
        self._check_available()
        self._listener = listener
        self.switch.punt, self.switch.miss = listener.packet_punted, listener.packet_missed
        self.switch.unrouted, self.switch.undecided = listener.packet_for_router, listener.packet_undecided
        for port_id in self.switch.inboxes:
            listener.interface_appeared(port_id)

    async def replace(self, state: State) -> Failures:
        """See DataPlane.replace."""
        self._check_available()
        switch, before = self.switch, self.operations.total()
        small = Change(
            endpoints={
                port_id: new for port_id, new in state.endpoints.items() if switch.endpoints.get(port_id) != new
            },
            removed_endpoints=switch.endpoints.keys() - state.endpoints.keys(),
            vteps=state.vteps - switch.vteps,
            removed_vteps=switch.vteps - state.vteps,
            on_demand=state.on_demand - switch.on_demand,
            removed_on_demand=switch.on_demand - state.on_demand,
            routers={key: new for key, new in state.routers.items() if switch.routers.get(key) != new},
            removed_routers=switch.routers.keys() - state.routers.keys(),
            next_hops=_next_hop_difference(switch.next_hops, state.next_hops),
            security_groups={
                key: new for key, new in state.security_groups.items() if switch.firewall.groups.get(key) != new
            },
            removed_security_groups=switch.firewall.groups.keys() - state.security_groups.keys(),
            members={
                key: MembersDelta(put, removed)
                for key, (put, removed) in _set_differences(switch.firewall.members, state.members).items()
            },
            strangers={
                vni: StrangersDelta(put, removed)
                for vni, (put, removed) in _set_differences(switch.firewall.strangers, state.strangers).items()
            },
            network_acls={key: new for key, new in state.network_acls.items() if switch.network_acls.get(key) != new},
            removed_network_acls=switch.network_acls.keys() - state.network_acls.keys(),
        )
        small.flooded = {vni: vteps for vni, vteps in state.flooded.items() if switch.flooded.get(vni) != vteps}
        small.removed_flooded = switch.flooded.keys() - state.flooded.keys()
        failures = await self.apply(small)
        self.operations["remote"] += _replace_remotes(switch.remotes, state.remotes)
        self.operations["learned"] += _replace_remotes(switch.learned, state.learned)
        self._replaced = self.operations.total() - before
        return failures

    def replaced(self) -> int:
        """See DataPlane.replaced."""
        return self._replaced

    async def apply(self, change: Change) -> Failures:
        """See DataPlane.apply."""
        self._check_available()
        for port_id in change.removed_endpoints:
            self.switch.remove_endpoint(port_id)
        self.operations["endpoint"] += len(change.removed_endpoints)
        failures = {}
        for port_id, endpoint in change.endpoints.items():
            if (reason := self._put_endpoint(endpoint)) is not None:
                failures[port_id] = reason
        self.operations["remote"] += _apply_remotes(self.switch.remotes, change.remotes)
        self.operations["learned"] += _apply_remotes(self.switch.learned, change.learned)
        self.switch.on_demand -= change.removed_on_demand
        self.switch.on_demand |= change.on_demand
        self.operations["on_demand"] += len(change.removed_on_demand) + len(change.on_demand)
        for router_id in change.removed_routers:
            self.switch.routers.pop(router_id, None)
        self.switch.routers |= change.routers
        self.operations["router"] += len(change.removed_routers) + len(change.routers)
        self.operations["next_hop"] += _apply_next_hops(self.switch.next_hops, change.next_hops)
        for vni in change.removed_flooded:
            self.switch.flooded.pop(vni, None)
        self.switch.flooded |= change.flooded
        self.operations["flooded"] += len(change.removed_flooded) + len(change.flooded)
        self._apply_security(change)
        self.switch.vteps -= change.removed_vteps
        self.switch.vteps |= change.vteps
        self.operations["vtep"] += len(change.removed_vteps) + len(change.vteps)
        return failures

    def _apply_security(self, change: Change) -> None:
        firewall = self.switch.firewall
        for group_id in change.removed_security_groups:
            firewall.groups.pop(group_id, None)
        firewall.groups |= change.security_groups
        self.operations["security_group"] += len(change.removed_security_groups) + len(change.security_groups)
        self.operations["member"] += _apply_sets(firewall.members, change.members)
        self.operations["stranger"] += _apply_sets(firewall.strangers, change.strangers)
        for acl_id in change.removed_network_acls:
            self.switch.network_acls.pop(acl_id, None)
        self.switch.network_acls |= change.network_acls
        self.operations["network_acl"] += len(change.removed_network_acls) + len(change.network_acls)

    async def send(self, port_id: Id, frame: bytes) -> None:
        """See DataPlane.send."""
        self.switch.hand_to_workload(port_id, frame)

    async def forward(self, port_id: Id, frame: bytes) -> None:
        """See DataPlane.forward."""
        self.switch.take_from_workload(port_id, frame)

    async def flood(self, port_id: Id, frame: bytes) -> None:
        """See DataPlane.flood."""
        self.switch.flood_for_workload(port_id, frame)

    async def deliver(self, port_id: Id, frame: bytes) -> None:
        """See DataPlane.deliver."""
        self.switch.take_for_workload(port_id, frame)

    def interfaces(self) -> frozenset[Id]:
        """See DataPlane.interfaces."""
        return frozenset(self.switch.inboxes)

    def services_interface(self) -> str | None:
        """See DataPlane.services_interface. There is no host behind this switch."""
        return None

    def client(self, address: Address) -> Id | None:
        """See DataPlane.client."""
        return None

    async def trace(self, port_id: Id, frame: bytes) -> Fate:
        """See DataPlane."""
        self._check_available()
        return fate_of(self.switch, port_id, frame)

    async def trace_arriving(self, vni: int, frame: bytes) -> Fate:
        """See DataPlane."""
        self._check_available()
        return fate_arriving(self.switch, vni, frame)

    def trouble(self) -> str:
        """See DataPlane."""
        return ""

    async def describe(self) -> list[str]:
        """See DataPlane.describe."""
        switch = self.switch
        lines = [
            f"endpoint {id_text(port_id)} vni {endpoint.vni} mac {mac_text(endpoint.mac)} "
            f"addresses {' '.join(map(ipv4_text, endpoint.ipv4))}"
            for port_id, endpoint in sorted(switch.endpoints.items())
        ]
        lines += [
            f"{kind} vni {vni} mac {mac_text(mac)} vtep {ipv4_text(vtep)}"
            for kind, by_vni in (("remote", switch.remotes), ("learned", switch.learned))
            for vni, remotes in sorted(by_vni.items())
            for mac, vtep in sorted(remotes.items())
        ]
        lines += [
            f"router {id_text(router.id)} vni {each.vni} mac {mac_text(each.mac)} address {address_text(each.address)}"
            for router in switch.routers.values()
            for each in router.interfaces
        ]
        lines += [
            f"router {id_text(router.id)} route {route.destination()} vni {each.vni} "
            f"next hop {address_text(each.next_hop)}"
            for router in switch.routers.values()
            for route in router.routes
            for each in route.ways() or (route,)
        ]
        lines += [
            f"next hop vni {vni} address {address_text(address)} mac {mac_text(hop.mac)} vtep {ipv4_text(hop.vtep)}"
            for vni, hops in sorted(switch.next_hops.items())
            for address, hop in hops.items()
        ]
        lines += _describe_security(switch.firewall)
        lines += [
            f"flooded vni {vni} vteps {' '.join(map(ipv4_text, sorted(vteps)))}"
            for vni, vteps in sorted(switch.flooded.items())
        ]
        lines += [f"network acl {id_text(acl.id)} rules {len(acl.rules)}" for acl in switch.network_acls.values()]
        lines += [f"on demand vni {vni}" for vni in sorted(switch.on_demand)]
        return lines + [f"vtep {ipv4_text(vtep)}" for vtep in sorted(switch.vteps)]

    async def stop(self) -> None:
        """See DataPlane.stop."""
        self._listener = None
        self.switch.punt = self.switch.miss = self.switch.unrouted = self.switch.undecided = None

    def attach(self, port_id: Id) -> None:
        """Plug in the interface of a workload."""
        self.switch.plug(port_id)
        if self._listener is not None:
            self._listener.interface_appeared(port_id)

    def detach(self, port_id: Id) -> None:
        """Pull the interface of a workload out."""
        self.switch.unplug(port_id)
        if self._listener is not None:
            self._listener.interface_vanished(port_id)

    def inject(self, port_id: Id, frame: bytes) -> None:
        """Let the workload behind a port send a frame; it has gone where it goes when this returns."""
        self.switch.take_from_workload(port_id, frame)

    def received(self, port_id: Id) -> list[bytes]:
        """The last frames that reached the workload behind a port."""
        return list(self.switch.inboxes.get(port_id, ()))

    def let_idle(self) -> None:
        """Let so much time pass that what was learned goes that nothing was sent to since this was last called."""
        for vni, mac in self.switch.take_idle():
            if self._listener is not None:
                self._listener.remote_idle(vni, mac)
        for vni, address in self.switch.take_idle_next_hops():
            if self._listener is not None:
                self._listener.next_hop_idle(vni, address)
        for vni, stranger in self.switch.firewall.take_idle_strangers():
            if self._listener is not None:
                self._listener.stranger_idle(vni, stranger)

    def lose_everything(self) -> None:
        """Restart the data plane behind the driver's back."""
        self.switch.forget()
        if self._listener is not None:
            self._listener.restarted()

    def _check_available(self) -> None:
        if self.unavailable:
            raise DataPlaneUnavailable(self.unavailable)

    def _put_endpoint(self, endpoint: Endpoint) -> str | None:
        self.operations["endpoint"] += 1
        if endpoint.port_id in self.refusals:
            self.switch.remove_endpoint(endpoint.port_id)
            return self.refusals[endpoint.port_id]
        if endpoint.port_id in self.switch.inboxes:
            self.switch.put_endpoint(endpoint)
        return None


def _describe_security(firewall: Firewall) -> Iterator[str]:
    for group in firewall.groups.values():
        kind = "stateful" if group.stateful else "stateless"
        yield f"security group {id_text(group.id)} {kind} rules {len(group.rules)}"
    for (vni, group_id), prefixes in sorted(firewall.members.items()):
        where = "any vpc" if vni == ANY_VPC else f"vni {vni}"
        for prefix in sorted(prefixes):
            yield f"member {where} group {id_text(group_id)} address {ip_address(prefix.address)}/{prefix.length}"
    for vni, addresses in sorted(firewall.strangers.items()):
        for address in sorted(addresses):
            yield f"stranger vni {vni} address {ip_address(address)}"


def _apply_remotes(present: dict[int, dict[int, int]], deltas: Mapping[int, RemoteDelta]) -> int:
    """How many were put or removed."""
    for vni, delta in deltas.items():
        remotes = present.setdefault(vni, {})
        for mac in delta.removed:
            remotes.pop(mac, None)
        remotes.update(delta.put)
        if not remotes:
            del present[vni]
    return sum(len(delta.removed) + len(delta.put) for delta in deltas.values())


def _apply_next_hops(present: dict[int, dict[Address, NextHop]], deltas: Mapping[int, NextHopDelta]) -> int:
    """How many were put or removed."""
    for vni, delta in deltas.items():
        hops = present.setdefault(vni, {})
        for address in delta.removed:
            hops.pop(address, None)
        hops.update(delta.put)
        if not hops:
            del present[vni]
    return sum(len(delta.removed) + len(delta.put) for delta in deltas.values())


def _next_hop_difference(
    present: Mapping[int, Mapping[Address, NextHop]], wanted: Mapping[int, Mapping[Address, NextHop]]
) -> dict[int, NextHopDelta]:
    deltas = {}
    for vni in present.keys() | wanted.keys():
        old, new = present.get(vni, {}), wanted.get(vni, {})
        put = {address: hop for address, hop in new.items() if old.get(address) != hop}
        if put or old.keys() - new.keys():
            deltas[vni] = NextHopDelta(put, old.keys() - new.keys())
    return deltas


class _SetDelta(Protocol[T]):
    @property
    def put(self) -> set[T]: ...

    @property
    def removed(self) -> set[T]: ...


def _apply_sets(present: dict[K, set[T]], deltas: Mapping[K, _SetDelta[T]]) -> int:
    """How many were put or removed."""
    for key, delta in deltas.items():
        values = present.setdefault(key, set())
        values -= delta.removed
        values |= delta.put
        if not values:
            del present[key]
    return sum(len(delta.removed) + len(delta.put) for delta in deltas.values())


def _set_differences(present: Mapping[K, set[T]], wanted: Mapping[K, set[T]]) -> dict[K, tuple[set[T], set[T]]]:
    """What is to be put and what removed, of each that differs."""
    pairs = {key: (present.get(key, set()), wanted.get(key, set())) for key in present.keys() | wanted.keys()}
    return {key: (new - old, old - new) for key, (old, new) in pairs.items() if old != new}


def _replace_remotes(present: dict[int, dict[int, int]], wanted: Mapping[int, Mapping[int, int]]) -> int:
    """How many were put, changed or removed."""
    touched = sum(len(present.pop(vni)) for vni in present.keys() - wanted.keys())
    for vni, macs in wanted.items():
        remotes = present.setdefault(vni, {})
        stale = remotes.keys() - macs.keys()
        for mac in stale:
            del remotes[mac]
        changed = sum(remotes.get(mac) != vtep for mac, vtep in macs.items()) if remotes else len(macs)
        remotes.update(macs)
        touched += len(stale) + changed
        if not remotes:
            del present[vni]
    return touched
