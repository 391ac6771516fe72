"""The switch of one simulated host, and the underlay that joins such hosts. It forwards frames for real.

A switch outlives the drivers that program it, as Open vSwitch outlives the agent.
"""

from collections import Counter, deque
from collections.abc import Callable
from copy import copy
from typing import Protocol

from alcor.dataplane import frames, ipv6, port_security
from alcor.dataplane.acl_verdicts import may_cross
from alcor.dataplane.driver import MOST_ROUTERS, Endpoint, NextHop, Router, RouterInterface, Way
from alcor.dataplane.frames import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ethernet
from alcor.dataplane.host_services import SERVICE_IPV4, SERVICE_IPV6
from alcor.dataplane.ipv4 import PROTOCOL_ICMP, Ipv4
from alcor.dataplane.memory.firewall import Firewall, Verdict
from alcor.dataplane.memory.spreading import chosen
from alcor.dataplane.network_acls import NetworkAcl
from alcor.dataplane.route_choice import ways
from alcor.dataplane.routed_packets import (
    Header,
    echo_reply,
    header_of,
    is_echo_request,
    routed,
    size_of,
    stays_in_subnet,
    time_to_live,
)
from alcor.model.addresses import Address, version_of
from alcor.model.identifiers import Id

_INBOX_FRAMES = 1000
_DHCP_CLIENT, _DHCP_SERVER = 68, 67
_PUNTED_ICMPV6 = {ipv6.NEIGHBOUR_SOLICITATION, ipv6.ROUTER_SOLICITATION}
_DHCPV6 = (546, 547)
_IGMP = 2
_NOT_FLOODED_ICMPV6 = {130, 131, 132, 143, ipv6.ROUTER_ADVERTISEMENT}
_BROADCAST_IPV4 = b"\xff\xff\xff\xff"


class Underlay(Protocol):
    """What joins switches."""

    def join(self, switch: "MemorySwitch") -> None:
        """Make the switch reachable under its VTEP address."""

    def carry(self, vtep: int, vni: int, frame: bytes) -> bool:
        """Deliver to the switch at this address; False when there is none or nothing there wants the frame."""


class Fabric:
    """The underlay: takes a frame of a VPC from one tunnel end point to another."""

    def __init__(self) -> None:
        self._switches: dict[int, MemorySwitch] = {}

    def join(self, switch: "MemorySwitch") -> None:
        """Make the switch reachable under its VTEP address."""
        self._switches[switch.vtep] = switch

    def carry(self, vtep: int, vni: int, frame: bytes) -> bool:
        """Deliver to the switch at this address; False when there is none or nothing there wants the frame."""
        switch = self._switches.get(vtep)
        return switch is not None and switch.take_from_tunnel(vni, frame)


