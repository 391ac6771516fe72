"""The driver interface: everything the control agent asks of a data plane, and all it is told by it.

A driver keeps no wanted state of its own: the agent holds the one copy. The driver knows which workload interfaces
exist, makes the data plane do what a State or Change says, and hands up the packets the agent must answer. When the
data plane was restarted behind the driver's back, the driver reconnects and says so, and the agent answers with
``replace``.

Units as in model.goal_state: MACs are 48-bit integers, IPv4 addresses 32-bit integers, IPv6 addresses 16 bytes. VPCs
are named by VNI.
"""

import enum
from typing import Protocol

import msgspec

from alcor.dataplane.network_acls import NetworkAcl, SubnetAcl
from alcor.dataplane.security_groups import MembersDelta, Prefix, SecurityGroup, StrangersDelta
from alcor.model.addresses import Address, address_number, address_text, link_local, version_of
from alcor.model.identifiers import Id


class Endpoint(msgspec.Struct, frozen=True):
    """A port of this host, as packets see it.

    With ``port_security`` only packets from ``mac`` (or an allowed pair's MAC) and from ``ipv4``/``ipv6`` (or an
    allowed pair's CIDR) may leave the workload, and of IP only what a rule of its security groups lets pass may reach
    it or leave it. An endpoint that is administratively down passes nothing.

    ``network_acls`` has every subnet that it has an address in, if one of them has an ACL; these hold with and without
    port security. What leaves goes by the subnet of its source, what enters by that of its destination; with an address
    in none of them it goes by the first of its version of IP, or else by the first. It is not judged when the other end
    is in the same subnet.
    """

    port_id: Id
    vni: int
    mac: int
    ipv4: tuple[int, ...] = ()
    ipv6: tuple[bytes, ...] = ()
    port_security: bool = True
    allowed_address_pairs: tuple[tuple[str, int], ...] = ()  # (CIDR, MAC)
    admin_state_up: bool = True
    security_groups: tuple[Id, ...] = ()
    network_acls: tuple[SubnetAcl, ...] = ()


MOST_ROUTERS = 8
"""That a data plane sends a packet through."""


class RouterInterface(msgspec.Struct, frozen=True):
    """Where a router is in a subnet."""

    vni: int
    mac: int
    address: Address  # the router's, in the subnet
    network: int
    mask: int
    mtu: int = 0  # of the VPC; 0 when it is not known

    def takes(self, size: int) -> bool:
        """Whether a packet of so many bytes may go out by it as it is."""
        return not self.mtu or size <= self.mtu

    def version(self) -> int:
        """Of IP."""
        return version_of(self.address)

    def own_addresses(self) -> tuple[Address, ...]:
        """The router's: over IPv6 the link-local address of the MAC address, too."""
        return (self.address,) if self.version() == 4 else (self.address, link_local(self.mac))

    def covers(self, address: Address) -> bool:
        """Whether an address is in the subnet."""
        return self.version() == version_of(address) and address_number(address) & self.mask == self.network


class Way(msgspec.Struct, frozen=True):
    """To whoever has the address ``next_hop`` in the VPC ``vni``, from the router's MAC address there."""

    vni: int
    mac: int
    next_hop: Address


class Route(msgspec.Struct, frozen=True):
    """A way of a router to addresses beyond its own subnets.

    It leads to whoever has the address ``next_hop`` in the VPC ``vni``, by the interface there that has ``mac``: a
    workload, or an interface of another router. One without ``vni`` leads nowhere. With ``arriving`` (VNI, MAC) only
    packets that came to this interface of the router take it.

    With ``others`` packets are spread over all these ways. Those with the same addresses, protocol and ports, whichever
    end sends them, go by the same one; fragments by one that their addresses choose.
    """

    network: int
    mask: int
    vni: int = 0
    mac: int = 0
    next_hop: Address = 0
    arriving: tuple[int, int] | None = None
    version: int = 4  # of IP
    others: tuple[Way, ...] = ()

    def ways(self) -> tuple[Way, ...]:
        """All of them; none when it leads nowhere."""
        return (Way(self.vni, self.mac, self.next_hop), *self.others) if self.vni else ()

    def destination(self) -> str:
        """The addresses that it leads to, as network and mask."""
        parts = (each if self.version == 4 else each.to_bytes(16) for each in (self.network, self.mask))
        return "/".join(map(address_text, parts))

    def covers(self, address: Address) -> bool:
        """Whether an address is one of those that it leads to."""
        return self.version == version_of(address) and address_number(address) & self.mask == self.network


class Router(msgspec.Struct, frozen=True):
    """It routes between the subnets of its interfaces, and by its routes, of which no two are for the same.

    What a workload here sends to the MAC address of an interface goes on in the VPC of another: from that one's MAC
    address, its time to live less by one. The longest prefix decides which; of equal ones a subnet before a route, and
    a route of the interface that the packet came to before one of all. The router's own addresses answer echo requests,
    also in fragments; all else that is for them is for the agent.

    When the next hop is an interface of another router of this host, the packet goes on from that one, its time to
    live less by one for each; after MOST_ROUTERS of them it is for the agent. So is what a link-local address sends
    beyond its subnet, and a packet that is too big for the VPC in which it would go on.
    """

    id: Id
    interfaces: tuple[RouterInterface, ...]
    routes: tuple[Route, ...] = ()


