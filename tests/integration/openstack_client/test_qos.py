"""QoS policies, as people type them."""

from tests.integration.openstack_client.conftest import OpenStack


def test_qos_policy_commands(openstack: OpenStack) -> None:
    openstack("network qos policy create gold --share")
    openstack("network qos rule create gold --type bandwidth-limit --max-kbps 1000 --egress")
    limit = openstack.show("network qos rule list gold")[0]["ID"]
    openstack(f"network qos rule set gold {limit} --max-kbps 2000")
    assert openstack.show(f"network qos rule show gold {limit}")["max_kbps"] == 2000
    openstack("network create gilded --qos-policy gold")
    assert "is used by network" in openstack.fails("network qos policy delete gold")
    openstack("network set gilded --no-qos-policy")
    openstack(f"network qos rule delete gold {limit}")
    openstack("network qos policy set gold --no-share --default")
    policy = openstack.show("network qos policy show gold")
    assert (policy["shared"], policy["is_default"], policy["rules"]) == (False, True, [])
    assert "dscp_marking" in openstack("network qos rule type list")
    assert openstack.show("network qos rule type show dscp_marking")["rule_type_name"] == "dscp_marking"
    openstack("network qos policy delete gold")
    openstack("network delete gilded")
