"""``openstack subnet``: each verb, with the options people use."""

from collections.abc import Iterator

import pytest

from tests.integration.openstack_client.conftest import OpenStack


@pytest.fixture(scope="module", autouse=True)
def subnets(openstack: OpenStack) -> Iterator[None]:
    """A network with two subnets for those tests that only look."""
    openstack("network create meadow")
    openstack(
        "subnet create full --network meadow --subnet-range 10.0.0.0/24 --gateway none --no-dhcp --description Full "
        "--allocation-pool start=10.0.0.10,end=10.0.0.20 --allocation-pool start=10.0.0.30,end=10.0.0.40 "
        "--dns-nameserver 192.0.2.53 --dns-nameserver 192.0.2.54 "
        "--host-route destination=198.51.100.0/24,gateway=10.0.0.9 --ip-version 4"
    )
    openstack("subnet create six --network meadow --subnet-range 2001:db8::/64 --ip-version 6 --gateway auto")
    yield
    openstack("network delete meadow")


def test_create_takes_the_options(openstack: OpenStack) -> None:
    shown = openstack.show("subnet show full")
    expected = {
        "cidr": "10.0.0.0/24", "gateway_ip": None, "enable_dhcp": False, "description": "Full", "ip_version": 4,
        "allocation_pools": [
            {"start": "10.0.0.10", "end": "10.0.0.20"}, {"start": "10.0.0.30", "end": "10.0.0.40"}
        ],
        "dns_nameservers": ["192.0.2.53", "192.0.2.54"],
        "host_routes": [{"destination": "198.51.100.0/24", "nexthop": "10.0.0.9"}],
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected
    openstack(
        "subnet create own --network meadow --subnet-range 2001:db8:1::/64 --ip-version 6 "
        "--ipv6-ra-mode slaac --ipv6-address-mode slaac --gateway 2001:db8:1::1"
    )
    shown = openstack.show("subnet show own")
    assert [shown[name] for name in ("ipv6_ra_mode", "ipv6_address_mode", "gateway_ip")] == [
        "slaac", "slaac", "2001:db8:1::1",
    ]  # fmt: skip
    openstack("subnet delete own")


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("", ["full", "six"]),
        ("--long", ["full", "six"]),
        ("--ip-version 4", ["full"]),
        ("--ip-version 6", ["six"]),
        ("--dhcp", ["six"]),
        ("--no-dhcp", ["full"]),
        ("--network meadow", ["full", "six"]),
        ("--gateway 2001:db8::", ["six"]),
        ("--name full", ["full"]),
        ("--subnet-range 10.0.0.0/24", ["full"]),
        ("--subnet-range 10.9.0.0/24", []),
    ],
)
def test_list_takes_the_filters(openstack: OpenStack, options: str, names: list[str]) -> None:
    assert openstack.names(f"subnet list {options}") == names


def test_set_unset_and_delete(openstack: OpenStack) -> None:
    openstack(
        "subnet create s --network meadow --subnet-range 10.1.0.0/24 --gateway none "
        "--allocation-pool start=10.1.0.9,end=10.1.0.9"
    )
    openstack(
        "subnet set s --name t --no-dhcp --gateway 10.1.0.1 --dns-nameserver 192.0.2.1 --description D "
        "--host-route destination=198.51.100.0/24,gateway=10.1.0.9 --allocation-pool start=10.1.0.50,end=10.1.0.60"
    )
    shown = openstack.show("subnet show t")
    expected = {
        "enable_dhcp": False, "gateway_ip": "10.1.0.1", "dns_nameservers": ["192.0.2.1"], "description": "D",
        "host_routes": [{"destination": "198.51.100.0/24", "nexthop": "10.1.0.9"}],
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected
    assert [pool["start"] for pool in shown["allocation_pools"]] == ["10.1.0.9", "10.1.0.50"]

    openstack(
        "subnet set t --no-allocation-pool --allocation-pool start=10.1.0.70,end=10.1.0.71 --dns-nameserver 192.0.2.2"
    )
    openstack("subnet unset t --dns-nameserver 192.0.2.1 --host-route destination=198.51.100.0/24,gateway=10.1.0.9")
    openstack("subnet unset t --gateway")
    shown = openstack.show("subnet show t")
    assert shown["allocation_pools"] == [{"start": "10.1.0.70", "end": "10.1.0.71"}]
    assert (shown["dns_nameservers"], shown["host_routes"], shown["gateway_ip"]) == (["192.0.2.2"], [], None)

    openstack("subnet set t --gateway 10.1.0.1")
    openstack("subnet set t --gateway none --no-dns-nameservers --dhcp")
    shown = openstack.show("subnet show t")
    assert (shown["gateway_ip"], shown["dns_nameservers"], shown["enable_dhcp"]) == (None, [], True)
    openstack("subnet delete t")
    assert openstack.names("subnet list") == ["full", "six"]


def test_failures_are_explained(openstack: OpenStack) -> None:
    assert "overlaps with another subnet" in openstack.fails(
        "subnet create x --network meadow --subnet-range 10.0.0.0/25"
    )
    assert "does not match the ip_version '6'" in openstack.fails(
        "subnet create x --network meadow --subnet-range 10.3.0.0/24 --ip-version 6"
    )
    assert "conflicts with allocation pool" in openstack.fails("subnet set full --gateway 10.0.0.10")
    openstack("port create p --network meadow --fixed-ip subnet=full")
    assert "One or more ports have an IP allocation" in openstack.fails("subnet delete full")
    openstack("port delete p")


def test_subnets_for_certain_ports(openstack: OpenStack) -> None:
    openstack("network create typed")
    openstack("subnet create typed-1 --network typed --subnet-range 10.99.0.0/24 --service-type compute:nova")
    assert openstack.show("subnet show typed-1")["service_types"] == ["compute:nova"]
    assert "No valid service subnet" in openstack.fails("port create idle --network typed")
    openstack("subnet unset typed-1 --service-type compute:nova")
    openstack("port create idle --network typed")
    openstack("port delete idle")
    openstack("network delete typed")


def test_a_dns_service_may_have_addresses(openstack: OpenStack) -> None:
    openstack("subnet create named --network meadow --subnet-range 10.77.0.0/24 --dns-publish-fixed-ip")
    assert openstack.show("subnet show named")["dns_publish_fixed_ip"] is True
    openstack("subnet set named --no-dns-publish-fixed-ip")
    assert openstack.show("subnet show named")["dns_publish_fixed_ip"] is False
    openstack("subnet delete named")
