"""Who is in the groups that rules of this host's ports name: what the data plane was told, and what to change.

The cost follows the peers that were touched, and the groups that rules name; when other groups are named than before,
or a VPC is reached from others, that of the peers known there.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import msgspec

from alcor.agent.security.groups import address_groups, remote_groups
from alcor.agent.security.peers import Member, Peers
from alcor.dataplane.security_groups import ANY_VPC, MembersDelta, Prefix
from alcor.model.addresses import link_local
from alcor.model.goal_state import GoalState, GoalStateDelta, NeighbourDelta
from alcor.model.identifiers import Id

_IPV6_BYTES = 16

_Place = tuple[int, int]
"""A VNI and a MAC address in it."""


class _Vpc(msgspec.Struct):
    """Of a VPC with ports of this host: the groups its rules name, whence packets come, and who was told."""

    named: frozenset[Id] = frozenset()
    sources: frozenset[int] = frozenset()
    told: dict[_Place, Member] = {}
    counts: dict[Id, Counter[Prefix]] = {}  # how many peers have an address that is a member


class Members:
    """Members of remote groups, by the VNI of the ports whose rules name them."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._vpcs: dict[int, _Vpc] = {}
        self._address_groups: dict[Id, set[Prefix]] = {}
        self._touched: dict[int, set[int]] = {}  # MACs by VNI
        self._to_review = False  # whether other groups may be named, or VPCs joined, than before

    def touch(self, goal: GoalState, delta: GoalStateDelta) -> None:
        """A delta is about to be applied to the goal state; not a snapshot, after which whole() is asked for."""
        for vni in delta.removed_vpcs:
            self._touched.setdefault(vni, set()).update(self._peers.macs(vni))
        for port_id in (*delta.ports, *delta.removed_ports):
            for port in (goal.ports.get(port_id), delta.ports.get(port_id)):
                if port is not None:
                    self._touched.setdefault(port.vni, set()).add(port.mac)
        for vni, change in delta.neighbours.items():
            self._touched.setdefault(vni, set()).update(_macs(goal, vni, change))
        if delta.ports or delta.removed_ports or delta.routers or delta.removed_routers:
            self._to_review = True
        if delta.security_groups or delta.removed_security_groups or delta.vpcs:
            self._to_review = True

    def touch_learned(self, touched: Mapping[int, AbstractSet[int]]) -> None:
        """What is learned of these MACs, by VNI, has changed."""
        for vni, macs in touched.items():
            self._touched.setdefault(vni, set()).update(macs)

    def whole(self, goal: GoalState) -> dict[tuple[int, Id], set[Prefix]]:
        """All members the data plane should have."""
        self._vpcs, self._address_groups, self._touched, self._to_review = {}, {}, {}, True
        return {key: set(delta.put) for key, delta in self.change(goal).items()}

    def change(self, goal: GoalState) -> dict[tuple[int, Id], MembersDelta]:
        """What to change in the data plane for all that was touched."""
        touched, self._touched = self._touched, {}
        changes: dict[tuple[int, Id], MembersDelta] = {}
        reviewed = self._review(goal, changes) if self._to_review else set()
        self._to_review = False
        for vni, vpc in self._vpcs.items():
            if vni not in reviewed:
                for source in vpc.sources & touched.keys():
                    for mac in touched[source]:
                        self._tell(vni, vpc, (source, mac), changes)
        return {key: delta for key, delta in changes.items() if delta.put or delta.removed}

    def _review(self, goal: GoalState, changes: dict[tuple[int, Id], MembersDelta]) -> set[int]:
        """Find out which groups are named; returns the VPCs of which everything was gone through."""
        reviewed = set()
        for vni in self._vpcs.keys() | self._peers.vnis():
            vpc = self._vpcs.setdefault(vni, _Vpc())
            named = _named(goal, self._peers, vni)
            sources = self._peers.sources(vni) if named else frozenset()
            if (named, sources) != (vpc.named, vpc.sources):
                vpc.named, vpc.sources = named, sources
                here = {(source, mac) for source in sources for mac in self._peers.macs(source)}
                for place in here | vpc.told.keys():
                    self._tell(vni, vpc, place, changes)
                reviewed.add(vni)
            if not vpc.named and not vpc.told:
                del self._vpcs[vni]
        self._tell_address_groups(goal, changes)
        return reviewed

    def _tell(self, vni: int, vpc: _Vpc, place: _Place, changes: dict[tuple[int, Id], MembersDelta]) -> None:
        source, mac = place
        known = self._peers.member(source, mac) if source in vpc.sources else None
        groups = frozenset() if known is None else known.groups & vpc.named
        new = Member(groups, _prefixes(known, mac, source == vni)) if known is not None and groups else None
        old = vpc.told.pop(place, None)
        if new is not None:
            vpc.told[place] = new
        if new == old:
            return
        for group_id in new.groups if new is not None else ():
            self._count(vni, vpc, group_id, new.prefixes if new is not None else (), 1, changes)
        for group_id in old.groups if old is not None else ():
            self._count(vni, vpc, group_id, old.prefixes if old is not None else (), -1, changes)

    def _count(
        self,
        vni: int,
        vpc: _Vpc,
        group_id: Id,
        prefixes: Iterable[Prefix],
        by: int,
        changes: dict[tuple[int, Id], MembersDelta],
    ) -> None:
        counts = vpc.counts.setdefault(group_id, Counter())
        delta = changes.setdefault((vni, group_id), MembersDelta())
        for prefix in prefixes:
            before = counts[prefix]
            counts[prefix] += by
            if not before:
                _put(delta, prefix)
            elif not counts[prefix]:
                del counts[prefix]
                _remove(delta, prefix)
        if not counts:
            del vpc.counts[group_id]

    def _tell_address_groups(self, goal: GoalState, changes: dict[tuple[int, Id], MembersDelta]) -> None:
        old, new = self._address_groups, address_groups(goal.security_groups)
        for group_id in old.keys() | new.keys():
            was, now = old.get(group_id, set()), new.get(group_id, set())
            if was != now:
                changes[ANY_VPC, group_id] = MembersDelta(now - was, was - now)
        self._address_groups = new


