"""What a DHCP client of this host is answered, RFC 2131. Pure.

Addresses are not leased here but given by the API, so there is nothing to remember: a port's addresses are offered to
its own MAC address, and only to it, for as long as the port exists.

The server calls itself by the subnet's gateway address, since that is what workloads know; in a subnet without one by
169.254.0.1, which RFC 3927 keeps out of what hosts may choose for themselves. Every client is told that the host's
services are in its subnet, whether or not that has a gateway or a router.
"""

import enum
import ipaddress
from collections.abc import Mapping

import msgspec

from alcor.agent.dhcp import options as codes
from alcor.agent.dhcp import packet
from alcor.agent.dhcp.packet import BROADCAST_FLAG, CLIENT_PORT, SERVER_PORT, DhcpMessage, Envelope
from alcor.agent.dns.names import domain_of
from alcor.agent.services.name_servers import name_servers
from alcor.dataplane.host_services import SERVICE_IPV4
from alcor.model.addresses import MAC_BROADCAST, ipv4_text
from alcor.model.goal_state import Port, Subnet, Vpc
from alcor.model.identifiers import Id

SERVER_MAC = 0xFE1400000043
"""The server's MAC address on every host, locally administered; no port can have it from a MAC pool."""

_ADDRESS_WITHOUT_GATEWAY = 0xA9FE0001
_TO_SERVICES = f"{ipv4_text(SERVICE_IPV4)}/32", "0.0.0.0"
_IP_BROADCAST = 0xFFFFFFFF
_MINIMUM_SIZE = 576  # bytes of an IP packet every client takes, RFC 2131 section 2
_OVERHEAD = 20 + 8 + 240 + 1  # IP, UDP, fixed fields, end option
_ALWAYS = (
    codes.MESSAGE_TYPE,
    codes.SERVER_ID,
    codes.LEASE_TIME,
    codes.RENEWAL_TIME,
    codes.REBINDING_TIME,
    codes.CLIENT_ID,
    codes.RELAY_INFORMATION,
    codes.MASK,
    codes.MTU,
)


class MessageType(enum.IntEnum):
    """Option 53."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8


class DhcpSettings(msgspec.Struct, frozen=True):
    """What all clients of the host are told alike."""

    lease_seconds: int = 86400


class Answer(msgspec.Struct, frozen=True):
    """A reply, or why there is none. Outcomes name counters."""

    outcome: str
    frame: bytes | None = None
    ignored_options: tuple[str, ...] = ()


class _Lease(msgspec.Struct, frozen=True):
    """One of the port's addresses, in a subnet that is served."""

    address: int
    subnet: Subnet
    network: ipaddress.IPv4Network

    def server_id(self) -> int:
        gateway = self.subnet.gateway_ip
        return int(ipaddress.IPv4Address(gateway)) if gateway else _ADDRESS_WITHOUT_GATEWAY


class _Exchange(msgspec.Struct, frozen=True):
    """A request and what it is about."""

    port: Port
    vpc: Vpc | None
    settings: DhcpSettings
    envelope: Envelope
    message: DhcpMessage


def answer(port: Port, subnets: Mapping[Id, Subnet], vpc: Vpc | None, frame: bytes, settings: DhcpSettings) -> Answer:
    """Answer a frame from the workload behind a port. Never raises on what is in the frame."""
    parsed = packet.parse(frame)
    if parsed is None:
        return Answer("malformed")
    envelope, message = parsed
    kind = message.options.get(codes.MESSAGE_TYPE, b"")
    if message.op != packet.BOOT_REQUEST or envelope.destination_port != SERVER_PORT or len(kind) != 1:
        return Answer("malformed")
    if message.client_mac != port.mac:
        return Answer("foreign_client")
    leases = _leases(port, subnets)
    if not leases:
        return Answer("not_served")
    exchange = _Exchange(port, vpc, settings, envelope, message)
    match kind[0]:
        case MessageType.DISCOVER:
            return _reply(exchange, MessageType.OFFER, _find(leases, _requested(message)) or leases[0])
        case MessageType.REQUEST:
            return _answer_request(exchange, leases)
        case MessageType.DECLINE:
            return Answer("declined")
        case MessageType.RELEASE:
            return Answer("released")
        case MessageType.INFORM:
            lease = _find(leases, message.ciaddr)
            return Answer("foreign_address") if lease is None else _reply(exchange, MessageType.ACK, lease)
    return Answer("malformed")


