"""Prefixes are the set of addresses they stand for, as few as may be."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.model.address_plan import Network
from alcor.model.prefixes import common, less, merged

BASES = {4: 10 << 24, 6: 0x20010DB8 << 96}


def some(version: int) -> st.SearchStrategy[list[Network]]:
    """Prefixes within 32 neighbouring addresses."""
    bits = 32 if version == 4 else 128

    def network(offset: int, length: int) -> Network:
        return ipaddress.ip_network(((BASES[version] + offset).to_bytes(bits // 8), bits - length), strict=False)

    return st.lists(st.builds(network, st.integers(0, 31), st.integers(0, 4)))


def members(prefixes: list[Network]) -> set[int]:
    return {int(address) for each in prefixes for address in each}


def is_shortest(prefixes: list[Network]) -> bool:
    halves = [each.supernet() for each in prefixes]
    return prefixes == sorted(prefixes, key=int_of) and len(set(halves)) == len(halves)


def int_of(prefix: Network) -> int:
    return int(prefix.network_address)


@pytest.mark.parametrize("version", [4, 6])
@given(data=st.data())
def test_sets_of_addresses(version: int, data: st.DataObject) -> None:
    these, those = data.draw(some(version)), data.draw(some(version))
    for found, wanted in (
        (merged(these), members(these)),
        (less(these, those), members(these) - members(those)),
        (common(these, those), members(these) & members(those)),
    ):
        assert members(found) == wanted
        assert sum(each.num_addresses for each in found) == len(wanted)
        assert is_shortest(found)