class NextHop(msgspec.Struct, frozen=True):
    """Who has an address that is routed to, or that a route names: a MAC address, on another host or (VTEP 0) here."""

    mac: int
    vtep: int = 0


class NextHopDelta(msgspec.Struct):
    """Addresses of one VPC that are routed to: put and removed."""

    put: dict[Address, NextHop] = {}
    removed: set[Address] = set()


class RemoteDelta(msgspec.Struct):
    """MAC addresses of one VPC that live on other hosts: put (MAC → VTEP IPv4) and removed."""

    put: dict[int, int] = {}
    removed: set[int] = set()


class State(msgspec.Struct):
    """All a data plane should do.

    In a VPC on demand (``on_demand`` has its VNI) a packet to a MAC address that is not programmed is a miss, not a
    drop. ``learned`` are remotes as well, but each goes by itself when nothing was sent to it for a while; saying it
    again does not make it stay longer. So do ``next_hops``, when nothing was routed to them.

    ``members`` are those of the groups that rules name as remote: of security groups by the VNI of the workload whose
    rules these are, of address groups for ANY_VPC. Where a rule with a remote security group would let a packet pass if
    the other end were a member, and it is none, the packet is undecided: it goes to the agent, unless the address is
    among the ``strangers`` of the workload's VPC. Strangers go when nothing came from or went to them for a while.

    In a VPC that is ``flooded`` broadcast and multicast of a workload reaches every other endpoint here, and by a copy
    each the hosts with these VTEPs. A copy from another host reaches endpoints here, and goes no further. Security
    groups judge it where it is sent, and each copy where it arrives. What is for the agent is never flooded, nor are
    router advertisements and what tells routers of listeners (IGMP, MLD). In other VPCs it all is dropped.
    """

    endpoints: dict[Id, Endpoint] = {}
    remotes: dict[int, dict[int, int]] = {}  # VNI → MAC → VTEP IPv4
    vteps: set[int] = set()  # every VTEP the host may send to
    on_demand: set[int] = set()
    learned: dict[int, dict[int, int]] = {}  # VNI → MAC → VTEP IPv4
    routers: dict[Id, Router] = {}
    next_hops: dict[int, dict[Address, NextHop]] = {}  # by VNI
    security_groups: dict[Id, SecurityGroup] = {}  # those of its endpoints
    members: dict[tuple[int, Id], set[Prefix]] = {}  # (VNI or ANY_VPC, group)
    strangers: dict[int, set[bytes]] = {}  # VNI → packed addresses
    flooded: dict[int, frozenset[int]] = {}  # VNI → VTEP IPv4
    network_acls: dict[Id, NetworkAcl] = {}  # those of its endpoints' subnets


class Change(msgspec.Struct):
    """A difference to what the data plane does. Removals come first; it takes effect as one.

    A learned MAC address that moved, or a next hop that changed, is both removed and put: what is only put counts as
    new, so that nobody waits for packets that already have a way to notice another.
    """

    endpoints: dict[Id, Endpoint] = {}
    removed_endpoints: set[Id] = set()
    remotes: dict[int, RemoteDelta] = {}
    vteps: set[int] = set()
    removed_vteps: set[int] = set()
    on_demand: set[int] = set()
    removed_on_demand: set[int] = set()
    learned: dict[int, RemoteDelta] = {}
    routers: dict[Id, Router] = {}
    removed_routers: set[Id] = set()
    next_hops: dict[int, NextHopDelta] = {}  # by VNI
    security_groups: dict[Id, SecurityGroup] = {}
    removed_security_groups: set[Id] = set()
    members: dict[tuple[int, Id], MembersDelta] = {}
    strangers: dict[int, StrangersDelta] = {}  # by VNI
    flooded: dict[int, frozenset[int]] = {}  # VNI → all its VTEPs from now on
    removed_flooded: set[int] = set()
    network_acls: dict[Id, NetworkAcl] = {}
    removed_network_acls: set[Id] = set()


class Outcome(enum.Enum):
    """What a data plane does with a packet."""

    DELIVERED = "delivered"  # to a workload of this host
    TUNNELLED = "tunnelled"  # to another host
    SERVED = "served"  # by the host's own programs
    ASKED = "asked"  # the agent, which decides
    DROPPED = "dropped"


class Fate(msgspec.Struct, frozen=True):
    """What becomes of a packet: to which workload or tunnel end point (IPv4) it goes, and where that is decided, in the
    data plane's own words.

    What goes to a tunnel end point arrives there as ``frame``, in the VPC ``vni``.
    """

    outcome: Outcome
    port_id: Id = b""
    vtep: int = 0
    where: str = ""
    vni: int = 0
    frame: bytes = b""


Failures = dict[Id, str]
"""Port id → why it could not be programmed. Empty when everything was."""