def _answer_request(exchange: _Exchange, leases: list[_Lease]) -> Answer:
    """Selecting, init-reboot, renewing and rebinding differ in where the address stands (RFC 2131 section 4.3.2)."""
    message = exchange.message
    server = message.options.get(codes.SERVER_ID)
    if server is not None and int.from_bytes(server, "big") not in {lease.server_id() for lease in leases}:
        return Answer("for_another_server")
    lease = _find(leases, _requested(message) or message.ciaddr)
    return _refuse(exchange, leases[0]) if lease is None else _reply(exchange, MessageType.ACK, lease)


def _leases(port: Port, subnets: Mapping[Id, Subnet]) -> list[_Lease]:
    leases = []
    for subnet_id, address in port.fixed_ips:
        subnet = subnets.get(subnet_id)
        if subnet is None or ":" in address or ":" in subnet.cidr or not subnet.enable_dhcp:
            continue
        network = ipaddress.IPv4Network(subnet.cidr, strict=False)
        leases.append(_Lease(int(ipaddress.IPv4Address(address)), subnet, network))
    return leases


def _requested(message: DhcpMessage) -> int:
    value = message.options.get(codes.REQUESTED_ADDRESS, b"")
    return int.from_bytes(value, "big") if len(value) == 4 else 0


def _find(leases: list[_Lease], address: int) -> _Lease | None:
    return next((lease for lease in leases if lease.address == address), None)


def _reply(exchange: _Exchange, kind: MessageType, lease: _Lease) -> Answer:
    request = exchange.message
    extra = codes.extra_options(exchange.port.dhcp_options)
    inform = request.options[codes.MESSAGE_TYPE][0] == MessageType.INFORM
    offered = _offered(exchange, kind, lease)
    if inform:
        for code in (codes.LEASE_TIME, codes.RENEWAL_TIME, codes.REBINDING_TIME):
            del offered[code]
    offered.update(extra.options)
    boot_file = offered.get(codes.BOOT_FILE, b"")
    message = DhcpMessage(
        op=packet.BOOT_REPLY,
        transaction=request.transaction,
        client_mac=request.client_mac,
        flags=request.flags,
        ciaddr=request.ciaddr if kind is MessageType.ACK else 0,
        yiaddr=0 if inform else lease.address,
        siaddr=extra.next_server,
        giaddr=request.giaddr,
        boot_file=boot_file if len(boot_file) < 128 else b"",
        options=_select(offered, extra.options, request, exchange.vpc),
    )
    frame = packet.serialise(_envelope(exchange, message, lease.server_id()), message)
    return Answer("offered" if kind is MessageType.OFFER else "acknowledged", frame, extra.ignored)


def _refuse(exchange: _Exchange, lease: _Lease) -> Answer:
    """DHCPNAK: the address is not the client's; it starts over with DHCPDISCOVER."""
    request = exchange.message
    options = {
        codes.MESSAGE_TYPE: bytes((MessageType.NAK,)),
        codes.SERVER_ID: lease.server_id().to_bytes(4, "big"),
        codes.MESSAGE: b"the address is not this port's",
    }
    options.update(_echoed(request))
    message = DhcpMessage(
        op=packet.BOOT_REPLY,
        transaction=request.transaction,
        client_mac=request.client_mac,
        flags=request.flags | BROADCAST_FLAG if request.giaddr else request.flags,
        giaddr=request.giaddr,
        options=options,
    )
    return Answer("refused", packet.serialise(_envelope(exchange, message, lease.server_id()), message))


