"""From a change-log entry to what each host must change. Pure: no I/O, no clock, no randomness.

The entry is taken in whole (dpm.changes); then what was before and what is now are compared, resource by resource,
VPC by VPC. The neighbour part is computed once for each VPC and shared by all hosts that have no part in the change
themselves. The cost is that of the hosts of the VPCs touched and of the ports changed; only a host that joins a VPC
costs the size of the VPC.
"""

from collections.abc import Iterable

import msgspec

from alcor.dpm.changes import Before, take_in
from alcor.dpm.goal_states import (
    add_neighbours,
    join_vpc,
    network_acl_state,
    port_state,
    subnet_state,
    vpc_state,
    vteps,
)
from alcor.dpm.neighbour_changes import (
    VpcChange,
    changed,
    difference,
    macs_by_host,
    update_neighbours,
    without_own,
)
from alcor.dpm.read_model import ReadModel, VpcModel, is_queued
from alcor.dpm.router_changes import changed_routers
from alcor.dpm.security_changes import changed_security_groups, shared_security_groups
from alcor.model.digest import vtep_hash
from alcor.model.goal_state import Feed, GoalStateDelta, NeighbourDelta, Port, RouterDelta, Subject, Subnet
from alcor.model.identifiers import Id
from alcor.model.records import LogEntry, NodeRecord, PortRecord, SubnetRecord, VpcRecord


class Compiled(msgspec.Struct):
    """What an entry means for hosts.

    Deltas carry the entry's position as their revision; their base revision is for the channel to set. Parts are
    shared between the deltas, and whole deltas between hosts: they must not be changed. Hosts in ``resync`` need
    everything anew: what they are told has changed in kind. ``on_demand`` has, by VNI, the changes of VPCs that hosts
    ask about: those on demand, and those that a router joins with others. ``moved`` are the new VTEPs of hosts that
    had another (host index → IPv4). ``left`` are the VPCs in which a host has no ports any more. Only hosts that the
    model's process serves are in any of these. ``nodes`` are all nodes that came, changed or went, and ``shared``
    has what is published of what is queued: each leads from when it changed last, or says it whole.
    """

    deltas: dict[str, GoalStateDelta] = {}
    resync: set[str] = set()
    on_demand: dict[int, VpcChange] = {}
    moved: dict[int, int] = {}
    left: set[Id] = set()
    nodes: set[str] = set()
    shared: dict[Subject, GoalStateDelta] = {}


def compile_entry(model: ReadModel, entry: LogEntry) -> Compiled:
    """Take the entry into the model; returns what to change on each host that has something to change."""
    before = take_in(model, entry.records)
    model.revision = entry.position
    return _Compilation(model, before, entry.position).compiled()


