"""What a DHCPv6 client of this host is answered, RFC 8415. Pure.

As over IPv4, addresses are not leased here but given by the API: a port's addresses are offered to its own MAC address,
and only to it, for as long as the port exists. So there is nothing to remember between messages, and a client that
moves to another host goes on there: the server has the same identifier everywhere.
"""

import enum
import struct
from collections.abc import Mapping

import msgspec

from alcor.agent.dhcp.server import SERVER_MAC, DhcpSettings
from alcor.agent.dhcpv6 import options as codes
from alcor.agent.dhcpv6 import packet
from alcor.agent.dhcpv6.packet import Dhcpv6Message, IdentityAssociation, Options, Sender
from alcor.agent.ipv6.router_advertisements import search_list
from alcor.agent.services.name_servers import name_servers
from alcor.dataplane.ipv6 import UNSPECIFIED
from alcor.model.addresses import ip_bytes, link_local
from alcor.model.goal_state import Port, Subnet, Vpc
from alcor.model.identifiers import Id
from alcor.model.ipv6_modes import STATEFUL, STATELESS

SERVER_ID = struct.pack("!HH", 3, 1) + SERVER_MAC.to_bytes(6)
"""A DUID made of the server's MAC address (RFC 8415 section 11.4)."""

_ADDRESS = link_local(SERVER_MAC)
_MOST_PREFERRED = b"\xff"
_MINIMUM_MTU = 1280
_HEADERS = 40 + 8 + 4
_SHORTEST_REFRESH = 600
_ASSOCIATIONS = (packet.IA_NA, packet.IA_TA, packet.IA_PD)


class MessageType(enum.IntEnum):
    """RFC 8415 section 7.3."""

    SOLICIT = 1
    ADVERTISE = 2
    REQUEST = 3
    CONFIRM = 4
    RENEW = 5
    REBIND = 6
    REPLY = 7
    RELEASE = 8
    DECLINE = 9
    INFORMATION_REQUEST = 11


class Status(enum.IntEnum):
    """RFC 8415 section 21.13."""

    SUCCESS = 0
    NO_ADDRESSES = 2
    NO_BINDING = 3
    NOT_ON_LINK = 4
    USE_MULTICAST = 5
    NO_PREFIX = 6


_TO_ONE_SERVER = {MessageType.REQUEST, MessageType.RENEW, MessageType.RELEASE, MessageType.DECLINE}
_TO_ANY_SERVER = {MessageType.SOLICIT, MessageType.CONFIRM, MessageType.REBIND}


class Answer(msgspec.Struct, frozen=True):
    """A reply, or why there is none. Outcomes name counters."""

    outcome: str
    frame: bytes | None = None
    ignored_options: tuple[str, ...] = ()


class _Exchange(msgspec.Struct, frozen=True):
    """A request and what it is about."""

    port: Port
    subnets: tuple[Subnet, ...]  # those that are served
    addresses: tuple[bytes, ...]  # those that are given out
    vpc: Vpc | None
    settings: DhcpSettings
    sender: Sender
    message: Dhcpv6Message
    associations: tuple[IdentityAssociation, ...]


def answer(port: Port, subnets: Mapping[Id, Subnet], vpc: Vpc | None, frame: bytes, settings: DhcpSettings) -> Answer:
    """Answer a frame from the workload behind a port. Never raises on what is in the frame."""
    parsed = packet.parse(frame)
    if parsed is None or parsed[0].address == UNSPECIFIED:
        return Answer("malformed")
    sender, message = parsed
    if sender.mac != port.mac:
        return Answer("foreign_client")
    refusal = _refusal(message)
    if refusal is not None:
        return Answer(refusal)
    associations = [packet.identity_association(*each) for each in message.options if each[0] in _ASSOCIATIONS]
    if None in associations:
        return Answer("malformed")
    served = {subnet_id: subnet for subnet_id, subnet in subnets.items() if _is_served(subnet)}
    own = [(served[subnet_id], ip_bytes(address)) for subnet_id, address in port.fixed_ips if subnet_id in served]
    if not own:
        return Answer("not_served")
    exchange = _Exchange(
        port=port,
        subnets=tuple({subnet.id: subnet for subnet, _ in own}.values()),
        addresses=tuple(address for subnet, address in own if _gives_addresses(subnet)),
        vpc=vpc,
        settings=settings,
        sender=sender,
        message=message,
        associations=tuple(each for each in associations if each is not None),
    )
    return _answer(exchange)


