"""``openstack subnet pool`` and ``address scope``, and the SDK's."""

from openstack.connection import Connection

from tests.integration.openstack_client.conftest import OpenStack


def test_subnet_pool_commands(openstack: OpenStack) -> None:
    openstack("address scope create everywhere --ip-version 4")
    openstack("address scope set everywhere --name anywhere")
    assert [each["Name"] for each in openstack.show("address scope list --ip-version 4")] == ["anywhere"]
    openstack("subnet pool create lab --pool-prefix 10.96.0.0/16 --default-prefix-length 24 --address-scope anywhere")
    openstack("subnet pool set lab --pool-prefix 10.97.0.0/16 --default-quota 600 --description d --tag t")
    shown = openstack.show("subnet pool show lab")
    assert (shown["prefixes"], shown["default_quota"]) == (["10.96.0.0/15"], 600)
    assert [each["Name"] for each in openstack.show("subnet pool list --tags t --no-share")] == ["lab"]
    openstack("network create pooled")
    openstack("subnet create pooled-1 --network pooled --subnet-pool lab")
    assert openstack.show("subnet create pooled-2 --network pooled --subnet-pool lab --prefix-length 25")["cidr"] == (
        "10.96.1.0/25"
    )
    assert "quota exceeded" in openstack.fails("subnet create more --network pooled --subnet-pool lab")
    assert openstack.show("network show pooled")["ipv4_address_scope"] == shown["address_scope_id"]
    assert "existing allocations" in openstack.fails("subnet pool delete lab")
    openstack("network delete pooled")
    openstack("subnet pool set lab --no-address-scope")
    openstack("subnet pool unset lab --tag t")
    openstack("address scope delete anywhere")
    openstack("subnet pool delete lab")


def test_a_default_pool(openstack: OpenStack) -> None:
    openstack("subnet pool create usual --pool-prefix 2001:db8:a::/48 --default --share")
    openstack("network create defaulted")
    made = openstack.show("subnet create usual-1 --network defaulted --ip-version 6 --use-default-subnet-pool")
    assert (made["cidr"], made["ip_version"]) == ("2001:db8:a::/64", 6)
    openstack("network delete defaulted")
    openstack("subnet pool set usual --no-default")
    openstack("subnet pool delete usual")


def test_the_sdk_drives_pools_and_scopes(endpoint: str) -> None:
    with Connection(auth_type="none", endpoint=endpoint) as cloud:
        scope = cloud.network.create_address_scope(name="sdk", ip_version=4)
        pool = cloud.network.create_subnet_pool(
            name="sdk", prefixes=["10.98.0.0/16"], default_prefixlen=24, address_scope_id=scope.id
        )
        assert (pool.default_prefix_length, pool.ip_version) == (24, 4)
        network = cloud.network.create_network(name="sdk-pooled")
        subnet = cloud.network.create_subnet(
            network_id=network.id, subnet_pool_id=pool.id, prefix_length=26, ip_version=4
        )
        assert (subnet.cidr, subnet.subnet_pool_id) == ("10.98.0.0/26", pool.id)
        assert [each.id for each in cloud.network.subnet_pools(address_scope_id=scope.id)] == [pool.id]
        assert cloud.network.update_subnet_pool(pool, name="renamed").name == "renamed"
        cloud.network.delete_network(network)
        cloud.network.delete_subnet_pool(pool)
        cloud.network.delete_address_scope(scope)


def test_the_sdk_asks_for_a_network_that_works_at_once(endpoint: str) -> None:
    with Connection(auth_type="none", endpoint=endpoint) as cloud:
        outside = cloud.network.create_network(name="way-out", is_router_external=True, is_default=True)
        cloud.network.create_subnet(network_id=outside.id, cidr="198.51.100.0/24", ip_version=4)
        pool = cloud.network.create_subnet_pool(
            name="ready", prefixes=["10.95.0.0/16"], default_prefixlen=26, is_default=True
        )
        assert cloud.network.validate_auto_allocated_topology("blue").id == "dry-run=pass"
        made = cloud.network.get_auto_allocated_topology("blue")
        assert cloud.network.get_network(made.id).project_id == "blue"
        cloud.network.delete_auto_allocated_topology("blue")
        assert cloud.network.find_network(made.id) is None
        cloud.network.delete_network(outside)
        cloud.network.delete_subnet_pool(pool)
