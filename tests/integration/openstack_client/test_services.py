"""Flavors and metering labels, as people type them."""

from tests.integration.openstack_client.conftest import OpenStack


def test_flavor_commands(openstack: OpenStack) -> None:
    profile = openstack.show("network flavor profile create --metainfo {} --description made")["id"]
    openstack("network flavor create gold --service-type L3_ROUTER_NAT")
    openstack(f"network flavor add profile gold {profile}")
    assert openstack.show("network flavor show gold")["service_profile_ids"] == [profile]
    openstack("router create gilded --flavor-id gold")
    assert "is used by some service instance" in openstack.fails("network flavor delete gold")
    openstack("router delete gilded")
    openstack(f"network flavor remove profile gold {profile}")
    openstack(f"network flavor profile delete {profile}")
    openstack("network flavor delete gold")
    assert "alcor" in openstack("network service provider list")


def test_metering_commands(openstack: OpenStack) -> None:
    openstack("network meter create web --share")
    openstack("network meter rule create web --remote-ip-prefix 10.0.0.0/8 --ingress")
    assert openstack.show("network meter rule list")[0]["Remote IP Prefix"] == "10.0.0.0/8"
    openstack("network meter delete web")
    assert openstack.show("network meter rule list") == []


def test_conntrack_helper_commands(openstack: OpenStack) -> None:
    openstack("router create helped")
    command = "network l3 conntrack helper"
    helper = openstack.show(f"{command} create helped --helper ftp --protocol tcp --port 21")["id"]
    openstack(f"{command} set helped {helper} --port 2121")
    assert openstack.show(f"{command} show helped {helper}")["port"] == 2121
    assert "is not allowed" in openstack.fails(f"{command} create helped --helper teapot --protocol tcp --port 1")
    (listed,) = openstack.show(f"{command} list helped --helper ftp")
    assert (listed["ID"], listed["Port"]) == (helper, 2121)
    openstack(f"{command} delete helped {helper}")
    assert openstack.show(f"{command} list helped") == []
    openstack("router delete helped")


def test_extensions_are_listed_and_shown(openstack: OpenStack) -> None:
    assert "standard-attr-tag" in openstack("extension list --network -f value -c Alias")
    assert openstack.show("extension show qos")["alias"] == "qos"
