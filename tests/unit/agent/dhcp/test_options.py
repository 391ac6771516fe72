"""Options are written as clients expect them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.dhcp.options import classless_routes, domain_labels, extra_options


def test_classless_routes_are_as_rfc_3442_shows_them() -> None:
    routes = [("10.17.0.0/16", "10.0.0.1"), ("10.27.129.0/24", "10.0.0.2"), ("10.229.0.128/25", "10.0.0.3")]
    expected = bytes((16, 10, 17, 10, 0, 0, 1, 24, 10, 27, 129, 10, 0, 0, 2, 25, 10, 229, 0, 128, 10, 0, 0, 3))
    assert classless_routes(routes, "") == expected


def test_the_default_route_is_among_them() -> None:
    assert classless_routes([("10.0.0.0/8", "10.0.0.2")], "10.0.0.1")[-5:] == bytes((0, 10, 0, 0, 1))


def test_a_default_route_of_their_own_wins() -> None:
    assert classless_routes([("0.0.0.0/0", "10.0.0.9")], "10.0.0.1") == bytes((0, 10, 0, 0, 9))


def test_without_routes_there_is_no_option() -> None:
    assert classless_routes([], "10.0.0.1") == b""
    assert classless_routes([("2001:db8::/64", "2001:db8::1")], "10.0.0.1") == b""


def test_domain_names_are_labels() -> None:
    assert domain_labels("eng.example,example.") == b"\3eng\7example\0\7example\0"


@pytest.mark.parametrize(
    ("name", "value", "encoded"),
    [
        ("mtu", "1400", {26: b"\x05\x78"}),
        ("dns-server", "10.0.0.2,10.0.0.3", {6: bytes((10, 0, 0, 2, 10, 0, 0, 3))}),
        ("bootfile-name", "pxelinux.0", {67: b"pxelinux.0"}),
        ("tftp-server", "10.0.0.5", {66: b"10.0.0.5"}),
        ("domain-name", "example.org", {15: b"example.org"}),
        ("domain-search", "a.b", {119: b"\1a\1b\0"}),
        ("ip-forward-enable", "true", {19: b"\1"}),
        ("lease-time", "600", {51: bytes((0, 0, 2, 88))}),
        ("classless-static-route", "10.1.0.0/16,10.0.0.7", {121: bytes((16, 10, 1, 10, 0, 0, 7))}),
        ("26", "1400", {26: b"\x05\x78"}),
        ("option:26", "0x578", {26: b"\x05\x78"}),
        ("150", "10.0.0.6", {150: bytes((10, 0, 0, 6))}),
        ("224", "10.0.0.6", {224: bytes((10, 0, 0, 6))}),
        ("224", "de:ad", {224: b"\xde\xad"}),
        ("224", "any text", {224: b"any text"}),
    ],
)
def test_options_by_neutrons_names_and_by_number(name: str, value: str, encoded: dict[int, bytes]) -> None:
    extra = extra_options([(name, value, 4)])
    assert (extra.options, extra.ignored) == (encoded, ())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mtu", "big"),
        ("mtu", "70000"),
        ("dns-server", "2001:db8::1"),
        ("no-such", "1"),
        ("53", "1"),
        ("54", "10.0.0.1"),
        ("256", "1"),
        ("router", ""),
        ("domain-search", "a..b"),
        ("classless-static-route", "10.0.0.0/8"),
        ("server-ip-address", "here"),
    ],
)
def test_what_makes_no_sense_is_named(name: str, value: str) -> None:
    extra = extra_options([(name, value, 4)])
    assert extra.options == {}
    assert extra.ignored[0].startswith(f"{name}={value}: ")


def test_options_of_ipv6_are_left_out() -> None:
    assert extra_options([("dns-server", "2001:db8::1", 6)]).options == {}


@given(
    st.lists(st.tuples(st.sampled_from(("mtu", "router", "119", "121", "43", "x")) | st.text(), st.text(), st.just(4)))
)
def test_no_value_raises(requested: list[tuple[str, str, int]]) -> None:
    extra_options(requested)
