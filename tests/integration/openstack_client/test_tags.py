"""``--tag`` of every resource that can have tags, and lists by them."""

import pytest

from tests.integration.openstack_client.conftest import OpenStack


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("network", ""),
        ("subnet", "--network home --subnet-range 10.7.0.0/24"),
        ("port", "--network home"),
        ("router", ""),
        ("security group", ""),
    ],
)
def test_tags_are_set_unset_and_looked_for(openstack: OpenStack, kind: str, options: str) -> None:
    openstack("network create home")
    openstack(f"{kind} create --tag red --tag blue {options} tagged")
    openstack(f"{kind} create --no-tag {options.replace('10.7', '10.8')} plain")
    assert sorted(openstack.show(f"{kind} show tagged")["tags"]) == ["blue", "red"]
    assert openstack.names(f"{kind} list --tags red,blue") == ["tagged"]
    assert openstack.names(f"{kind} list --any-tags red,green") == ["tagged"]
    assert "tagged" not in openstack.names(f"{kind} list --not-tags red,blue")
    assert "tagged" not in openstack.names(f"{kind} list --not-any-tags red,green")
    openstack(f"{kind} unset --tag red tagged")
    openstack(f"{kind} set --tag green tagged")
    assert sorted(openstack.show(f"{kind} show tagged")["tags"]) == ["blue", "green"]
    openstack(f"{kind} set --no-tag tagged")
    assert openstack.show(f"{kind} show tagged")["tags"] == []
    openstack(f"{kind} delete tagged plain")
    openstack("network delete home")