def _prefixes(known: Member, mac: int, on_link: bool) -> frozenset[Prefix]:
    """All that a member may send from, as a VPC sees it: of IPv6 in its own VPC the link-local address as well."""
    if on_link and any(len(each.address) == _IPV6_BYTES for each in known.prefixes):
        return known.prefixes | {Prefix(link_local(mac), _IPV6_BYTES * 8)}
    return known.prefixes


def _named(goal: GoalState, peers: Peers, vni: int) -> frozenset[Id]:
    groups = {group_id for port in peers.ports(vni) if port.port_security for group_id in port.security_groups}
    return remote_groups(goal.security_groups[each] for each in groups if each in goal.security_groups)


def _macs(goal: GoalState, vni: int, change: NeighbourDelta) -> set[int]:
    """The MACs of which a change of a VPC's neighbours says anything."""
    put = change.put
    macs = {*put.forwarding, *put.memberships, *put.ipv4.values(), *put.ipv6.values()}
    macs |= change.removed_macs | change.removed_memberships
    known = goal.neighbours.get(vni)
    if known is not None:
        macs.update(known.ipv4[each] for each in (*change.removed_ipv4, *put.ipv4) if each in known.ipv4)
        macs.update(known.ipv6[each] for each in (*change.removed_ipv6, *put.ipv6) if each in known.ipv6)
    return macs


def _put(delta: MembersDelta, prefix: Prefix) -> None:
    if prefix in delta.removed:
        delta.removed.discard(prefix)
    else:
        delta.put.add(prefix)


def _remove(delta: MembersDelta, prefix: Prefix) -> None:
    if prefix in delta.put:
        delta.put.discard(prefix)
    else:
        delta.removed.add(prefix)
