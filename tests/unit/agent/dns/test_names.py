"""Names of ports are made of addresses as the API makes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.dns.names import address_in, contains, domain_of, name_of
from alcor.agent.services.name_servers import name_servers
from alcor.model.addresses import ip_bytes
from alcor.model.goal_state import Vpc
from tests.unit.agent.goal_states import subnet


@pytest.mark.parametrize(
    ("name", "address"),
    [("host-10-0-0-5", "10.0.0.5"), ("host-fd00--5", "fd00::5"), ("host-2001-db8-0-1-2-3-4-5", "2001:db8:0:1:2:3:4:5")],
)
def test_a_port_without_a_name_is_called_after_its_address(name: str, address: str) -> None:
    assert name_of(ip_bytes(address)) == name
    assert address_in(name) == ip_bytes(address)


@given(st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16))
def test_every_address_has_a_name_that_is_found(address: bytes) -> None:
    assert address_in(name_of(address)) == address


@given(st.text(max_size=60) | st.text("0123456789abcdef-.:", max_size=60).map("host-".__add__))
def test_what_is_no_address_is_none(name: str) -> None:
    found = address_in(name)
    assert found is None or len(found) in (4, 16)


@pytest.mark.parametrize("name", ["web", "host-", "host-10-0-0", "host-10-0-0-500", "host-1-2-3-4-5", "10-0-0-5"])
def test_other_names_are_of_no_address(name: str) -> None:
    assert address_in(name) is None


def test_a_vpc_without_a_domain_has_neutrons() -> None:
    assert domain_of(Vpc(bytes(16), 1, 1450, "Cloud.Example.")) == "cloud.example"
    assert domain_of(Vpc(bytes(16), 1, 1450)) == domain_of(None) == "openstacklocal"


def test_addresses_are_in_subnets_of_their_version() -> None:
    assert contains("10.0.0.0/24", ip_bytes("10.0.0.5")) and contains("fd00::/64", ip_bytes("fd00::5"))
    assert not contains("10.0.0.0/24", ip_bytes("10.0.1.5")) and not contains("::/0", ip_bytes("10.0.0.5"))


@pytest.mark.parametrize(
    ("servers", "ipv4", "ipv6"),
    [
        ((), ["169.254.169.254"], ["fe80::a9fe:a9fe"]),
        (("192.0.2.1", "2001:db8::1"), ["192.0.2.1"], ["2001:db8::1"]),
        (("192.0.2.1",), ["192.0.2.1"], []),
        (("0.0.0.0",), [], []),
    ],
)
def test_a_subnet_without_name_servers_has_the_host(servers: tuple[str, ...], ipv4: list[str], ipv6: list[str]) -> None:
    subnets = [subnet(dns_nameservers=servers)] * 2
    assert (name_servers(subnets, 4), name_servers(subnets, 6)) == (ipv4, ipv6)
