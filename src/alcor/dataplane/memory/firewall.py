"""The security groups of one simulated host, and the connections of its workloads."""

from enum import Enum
from typing import NamedTuple

from alcor.dataplane import frames
from alcor.dataplane.driver import Endpoint
from alcor.dataplane.frames import ETHERTYPE_ARP
from alcor.dataplane.group_verdicts import is_about
from alcor.dataplane.packet import (
    ESSENTIAL_ICMPV6,
    ICMPV6,
    TCP,
    Packet,
    packet_in,
    quoted_packet,
)
from alcor.dataplane.prefixes import holds
from alcor.dataplane.security_groups import ANY_VPC, Prefix, SecurityGroup, SecurityRule
from alcor.model.identifiers import Id

_MOST_CONNECTIONS = 65536  # of a workload


class Verdict(Enum):
    """What becomes of a packet."""

    PASSES = "passes"
    DENIED = "denied"
    UNDECIDED = "undecided"  # it depends on who the other end is, and nobody here knows


class _Place(NamedTuple):
    """Where a packet belongs: the packet its connection began with, and whose rules count."""

    original: Packet
    ingress: bool
    related: bool = False  # an error that somebody on the way reports
    new: bool = False


class Firewall:
    """What a host knows of groups, members and strangers, and what it decides by them."""

    def __init__(self) -> None:
        self.groups: dict[Id, SecurityGroup] = {}
        self.members: dict[tuple[int, Id], set[Prefix]] = {}
        self.strangers: dict[int, set[bytes]] = {}
        self._used_strangers: set[tuple[int, bytes]] = set()
        self._connections: dict[Id, dict[Packet, bool]] = {}  # by port: how each began, and whether from outside

    def copy(self) -> "Firewall":
        """One that knows the same, and no connections."""
        copied = Firewall()
        copied.groups, copied.members, copied.strangers = self.groups, self.members, self.strangers
        return copied

    def forget(self, port_id: Id) -> None:
        """Forget the connections of a workload."""
        self._connections.pop(port_id, None)

    def take_idle_strangers(self) -> list[tuple[int, bytes]]:
        """Forget the strangers of whom nothing was refused since this was last called, and name them."""
        idle = [
            (vni, address)
            for vni, addresses in self.strangers.items()
            for address in addresses
            if (vni, address) not in self._used_strangers
        ]
        for vni, address in idle:
            self.strangers[vni].discard(address)
        self._used_strangers.clear()
        return idle

    def judge(self, endpoint: Endpoint, frame: bytes, ingress: bool) -> Verdict:
        """May a frame reach the workload (``ingress``), or leave it?"""
        if not endpoint.port_security:
            return Verdict.PASSES
        packet = packet_in(frame)
        if packet is None:
            header = frames.ethernet(frame)
            is_arp = header is not None and header.ethertype == ETHERTYPE_ARP
            return Verdict.PASSES if is_arp else Verdict.DENIED
        if packet.protocol == ICMPV6 and packet.source_port in ESSENTIAL_ICMPV6:
            return Verdict.PASSES
        by_itself = self._ask(endpoint, packet, ingress, stateful=False)
        if by_itself is Verdict.PASSES:
            return by_itself
        by_connection = self._judge_connection(endpoint, packet, ingress)
        if Verdict.UNDECIDED in (by_itself, by_connection) and by_connection is not Verdict.PASSES:
            return self._unless_stranger(endpoint.vni, packet.other_end(ingress))
        return by_connection

    def _judge_connection(self, endpoint: Endpoint, packet: Packet, ingress: bool) -> Verdict:
        if packet.is_alone():
            return self._ask(endpoint, packet, ingress, stateful=True)
        connections = self._connections.setdefault(endpoint.port_id, {})
        place = _place(connections, packet, ingress)
        if place is None:
            return Verdict.DENIED
        verdict = self._ask(endpoint, place.original, place.ingress, stateful=True)
        if verdict is Verdict.PASSES and place.new:
            connections[packet] = ingress
            if len(connections) > _MOST_CONNECTIONS:
                del connections[next(iter(connections))]
        if place.related and verdict is Verdict.UNDECIDED:
            return Verdict.DENIED
        is_answer = place.original == packet.answered()
        if verdict is Verdict.DENIED and is_answer and packet.protocol != TCP:  # of TCP nothing begins in the middle
            del connections[place.original]  # the next packet like it is judged as one that begins a connection
            if packet.may_begin():
                connections[packet] = ingress
        return verdict

    def _ask(self, endpoint: Endpoint, packet: Packet, ingress: bool, stateful: bool) -> Verdict:
        """What the groups of a port say that are stateful, or those that are not."""
        verdict = Verdict.DENIED
        for group_id in endpoint.security_groups:
            group = self.groups.get(group_id)
            if group is None or group.stateful != stateful:
                continue
            for rule in group.rules:
                if rule.ingress == ingress and is_about(rule, packet):
                    if self._is_remote(rule, endpoint.vni, packet.other_end(ingress)):
                        return Verdict.PASSES
                    if rule.remote_group is not None:
                        verdict = Verdict.UNDECIDED
        return verdict

    def _is_remote(self, rule: SecurityRule, vni: int, address: bytes) -> bool:
        if rule.remote_prefix is not None:
            return holds({rule.remote_prefix}, address)
        if rule.remote_group is not None:
            return holds(self.members.get((vni, rule.remote_group), set()), address)
        if rule.remote_address_group is not None:
            return holds(self.members.get((ANY_VPC, rule.remote_address_group), set()), address)
        return True

    def _unless_stranger(self, vni: int, address: bytes) -> Verdict:
        if address not in self.strangers.get(vni, ()):
            return Verdict.UNDECIDED
        self._used_strangers.add((vni, address))
        return Verdict.DENIED


def _place(connections: dict[Packet, bool], packet: Packet, ingress: bool) -> _Place | None:
    """Where a packet belongs; None when it can belong nowhere."""
    if packet.quoted:
        about = quoted_packet(packet)
        for original, direction in ((about, not ingress), (about and about.answered(), ingress)):
            if original is not None and original in connections:
                return _Place(original, direction, related=True)
        return None
    if not packet.is_whole():
        return _Place(packet, ingress) if packet.later_fragment else None
    if packet not in connections and packet.answered() in connections:
        return _Place(packet.answered(), not ingress)
    new = packet not in connections
    return None if new and not packet.may_begin() else _Place(packet, ingress, new=new)
