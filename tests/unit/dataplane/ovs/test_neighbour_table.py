"""The kernel's news of neighbours and addresses, as rtnetlink(7) lays them out."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane.ovs.neighbour_table import Address, Neighbour, decode

NEW_NEIGHBOUR, NEW_ADDRESS, DELETE_ADDRESS, NEW_LINK = 28, 20, 21, 16
REACHABLE, FAILED = 0x02, 0x20
INET, INET6 = 2, 10


def attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def news(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body


def neighbour(state: int = REACHABLE, family: int = INET, mac: bytes = b"\xfa\x16\x3e\0\0\1") -> bytes:
    return news(
        NEW_NEIGHBOUR,
        struct.pack("=BxxxiHBB", family, 3, state, 0, 1) + attribute(1, b"\xc0\0\2\1") + attribute(2, mac),
    )


def address(kind: int) -> bytes:
    return news(kind, struct.pack("=BBBBi", INET, 24, 0, 0, 3) + attribute(2, b"\xc0\0\2\1"))


def test_neighbours_and_addresses_are_read_in_their_order() -> None:
    data = address(NEW_ADDRESS) + news(NEW_LINK, bytes(32)) + neighbour() + address(DELETE_ADDRESS)
    assert list(decode(data)) == [
        Address(3, 0xC0000201, True),
        Neighbour(3, 0xC0000201, 0xFA163E000001),
        Address(3, 0xC0000201, False),
    ]


def test_a_neighbour_the_kernel_does_not_believe_is_none() -> None:
    for unbelieved in (neighbour(FAILED), neighbour(family=INET6), neighbour(mac=b"")):
        assert list(decode(unbelieved)) == []


@given(
    st.lists(st.sampled_from([neighbour(), address(NEW_ADDRESS), neighbour(FAILED)]), max_size=3).map(b"".join),
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 255)), max_size=4),
    st.integers(0, 150),
)
def test_whatever_comes_is_read_or_passed_over(data: bytes, changes: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        if place < len(damaged):
            damaged[place] = value
    for event in decode(bytes(damaged[:length])):
        assert event.ipv4 < 1 << 32