class MemorySwitch:
    """What a host's data plane holds, and what it does to frames.

    ``dropped`` counts frames that went nowhere, by reason. ``punt`` is where packets for the agent go, ``miss`` where
    those go that nobody is known to want in a VPC on demand, ``unrouted`` where those go that a router has no way for,
    ``undecided`` where those go of which nobody here knows whether a security group lets them pass.
    """

    def __init__(self, fabric: Underlay, vtep: int) -> None:
        self.vtep = vtep
        self.inboxes: dict[Id, deque[bytes]] = {}
        self.endpoints: dict[Id, Endpoint] = {}
        self.remotes: dict[int, dict[int, int]] = {}
        self.vteps: set[int] = set()
        self.on_demand: set[int] = set()
        self.learned: dict[int, dict[int, int]] = {}
        self.routers: dict[Id, Router] = {}
        self.next_hops: dict[int, dict[Address, NextHop]] = {}
        self.flooded: dict[int, frozenset[int]] = {}
        self.firewall = Firewall()
        self.network_acls: dict[Id, NetworkAcl] = {}
        self.dropped: Counter[str] = Counter()
        self.punt: Callable[[Id, bytes], None] | None = None
        self.miss: Callable[[Id, bytes], None] | None = None
        self.unrouted: Callable[[Id, bytes], None] | None = None
        self.undecided: Callable[[Id, bytes, bool], None] | None = None
        self._used: set[tuple[int, int]] = set()
        self._routed_to: set[tuple[int, Address]] = set()
        self._by_mac: dict[tuple[int, int], Id] = {}
        self._fabric = fabric
        fabric.join(self)

    def copy(self, fabric: Underlay) -> "MemorySwitch":
        """One on another underlay that does the same with frames, for as long as neither is told anything new."""
        copied = copy(self)
        copied._fabric = fabric
        copied.inboxes = {port_id: deque(maxlen=_INBOX_FRAMES) for port_id in self.inboxes}
        copied.firewall = self.firewall.copy()
        copied.dropped, copied._used, copied._routed_to = Counter(), set(), set()
        return copied

    def put_endpoint(self, endpoint: Endpoint) -> None:
        """Program an endpoint in place of any earlier one of its port, whose connections go on."""
        self._take_out(endpoint.port_id)
        self.endpoints[endpoint.port_id] = endpoint
        self._by_mac[endpoint.vni, endpoint.mac] = endpoint.port_id

    def remove_endpoint(self, port_id: Id) -> None:
        """Forget what was programmed for a port, if anything."""
        self.firewall.forget(port_id)
        self._take_out(port_id)

    def _take_out(self, port_id: Id) -> None:
        endpoint = self.endpoints.pop(port_id, None)
        if endpoint is not None and self._by_mac.get((endpoint.vni, endpoint.mac)) == port_id:
            del self._by_mac[endpoint.vni, endpoint.mac]

    def forget(self) -> None:
        """Lose everything programmed, as a restarted data plane does. Interfaces stay."""
        self.endpoints, self.remotes, self.vteps, self._by_mac = {}, {}, set(), {}
        self.on_demand, self.learned, self._used = set(), {}, set()
        self.routers, self.next_hops, self._routed_to = {}, {}, set()
        self.flooded = {}
        self.firewall, self.network_acls = Firewall(), {}

    def take_idle(self) -> list[tuple[int, int]]:
        """Forget the learned remotes that nothing was sent to since this was last called, and name them."""
        idle = [(vni, mac) for vni, macs in self.learned.items() for mac in macs if (vni, mac) not in self._used]
        for vni, mac in idle:
            del self.learned[vni][mac]
        self._used.clear()
        return idle

    def take_idle_next_hops(self) -> list[tuple[int, Address]]:
        """Forget the next hops that nothing was routed to since this was last called, and name them."""
        idle = [
            (vni, address)
            for vni, next_hops in self.next_hops.items()
            for address in next_hops
            if (vni, address) not in self._routed_to
        ]
        for vni, address in idle:
            del self.next_hops[vni][address]
        self._routed_to.clear()
        return idle

    def take_from_workload(self, port_id: Id, frame: bytes) -> None:
        """What becomes of a frame that a workload sends."""
        endpoint, header = self.endpoints.get(port_id), frames.ethernet(frame)
        if endpoint is None or header is None or port_id not in self.inboxes:
            self._drop("not programmed" if header else "malformed")
        elif not endpoint.admin_state_up:
            self._drop("administratively down")
        elif not _may_send(endpoint, header, frame):
            self._drop("spoofed")
        elif self._is_punted(header, frame):
            self._hand_to_agent(self.punt, port_id, frame)
        elif _is_for_host(frame):
            self._drop("no services")
        elif not self._passes(endpoint, frame, ingress=False):
            pass  # counted, or with the agent
        elif not may_cross(self.network_acls, endpoint, frame, ingress=False):
            self._drop("denied by ACL")
        elif header.is_multicast():
            self._flood(endpoint, frame)
        elif found := self._router_with_mac(endpoint.vni, header):
            self._route(*found, endpoint, frame)
        else:
            self._forward(endpoint, header.destination, frame)

    def take_from_tunnel(self, vni: int, frame: bytes) -> bool:
        """Deliver a frame from another host; never on to a third one."""
        header = frames.ethernet(frame)
        if header is not None and header.is_multicast():
            return self._copy(vni, frame)
        return header is not None and self._deliver(vni, header.destination, frame)

    def flood_for_workload(self, port_id: Id, frame: bytes) -> None:
        """Let everybody in the VPC of a workload hear a frame that it had sent before."""
        endpoint = self.endpoints.get(port_id)
        if endpoint is None:
            self._drop("not programmed")
        else:
            self._flood(endpoint, frame)

    def take_for_workload(self, port_id: Id, frame: bytes) -> None:
        """Deliver a frame that had come for a workload before."""
        endpoint, header = self.endpoints.get(port_id), frames.ethernet(frame)
        if endpoint is None or header is None:
            self._drop("not programmed")
        elif header.is_multicast():
            self._deliver_to(port_id, frame)
        elif not self._deliver(endpoint.vni, header.destination, frame):
            self._drop("not programmed")

    def hand_to_workload(self, port_id: Id, frame: bytes) -> None:
        """Put a frame into the workload's interface, if it has one."""
        inbox = self.inboxes.get(port_id)
        if inbox is not None:
            inbox.append(frame)

    def plug(self, port_id: Id) -> None:
        """A workload's interface appears."""
        self.inboxes[port_id] = deque(maxlen=_INBOX_FRAMES)

    def unplug(self, port_id: Id) -> None:
        """A workload's interface goes away, and what was programmed for it."""
        self.inboxes.pop(port_id, None)
        self.remove_endpoint(port_id)

    def _is_punted(self, header: Ethernet, frame: bytes) -> bool:
        if header.ethertype == ETHERTYPE_ARP:
            packet = frames.arp(frame)
            return packet is not None and packet.operation == frames.ARP_REQUEST
        if header.ethertype == ETHERTYPE_IPV6:
            packet_ipv6 = ipv6.ipv6(frame)
            return packet_ipv6 is not None and (
                ipv6.icmpv6_type(frame, packet_ipv6) in _PUNTED_ICMPV6 or ipv6.udp_ports(frame, packet_ipv6) == _DHCPV6
            )
        return header.ethertype == ETHERTYPE_IPV4 and frames.udp_ports(frame) == (_DHCP_CLIENT, _DHCP_SERVER)

    def _hand_to_agent(self, agent: Callable[[Id, bytes], None] | None, port_id: Id, frame: bytes) -> None:
        if agent is None:
            self._drop("no agent")
        else:
            agent(port_id, frame)

    def _forward(self, sender: Endpoint, mac: int, frame: bytes) -> None:
        vni = sender.vni
        if self._deliver(vni, mac, frame):
            return
        vtep = self._vtep_of(vni, mac)
        if vtep is None and vni in self.on_demand:
            self._hand_to_agent(self.miss, sender.port_id, frame)
        elif vtep is None or vtep not in self.vteps or not self._fabric.carry(vtep, vni, frame):
            self._drop("unknown unicast")

    def _router_with_mac(self, vni: int, header: Ethernet) -> tuple[Router, RouterInterface] | None:
        """The router that a frame is for, and the interface that it is at."""
        for router in self.routers.values():
            for each in router.interfaces:
                ethertype = ETHERTYPE_IPV4 if each.version() == 4 else ETHERTYPE_IPV6
                if (each.vni, each.mac, ethertype) == (vni, header.destination, header.ethertype):
                    return router, each
        return None

    def _takes(self, onward: Way, header: Header) -> bool:
        version = version_of(header.destination)
        return all(
            each.takes(size_of(header))
            for router in self.routers.values()
            for each in router.interfaces
            if (each.vni, each.mac, each.version()) == (onward.vni, onward.mac, version)
        )

    def _router_with_address(self, vni: int, address: Address) -> tuple[Router, RouterInterface] | None:
        for router in self.routers.values():
            for each in router.interfaces:
                if each.vni == vni and address in each.own_addresses():
                    return router, each
        return None

    def _route(self, router: Router, arriving: RouterInterface, sender: Endpoint, frame: bytes) -> None:
        header = header_of(frame)
        if header is None:
            self._drop("malformed")
            return
        for passed in range(MOST_ROUTERS):
            if any(header.destination in each.own_addresses() for each in router.interfaces):
                self._answer_for_router(sender, frame, header)
                return
            if time_to_live(header) == 0:
                self._drop("expired")
                return
            goes_on = time_to_live(header) > passed + 1 and not stays_in_subnet(header)
            onward = chosen(ways(router, arriving, header.destination), frame) if goes_on else None
            if onward is not None and not self._takes(onward, header):
                onward = None
            following = None if onward is None else self._router_with_address(onward.vni, onward.next_hop)
            if onward is None or following is None:
                self._route_to(onward, sender, frame, header, passed + 1)
                return
            router, arriving = following
        self._hand_to_agent(self.unrouted, sender.port_id, frame)

    def _answer_for_router(self, sender: Endpoint, frame: bytes, header: Header) -> None:
        is_part = isinstance(header, Ipv4) and header.protocol == PROTOCOL_ICMP and header.fragment_offset
        if is_part or is_echo_request(frame, header):
            self.hand_to_workload(sender.port_id, echo_reply(frame, header))
        else:
            self._hand_to_agent(self.unrouted, sender.port_id, frame)

    def _route_to(self, onward: Way | None, sender: Endpoint, frame: bytes, header: Header, routers: int) -> None:
        hop = None if onward is None else self.next_hops.get(onward.vni, {}).get(onward.next_hop)
        if onward is None or hop is None:
            self._hand_to_agent(self.unrouted, sender.port_id, frame)
            return
        self._routed_to.add((onward.vni, onward.next_hop))
        sent = routed(frame, header, onward.mac, hop.mac, routers)
        if hop.vtep:
            is_there = hop.vtep in self.vteps and self._fabric.carry(hop.vtep, onward.vni, sent)
        else:
            is_there = self._deliver(onward.vni, hop.mac, sent)
        if not is_there:
            self._drop("unknown unicast")

    def _vtep_of(self, vni: int, mac: int) -> int | None:
        vtep = self.remotes.get(vni, {}).get(mac)
        if vtep is None:
            vtep = self.learned.get(vni, {}).get(mac)
            if vtep is not None:
                self._used.add((vni, mac))
        return vtep

    def _deliver(self, vni: int, mac: int, frame: bytes) -> bool:
        """False when there is nobody here whom it is for."""
        port_id = self._by_mac.get((vni, mac))
        return port_id is not None and self._deliver_to(port_id, frame)

    def _flood(self, sender: Endpoint, frame: bytes) -> None:
        vteps = self.flooded.get(sender.vni)
        if vteps is None or _is_about_groups(frame):
            self._drop("multicast")
            return
        self._copy(sender.vni, frame, sender.port_id)
        for vtep in vteps & self.vteps:
            self._fabric.carry(vtep, sender.vni, frame)

    def _copy(self, vni: int, frame: bytes, sender: Id | None = None) -> bool:
        """False when the VPC is not flooded."""
        if vni not in self.flooded:
            return False
        for port_id, endpoint in list(self.endpoints.items()):
            if endpoint.vni == vni and port_id != sender:
                self._deliver_to(port_id, frame)
        return True

    def _deliver_to(self, port_id: Id, frame: bytes) -> bool:
        """False when it is not there."""
        if port_id not in self.inboxes or not self.endpoints[port_id].admin_state_up:
            return False
        endpoint = self.endpoints[port_id]
        if not may_cross(self.network_acls, endpoint, frame, ingress=True):
            self._drop("denied by ACL")
        elif self._passes(endpoint, frame, ingress=True):
            self.hand_to_workload(port_id, frame)
        return True

    def _passes(self, endpoint: Endpoint, frame: bytes, ingress: bool) -> bool:
        verdict = self.firewall.judge(endpoint, frame, ingress)
        if verdict is Verdict.UNDECIDED and self.undecided is not None:
            self.undecided(endpoint.port_id, frame, ingress)
        elif verdict is not Verdict.PASSES:
            self._drop("denied")
        return verdict is Verdict.PASSES

    def _drop(self, reason: str) -> None:
        self.dropped[reason] += 1


