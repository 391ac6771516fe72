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
