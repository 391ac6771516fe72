"""The router: it connects subnets with each other, and with external networks by its gateways."""

from typing import Any

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource
from alcor.model.resources.standard import admin_state, standard_attributes, tags
from alcor.model.rules import ADMIN, ADMIN_OR_PROJECT_MEMBER
from alcor.model.values import boolean, cidr, ip_address, list_of, optional, record, text, uuid

_MOST_FIXED_IPS = 64
_MOST_ROUTES = 30
_MOST_GATEWAYS = 16

fixed_ips = list_of(record({}, {"subnet_id": uuid, "ip_address": ip_address}), _MOST_FIXED_IPS, unique=False)
"""Addresses that a gateway asks for: of a subnet, a certain one, or both."""

_gateway = record(
    {"network_id": uuid}, {"external_fixed_ips": fixed_ips, "enable_snat": boolean, "qos_policy_id": optional(uuid)}
)

_gateways = list_of(_gateway, _MOST_GATEWAYS, unique=False)


def gateways(value: Any) -> list[dict[str, Any]]:
    """Gateways, the first of which is the router's ``external_gateway_info``; an empty object names none.

    The OpenStack client sends that one.
    """
    named: list[dict[str, Any]] = _gateways([] if value == {} else value)
    return named


routes = list_of(record({"destination": cidr, "nexthop": ip_address}), _MOST_ROUTES)
"""Routes beyond those to connected subnets."""


def _gateway_or_none(value: Any) -> dict[str, Any] | None:
    """Null and an empty object both say that there is none."""
    return _gateway(value) if value else None


def flag(value: Any) -> bool:
    """True or false; null is false."""
    return bool(value is not None and boolean(value))


GATEWAY_ACTIONS = ("add_external_gateways", "update_external_gateways", "remove_external_gateways")
_OTHER_ACTIONS = (
    "add_router_interface",
    "remove_router_interface",
    "add_extraroutes",
    "remove_extraroutes",
    *GATEWAY_ACTIONS,
)
_SETTING_ACTIONS = ("add_external_gateways", "update_external_gateways")
_GATEWAY_PARTS = {
    "external_gateways": ADMIN_OR_PROJECT_MEMBER,
    "external_gateways:network_id": ADMIN_OR_PROJECT_MEMBER,
    "external_gateways:enable_snat": ADMIN,
    "external_gateways:external_fixed_ips": ADMIN,
}

ROUTER = Resource(
    "router",
    "routers",
    (
        *standard_attributes(),
        admin_state(),
        Attribute("status", default="ACTIVE", kept=Kept.CONSTANT),
        Attribute(
            "external_gateway_info",
            _gateway_or_none,
            kept=Kept.COMPUTED,
            set_by=ADMIN_OR_PROJECT_MEMBER,
            parts_set_by={
                "network_id": ADMIN_OR_PROJECT_MEMBER,
                "enable_snat": ADMIN,
                "external_fixed_ips": ADMIN,
            },
        ),
        Attribute("external_gateways", kept=Kept.COMPUTED),
        Attribute("enable_snat", column="enable_snat", parse_filter=boolean),
        Attribute("qos_policy_id", default=None),
        Attribute("conntrack_helpers", kept=Kept.COMPUTED),
        Attribute("routes", routes, [], create=False, implied=[]),
        Attribute("distributed", flag, False, set_by=ADMIN, even_default=True, seen_by=ADMIN),
        Attribute("ha", flag, False, set_by=ADMIN, even_default=True, seen_by=ADMIN),
        Attribute("availability_zone_hints", list_of(text(255), 16), [], update=False),
        Attribute("availability_zones", kept=Kept.COMPUTED),
        Attribute("flavor_id", optional(uuid), None, update=False, column="flavor_id", parse_filter=str),
        Attribute("service_type_id", optional(uuid), None, update=False),
        Attribute("enable_ndp_proxy", flag, False, column="enable_ndp_proxy", parse_filter=boolean),
        Attribute("enable_default_route_bfd", flag, False, set_by=ADMIN),
        Attribute("enable_default_route_ecmp", flag, False, set_by=ADMIN),
        tags(create=True),
    ),
    rules=dict.fromkeys(_OTHER_ACTIONS, ADMIN_OR_PROJECT_MEMBER)
    | {f"{action}:{part}": rule for action in _SETTING_ACTIONS for part, rule in _GATEWAY_PARTS.items()},
    extensions=(
        Extension("router", "Neutron L3 Router", "Router abstraction for basic L3 forwarding between L2 Neutron networks and access to external networks via a NAT gateway."),  # noqa: E501
        Extension("ext-gw-mode", "Neutron L3 Configurable external gateway mode", "Extension of the router abstraction for specifying whether SNAT should occur on the external gateway"),  # noqa: E501
        Extension("extraroute", "Neutron Extra Route", "Extra routes configuration for L3 router"),
        Extension("extraroute-atomic", "Atomically add/remove extra routes", "Edit extra routes of a router on server side by atomically adding/removing extra routes"),  # noqa: E501
        Extension("ecmp_routes", "Equal Cost Multipath Routing", "Routes of a router to one destination by way of several next hops"),  # noqa: E501
        Extension("external-gateway-multihoming", "Neutron L3 External Gateway Multihoming", "Allow multiple external gateway ports per router"),  # noqa: E501
        Extension("enable-default-route-bfd", "Enable Default Route BFD", "Enables configurable BFD behavior for default routes"),  # noqa: E501
        Extension("enable-default-route-ecmp", "Enable Default Route ECMP", "Enables configurable ECMP behavior for default routes"),  # noqa: E501
        Extension("dvr", "Distributed Virtual Router", "Enables configuration of Distributed Virtual Routers."),
        Extension("l3-ha", "HA Router extension", "Adds HA capability to routers."),
        Extension("l3-port-ip-change-not-allowed", "Prevent L3 router ports IP address change extension", "Ports keep the addresses that floating IPs are and lead to"),  # noqa: E501
        Extension("qos-gateway-ip", "Router gateway IP QoS", "The Router gateway IP Quality of Service extension"),
        Extension("router-enable-snat", "Router enable_snat", "Routers show the enable_snat of their gateway"),
        Extension("router-service-type", "Router Service Type", "Routers keep the id of a service type"),
        Extension("router-admin-state-down-before-update", "Enforce Router's Admin State Down Before Update Extension", "Ensure that the admin state of a router is DOWN (admin_state_up=False) before updating the distributed attribute"),  # noqa: E501
    ),
)  # fmt: skip