class Listener(Protocol):
    """What a driver tells the agent. Called on the event loop; must return at once."""

    def interface_appeared(self, port_id: Id) -> None:
        """A workload interface carrying this port id is there; its endpoint, if any, is not programmed yet."""

    def interface_vanished(self, port_id: Id) -> None:
        """The workload interface is gone; what was programmed for it no longer counts."""

    def packet_punted(self, port_id: Id, frame: bytes) -> None:
        """A workload sent a packet the agent must answer (ARP, neighbour discovery, DHCP). The frame is untrusted."""

    def packet_missed(self, port_id: Id, frame: bytes) -> None:
        """A workload sent a packet to a unicast MAC that is not programmed, in a VPC on demand.

        It has passed the guard of source addresses, and may be held and given back with ``forward``. For some
        milliseconds after the address was learned, packets may still be missed: they need but be given back.
        """

    def packet_for_router(self, port_id: Id, frame: bytes) -> None:
        """A workload sent a packet to a router that it cannot route by itself: its next hop is not programmed, or it
        has no way, is too big for it, its time to live ends there, or it is for one of the router's own addresses.

        As of packets missed, it may be held and given back, and may come for some milliseconds too long.
        """

    def packet_undecided(self, port_id: Id, frame: bytes, ingress: bool) -> None:
        """Whether a packet to a workload (``ingress``) or from it may pass depends on who the other end is.

        As of packets missed, it may be held: given back with ``forward`` when it came from the workload, with
        ``deliver`` when it was on its way to it.
        """

    def stranger_idle(self, vni: int, address: bytes) -> None:
        """No packet of a stranger was refused for a while; it is no longer programmed."""

    def next_hop_idle(self, vni: int, address: Address) -> None:
        """Nothing was routed to an address for a while; it is no longer programmed."""

    def remote_idle(self, vni: int, mac: int) -> None:
        """Nothing was sent to a learned MAC address for a while; it is no longer programmed."""

    def lost(self, reason: str) -> None:
        """The data plane is gone: nothing can be told it until ``restarted``."""

    def restarted(self) -> None:
        """The data plane lost what it was told, or may have: replace() is needed."""


class DataPlane(Protocol):
    """A data plane driver."""

    async def start(self, listener: Listener) -> None:
        """Connect, prepare what every host needs (bridge, tunnel) and report the interfaces present.

        Keeps what an earlier life of the agent programmed. Raises DataPlaneUnavailable, saying what to do.
        """

    async def replace(self, state: State) -> Failures:
        """Make the data plane do exactly this: add what is missing, remove what is stale, leave the rest alone.

        Returns when the data plane has confirmed, and packets notice. Endpoints without an interface are kept for later
        by the agent, which calls apply with them once the interface has appeared; they are no failure.
        """

    def replaced(self) -> int:
        """How much the last replace() added or removed; 0 when everything was as it should be."""

    async def apply(self, change: Change) -> Failures:
        """Make this difference, as one. Returns when the data plane has confirmed, and packets notice.

        When something is learned, or next hops come, and nothing else, only ``forward`` is sure to notice; other
        packets do soon after.
        """

    async def send(self, port_id: Id, frame: bytes) -> None:
        """Give a frame to the workload behind a port. Silently nothing when its interface is gone."""

    async def forward(self, port_id: Id, frame: bytes) -> None:
        """Treat a packet as if the workload behind a port had sent it just now. Silently nothing without interface."""

    async def flood(self, port_id: Id, frame: bytes) -> None:
        """Treat a packet as if the workload behind a port had sent it to all just now, whatever is for the agent.

        Silently nothing without interface, or in a VPC that is not flooded.
        """

    async def deliver(self, port_id: Id, frame: bytes) -> None:
        """Treat a packet as if it had just come for the workload behind a port. Silently nothing without interface."""

    async def trace(self, port_id: Id, frame: bytes) -> Fate:
        """What would become of an IP packet if the workload behind a port sent it now, as the first of a connection.

        Nothing is sent. Raises DataPlaneUnavailable.
        """

    async def trace_arriving(self, vni: int, frame: bytes) -> Fate:
        """What would become of an IP packet, as the first of a connection, if it came now by tunnel in a VPC.

        Nothing is delivered. Raises DataPlaneUnavailable.
        """

    def interfaces(self) -> frozenset[Id]:
        """Port ids whose workload interface is present now."""

    def services_interface(self) -> str | None:
        """The host's network interface at which its programs answer its workloads (host_services); None without."""

    def client(self, address: Address) -> Id | None:
        """The port of the workload that an address stands for before the host's programs."""

    def trouble(self) -> str:
        """What else than the data plane itself is missing, so that something goes unnoticed; empty for nothing."""

    async def describe(self) -> list[str]:
        """What the data plane holds, a line each, with names (``alcor agent flows``)."""

    async def stop(self) -> None:
        """Disconnect and leave everything as it is: traffic goes on."""


class DataPlaneUnavailable(RuntimeError):
    """The data plane cannot be reached or prepared; the message says what to do."""