def _refusal(message: Dhcpv6Message) -> str | None:
    """Why a message is not looked at any further (RFC 8415 section 16), or None."""
    client, server = message.first(packet.CLIENT_ID), message.first(packet.SERVER_ID)
    if message.kind in _TO_ONE_SERVER:
        if client is None or server is None:
            return "malformed"
        return None if server == SERVER_ID else "for_another_server"
    if message.kind in _TO_ANY_SERVER:
        return "malformed" if client is None or server is not None else None
    if message.kind != MessageType.INFORMATION_REQUEST:
        return "malformed"
    if any(code in _ASSOCIATIONS for code, _ in message.options):
        return "malformed"
    return None if server in (None, SERVER_ID) else "for_another_server"


def _is_served(subnet: Subnet) -> bool:
    if ":" not in subnet.cidr or not subnet.enable_dhcp:
        return False
    return _gives_addresses(subnet) or subnet.ipv6_address_mode == STATELESS


def _gives_addresses(subnet: Subnet) -> bool:
    """Also in a subnet without any mode, as Neutron's DHCP agent does."""
    return subnet.ipv6_address_mode == STATEFUL or not (subnet.ipv6_address_mode or subnet.ipv6_ra_mode)


def _answer(exchange: _Exchange) -> Answer:
    if exchange.sender.destination != packet.ALL_SERVERS:
        return _unicast(exchange)
    match exchange.message.kind:
        case MessageType.SOLICIT:
            return _offer(exchange)
        case MessageType.REQUEST:
            return _reply(exchange, "acknowledged", _assigned(exchange))
        case MessageType.RENEW | MessageType.REBIND:
            return _reply(exchange, "renewed", _renewed(exchange))
        case MessageType.CONFIRM:
            return _confirm(exchange)
        case MessageType.RELEASE:
            return _give_back(exchange, "released")
        case MessageType.DECLINE:
            return _give_back(exchange, "declined")
    refresh = max(_SHORTEST_REFRESH, exchange.settings.lease_seconds).to_bytes(4)
    return _reply(exchange, "informed", ((packet.REFRESH_TIME, refresh),))


def _unicast(exchange: _Exchange) -> Answer:
    """RFC 8415 section 18.4: nobody was told that it may."""
    if exchange.message.kind not in _TO_ONE_SERVER:
        return Answer("malformed")
    return _reply(exchange, "told_to_use_multicast", (_status(Status.USE_MULTICAST),), plain=True)


def _offer(exchange: _Exchange) -> Answer:
    offered = _assigned(exchange)
    if exchange.message.first(packet.RAPID_COMMIT) is not None and exchange.addresses:
        return _reply(exchange, "acknowledged", ((packet.RAPID_COMMIT, b""), *offered))
    preference = (packet.PREFERENCE, _MOST_PREFERRED)
    return _reply(exchange, "offered", (preference, *offered), kind=MessageType.ADVERTISE)


def _confirm(exchange: _Exchange) -> Answer:
    """Whether the client may go on with what it has. What is not the port's, the data plane would not let pass."""
    named = {address for each in exchange.associations for address in each.addresses}
    if not named:
        return Answer("malformed")
    if named <= set(exchange.addresses):
        return _reply(exchange, "confirmed", (_status(Status.SUCCESS),))
    return _reply(exchange, "refused", (_status(Status.NOT_ON_LINK),), plain=True)


def _give_back(exchange: _Exchange, outcome: str) -> Answer:
    """Nothing becomes of it, for the addresses stay the port's."""
    own = set(exchange.addresses)
    unknown = [
        _association(each, (_status(Status.NO_BINDING),))
        for each in exchange.associations
        if not own & set(each.addresses)
    ]
    return _reply(exchange, outcome, (_status(Status.SUCCESS), *unknown), plain=True)


