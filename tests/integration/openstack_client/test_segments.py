"""Ranges of VNIs, as people type them."""

from tests.integration.openstack_client.conftest import OpenStack


def test_network_segment_range_commands(openstack: OpenStack) -> None:
    openstack("network segment range create --shared --network-type vxlan --minimum 9000 --maximum 9009 nine")
    openstack("network segment range set nine --minimum 9000 --maximum 9010 --name ten")
    shown = openstack.show("network segment range show ten")
    assert (shown["minimum"], shown["maximum"], shown["available"]) == (9000, 9010, ["9000-9010"])
    assert "ten" in openstack("network segment range list --unused --available")
    openstack("network segment range delete ten")
