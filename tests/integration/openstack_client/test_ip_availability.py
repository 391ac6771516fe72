"""``openstack ip availability``."""

from tests.integration.openstack_client.conftest import OpenStack


def test_addresses_are_shown_and_listed(openstack: OpenStack) -> None:
    openstack("network create meadow")
    openstack("subnet create grass --network meadow --subnet-range 10.5.0.0/28")
    openstack("port create cow --network meadow")
    shown = openstack.show("ip availability show meadow")
    assert (shown["network_name"], shown["total_ips"], shown["used_ips"]) == ("meadow", 13, 1)
    assert [subnet["subnet_name"] for subnet in shown["subnet_ip_availability"]] == ["grass"]
    assert shown["ip_availability_details"] == {
        "total_ips_in_subnet": 14, "total_ips_in_allocation_pool": 13,
        "used_ips_in_subnet": 1, "used_ips_in_allocation_pool": 1,
    }  # fmt: skip
    assert "meadow" in openstack("ip availability list")
    assert "meadow" not in openstack("ip availability list --ip-version 6")
    openstack("port delete cow")
    openstack("network delete meadow")
