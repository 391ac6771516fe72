"""``openstack network rbac``, and the SDK's RBAC policies."""

from openstack.connection import Connection

from tests.integration.openstack_client.conftest import OpenStack


def test_rbac_commands(openstack: OpenStack) -> None:
    network = openstack.show("network create lent")["id"]
    openstack("security group create lent-group")
    said = "--target-all-projects --action access_as_shared"
    created = openstack.show(f"network rbac create --type network {said} lent")
    assert (created["object_type"], created["object_id"], created["action"]) == ("network", network, "access_as_shared")
    assert openstack.show("network show lent")["shared"] is True
    openstack(f"network rbac create --type security_group {said} lent-group")
    assert len(openstack.show("network rbac list")) == 2
    listed = openstack.show("network rbac list --type network --action access_as_shared")
    assert [each["ID"] for each in listed] == [created["id"]]
    assert openstack.show(f"network rbac show {created['id']}")["target_project_id"] == "*"
    assert "already exists" in openstack.fails(f"network rbac create --type network {said} lent")
    openstack(f"network rbac delete {created['id']}")
    openstack("security group delete lent-group")
    assert openstack.show("network rbac list") == []
    openstack("network delete lent")


def test_the_sdk_shares_an_address_group(endpoint: str) -> None:
    with Connection(auth_type="none", endpoint=endpoint) as cloud:
        group = cloud.network.create_address_group(name="lent", addresses=["192.0.2.0/24"])
        policy = cloud.network.create_rbac_policy(
            object_type="address_group", object_id=group.id, action="access_as_shared", target_project_id="*"
        )
        assert [each.id for each in cloud.network.rbac_policies(object_id=group.id)] == [policy.id]
        assert cloud.network.update_rbac_policy(policy, target_project_id="red").target_project_id == "red"
        cloud.network.delete_rbac_policy(policy)
        cloud.network.delete_address_group(group)
