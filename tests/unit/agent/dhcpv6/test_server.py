"""A port's client is given the port's own addresses, by every message RFC 8415 knows, and nobody else is given any."""

import socket
import struct
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.dhcp.server import DhcpSettings
from alcor.agent.dhcpv6.packet import parse_options
from alcor.agent.dhcpv6.server import SERVER_ID, Answer, answer
from alcor.dataplane import ipv6
from alcor.model.addresses import link_local
from alcor.model.goal_state import Port, Subnet, Vpc
from tests.conformance.driver import packets
from tests.unit.agent.goal_states import SUBNET_ID, port_id

MAC = 0xFA163E000001
SOURCE = link_local(MAC)
ALL_SERVERS = bytes.fromhex("ff020000000000000000000000010002")
SOLICIT, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY, RELEASE, DECLINE, INFORMATION_REQUEST = *range(1, 10), 11
CLIENT = (1, b"\0\3\0\1\xfa\x16\x3e\0\0\1")
SERVER = (2, SERVER_ID)
VPC = Vpc(bytes(16), 1, 1450, "a.test.")
SUBNET = Subnet(
    SUBNET_ID, 1, "2001:db8::/64", "2001:db8::fe", True, ("2001:db8::53",), (), "dhcpv6-stateful", "dhcpv6-stateful"
)
STATELESS = msgspec.structs.replace(SUBNET, ipv6_ra_mode="dhcpv6-stateless", ipv6_address_mode="dhcpv6-stateless")
SLAAC = msgspec.structs.replace(SUBNET, ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
PORT = Port(port_id(1), 1, MAC, ((SUBNET_ID, "2001:db8::1"),))
BOTH = msgspec.structs.replace(PORT, fixed_ips=(*PORT.fixed_ips, (SUBNET_ID, "2001:db8::2")))
DNS, SEARCH = (23, socket.inet_pton(socket.AF_INET6, "2001:db8::53")), (24, b"\1a\4test\0")

Option = tuple[int, bytes]


def encoded(options: Iterable[Option]) -> bytes:
    return b"".join(struct.pack("!HH", code, len(value)) + value for code, value in options)


def address(text: str, seconds: int = 86400) -> Option:
    return 5, socket.inet_pton(socket.AF_INET6, text) + struct.pack("!II", seconds, seconds)


def association(number: int, *options: Option, times: tuple[int, int] = (0, 0)) -> Option:
    return 3, struct.pack("!III", number, *times) + encoded(options)


def leased(number: int, *addresses: str) -> Option:
    return association(number, *map(address, addresses), times=(43200, 69120))


def status(code: int, words: str) -> Option:
    return 13, struct.pack("!H", code) + words.encode()


NO_ADDRESSES, NO_BINDING = status(2, "no addresses"), status(3, "no binding")


def ask(
    kind: int,
    *options: Option,
    port: Port = PORT,
    subnet: Subnet = SUBNET,
    mac: int = MAC,
    destination: bytes = ALL_SERVERS,
    settings: DhcpSettings | None = None,
) -> Answer:
    message = struct.pack("!I", kind << 24 | 0x123456) + encoded(options)
    datagram = packets.udp_payload(546, 547, message)
    frame = packets.ethernet(
        packets.group_mac(destination), mac, 0x86DD, packets.ipv6(SOURCE, destination, 17, datagram)
    )
    return answer(port, {SUBNET_ID: subnet}, VPC, frame, settings or DhcpSettings())


def read(reply: Answer) -> tuple[int, list[Option]]:
    """The type and the options of a reply, but for the identifiers, which are as they must be."""
    assert reply.frame is not None, reply.outcome
    header = ipv6.ipv6(reply.frame)
    assert header is not None and ipv6.is_sound(reply.frame, header)
    assert (header.destination, int.from_bytes(reply.frame[:6])) == (SOURCE, MAC)
    assert ipv6.udp_ports(reply.frame, header) == (547, 546)
    message = reply.frame[header.start + 8 : header.end]
    assert message[1:4] == bytes.fromhex("123456")
    options = parse_options(message[4:])
    assert options is not None
    assert options[0] == SERVER
    return message[0], [option for option in options[1:] if option[0] != 1]


def test_a_solicitation_is_offered_the_ports_addresses_by_the_server_to_prefer() -> None:
    kind, options = read(ask(SOLICIT, CLIENT, association(7)))
    assert (kind, options) == (ADVERTISE, [(7, b"\xff"), leased(7, "2001:db8::1"), DNS, SEARCH])


def test_with_rapid_commit_it_is_given_them_at_once() -> None:
    reply = ask(SOLICIT, CLIENT, (14, b""), association(7))
    assert reply.outcome == "acknowledged"
    assert read(reply) == (REPLY, [(14, b""), leased(7, "2001:db8::1"), DNS, SEARCH])


@pytest.mark.parametrize("kind", [REQUEST, RENEW, REBIND])
def test_what_was_offered_is_given_and_renewed(kind: int) -> None:
    server = () if kind == REBIND else (SERVER,)
    assert read(ask(kind, CLIENT, *server, leased(7, "2001:db8::1"))) == (
        REPLY,
        [leased(7, "2001:db8::1"), DNS, SEARCH],
    )


def test_the_identifier_of_the_client_comes_back() -> None:
    reply = ask(SOLICIT, CLIENT, association(7))
    assert reply.frame is not None and encoded([CLIENT]) in reply.frame


def test_a_lease_is_as_long_as_the_settings_say() -> None:
    _, options = read(ask(SOLICIT, CLIENT, association(7), settings=DhcpSettings(lease_seconds=100)))
    assert association(7, address("2001:db8::1", 100), times=(50, 80)) in options


def test_several_addresses_go_where_the_client_has_them_and_the_rest_into_the_first_association() -> None:
    assert leased(1, "2001:db8::1", "2001:db8::2") in read(ask(SOLICIT, CLIENT, association(1), port=BOTH))[1]
    _, options = read(ask(RENEW, CLIENT, SERVER, association(1), leased(2, "2001:db8::1"), port=BOTH))
    assert options[:2] == [leased(1, "2001:db8::2"), leased(2, "2001:db8::1")]


@pytest.mark.parametrize("kind", [SOLICIT, REQUEST])
def test_who_wants_more_than_there_is_is_told_so(kind: int) -> None:
    server = (SERVER,) if kind == REQUEST else ()
    prefix = (25, struct.pack("!III", 9, 0, 0))
    temporary = (4, struct.pack("!I", 8))
    _, options = read(ask(kind, CLIENT, *server, association(1), association(2), temporary, prefix))
    assert leased(1, "2001:db8::1") in options
    assert association(2, NO_ADDRESSES) in options
    assert (4, struct.pack("!I", 8) + encoded([NO_ADDRESSES])) in options
    assert (25, struct.pack("!III", 9, 0, 0) + encoded([status(6, "no prefix")])) in options


def test_an_address_that_is_not_the_ports_ends_when_it_is_renewed() -> None:
    for port, expected in (
        (PORT, association(7, address("2001:db8::1"), address("2001:db8::9", 0), times=(43200, 69120))),
        (msgspec.structs.replace(PORT, fixed_ips=((SUBNET_ID, "2001:db8::9"),)), leased(7, "2001:db8::9")),
    ):
        assert expected in read(ask(RENEW, CLIENT, SERVER, leased(7, "2001:db8::9"), port=port))[1]


def test_a_client_is_told_whether_it_may_go_on_with_what_it_has() -> None:
    kind, options = read(ask(CONFIRM, CLIENT, leased(7, "2001:db8::1")))
    assert (kind, options[0]) == (REPLY, status(0, "success"))
    assert read(ask(CONFIRM, CLIENT, leased(7, "2001:db8::9"))) == (REPLY, [status(4, "not on link")])
    assert ask(CONFIRM, CLIENT, association(7)).frame is None


@pytest.mark.parametrize(("kind", "outcome"), [(RELEASE, "released"), (DECLINE, "declined")])
def test_what_is_given_back_is_taken_note_of(kind: int, outcome: str) -> None:
    reply = ask(kind, CLIENT, SERVER, leased(7, "2001:db8::1"), leased(8, "2001:db8::9"))
    assert reply.outcome == outcome
    assert read(reply) == (REPLY, [status(0, "success"), association(8, NO_BINDING)])


@pytest.mark.parametrize("subnet", [SUBNET, STATELESS], ids=["stateful", "stateless"])
def test_who_asks_for_information_is_given_it_and_no_address(subnet: Subnet) -> None:
    reply = ask(INFORMATION_REQUEST, CLIENT, subnet=subnet)
    assert read(reply) == (REPLY, [(32, struct.pack("!I", 86400)), DNS, SEARCH])
    anonymous = ask(INFORMATION_REQUEST, (6, struct.pack("!H", 23)), subnet=subnet)
    assert read(anonymous) == (REPLY, [(32, struct.pack("!I", 86400)), DNS])


def test_in_a_stateless_subnet_nobody_is_given_an_address() -> None:
    kind, options = read(ask(SOLICIT, CLIENT, (14, b""), association(7), subnet=STATELESS))
    assert (kind, options[:2]) == (ADVERTISE, [(7, b"\xff"), association(7, NO_ADDRESSES)])


def test_a_subnet_without_modes_is_served_as_neutron_does() -> None:
    plain = msgspec.structs.replace(SUBNET, ipv6_ra_mode="", ipv6_address_mode="")
    assert leased(7, "2001:db8::1") in read(ask(SOLICIT, CLIENT, association(7), subnet=plain))[1]


@pytest.mark.parametrize(
    "subnet",
    [
        SLAAC,
        msgspec.structs.replace(SUBNET, enable_dhcp=False),
        msgspec.structs.replace(SUBNET, ipv6_address_mode=""),
        msgspec.structs.replace(SUBNET, id=bytes(16), cidr="10.0.0.0/24", ipv6_ra_mode="", ipv6_address_mode=""),
    ],
    ids=["SLAAC", "no DHCP", "somebody else's", "IPv4"],
)
def test_where_there_is_no_server_nobody_answers(subnet: Subnet) -> None:
    assert ask(SOLICIT, CLIENT, association(7), subnet=subnet) == Answer("not_served")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (ask(SOLICIT, CLIENT, association(7), mac=MAC + 1), "foreign_client"),
        (ask(REQUEST, CLIENT, (2, b"another"), association(7)), "for_another_server"),
        (ask(INFORMATION_REQUEST, (2, b"another")), "for_another_server"),
        (ask(INFORMATION_REQUEST, association(7)), "malformed"),
        (ask(SOLICIT, association(7)), "malformed"),
        (ask(SOLICIT, CLIENT, SERVER, association(7)), "malformed"),
        (ask(REQUEST, CLIENT, association(7)), "malformed"),
        (ask(SOLICIT, CLIENT, (3, bytes(11))), "malformed"),
        (ask(SOLICIT, CLIENT, association(7, (5, bytes(23)))), "malformed"),
        (ask(SOLICIT, CLIENT, association(7), destination=SOURCE), "malformed"),
        (ask(12, CLIENT), "malformed"),
        (ask(ADVERTISE, CLIENT), "malformed"),
    ],
)
def test_what_is_not_answered(reply: Answer, outcome: str) -> None:
    assert reply == Answer(outcome)


