"""Who may do what with ports: members of the port's project, owners of its network, services."""

import pytest

from alcor.api.identity.policy import RulePolicy, default_rules
from alcor.model.context import Context
from alcor.model.resources.port import PORT

POLICY = RulePolicy(default_rules([PORT]))
OWN_NETWORK = {"project_id": "p", "network:project_id": "p", "device_owner": ""}
SHARED_NETWORK = OWN_NETWORK | {"network:project_id": "other", "shared": True}
EXTERNAL_NETWORK = OWN_NETWORK | {"network:project_id": "other", "shared": False}


def may(rule: str, target: dict[str, object], *roles: str, service_roles: tuple[str, ...] = ()) -> bool:
    held = frozenset(roles)
    caller = Context("p", roles=held, is_admin=False, service_roles=frozenset(service_roles), policy=POLICY)
    return caller.may(rule, target)


def test_members_create_ports_on_their_networks_and_on_shared_ones() -> None:
    assert may("create_port", OWN_NETWORK, "member")
    assert may("create_port", SHARED_NETWORK, "member")
    assert not may("create_port", EXTERNAL_NETWORK, "member")
    assert not may("create_port", OWN_NETWORK, "reader")


@pytest.mark.parametrize(
    "attribute", ["mac_address", "fixed_ips:ip_address", "port_security_enabled", "allowed_address_pairs"]
)
def test_only_owners_of_the_network_choose_what_could_harm_others(attribute: str) -> None:
    assert may(f"create_port:{attribute}", OWN_NETWORK, "member")
    assert not may(f"create_port:{attribute}", SHARED_NETWORK, "member")
    assert may(f"create_port:{attribute}", SHARED_NETWORK, "service")


def test_only_owners_of_the_network_call_a_port_a_network_device() -> None:
    router_port = SHARED_NETWORK | {"device_owner": "network:router_interface"}
    assert not may("update_port:device_owner", router_port, "member")
    assert may("update_port:device_owner", router_port | {"network:project_id": "p"}, "member")
    assert may("update_port:device_owner", SHARED_NETWORK | {"device_owner": "compute:nova"}, "member")


def test_hosts_are_the_business_of_administrators_and_services() -> None:
    for rule in ("create_port:binding:host_id", "get_port:binding:vif_details", "get_port:binding:profile"):
        assert not may(rule, OWN_NETWORK, "member")
        assert may(rule, OWN_NETWORK, "admin") and may(rule, OWN_NETWORK, "service")
    assert not may("update_port:binding:profile", OWN_NETWORK, "admin")


def test_members_delete_a_workloads_port_only_through_the_service_that_runs_it() -> None:
    in_use = OWN_NETWORK | {"device_owner": "compute:nova"}
    assert may("delete_port", OWN_NETWORK, "member")
    assert not may("delete_port", in_use, "member")
    assert may("delete_port", in_use, "member", service_roles=("service",))
    assert may("delete_port", in_use, "admin") and may("delete_port", in_use, "service")


def test_services_are_shown_the_resources_of_every_project() -> None:
    assert POLICY.is_admin(Context("services", roles=frozenset({"service"}), is_admin=False))
    assert not POLICY.is_admin(Context("p", roles=frozenset({"member"}), is_admin=False))
