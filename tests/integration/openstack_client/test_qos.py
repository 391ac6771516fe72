"""QoS policies, as people type them."""

import pytest

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


@pytest.mark.parametrize(
    ("kind", "options", "change", "value"),
    [
        ("bandwidth-limit", "--max-kbps 100 --max-burst-kbits 80 --ingress", "--max-kbps 200", ("max_kbps", 200)),
        ("dscp-marking", "--dscp-mark 8", "--dscp-mark 16", ("dscp_mark", 16)),
        ("minimum-bandwidth", "--min-kbps 100 --egress", "--min-kbps 200", ("min_kbps", 200)),
        ("minimum-packet-rate", "--min-kpps 100 --any", "--min-kpps 200", ("min_kpps", 200)),
    ],
)
def test_rules_of_each_type(openstack: OpenStack, kind: str, options: str, change: str, value: tuple[str, int]) -> None:
    openstack("network qos policy create silver")
    made = openstack.show(f"network qos rule create silver --type {kind} {options}")["id"]
    openstack(f"network qos rule set silver {made} {change}")
    name, changed = value
    assert openstack.show(f"network qos rule show silver {made}")[name] == changed
    assert [(rule["ID"], rule["Type"]) for rule in openstack.show("network qos rule list silver")] == [
        (made, kind.replace("-", "_"))
    ]
    openstack(f"network qos rule delete silver {made}")
    openstack("network qos policy delete silver")