class _Compilation:
    """One entry's way from before to now."""

    def __init__(self, model: ReadModel, before: Before, position: int) -> None:
        self._model = model
        self._before = before
        self._position = position
        self._deltas: dict[str, GoalStateDelta] = {}
        # host → the neighbours of VPCs, by VNI, that it is told as many other hosts are
        self._told_alike: dict[str, tuple[tuple[int, NeighbourDelta], ...]] = {}
        self._compiled = Compiled()
        self._changes: dict[Id, VpcChange] = {vpc_id: VpcChange() for vpc_id in (*before.presence, *before.vpcs)}

    def compiled(self) -> Compiled:
        for port_id, old in self._before.ports.items():
            self._compare_port(port_id, old)
        for vpc_id, change in self._changes.items():
            vpc = self._model.vpcs.get(vpc_id) or VpcModel(vpc_id)
            self._compare_vpc(vpc, change)
            if vpc.is_empty():
                self._model.vpcs.pop(vpc_id, None)
        self._compiled.nodes = set(self._before.nodes)
        for host_id, node in self._before.nodes.items():
            self._compare_node(host_id, node)
        self._compare_routers()
        self._compare_security_groups()
        self._tell_alike()
        self._compiled.deltas = {host_id: delta for host_id, delta in self._deltas.items() if not delta.is_empty()}
        return self._compiled

    def _delta(self, host_id: str) -> GoalStateDelta:
        delta = self._deltas.get(host_id)
        if delta is None:
            delta = self._deltas[host_id] = GoalStateDelta(revision=self._position)
        return delta

    def _served(self, hosts: set[str]) -> set[str]:
        served = self._model.served
        return hosts if served is None else hosts & served

    # Before: what was not touched was what it is now.

    def _node_before(self, host_id: str) -> NodeRecord | None:
        nodes = self._before.nodes
        return nodes[host_id] if host_id in nodes else self._model.nodes.get(host_id)

    def _vpc_now(self, vpc_id: Id) -> VpcRecord | None:
        vpc = self._model.vpcs.get(vpc_id)
        return None if vpc is None else vpc.record

    def _vpc_before(self, vpc_id: Id) -> VpcRecord | None:
        vpcs = self._before.vpcs
        return vpcs[vpc_id] if vpc_id in vpcs else self._vpc_now(vpc_id)

    def _subnet_before(self, subnet_id: Id) -> SubnetRecord | None:
        subnets = self._before.subnets
        return subnets[subnet_id] if subnet_id in subnets else self._model.subnet(subnet_id)

    # Ports

    def _compare_port(self, port_id: Id, old: PortRecord | None) -> None:
        new_ports = self._before.new_ports
        new = new_ports[port_id] if port_id in new_ports else self._model.port(port_id)
        was = self._port_before(old) if old is not None else None
        now = self._port_now(new) if new is not None else None
        if (
            old is not None
            and was is not None
            and (now is None or new is None or new.host_id != old.host_id)
            and self._model.serves(old.host_id)
        ):
            self._delta(old.host_id).removed_ports.add(port_id)
        if (
            new is not None
            and now is not None
            and self._model.serves(new.host_id)
            and (now != was or port_id in self._before.named_ports or old is None or old.host_id != new.host_id)
        ):
            self._delta(new.host_id).ports[port_id] = now

    def _port_before(self, port: PortRecord) -> Port | None:
        vpc, node = self._vpc_before(port.vpc_id), self._node_before(port.host_id)
        if vpc is None or node is None:
            return None
        add_neighbours(self._changes[port.vpc_id].old, port, node.host_index)
        return port_state(port, vpc)

    def _port_now(self, port: PortRecord) -> Port | None:
        vpc, node = self._vpc_now(port.vpc_id), self._model.nodes.get(port.host_id)
        if vpc is None or node is None:
            return None
        add_neighbours(self._changes[port.vpc_id].new, port, node.host_index)
        return port_state(port, vpc)

    # VPCs

    def _compare_vpc(self, vpc: VpcModel, change: VpcChange) -> None:
        record_before = self._vpc_before(vpc.id)
        was_on_demand = vpc.on_demand if record_before is None else record_before.on_demand
        update_neighbours(vpc, change)
        joined, left = self._compare_presence(vpc)
        vnis = {record.vni for record in (record_before, vpc.record) if record is not None}
        for host_id in joined | left:
            for vni in vnis:
                self._model.fed.end(vni, host_id)
        begins = vpc.queued and not (is_queued(record_before) and _same_vni(record_before, vpc.record))
        if begins and vpc.record is not None:
            self._model.fed.changes[vpc.record.vni] = self._position
        self._compare_network_acls(vpc)
        if vpc.record is not None and (change.old.forwarding or change.new.forwarding) and self._is_asked_about(vpc):
            self._compiled.on_demand[vpc.record.vni] = change
        if vpc.on_demand != was_on_demand:
            self._model.digest_vpc(vpc)
            if vpc.record is not None:
                self._model.fed.end_all(vpc.record.vni)
        record_changed = vpc.record is not None and vpc.record != record_before
        if was_on_demand and vpc.on_demand:
            self._compare_on_demand(vpc, joined, left, record_changed)
            return
        staying = self._model.served_hosts(vpc) - joined
        if was_on_demand != vpc.on_demand:
            self._compiled.resync |= staying | self._served(joined)
        elif record_changed:
            self._tell_record(vpc, staying)
        self._tell_neighbours(vpc, staying, change, not begins)
        self._join(vpc, joined, staying)
        if was_on_demand:
            self._remove_vpc(vpc.id, left)
        else:
            self._leave(vpc, joined, left, staying)

    def _is_asked_about(self, vpc: VpcModel) -> bool:
        return vpc.on_demand or any(self._model.routers.joined(vpc.id))

    def _compare_on_demand(self, vpc: VpcModel, joined: set[str], left: set[str], record_changed: bool) -> None:
        """The cost is that of the hosts that join or leave, however many there are; others are told if they asked."""
        if record_changed:
            self._tell_record(vpc, self._model.served_hosts(vpc) - joined)
        self._tell_record(vpc, self._served(joined))
        self._remove_vpc(vpc.id, left)

    def _tell_record(self, vpc: VpcModel, hosts: set[str]) -> None:
        assert vpc.record is not None, "a VPC present on hosts is known"
        for host_id in hosts:
            self._delta(host_id).vpcs[vpc.record.vni] = vpc_state(vpc.record, vpc.on_demand)

    def _compare_presence(self, vpc: VpcModel) -> tuple[set[str], set[str]]:
        """Compare the subnets of hosts touched; returns the hosts that joined and those that left."""
        joined, left = set(), set()
        record_before = self._vpc_before(vpc.id)
        same_vni = _same_vni(record_before, vpc.record)
        same_subnets = same_vni and not self._before.subnets
        for host_id, subnets_before in self._before.presence.get(vpc.id, {}).items():
            host = vpc.hosts.get(host_id)
            node_before, node = self._node_before(host_id), self._model.nodes.get(host_id)
            was = subnets_before is not None and record_before is not None and node_before is not None
            if subnets_before is not None and host is None and self._model.serves(host_id):
                self._compiled.left.add(vpc.id)
            is_present = host is not None and vpc.record is not None and node is not None
            if not vpc.on_demand and (was is not is_present or node_before != node):
                vpc.vteps_digest ^= _vtep_hash(node_before, was) ^ _vtep_hash(node, is_present)
            if is_present and not (was and same_vni):
                joined.add(host_id)
            if was and not (is_present and same_vni):
                left.add(host_id)
            if was and host is not None and same_subnets and is_present and host.subnets.keys() == subnets_before:
                continue
            old = self._subnets_before(vpc.id, subnets_before or (), record_before) if was else {}
            new = _subnets_now(vpc, host.subnets) if host is not None and is_present else {}
            if old != new and self._model.serves(host_id):
                delta = self._delta(host_id)
                delta.subnets.update(changed(old, new))
                delta.removed_subnets.update(old.keys() - new.keys())
                self._tell_network_acls(vpc, host_id, _network_acls(old), _network_acls(new))
        return joined, left

    def _subnets_before(self, vpc_id: Id, subnet_ids: Iterable[Id], vpc: VpcRecord | None) -> dict[Id, Subnet]:
        subnets = (self._subnet_before(subnet_id) for subnet_id in subnet_ids)
        return {s.id: subnet_state(s, vpc) for s in subnets if s is not None and vpc is not None and s.vpc_id == vpc_id}

    def _tell_neighbours(self, vpc: VpcModel, staying: set[str], change: VpcChange, publish: bool) -> None:
        if vpc.record is None or not (change.old.forwarding or change.new.forwarding):
            return
        vni = vpc.record.vni
        shared, fed = difference(change.old, change.new), self._model.fed.of(vni)
        if publish and (vpc.queued or fed) and not shared.is_empty():
            self._share(vni, GoalStateDelta(base_revision=self._model.fed.changed_at(vni), neighbours={vni: shared}))
        macs_of = macs_by_host(change)
        for host_id in staying - fed.keys() if fed else staying:
            was, now = self._node_before(host_id), self._model.nodes[host_id]
            old_index = now.host_index if was is None else was.host_index
            own = macs_of.get(old_index, _NOTHING) | macs_of.get(now.host_index, _NOTHING)
            if not own:
                self._told_alike[host_id] = (*self._told_alike.get(host_id, ()), (vni, shared))
                continue
            neighbours = without_own(shared, change, own, old_index, now.host_index)
            if not neighbours.is_empty():
                self._delta(host_id).neighbours[vni] = neighbours

    def _share(self, subject: Subject, change: GoalStateDelta) -> None:
        """Tell of it all hosts at once that are told of it by its topic."""
        change.revision = self._position
        self._compiled.shared[subject] = change
        self._model.fed.changes[subject] = self._position

    def _tell_alike(self) -> None:
        """Hosts that are told nothing but the same of the same VPCs share one delta: most do, of most entries."""
        shared: dict[tuple[int, ...], GoalStateDelta] = {}
        for host_id, told in self._told_alike.items():
            told = tuple(each for each in told if not each[1].is_empty())
            if host_id in self._deltas:
                self._deltas[host_id].neighbours.update(told)
                continue
            vnis = tuple(vni for vni, _ in told)
            if vnis not in shared:
                shared[vnis] = GoalStateDelta(revision=self._position, neighbours=dict(told))
            self._deltas[host_id] = shared[vnis]

    def _join(self, vpc: VpcModel, joined: set[str], staying: set[str]) -> None:
        if not joined:
            return
        served = self._served(joined)
        everyone = vteps(self._model, vpc) if served else {}
        for host_id in served:
            delta = self._delta(host_id)
            join_vpc(delta, self._model, vpc, host_id)
            delta.vteps.update(everyone)
            delta.vteps.pop(self._model.nodes[host_id].host_index, None)
        nodes = [self._model.nodes[host_id] for host_id in joined]
        newcomers = {node.host_index: node.local_ip for node in nodes}
        for host_id in staying:
            self._delta(host_id).vteps.update(newcomers)

    def _remove_vpc(self, vpc_id: Id, left: set[str]) -> None:
        record = self._vpc_before(vpc_id)
        for host_id in self._served(left):
            if record is not None:
                self._delta(host_id).removed_vpcs.add(record.vni)

    def _leave(self, vpc: VpcModel, joined: set[str], left: set[str], staying: set[str]) -> None:
        self._remove_vpc(vpc.id, left)
        for host_id in left:
            others = set(self._model.visible_hosts(vpc)) - joined if self._model.serves(host_id) else staying
            for other in others | left:
                if other != host_id and not self._model.share_a_vpc(host_id, other):
                    self._forget_vtep(host_id, other)
                    self._forget_vtep(other, host_id)

    def _forget_vtep(self, host_id: str, other: str) -> None:
        node = self._node_before(other)
        if node is not None and self._model.serves(host_id):
            self._delta(host_id).removed_vteps.add(node.host_index)

    # Network ACLs

    def _tell_network_acls(self, vpc: VpcModel, host_id: str, old: set[Id], new: set[Id]) -> None:
        """Subnets of other network ACLs than before are on the host."""
        delta = self._delta(host_id)
        delta.removed_network_acls |= old - new
        for acl_id in (new - old) & vpc.network_acls.keys():
            delta.network_acls[acl_id] = network_acl_state(vpc.network_acls[acl_id])

    def _compare_network_acls(self, vpc: VpcModel) -> None:
        """Tell hosts of network ACLs that are others than before. The cost is that of the VPC's hosts."""
        for acl_id, old in self._before.network_acls.get(vpc.id, {}).items():
            new = vpc.network_acls.get(acl_id)
            if new == old:
                continue
            subnets = {subnet.id for subnet in vpc.subnets.values() if subnet.network_acl == acl_id}
            for host_id in self._model.served_hosts(vpc) if subnets else ():
                if subnets.isdisjoint(vpc.hosts[host_id].subnets):
                    continue
                if new is None:
                    self._delta(host_id).removed_network_acls.add(acl_id)
                else:
                    self._delta(host_id).network_acls[acl_id] = network_acl_state(new)

    # Routers

    def _compare_routers(self) -> None:
        for host_id, router_id, state in changed_routers(self._model, self._before):
            if state is None:
                self._delta(host_id).removed_routers.add(router_id)
            elif isinstance(state, RouterDelta):
                self._delta(host_id).router_deltas[router_id] = state
            else:
                self._delta(host_id).routers[router_id] = state

    # Security groups

    def _compare_security_groups(self) -> None:
        fed = self._model.fed
        for host_id, group_id, state in changed_security_groups(self._model, self._before):
            delta, by_topic_since = self._delta(host_id), fed.end(group_id, host_id)
            if state is None:
                delta.removed_security_groups.add(group_id)
                continue
            delta.security_groups[group_id] = state
            if by_topic_since is not None:
                delta.feeds[group_id] = Feed(False, self._position)
        for group_id, state, was_queued in shared_security_groups(self._model, self._before):
            if was_queued:
                self._share(group_id, GoalStateDelta(security_groups={group_id: state}))
            else:
                fed.changes[group_id] = self._position

    # Nodes

    def _compare_node(self, host_id: str, old: NodeRecord | None) -> None:
        new = self._model.nodes.get(host_id)
        if old is None or new is None or (old.host_index, old.local_ip) == (new.host_index, new.local_ip):
            return
        if old.host_index == new.host_index:
            self._compiled.moved[new.host_index] = new.local_ip
        vpcs = map(self._model.vpcs.__getitem__, self._model.host_vpcs.get(host_id, ()))
        told_ahead = (vpc for vpc in vpcs if not vpc.on_demand)
        for other in {other for vpc in told_ahead for other in self._model.served_hosts(vpc)} - {host_id}:
            delta = self._delta(other)
            delta.vteps[new.host_index] = new.local_ip
            if old.host_index != new.host_index:
                delta.removed_vteps.add(old.host_index)
        if old.host_index != new.host_index and self._model.serves(host_id):
            self._compiled.resync.add(host_id)  # of what it reads of topics it took out its own by the old one


_NOTHING: frozenset[int] = frozenset()


def _subnets_now(vpc: VpcModel, subnet_ids: Iterable[Id]) -> dict[Id, Subnet]:
    subnets = (vpc.subnets.get(subnet_id) for subnet_id in subnet_ids)
    return {s.id: subnet_state(s, vpc.record) for s in subnets if s is not None and vpc.record is not None}


def _same_vni(one: VpcRecord | None, other: VpcRecord | None) -> bool:
    return one is not None and other is not None and one.vni == other.vni


def _network_acls(subnets: dict[Id, Subnet]) -> set[Id]:
    return {subnet.network_acl for subnet in subnets.values() if subnet.network_acl}


def _vtep_hash(node: NodeRecord | None, present: bool) -> int:
    return vtep_hash(node.host_index, node.local_ip) if node is not None and present else 0
