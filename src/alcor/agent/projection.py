"""From the goal state to what the data plane must do: which endpoints are here, and behind which VTEP everyone else is.

Pure. Changes are derived from what deltas and interfaces touched, never by comparing whole states, so that their cost
follows their size.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import msgspec

from alcor.agent.on_demand.learned import Learned
from alcor.agent.routing.next_hops import NextHops
from alcor.dataplane.driver import Change, RemoteDelta, State
from alcor.dataplane.endpoints import endpoint_of
from alcor.dataplane.routers import data_plane_router, data_plane_routers
from alcor.dataplane.subnet_acls import subnet_acls
from alcor.model.goal_state import GoalState, GoalStateDelta, Subnet
from alcor.model.identifiers import Id


def data_plane_state(
    goal: GoalState, interfaces: AbstractSet[Id], own_vtep: int, learned: Learned | None = None
) -> State:
    """All the data plane should do: endpoints with an interface here, everyone else behind their VTEP.

    MAC addresses of this host's own ports are no remotes, whatever the forwarding table says; neither are those
    behind a host whose VTEP is not known.
    """
    vteps = {index: vtep for index, vtep in goal.vteps.items() if vtep != own_vtep}
    state = State(
        endpoints={
            port_id: endpoint_of(port, subnet_acls(port, goal.subnets))
            for port_id, port in goal.ports.items()
            if port_id in interfaces
        },
        vteps=set(vteps.values()),
    )
    for vni, neighbours in goal.neighbours.items():
        state.remotes[vni] = {mac: vteps[index] for mac, index in neighbours.forwarding.items() if index in vteps}
    for port in goal.ports.values():
        state.remotes.get(port.vni, {}).pop(port.mac, None)
    state.remotes = {vni: remotes for vni, remotes in state.remotes.items() if remotes}
    state.on_demand = {vni for vni, vpc in goal.vpcs.items() if vpc.on_demand}
    state.routers = data_plane_routers(goal.routers)
    if learned is not None:
        _add_learned(state, goal, learned, own_vtep)
    return state


def _add_learned(state: State, goal: GoalState, learned: Learned, own_vtep: int) -> None:
    local = {(port.vni, port.mac) for port in goal.ports.values()}
    for vni in state.on_demand:
        remotes, vteps = {}, learned.vteps(vni)
        for mac, index in learned.forwarding(vni).items():
            vtep = vteps.get(index)
            if vtep is not None and vtep != own_vtep and (vni, mac) not in local:
                remotes[mac] = vtep
        if remotes:
            state.learned[vni] = remotes
            state.vteps.update(remotes.values())


class _Touched(msgspec.Struct):
    ports: set[Id] = msgspec.field(default_factory=set)
    subnets: set[Id] = msgspec.field(default_factory=set)  # with another range or network ACL, or come or gone
    macs: dict[int, list[Iterable[int]]] = msgspec.field(default_factory=dict)  # by VNI
    host_indexes: set[int] = msgspec.field(default_factory=set)
    vteps_before: set[int] | None = None
    vpcs: dict[int, bool] = msgspec.field(default_factory=dict)  # by VNI: was it on demand
    learned: dict[int, set[int]] = msgspec.field(default_factory=dict)  # MACs by VNI
    routers: set[Id] = msgspec.field(default_factory=set)
    peers: set[int] = msgspec.field(default_factory=set)  # VNIs of VPCs of which any address, MAC or host changed


class Projection:
    """Gathers what was touched since the data plane was last told, and makes one change of it."""

    def __init__(self, own_vtep: int, learned: Learned | None = None, next_hops: NextHops | None = None) -> None:
        self._own_vtep = own_vtep
        self._next_hops = next_hops or NextHops(lambda vni, address: None)
        self._learned = learned or Learned()
        self._told: dict[tuple[int, int], int] = {}  # (VNI, learned MAC) → the VTEP the data plane was told
        self._touched = _Touched()
        self._unresolved: set[int] = set()  # host indexes that forwarding speaks of and that have no VTEP yet

    def touch_port(self, port_id: Id) -> None:
        """The port's interface appeared or vanished, or it must be programmed again."""
        self._touched.ports.add(port_id)

    def touch_learned(self, touched: Mapping[int, AbstractSet[int]]) -> None:
        """What is learned of these MACs, by VNI, has changed."""
        for vni, macs in touched.items():
            self._touched.learned.setdefault(vni, set()).update(macs)
            self._touched.peers.add(vni)

    def touch(self, goal: GoalState, delta: GoalStateDelta) -> None:
        """A delta is about to be applied to the goal state; not a snapshot, after which whole() is asked for."""
        touched = self._touched
        touched.routers.update(delta.removed_routers, delta.routers, delta.router_deltas)
        touched.peers.update(delta.removed_vpcs, delta.vpcs, delta.neighbours)
        if delta.routers or delta.router_deltas or delta.removed_routers or delta.vteps or delta.removed_vteps:
            touched.peers.update(self._next_hops.vnis())
        for vni in (*delta.removed_vpcs, *delta.vpcs):
            touched.vpcs.setdefault(vni, _is_on_demand(goal, vni))
        for vni in delta.removed_vpcs & set(self._learned.vnis()):
            touched.learned.setdefault(vni, set()).update(self._learned.forwarding(vni))
        for port_id in (*delta.ports, *delta.removed_ports):
            touched.ports.add(port_id)
            for port in (goal.ports.get(port_id), delta.ports.get(port_id)):
                if port is not None:
                    touched.macs.setdefault(port.vni, []).append((port.mac,))
                    touched.peers.add(port.vni)
        for subnet_id in (*delta.subnets, *delta.removed_subnets):
            if _border(goal.subnets.get(subnet_id)) != _border(delta.subnets.get(subnet_id)):
                touched.subnets.add(subnet_id)
        for vni in delta.removed_vpcs & goal.neighbours.keys():
            touched.macs.setdefault(vni, []).append(goal.neighbours[vni].forwarding)
        for vni, change in delta.neighbours.items():
            touched.macs.setdefault(vni, []).extend((change.removed_macs, change.put.forwarding))
        if delta.vteps or delta.removed_vteps:
            self._touch_vteps(goal, delta)

    def _touch_vteps(self, goal: GoalState, delta: GoalStateDelta) -> None:
        touched, before = self._touched, goal.vteps
        if touched.vteps_before is None:
            touched.vteps_before = set(before.values())
        touched.host_indexes |= delta.removed_vteps & before.keys()
        for index, vtep in delta.vteps.items():
            if before[index] != vtep if index in before else index in self._unresolved:
                touched.host_indexes.add(index)

    def whole(self, goal: GoalState, interfaces: AbstractSet[Id]) -> State:
        """All the data plane should do now."""
        self._touched = _Touched()
        referenced = {index for neighbours in goal.neighbours.values() for index in neighbours.forwarding.values()}
        self._unresolved = referenced - goal.vteps.keys()
        state = data_plane_state(goal, interfaces, self._own_vtep, self._learned)
        self._told = {(vni, mac): vtep for vni, macs in state.learned.items() for mac, vtep in macs.items()}
        state.next_hops = self._next_hops.whole()
        state.vteps.update(hop.vtep for hops in state.next_hops.values() for hop in hops.values() if hop.vtep)
        return state

    def change(self, goal: GoalState, interfaces: AbstractSet[Id]) -> Change:
        """What to change in the data plane for all that was touched."""
        touched, self._touched = self._touched, _Touched()
        change = Change()
        for port_id in touched.ports | _ports_in(goal, touched.subnets):
            if port_id in goal.ports and port_id in interfaces:
                port = goal.ports[port_id]
                change.endpoints[port_id] = endpoint_of(port, subnet_acls(port, goal.subnets))
            else:
                change.removed_endpoints.add(port_id)
        self._change_vteps(change, touched, goal)
        local = {(port.vni, port.mac) for port in goal.ports.values()} if touched.macs else set()
        for vni, was_on_demand in touched.vpcs.items():
            if _is_on_demand(goal, vni) != was_on_demand:
                (change.removed_on_demand if was_on_demand else change.on_demand).add(vni)
        self._change_learned(change, touched, goal)
        for router_id in touched.routers:
            if router_id in goal.routers:
                change.routers[router_id] = data_plane_router(goal.routers[router_id])
            else:
                change.removed_routers.add(router_id)
        change.next_hops = self._next_hops.change(touched.peers)
        change.vteps.update(hop.vtep for hops in change.next_hops.values() for hop in hops.put.values() if hop.vtep)
        for vni, groups in touched.macs.items():
            if _is_on_demand(goal, vni):
                continue
            local_macs = {mac for local_vni, mac in local if local_vni == vni}
            delta = self._remotes(groups, _forwarding(goal, vni), goal.vteps, local_macs)
            if delta.put or delta.removed:
                change.remotes[vni] = delta
        return change

    def _change_learned(self, change: Change, touched: _Touched, goal: GoalState) -> None:
        """Where learned MACs are, for those touched and for those that came to this host or left it."""
        macs = {vni: set(group) for vni, group in touched.learned.items()}
        for vni, groups in touched.macs.items():
            known = self._learned.forwarding(vni)
            if known:
                macs.setdefault(vni, set()).update(mac for group in groups for mac in group if mac in known)
        for vni, touched_macs in macs.items():
            local = {port.mac for port in goal.ports.values() if port.vni == vni}
            if _is_on_demand(goal, vni):
                delta = self._remotes([touched_macs], self._learned.forwarding(vni), self._learned.vteps(vni), local)
            else:
                delta = RemoteDelta(removed={mac for mac in touched_macs if (vni, mac) in self._told})
            if not delta.put and not delta.removed:
                continue
            self._mark_moves(vni, delta)
            change.learned[vni] = delta
            change.vteps.update(delta.put.values())
        if change.removed_vteps:
            change.removed_vteps -= self._learned.all_vteps()

    def _mark_moves(self, vni: int, delta: RemoteDelta) -> None:
        """A MAC that was elsewhere is removed and put again, so that packets notice before the change is confirmed."""
        told = self._told
        delta.removed |= {mac for mac, vtep in delta.put.items() if told.get((vni, mac), vtep) != vtep}
        for mac in delta.removed:
            told.pop((vni, mac), None)
        told.update(((vni, mac), vtep) for mac, vtep in delta.put.items())

    def _change_vteps(self, change: Change, touched: _Touched, goal: GoalState) -> None:
        if touched.vteps_before is not None:
            after = set(goal.vteps.values())
            change.vteps = after - touched.vteps_before - {self._own_vtep}
            change.removed_vteps = touched.vteps_before - after - {self._own_vtep}
        if moved := touched.host_indexes:
            for vni, neighbours in goal.neighbours.items():
                macs = [mac for mac, index in neighbours.forwarding.items() if index in moved]
                if macs:
                    touched.macs.setdefault(vni, []).append(macs)

    def _remotes(
        self, groups: list[Iterable[int]], forwarding: Mapping[int, int], vteps: Mapping[int, int], local: set[int]
    ) -> RemoteDelta:
        put: dict[int, int] = {}
        removed: set[int] = set()
        own_vtep, unresolved = self._own_vtep, self._unresolved
        for macs in groups:
            for mac in macs:
                index = forwarding.get(mac)
                vtep = None if index is None else vteps.get(index)
                if vtep is None or vtep == own_vtep or mac in local:
                    removed.add(mac)
                    if index is not None and vtep is None:
                        unresolved.add(index)
                else:
                    put[mac] = vtep
        return RemoteDelta(put=put, removed=removed)


def _border(subnet: Subnet | None) -> tuple[str, Id] | None:
    """What an endpoint says of a subnet."""
    return (subnet.cidr, subnet.network_acl) if subnet is not None else None


def _ports_in(goal: GoalState, subnet_ids: AbstractSet[Id]) -> set[Id]:
    if not subnet_ids:
        return set()
    return {port.id for port in goal.ports.values() if any(each in subnet_ids for each, _ in port.fixed_ips)}


def _is_on_demand(goal: GoalState, vni: int) -> bool:
    vpc = goal.vpcs.get(vni)
    return vpc is not None and vpc.on_demand


def _forwarding(goal: GoalState, vni: int) -> dict[int, int]:
    neighbours = goal.neighbours.get(vni)
    return {} if neighbours is None else neighbours.forwarding