def _is_about_groups(frame: bytes) -> bool:
    """Whether it tells routers of listeners (IGMP, MLD), or is a router's advertisement: nothing of that is flooded."""
    header = header_of(frame)
    if isinstance(header, Ipv4):
        return header.protocol == _IGMP
    return header is not None and ipv6.icmpv6_type(frame, header) in _NOT_FLOODED_ICMPV6


def _is_for_host(frame: bytes) -> bool:
    header = header_of(frame)
    return header is not None and header.destination in (SERVICE_IPV4, SERVICE_IPV6)


def _may_send(endpoint: Endpoint, header: Ethernet, frame: bytes) -> bool:
    if not endpoint.port_security:
        return True
    if not port_security.permits_mac(endpoint, header.source):
        return False
    if header.ethertype == ETHERTYPE_IPV4:
        source = frames.ipv4_source(frame)
        if frames.udp_ports(frame) == (_DHCP_SERVER, _DHCP_CLIENT):
            return False
        if source == 0 and frames.udp_ports(frame) == (_DHCP_CLIENT, _DHCP_SERVER):
            return frame[30:34] == _BROADCAST_IPV4
        return source is not None and port_security.permits_ipv4(endpoint, header.source, source)
    if header.ethertype == ETHERTYPE_IPV6:
        return port_security.permits_ipv6_packet(endpoint, header.source, frame)
    if header.ethertype == ETHERTYPE_ARP:
        packet = frames.arp(frame)
        if packet is None or packet.sender_mac != header.source:
            return False
        if packet.operation == frames.ARP_REQUEST and packet.sender_ip == 0:
            return True  # a probe for an address not yet taken, RFC 5227
        return port_security.permits_ipv4(endpoint, packet.sender_mac, packet.sender_ip)
    return False