def _offered(exchange: _Exchange, kind: MessageType, lease: _Lease) -> dict[int, bytes]:
    """All the server has to say, of which the client gets what it asked for."""
    subnet, vpc, seconds = lease.subnet, exchange.vpc, exchange.settings.lease_seconds
    routes = codes.classless_routes((*subnet.host_routes, _TO_SERVICES), subnet.gateway_ip)
    options = {
        codes.MESSAGE_TYPE: bytes((kind,)),
        codes.SERVER_ID: lease.server_id().to_bytes(4, "big"),
        codes.LEASE_TIME: seconds.to_bytes(4, "big"),
        codes.RENEWAL_TIME: (seconds // 2).to_bytes(4, "big"),
        codes.REBINDING_TIME: (seconds * 7 // 8).to_bytes(4, "big"),
        codes.MASK: lease.network.netmask.packed,
        codes.BROADCAST: lease.network.broadcast_address.packed,
        codes.ROUTER: codes.addresses([subnet.gateway_ip]) if subnet.gateway_ip else b"",
        codes.DNS: codes.addresses(name_servers([subnet], 4)),
        codes.HOSTNAME: exchange.port.hostname.encode(),
        codes.DOMAIN: domain_of(vpc).encode(),
        codes.MTU: min(vpc.mtu, 0xFFFF).to_bytes(2, "big") if vpc and vpc.mtu else b"",
        codes.CLASSLESS_ROUTES: routes,
        codes.CLASSLESS_ROUTES_MICROSOFT: routes,
    }
    options.update(_echoed(exchange.message))
    return {code: value for code, value in options.items() if value}


def _echoed(request: DhcpMessage) -> dict[int, bytes]:
    """What a server gives back as it came: the client identifier (RFC 6842) and a relay's information (RFC 3046)."""
    return {
        code: request.options[code]
        for code in (codes.CLIENT_ID, codes.RELAY_INFORMATION)
        if code in request.options and len(request.options[code]) <= 255
    }


def _select(
    offered: Mapping[int, bytes], extra: Mapping[int, bytes], request: DhcpMessage, vpc: Vpc | None
) -> dict[int, bytes]:
    """The options that must be there, the port's own, then those asked for in the client's order, while there is room.

    A client that asks for nothing in particular gets everything.
    """
    asked = request.options.get(codes.PARAMETERS, bytes(offered))
    room = _maximum_size(request, vpc) - _OVERHEAD
    selected: dict[int, bytes] = {}
    for code in (*_ALWAYS, *extra, *asked):
        if code not in offered or code in selected:
            continue
        size = len(packet.encode_option(code, offered[code]))
        if size <= room:
            selected[code] = offered[code]
            room -= size
    return selected


def _maximum_size(request: DhcpMessage, vpc: Vpc | None) -> int:
    stated = request.options.get(codes.MAXIMUM_SIZE, b"")
    size = int.from_bytes(stated, "big") if len(stated) == 2 else _MINIMUM_SIZE
    return max(_MINIMUM_SIZE, min(size, vpc.mtu if vpc and vpc.mtu else 1500))


def _envelope(exchange: _Exchange, reply: DhcpMessage, server_ip: int) -> Envelope:
    """Where a reply goes, RFC 2131 section 4.1."""
    source_mac = exchange.envelope.source_mac
    if reply.giaddr:
        return Envelope(SERVER_MAC, source_mac, server_ip, reply.giaddr, SERVER_PORT, SERVER_PORT)
    target_ip = reply.ciaddr or reply.yiaddr
    broadcast = not reply.ciaddr and reply.flags & BROADCAST_FLAG
    if not target_ip or broadcast:
        return Envelope(SERVER_MAC, MAC_BROADCAST, server_ip, _IP_BROADCAST, SERVER_PORT, CLIENT_PORT)
    return Envelope(SERVER_MAC, reply.client_mac, server_ip, target_ip, SERVER_PORT, CLIENT_PORT)
