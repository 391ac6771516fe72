"""Which of Rally's scenarios are run, and with what."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tests.conformance.neutron.cloud import PUBLIC

_LIMITED = ("network", "subnet", "port", "router", "floatingip", "security_group", "security_group_rule")
_SUBNETS = {"subnet_cidr_start": "10.2.0.0/24", "subnets_per_network": 2}
_PORTS = {"ports_per_network": 5}
_DOWN = {"admin_state_up": False}
_OUTSIDE = {"floating_network": PUBLIC}


class Scenario(msgspec.Struct, frozen=True):
    """A scenario, what it is given, and what must be there first (Rally's contexts)."""

    name: str
    arguments: Mapping[str, Any] = {}
    contexts: Mapping[str, Any] = {}


def _networks(name: str, arguments: Mapping[str, Any] = {}, **contexts: Any) -> Scenario:
    return Scenario(f"NeutronNetworks.{name}", arguments, contexts)


SCENARIOS = (
    _networks("create_and_list_networks"),
    _networks("create_and_show_network"),
    _networks("create_and_update_networks", {"network_update_args": _DOWN}),
    _networks("create_and_delete_networks"),
    _networks("create_and_list_subnets", _SUBNETS),
    _networks("create_and_show_subnets", _SUBNETS),
    _networks("create_and_update_subnets", _SUBNETS | {"subnet_update_args": {"enable_dhcp": False}}),
    _networks("create_and_delete_subnets", _SUBNETS),
    _networks("create_and_list_routers", _SUBNETS),
    _networks("create_and_show_routers", _SUBNETS),
    _networks("create_and_update_routers", _SUBNETS | {"router_update_args": _DOWN}),
    _networks("create_and_delete_routers", _SUBNETS),
    # Only administrators make external networks.
    _networks("set_and_clear_router_gateway", {"network_create_args": {"router:external": True}}, roles=["admin"]),
    _networks("create_and_list_ports", _PORTS),
    _networks("create_and_show_ports", _PORTS),
    _networks("create_and_update_ports", _PORTS | {"port_update_args": _DOWN}),
    _networks("create_and_delete_ports", _PORTS),
    # Nor do others delete ports of instances, as Rally does afterwards, by Neutron's policies.
    _networks("create_and_bind_ports", _PORTS, network={}, networking_agents={}, roles=["admin"]),
    _networks("create_and_list_floating_ips", _OUTSIDE),
    _networks("create_and_delete_floating_ips", _OUTSIDE),
    _networks("associate_and_dissociate_floating_ips", _OUTSIDE),
    _networks("list_agents"),
    *(
        Scenario(f"NeutronSecurityGroup.{name}")
        for name in (
            "create_and_list_security_groups",
            "create_and_show_security_group",
            "create_and_delete_security_groups",
            "create_and_update_security_groups",
            "create_and_list_security_group_rules",
            "create_and_show_security_group_rule",
            "create_and_delete_security_group_rule",
        )
    ),
)


def task(scenarios: tuple[Scenario, ...], clients: int, times: int) -> dict[str, Any]:
    """The task, as Rally reads it: one scenario after the other, each so many times by so many clients at once."""
    usual = {
        "users": {"tenants": 3, "users_per_tenant": 1},
        "quotas": {"neutron": dict.fromkeys(_LIMITED, -1)},
    }
    subtasks = [
        {
            "title": each.name,
            "scenario": {each.name: dict(each.arguments)},
            "runner": {"constant": {"times": times, "concurrency": clients}},
            "contexts": usual | dict(each.contexts),
        }
        for each in scenarios
    ]
    return {"version": 2, "title": "Neutron", "subtasks": subtasks}
