"""A port's client is given the port's own address, in every state RFC 2131 knows, and nobody else is given anything."""

import ipaddress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.dhcp.packet import BROADCAST_FLAG, DhcpMessage, Envelope, parse, serialise
from alcor.agent.dhcp.server import SERVER_MAC, Answer, DhcpSettings, MessageType, answer
from alcor.model.goal_state import Port, Subnet, Vpc
from tests.unit.agent.goal_states import SUBNET_ID, port, subnet

MAC = port().mac
ADDRESS, GATEWAY = 0x0A000001, 0x0A0000FE
ANY = 0xFFFFFFFF
VPC = Vpc(bytes(16), 1, 1450, "cloud.example.")
SUBNET = subnet(dns_nameservers=("9.9.9.9", "2620:fe::fe"), host_routes=(("192.168.0.0/16", "10.0.0.9"),))
PORT = port(hostname="web-1")
EVERYTHING = bytes((1, 3, 6, 12, 15, 26, 28, 121, 249))


TO_SERVICES = bytes((32, 169, 254, 169, 254, 0, 0, 0, 0))


def packed(address: int) -> bytes:
    return address.to_bytes(4, "big")


def ask(
    kind: int,
    options: dict[int, bytes] | None = None,
    *,
    port: Port = PORT,
    subnet: Subnet = SUBNET,
    settings: DhcpSettings | None = None,
    **fields: int,
) -> Answer:
    client_mac = fields.pop("client_mac", MAC)
    options = {53: bytes((kind,))} | (options or {})
    message = DhcpMessage(op=1, transaction=0x1234, client_mac=client_mac, options=options, **fields)
    frame = serialise(Envelope(MAC, 0xFFFFFFFFFFFF, message.ciaddr, ANY, 68, 67), message)
    return answer(port, {SUBNET_ID: subnet}, VPC, frame, settings or DhcpSettings())


def read(reply: Answer) -> tuple[Envelope, DhcpMessage]:
    assert reply.frame is not None, reply.outcome
    parsed = parse(reply.frame)
    assert parsed is not None
    return parsed


def kind_of(reply: Answer) -> int:
    return read(reply)[1].options[53][0]


def test_discover_is_offered_the_ports_address() -> None:
    envelope, offer = read(ask(MessageType.DISCOVER, {55: EVERYTHING}))
    assert envelope == Envelope(SERVER_MAC, MAC, GATEWAY, ADDRESS, 67, 68)
    assert (offer.op, offer.transaction, offer.client_mac, offer.yiaddr, offer.ciaddr) == (2, 0x1234, MAC, ADDRESS, 0)
    routes = bytes((16, 192, 168, 10, 0, 0, 9)) + TO_SERVICES + bytes((0,)) + packed(GATEWAY)
    assert offer.options == {
        53: bytes((MessageType.OFFER,)),
        54: packed(GATEWAY),
        51: packed(86400),
        58: packed(43200),
        59: packed(75600),
        1: bytes((255, 255, 255, 0)),
        3: packed(GATEWAY),
        6: bytes((9, 9, 9, 9)),
        12: b"web-1",
        15: b"cloud.example",
        26: (1450).to_bytes(2, "big"),
        28: bytes((10, 0, 0, 255)),
        121: routes,
        249: routes,
    }


def test_a_client_gets_what_it_asks_for_and_what_must_be() -> None:
    _, offer = read(ask(MessageType.DISCOVER, {55: bytes((6,))}))
    assert offer.options.keys() == {53, 54, 51, 58, 59, 1, 26, 6}


