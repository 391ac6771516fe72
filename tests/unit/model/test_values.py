"""Values of requests: what is taken, in which form it is kept, and what is said of what is not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.model import values
from alcor.model.values import Convert

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = {"a": [value]}
    return value


EVERY: dict[str, Convert] = {
    "boolean": values.boolean,
    "text": values.text(8),
    "name": values.name(8),
    "text or null": values.text_or_null(8),
    "integer": values.integer(1, 9),
    "one of": values.one_of("a", 4),
    "optional": values.optional(values.uuid),
    "uuid": values.uuid,
    "mac address": values.mac_address,
    "ip address": values.ip_address,
    "ipv4 address": values.ipv4_address,
    "cidr": values.cidr,
    "host name": values.host_name,
    "mapping": values.mapping(200),
    "list": values.list_of(values.ip_address, 3),
    "record": values.record({"a": values.boolean}, {"b": values.cidr}),
}


@pytest.mark.parametrize("convert", EVERY.values(), ids=EVERY.keys())
@given(value=json_values | st.sampled_from([nested(8), nested(900), "x" * 10_000, ["x"] * 10_000]))
def test_whatever_comes_is_taken_or_explained_in_short(convert: Convert, value: Any) -> None:
    try:
        kept = convert(value)
    except ValueError as error:
        assert 0 < len(str(error)) < 1000
    else:
        assert convert(kept) == kept  # what was shown to a client can be sent back


@pytest.mark.parametrize(
    ("convert", "value", "kept"),
    [
        (values.boolean, "True", True),
        (values.boolean, 0, False),
        (values.integer(1, 9), "7", 7),
        (values.integer(1, 9), 7.0, 7),
        (values.uuid, "A4B5C6D7-0000-4000-8000-0123456789AB", "a4b5c6d7-0000-4000-8000-0123456789ab"),
        (values.mac_address, "FA-16-3E-00-00-01", "fa:16:3e:00:00:01"),
        (values.ip_address, "2001:DB8:0::1", "2001:db8::1"),
        (values.cidr, "10.0.0.77/24", "10.0.0.0/24"),
        (values.cidr, "2001:db8::1/64", "2001:db8::/64"),
        (values.host_name, "Web-1.Example.org.", "web-1.example.org."),
        (values.text_or_null(9), None, ""),
        *((values.name(9), same, same) for same in ("", "a b", "ü\u00a0ü", "\U0001f427")),
        (values.mapping(99), None, {}),
        (values.list_of(values.boolean, 9), None, []),
    ],
)
def test_values_are_kept_in_one_form(convert: Convert, value: Any, kept: Any) -> None:
    assert convert(value) == kept


@pytest.mark.parametrize(
    ("convert", "value", "reason"),
    [
        (values.boolean, "maybe", "'maybe' cannot be converted to boolean"),
        (values.boolean, None, "cannot be converted"),
        (values.text(3), 4, "'4' is not a valid string"),
        (values.text(3), "abcd", "'abcd' exceeds maximum length of 3"),
        (values.text(3), "a\0b", "NUL"),
        (values.name(3), "abcd", "'abcd' exceeds maximum length of 3"),
        *((values.name(3), wrong, "is not a valid string") for wrong in (" a", "a ", " ", "a\n", "a\tb", "\u2028", 4)),
        (values.integer(1, 9), "x", "'x' is not an integer"),
        (values.integer(1, 9), 1.5, "is not an integer"),
        (values.integer(1, 9), True, "is not an integer"),
        (values.integer(1, 9), 10, "not between 1 and 9"),
        (values.whole_number, 2**63, "not between"),
        (values.one_of("a", 4), True, "is not in"),
        (values.one_of(1), True, "is not in"),
        (values.uuid, "x", "'x' is not a valid UUID"),
        (values.mac_address, "01:00:5e:00:00:01", "one interface"),
        (values.mac_address, "00:00:00:00:00:00", "one interface"),
        (values.mac_address, "fa:16:3e:00:00", "not a valid MAC address"),
        (values.ip_address, "10.0.0.256", "not a valid IP address"),
        (values.ip_address, "fe80::1%eth0", "not a valid IP address"),
        (values.ip_address, 7, "not a valid IP address"),
        (values.cidr, "10.0.0.0", "write address/prefix"),
        (values.cidr, "10.0.0.0/33", "not a valid IP subnet"),
        (values.cidr, "fe80::1%eth0/64", "write address/prefix"),
        (values.host_name, "-a", "not a valid domain name"),
        (values.host_name, "a" * 64, "not a valid domain name"),
        (values.mapping(99), nested(9), "nested too deep"),
        (values.mapping(99), {"a": "x" * 99}, "more than 99 characters"),
        (values.list_of(values.boolean, 1), [True, False], "longer than 1"),
        (values.list_of(values.boolean, 9), [True, 1], "duplicate"),
        (values.record({"a": values.boolean}), {}, "'a' is missing"),
        (values.record({"a": values.boolean}), {"a": True, "b": 1}, "unexpected member 'b'"),
    ],
)
def test_the_reason_says_what_is_wrong(convert: Convert, value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        convert(value)


def test_what_a_mapping_takes_can_be_written_as_json() -> None:
    deepest = {"a": nested(7)}
    assert json.loads(json.dumps(values.mapping(4000)(deepest))) == deepest