def test_who_sends_to_the_server_alone_is_told_to_ask_all() -> None:
    reply = ask(REQUEST, CLIENT, SERVER, association(7), destination=SOURCE)
    assert read(reply) == (REPLY, [status(5, "use multicast")])


def test_the_ports_own_options_come_first_and_odd_ones_are_named() -> None:
    extra = (
        ("dns-server", "2001:db8::54", 6),
        ("option6:bootfile-url", "tftp://[2001:db8::1]/x", 6),
        ("56", "00:01", 6),
        ("3", "x", 6),
        ("no-such", "x", 6),
        ("dns-server", "10.0.0.1", 6),
        ("dns-server", "10.0.0.1", 4),
    )
    reply = ask(INFORMATION_REQUEST, port=msgspec.structs.replace(PORT, dhcp_options=extra))
    own = [(23, bytes.fromhex("20010db8") + bytes(11) + b"\x54"), (59, b"tftp://[2001:db8::1]/x"), (56, b"\0\1")]
    assert read(reply)[1][1:] == [*own, SEARCH]
    assert len(reply.ignored_options) == 3


def test_a_reply_fits_into_a_packet() -> None:
    extra = tuple((str(number), "x" * 400, 6) for number in range(100, 110))
    reply = ask(SOLICIT, CLIENT, association(7), port=msgspec.structs.replace(PORT, dhcp_options=extra))
    assert reply.frame is not None and 1000 < len(reply.frame) - 14 <= 1450


@given(st.integers(0, 255), st.binary(max_size=200))
def test_garbage_never_raises(kind: int, data: bytes) -> None:
    datagram = packets.udp_payload(546, 547, bytes((kind, 0, 0, 0)) + data)
    for frame in (
        packets.ethernet(1, MAC, 0x86DD, packets.ipv6(SOURCE, ALL_SERVERS, 17, datagram)),
        packets.ethernet(1, MAC, 0x86DD, data),
        packets.ethernet(1, MAC, 0x86DD, packets.ipv6(SOURCE, ALL_SERVERS, 17, data)),
    ):
        answer(PORT, {SUBNET_ID: SUBNET}, VPC, frame, DhcpSettings())


codes = st.sampled_from([1, 2, 3, 4, 5, 6, 7, 13, 14, 24, 25, 32])


@given(st.sampled_from([1, 3, 4, 5, 6, 8, 9, 11]), st.lists(st.tuples(codes, st.binary(max_size=60)), max_size=5))
def test_odd_options_never_raise(kind: int, options: list[Option]) -> None:
    for server in ((), (SERVER,)):
        ask(kind, CLIENT, *server, *options, port=BOTH)
