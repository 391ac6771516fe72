"""``openstack network``: each verb, with the options people use."""

from collections.abc import Iterator

import pytest

from tests.integration.openstack_client.conftest import OpenStack


@pytest.fixture(scope="module", autouse=True)
def networks(openstack: OpenStack) -> Iterator[None]:
    """Two networks for those tests that only look."""
    openstack(
        "network create blue --provider-network-type vxlan --provider-segment 7777 --mtu 1400 --disable --share "
        "--description 'A blue one' --disable-port-security --external --dns-domain blue.example."
    )
    openstack("network create red --enable --no-share --internal --enable-port-security")
    yield
    openstack("network delete blue red")


def test_create_takes_the_options(openstack: OpenStack) -> None:
    shown = openstack.show("network show blue")
    expected = {
        "name": "blue", "description": "A blue one", "admin_state_up": False, "shared": True, "router:external": True,
        "mtu": 1400, "provider:network_type": "vxlan", "provider:segmentation_id": 7777, "status": "ACTIVE",
        "port_security_enabled": False, "dns_domain": "blue.example.",
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected
    assert openstack.show(f"network show {shown['id']}") == shown


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("", ["blue", "red"]),
        ("--long", ["blue", "red"]),
        ("--external", ["blue"]),
        ("--internal", ["red"]),
        ("--share", ["blue"]),
        ("--no-share", ["red"]),
        ("--enable", ["red"]),
        ("--disable", ["blue"]),
        ("--name red", ["red"]),
        ("--provider-network-type vxlan", ["blue", "red"]),
        ("--provider-segment 7777", ["blue"]),
        ("--provider-physical-network fabric", []),
        ("--limit 1 --max-items 1 --long --external", ["blue"]),
    ],
)
def test_list_takes_the_filters(openstack: OpenStack, options: str, names: list[str]) -> None:
    assert openstack.names(f"network list {options}") == names


def test_set_unset_and_delete(openstack: OpenStack) -> None:
    openstack("network create green")
    openstack(
        "network set green --name lime --disable --share --external --default --mtu 1300 --description lime "
        "--dns-domain lime.example. --disable-port-security"
    )
    shown = openstack.show("network show lime")
    expected = {
        "admin_state_up": False, "shared": True, "router:external": True, "is_default": True, "mtu": 1300,
        "description": "lime", "dns_domain": "lime.example.", "port_security_enabled": False, "revision_number": 2,
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected
    openstack("network set lime --enable --no-share --internal --enable-port-security")
    openstack("network unset lime")
    openstack("network create pink")
    openstack("network delete lime pink")
    assert openstack.names("network list") == ["blue", "red"]


def test_failures_are_explained(openstack: OpenStack) -> None:
    assert "No Network found for nothing" in openstack.fails("network show nothing")
    assert "The tunnel ID 7777 is in use." in openstack.fails(
        "network create x --provider-network-type vxlan --provider-segment 7777"
    )
    assert "segmentation_id out of range (1 through 4094)" in openstack.fails(
        "network create x --provider-network-type vlan --provider-physical-network wires --provider-segment 5000"
    )
    openstack("port create --network red used")
    assert "There are one or more ports still in use on the network" in openstack.fails("network delete red")
    openstack("port delete used")


def test_provider_networks(openstack: OpenStack) -> None:
    openstack(
        "network create tagged --provider-network-type vlan --provider-physical-network wires --provider-segment 7"
    )
    openstack("network create untagged --provider-network-type flat --provider-physical-network wires")
    assert openstack.names("network list --provider-physical-network wires") == ["tagged", "untagged"]
    assert openstack.names("network list --provider-network-type vlan --provider-segment 7") == ["tagged"]
    shown = openstack.show("network show untagged")
    assert (shown["provider:network_type"], shown["provider:segmentation_id"]) == ("flat", None)
    again = "network create again --provider-network-type flat --provider-physical-network wires"
    assert "Physical network wires is in use" in openstack.fails(again)
    openstack("network set tagged --provider-segment 8")
    assert openstack.names("network list --provider-segment 8") == ["tagged"]
    openstack("network delete tagged untagged")


def test_vlan_tags_of_workloads_are_not_carried(openstack: OpenStack) -> None:
    assert "VLAN Transparency" in openstack.fails("network create clear --transparent-vlan")
    openstack("network create opaque --no-transparent-vlan")
    openstack("network delete opaque")
