"""The arithmetic of a subnet's addresses."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.model import address_plan
from alcor.model.address_plan import Network
from alcor.model.errors import AlcorError

networks = st.one_of(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(16, 32)).map(
        lambda given: ipaddress.IPv4Network(given, strict=False)
    ),
    st.tuples(st.integers(0, 2**128 - 1), st.integers(48, 128)).map(
        lambda given: ipaddress.IPv6Network(given, strict=False)
    ),
)


def size(ranges: list[tuple[int, int]]) -> int:
    return sum(last - first + 1 for first, last in ranges)


@given(networks)
def test_the_default_pools_are_all_usable_addresses_but_the_gateways(network: Network) -> None:
    first, last = address_plan.usable(network)
    assert int(network.network_address) <= first <= last <= int(network.broadcast_address)
    assert size(address_plan.default_pools(network, None)) == last - first + 1
    for gateway in (first, (first + last) // 2, last):
        pools = address_plan.default_pools(network, address_plan.address_text(network.version, gateway))
        assert size(pools) == last - first
        assert all(low <= high and not low <= gateway <= high for low, high in pools)


@given(networks)
def test_what_is_made_by_default_is_taken_when_given(network: Network) -> None:
    try:
        address_plan.check_range(network)
    except AlcorError:
        return
    gateway = address_plan.default_gateway(network)
    pools = address_plan.default_pools(network, gateway)
    address_plan.check_gateway(network, gateway, pools)
    views = address_plan.pool_views(network.version, pools)
    assert address_plan.given_pools(network, views, str(network)) == pools
    assert address_plan.pool_ranges(views) == pools


@pytest.mark.parametrize(
    ("cidr", "usable"),
    [
        ("10.0.0.0/24", ("10.0.0.1", "10.0.0.254")),
        ("10.0.0.0/30", ("10.0.0.1", "10.0.0.2")),
        ("10.0.0.0/31", ("10.0.0.0", "10.0.0.1")),  # RFC 3021
        ("10.0.0.7/32", ("10.0.0.7", "10.0.0.7")),
        ("2001:db8::/64", ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff")),
        ("2001:db8::/127", ("2001:db8::", "2001:db8::1")),  # RFC 6164
        ("2001:db8::7/128", ("2001:db8::7", "2001:db8::7")),
    ],
)
def test_usable_addresses(cidr: str, usable: tuple[str, str]) -> None:
    first, last = (int(ipaddress.ip_address(address)) for address in usable)
    assert address_plan.usable(ipaddress.ip_network(cidr)) == (first, last)


def test_the_interface_identifier_is_that_of_rfc_4291() -> None:
    """The example of its appendix A: the universal bit is inverted, FFFE goes in the middle."""
    prefix = int(ipaddress.IPv6Address("2001:db8::"))
    address = address_plan.interface_identifier(prefix, 0x34567890ABCD)
    assert str(ipaddress.IPv6Address(address)) == "2001:db8::3656:78ff:fe90:abcd"