def _shares(exchange: _Exchange) -> list[tuple[IdentityAssociation, tuple[bytes, ...]]]:
    """Which of the port's addresses goes into which association: where the client names it, or into the first."""
    given: list[tuple[IdentityAssociation, tuple[bytes, ...]]] = []
    named = {address for each in exchange.associations for address in each.addresses}
    left = tuple(address for address in exchange.addresses if address not in named)
    taken: set[bytes] = set()
    for each in exchange.associations:
        own: tuple[bytes, ...] = ()
        if each.code == packet.IA_NA:
            own = tuple(a for a in exchange.addresses if a in each.addresses and a not in taken) + left
            left = ()
        taken.update(own)
        given.append((each, own))
    return given


def _assigned(exchange: _Exchange) -> Options:
    return tuple(
        _association(each, _addresses(exchange, own) if own else (_nothing(each),)) for each, own in _shares(exchange)
    )


def _renewed(exchange: _Exchange) -> Options:
    """What the client names and is not the port's ends at once (RFC 8415 section 18.3.4)."""
    renewed = []
    for each, own in _shares(exchange):
        ended = tuple(_address(address, 0) for address in each.addresses if address not in own)
        kept = _addresses(exchange, own) + ended
        if each.code == packet.IA_NA and not kept:
            kept = (_status(Status.NO_BINDING),)
        renewed.append(_association(each, kept if each.code == packet.IA_NA else (_nothing(each),)))
    return tuple(renewed)


def _nothing(association: IdentityAssociation) -> tuple[int, bytes]:
    return _status(Status.NO_PREFIX if association.code == packet.IA_PD else Status.NO_ADDRESSES)


def _addresses(exchange: _Exchange, addresses: tuple[bytes, ...]) -> Options:
    return tuple(_address(address, exchange.settings.lease_seconds) for address in addresses)


def _address(address: bytes, seconds: int) -> tuple[int, bytes]:
    return packet.IA_ADDRESS, address + struct.pack("!II", seconds, seconds)


def _association(each: IdentityAssociation, options: Options) -> tuple[int, bytes]:
    """The association with these in it. When to renew follows from the first address."""
    seconds = next((int.from_bytes(value[16:20]) for code, value in options if code == packet.IA_ADDRESS), 0)
    times = b"" if each.code == packet.IA_TA else struct.pack("!II", seconds // 2, seconds * 4 // 5)
    return each.code, each.number + times + packet.encode_options(options)


def _status(status: Status) -> tuple[int, bytes]:
    return packet.STATUS, status.to_bytes(2) + status.name.lower().replace("_", " ").encode()


def _reply(
    exchange: _Exchange, outcome: str, content: Options, kind: MessageType = MessageType.REPLY, plain: bool = False
) -> Answer:
    """A message with this content and, unless it is plain, with what the client is to know besides."""
    client = exchange.message.first(packet.CLIENT_ID)
    head = [(packet.SERVER_ID, SERVER_ID), *([] if client is None else [(packet.CLIENT_ID, client)]), *content]
    extra = codes.extra_options(() if plain else exchange.port.dhcp_options)
    options = (*head, *(() if plain else _configuration(exchange, extra.options, head)))
    message = Dhcpv6Message(kind, exchange.message.transaction, options)
    macs, addresses = (SERVER_MAC, exchange.sender.mac), (_ADDRESS, exchange.sender.address)
    return Answer(outcome, packet.serialise(macs, addresses, message), extra.ignored)


def _numbers(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[start : start + 2]) for start in range(0, len(data) - 1, 2))


def _configuration(exchange: _Exchange, extra: Mapping[int, bytes], head: list[tuple[int, bytes]]) -> Options:
    """The port's own options, then those the client asks for, or all if it asks for none, while there is room."""
    servers = name_servers(exchange.subnets, 6)
    known = {packet.DNS_SERVERS: codes.addresses(servers), packet.SEARCH_LIST: search_list(exchange.vpc), **extra}
    requested = exchange.message.first(packet.REQUESTED_OPTIONS)
    asked = tuple(known) if requested is None else _numbers(requested)
    room = max(_MINIMUM_MTU, exchange.vpc.mtu if exchange.vpc else 0) - _HEADERS - len(packet.encode_options(head))
    chosen = []
    for code in dict.fromkeys((*extra, *asked)):
        value = known.get(code, b"")
        if value and len(value) + 4 <= room:
            chosen.append((code, value))
            room -= len(value) + 4
    return tuple(chosen)