def test_a_client_that_asks_for_nothing_gets_everything() -> None:
    _, offer = read(ask(MessageType.DISCOVER))
    assert offer.options.keys() >= set(EVERYTHING)


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({50: packed(ADDRESS), 54: packed(GATEWAY)}, {}),
        ({50: packed(ADDRESS)}, {}),
        ({}, {"ciaddr": ADDRESS}),
    ],
    ids=["selecting", "init-reboot", "renewing or rebinding"],
)
def test_a_request_for_the_right_address_is_acknowledged(options: dict[int, bytes], fields: dict[str, int]) -> None:
    envelope, ack = read(ask(MessageType.REQUEST, options, **fields))
    assert ack.options[53][0] == MessageType.ACK
    assert ack.yiaddr == ADDRESS
    assert ack.ciaddr == fields.get("ciaddr", 0)
    assert (envelope.destination_ip, envelope.destination_mac) == (ADDRESS, MAC)


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({50: packed(ADDRESS + 1), 54: packed(GATEWAY)}, {}),
        ({50: packed(ADDRESS + 1)}, {}),
        ({}, {"ciaddr": ADDRESS + 1}),
        ({}, {}),
        ({50: b"abc"}, {}),
    ],
    ids=["selecting", "init-reboot", "renewing or rebinding", "no address", "half an address"],
)
def test_a_request_for_a_wrong_address_is_refused_aloud(options: dict[int, bytes], fields: dict[str, int]) -> None:
    envelope, nak = read(ask(MessageType.REQUEST, options, **fields))
    assert nak.options[53][0] == MessageType.NAK
    assert nak.options[54] == packed(GATEWAY)
    assert (nak.yiaddr, nak.ciaddr) == (0, 0)
    assert not nak.options.keys() & {51, 1, 3}
    assert (envelope.destination_ip, envelope.destination_mac) == (ANY, 0xFFFFFFFFFFFF)


def test_a_request_to_another_server_is_none_of_ours() -> None:
    reply = ask(MessageType.REQUEST, {50: packed(ADDRESS), 54: packed(0x0A0000AA)})
    assert reply == Answer("for_another_server")


def test_inform_tells_all_but_an_address() -> None:
    envelope, ack = read(ask(MessageType.INFORM, ciaddr=ADDRESS))
    assert ack.options[53][0] == MessageType.ACK
    assert ack.yiaddr == 0
    assert not ack.options.keys() & {51, 58, 59}
    assert ack.options[6] == bytes((9, 9, 9, 9))
    assert envelope.destination_ip == ADDRESS
    assert ask(MessageType.INFORM, ciaddr=ADDRESS + 1) == Answer("foreign_address")


@pytest.mark.parametrize(("kind", "outcome"), [(MessageType.DECLINE, "declined"), (MessageType.RELEASE, "released")])
def test_decline_and_release_are_noted_in_silence(kind: int, outcome: str) -> None:
    assert ask(kind, {50: packed(ADDRESS), 54: packed(GATEWAY)}) == Answer(outcome)


@pytest.mark.parametrize("kind", [MessageType.OFFER, MessageType.ACK, MessageType.NAK, 0, 99])
def test_what_no_client_says_is_not_answered(kind: int) -> None:
    assert ask(kind) == Answer("malformed")


def test_only_the_ports_own_mac_is_served() -> None:
    assert ask(MessageType.DISCOVER, client_mac=MAC + 1) == Answer("foreign_client")


def test_a_subnet_without_dhcp_is_not_served() -> None:
    assert ask(MessageType.DISCOVER, subnet=msgspec.structs.replace(SUBNET, enable_dhcp=False)) == Answer("not_served")
    assert ask(MessageType.DISCOVER, port=msgspec.structs.replace(PORT, fixed_ips=())) == Answer("not_served")


def test_without_gateway_the_server_has_a_link_local_name_and_no_router_is_told() -> None:
    bare = msgspec.structs.replace(SUBNET, gateway_ip="", host_routes=())
    envelope, offer = read(ask(MessageType.DISCOVER, {55: EVERYTHING}, subnet=bare))
    assert str(ipaddress.IPv4Address(offer.options[54])) == "169.254.0.1"
    assert envelope.source_ip == 0xA9FE0001
    assert 3 not in offer.options
    assert offer.options[121] == offer.options[249] == TO_SERVICES


def test_a_client_that_cannot_take_unicast_gets_broadcast() -> None:
    envelope, offer = read(ask(MessageType.DISCOVER, flags=BROADCAST_FLAG))
    assert (envelope.destination_ip, envelope.destination_mac) == (ANY, 0xFFFFFFFFFFFF)
    assert offer.flags == BROADCAST_FLAG


def test_a_client_with_an_address_gets_unicast_whatever_it_flags() -> None:
    envelope, _ = read(ask(MessageType.REQUEST, ciaddr=ADDRESS, flags=BROADCAST_FLAG))
    assert (envelope.destination_ip, envelope.destination_mac) == (ADDRESS, MAC)


