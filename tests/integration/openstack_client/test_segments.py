"""Segments and ranges of VNIs, as people type them."""

from tests.integration.openstack_client.conftest import OpenStack


def test_network_segment_range_commands(openstack: OpenStack) -> None:
    openstack("network segment range create --shared --network-type vxlan --minimum 9000 --maximum 9009 nine")
    openstack("network segment range set nine --minimum 9000 --maximum 9010 --name ten")
    shown = openstack.show("network segment range show ten")
    assert (shown["minimum"], shown["maximum"], shown["available"]) == (9000, 9010, ["9000-9010"])
    assert "ten" in openstack("network segment range list --unused --available")
    openstack("network segment range delete ten")


def test_network_segment_commands(openstack: OpenStack) -> None:
    openstack("network create segmented")
    openstack(
        "network segment create rack --network segmented --network-type vlan --physical-network fabric --segment 7"
    )
    assert openstack.show("network segment show rack")["segmentation_id"] == 7
    openstack("network segment set rack --description seven")
    assert len(openstack.show("network segment list --network segmented")) == 2
    openstack("subnet create racked --network segmented --subnet-range 10.9.0.0/24 --network-segment rack")
    assert "is still associated with subnet" in openstack.fails("network segment delete rack")
    openstack("subnet delete racked")
    openstack("network segment delete rack")
    openstack("network delete segmented")
