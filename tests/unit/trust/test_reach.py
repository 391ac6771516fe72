"""Certificates are shown where others than this machine's programs may be behind an address."""

import pytest

from alcor.channels.trust.reach import enrolment_beside, is_beyond_this_machine


@pytest.mark.parametrize("address", ["unix:/run/agents", "127.0.0.1:9697", "127.9.9.9:1", "[::1]:9697", "localhost:1"])
def test_an_address_of_this_machine_needs_none(address: str) -> None:
    assert not is_beyond_this_machine(address)


@pytest.mark.parametrize("address", ["0.0.0.0:9697", "[::]:9697", "192.0.2.1:9697", "[2001:db8::1]:1", "controllers:1"])
def test_any_other_does(address: str) -> None:
    assert is_beyond_this_machine(address)


@pytest.mark.parametrize(
    ("address", "beside"),
    [("192.0.2.1:9697", "192.0.2.1:9698"), ("[::1]:1", "[::1]:2"), ("unix:/run/agents", "unix:/run/agents.join")],
)
def test_hosts_join_beside_the_southbound_address(address: str, beside: str) -> None:
    assert enrolment_beside(address) == beside


def test_where_there_is_no_port_beside_it_has_to_be_said() -> None:
    with pytest.raises(ValueError):
        enrolment_beside("192.0.2.1:65535")
