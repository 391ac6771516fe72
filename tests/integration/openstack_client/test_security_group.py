"""``openstack security group``, its rules and templates, and ``openstack address group``."""

from tests.integration.openstack_client.conftest import OpenStack


def test_groups_rules_and_members(openstack: OpenStack) -> None:
    openstack("security group create web --description Web --stateless")
    shown = openstack.show("security group show web")
    assert (shown["description"], shown["stateful"], len(shown["rules"])) == ("Web", False, 2)
    openstack("security group set web --name www")
    assert openstack.names("security group list") == ["default", "www"]
    rule = openstack.show(
        "security group rule create www --ingress --protocol tcp --dst-port 80:88 --remote-ip 10.0.0.0/8"
    )
    assert (rule["port_range_min"], rule["port_range_max"], rule["remote_ip_prefix"]) == (80, 88, "10.0.0.0/8")
    assert "already exists" in openstack.fails(
        "security group rule create www --ingress --protocol 6 --dst-port 80:88 --remote-ip 10.0.0.0/8"
    )
    openstack("network create moat")
    openstack("port create gate --network moat --security-group www")
    assert openstack.names(f"port list --security-group {shown['id']}") == ["gate"]
    assert "in use" in openstack.fails("security group delete www")
    openstack("port set gate --no-security-group")
    openstack(f"security group rule delete {rule['id']}")
    openstack("security group delete www")
    openstack("port delete gate")
    openstack("network delete moat")


def test_whether_new_groups_are_stateful(openstack: OpenStack) -> None:
    setting = openstack.show("security group default statefulness create --stateless")
    assert (setting["stateful"], setting["project_id"]) == (False, None)
    assert openstack.show("security group create lax")["stateful"] is False
    assert "already exists" in openstack.fails("security group default statefulness create --stateful")
    openstack(f"security group default statefulness set {setting['id']} --stateful")
    assert openstack.show(f"security group default statefulness show {setting['id']}")["stateful"] is True
    assert setting["id"] in openstack("security group default statefulness list")
    openstack(f"security group default statefulness delete {setting['id']}")
    openstack("security group delete lax")


def test_templates_and_address_groups(openstack: OpenStack) -> None:
    template = openstack.show("default security group rule create --ingress --protocol icmp --for-default-sg")
    assert (template["protocol"], template["used_in_default_sg"]) == ("icmp", True)
    openstack(f"default security group rule delete {template['id']}")
    openstack("address group create offices --address 192.0.2.0/24 --address 198.51.100.0/24")
    openstack("address group set offices --address 203.0.113.0/24")
    openstack("address group unset offices --address 192.0.2.0/24")
    assert openstack.show("address group show offices")["addresses"] == ["198.51.100.0/24", "203.0.113.0/24"]
    openstack("address group delete offices")
