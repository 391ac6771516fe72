"""``openstack port``: each verb, with the options people use."""

from collections.abc import Iterator

import httpx
import pytest

from tests.integration.openstack_client.conftest import OpenStack


@pytest.fixture(scope="module", autouse=True)
def ports(openstack: OpenStack, endpoint: str) -> Iterator[None]:
    """A network with two subnets, a node, and two ports for those tests that only look."""
    node = {"host_info": {"node_id": "rack-3", "local_ip": "192.0.2.1"}}
    assert httpx.post(f"{endpoint}/nodes", json=node).status_code == 201
    openstack("network create pond")
    openstack("subnet create shallow --network pond --subnet-range 10.0.0.0/24")
    openstack("subnet create deep --network pond --subnet-range 10.0.1.0/24")
    openstack(
        "port create eel --network pond --fixed-ip subnet=shallow,ip-address=10.0.0.9 --fixed-ip subnet=deep "
        "--mac-address 02:00:00:00:00:01 --host rack-3 --device vm-1 --device-owner compute:nova --disable "
        "--description 'A long one' --vnic-type normal --binding-profile foo=bar --dns-name eel "
        "--allowed-address ip-address=10.0.0.99 "
        "--allowed-address ip-address=10.9.0.0/16,mac-address=02:00:00:00:00:02 "
        "--extra-dhcp-option name=bootfile-name,value=pxe.0 --enable-port-security"
    )
    openstack("port create cod --network pond --no-fixed-ip --disable-port-security --enable")
    yield
    openstack("port delete eel cod")
    openstack("network delete pond")


def test_create_takes_the_options(openstack: OpenStack) -> None:
    shown = openstack.show("port show eel")
    expected = {
        "mac_address": "02:00:00:00:00:01", "binding_host_id": "rack-3", "binding_vif_type": "ovs",
        "device_id": "vm-1", "device_owner": "compute:nova", "admin_state_up": False, "description": "A long one",
        "binding_vnic_type": "normal", "binding_profile": {"foo": "bar"}, "dns_name": "eel", "status": "DOWN",
        "allowed_address_pairs": [
            {"ip_address": "10.0.0.99", "mac_address": "02:00:00:00:00:01"},
            {"ip_address": "10.9.0.0/16", "mac_address": "02:00:00:00:00:02"},
        ],
        "extra_dhcp_opts": [{"opt_name": "bootfile-name", "opt_value": "pxe.0", "ip_version": 4}],
        "port_security_enabled": True,
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected
    assert [fixed_ip["ip_address"] for fixed_ip in shown["fixed_ips"]] == ["10.0.0.9", "10.0.1.2"]
    plain = openstack.show("port show cod")
    assert (plain["fixed_ips"], plain["port_security_enabled"], plain["admin_state_up"]) == ([], False, True)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("", ["cod", "eel"]),
        ("--long", ["cod", "eel"]),
        ("--network pond", ["cod", "eel"]),
        ("--host rack-3", ["eel"]),
        ("--device-id vm-1", ["eel"]),
        ("--device-owner compute:nova", ["eel"]),
        ("--mac-address 02:00:00:00:00:01", ["eel"]),
        ("--fixed-ip ip-address=10.0.0.9", ["eel"]),
        ("--fixed-ip subnet=shallow", ["eel"]),
        ("--fixed-ip subnet=deep,ip-address=10.0.0.9", []),
        ("--status DOWN", ["cod", "eel"]),
        ("--status ACTIVE", []),
        ("--name cod", ["cod"]),
        ("--limit 1 --max-items 2", ["cod", "eel"]),
    ],
)
def test_list_takes_the_filters(openstack: OpenStack, options: str, names: list[str]) -> None:
    assert openstack.names(f"port list {options}") == names


def test_set_unset_and_delete(openstack: OpenStack) -> None:
    openstack("port create p --network pond --fixed-ip subnet=shallow,ip-address=10.0.0.50 --binding-profile a=1")
    openstack(
        "port set p --name q --disable --description D --device vm-2 --device-owner x:y "
        "--mac-address 02:00:00:00:00:09 --fixed-ip subnet=deep,ip-address=10.0.1.50 --binding-profile b=2 "
        "--dns-name q --allowed-address ip-address=10.0.0.98 --extra-dhcp-option name=66,value=192.0.2.9"
    )
    openstack("port set q --host rack-3")
    shown = openstack.show("port show q")
    expected = {
        "admin_state_up": False, "description": "D", "device_id": "vm-2", "device_owner": "x:y",
        "mac_address": "02:00:00:00:00:09", "binding_profile": {"a": "1", "b": "2"}, "dns_name": "q",
        "allowed_address_pairs": [{"ip_address": "10.0.0.98", "mac_address": "02:00:00:00:00:09"}],
        "extra_dhcp_opts": [{"opt_name": "66", "opt_value": "192.0.2.9", "ip_version": 4}],
        "binding_host_id": "rack-3", "binding_vif_type": "ovs", "revision_number": 3,
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected
    assert {fixed_ip["ip_address"] for fixed_ip in shown["fixed_ips"]} == {"10.0.0.50", "10.0.1.50"}

    openstack("port unset q --fixed-ip subnet=shallow,ip-address=10.0.0.50 --binding-profile a")
    openstack("port unset q --allowed-address ip-address=10.0.0.98,mac-address=02:00:00:00:00:09")
    openstack("port unset q --host --device --device-owner")
    shown = openstack.show("port show q")
    assert [fixed_ip["ip_address"] for fixed_ip in shown["fixed_ips"]] == ["10.0.1.50"]
    expected = {
        "binding_profile": {"b": "2"}, "allowed_address_pairs": [], "binding_host_id": "", "device_id": "",
        "device_owner": "", "binding_vif_type": "unbound",
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected

    openstack("port set q --no-fixed-ip --no-binding-profile --no-security-group --disable-port-security --enable")
    shown = openstack.show("port show q")
    assert (shown["fixed_ips"], shown["binding_profile"], shown["port_security_enabled"]) == ([], {}, False)
    openstack("port delete q")
    assert openstack.names("port list") == ["cod", "eel"]


def test_failures_are_explained(openstack: OpenStack) -> None:
    assert "No Port found for nothing" in openstack.fails("port show nothing")
    assert "already allocated in subnet" in openstack.fails(
        "port create x --network pond --fixed-ip ip-address=10.0.0.9"
    )
    assert "The mac address 02:00:00:00:00:01 is in use." in openstack.fails(
        "port create x --network pond --mac-address 02:00:00:00:00:01"
    )
    assert "port is already bound" in openstack.fails("port set eel --mac-address 02:00:00:00:00:07")
    assert "Port Security must be enabled" in openstack.fails("port set eel --disable-port-security")