def test_a_relay_is_answered_at_its_address() -> None:
    relay = 0x0A0000F0
    envelope, offer = read(ask(MessageType.DISCOVER, {82: b"\1\1x"}, giaddr=relay))
    assert (envelope.destination_ip, envelope.destination_port, envelope.destination_mac) == (relay, 67, MAC)
    assert (offer.giaddr, offer.options[82]) == (relay, b"\1\1x")
    envelope, nak = read(ask(MessageType.REQUEST, {50: packed(ADDRESS + 1)}, giaddr=relay))
    assert (envelope.destination_ip, nak.flags & BROADCAST_FLAG) == (relay, BROADCAST_FLAG)


@pytest.mark.parametrize("wanted", [ADDRESS, ADDRESS + 1], ids=["in an answer", "in a refusal"])
def test_the_client_identifier_comes_back(wanted: int) -> None:
    _, reply = read(ask(MessageType.REQUEST, {50: packed(wanted), 61: b"\1client"}))
    assert reply.options[61] == b"\1client"


def test_extra_options_override_and_are_sent_unasked() -> None:
    extra = msgspec.structs.replace(
        PORT,
        dhcp_options=(
            ("mtu", "1300", 4),
            ("bootfile-name", "boot.img", 4),
            ("server-ip-address", "10.0.0.77", 4),
            ("nonsense", "1", 4),
        ),
    )
    reply = ask(MessageType.DISCOVER, {55: bytes((1,))}, port=extra)
    _, offer = read(reply)
    assert offer.options[26] == (1300).to_bytes(2, "big")
    assert (offer.options[67], offer.boot_file, offer.siaddr) == (b"boot.img", b"boot.img", 0x0A00004D)
    assert len(reply.ignored_options) == 1


def test_a_port_with_several_addresses_may_ask_for_any_of_them() -> None:
    several = msgspec.structs.replace(PORT, fixed_ips=((SUBNET_ID, "10.0.0.1"), (SUBNET_ID, "10.0.0.2")))
    assert read(ask(MessageType.DISCOVER, port=several))[1].yiaddr == ADDRESS
    assert read(ask(MessageType.DISCOVER, {50: packed(ADDRESS + 1)}, port=several))[1].yiaddr == ADDRESS + 1
    assert kind_of(ask(MessageType.REQUEST, {50: packed(ADDRESS + 1)}, port=several)) == MessageType.ACK


@given(st.integers(0, 65535), st.integers(0, 200))
def test_a_reply_is_no_longer_than_the_client_takes(size: int, routes: int) -> None:
    many = msgspec.structs.replace(
        SUBNET, host_routes=tuple((f"10.{number}.0.0/16", "10.0.0.9") for number in range(routes))
    )
    reply = ask(MessageType.DISCOVER, {57: size.to_bytes(2, "big")}, subnet=many)
    assert reply.frame is not None
    assert len(reply.frame) - 14 <= max(576, min(size, VPC.mtu))
    assert read(reply)[1].options[1] == bytes((255, 255, 255, 0))


requests = st.builds(
    DhcpMessage,
    op=st.just(1),
    transaction=st.integers(0, 2**32 - 1),
    client_mac=st.just(MAC),
    flags=st.integers(0, 65535),
    ciaddr=st.sampled_from((0, ADDRESS, ADDRESS + 1)),
    giaddr=st.sampled_from((0, 0x0A0000F0)),
    options=st.dictionaries(
        st.sampled_from((50, 54, 55, 57, 61, 82, 12)),
        st.sampled_from((packed(ADDRESS), packed(GATEWAY), EVERYTHING)) | st.binary(max_size=300),
        max_size=6,
    ),
)


@given(st.integers(0, 20), requests)
def test_whatever_a_client_says_a_reply_parses_back(kind: int, request: DhcpMessage) -> None:
    request = msgspec.structs.replace(request, options={53: bytes((kind,))} | request.options)
    frame = serialise(Envelope(MAC, 0xFFFFFFFFFFFF, 0, ANY, 68, 67), request)
    reply = answer(PORT, {SUBNET_ID: SUBNET}, VPC, frame, DhcpSettings())
    if reply.frame is not None:
        _, message = read(reply)
        assert (message.op, message.transaction, message.client_mac) == (2, request.transaction, MAC)
        assert message.yiaddr in (0, ADDRESS)


@given(st.binary(max_size=600))
def test_garbage_never_raises(frame: bytes) -> None:
    assert answer(PORT, {SUBNET_ID: SUBNET}, VPC, frame, DhcpSettings()).frame is None
