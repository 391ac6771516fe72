"""What both are asked: to make one of everything, then each attribute of each kind as many odd things.

No request depends on what the one before it led to: what it makes is deleted, and what it changes is changed back.
"""

from typing import Any

import msgspec

ABSENT = "6a7b8c9d-0000-4000-8000-000000000001"

ODD: tuple[Any, ...] = (
    None, "", "x", 0, -1, 1.5, True, [], {}, ["x"], [None], {"a": 1}, "a" * 256, "a\0b", "10.0.0.300", 2**70, ABSENT,
    "fa:16:3e:00:00:zz",
)  # fmt: skip
"""Of the wrong type, too long, too large, or not there."""

APT: tuple[Any, ...] = (
    1400, ["10.0.0.5"], "10.0.0.5", "fa:16:3e:00:11:22", "{policy}", "{network}", "{other}", "{external}", "{subnet}",
    "{group}", "{port}", "{router}", ["{group}"], [{"subnet_id": "{subnet}"}], [{"subnet_id": "{elsewhere}"}],
    [{"ip_address": "10.0.0.99"}], [{"ip_address": "10.0.0.99", "mac_address": "fa:16:3e:00:11:22"}], "network:dhcp",
    "network:router_interface", "compute:nova", "host-9", "vxlan", "direct", "normal", "required",
    {"network_id": "{external}"}, {"network_id": "{external}", "enable_snat": False}, {"network_id": "{network}"},
    [{"destination": "10.99.0.0/24", "nexthop": "10.0.0.9"}], [{"destination": "10.99.0.0/24", "nexthop": "1.2.3.4"}],
    [{"start": "10.0.0.100", "end": "10.0.0.150"}], [{"opt_name": "mtu", "opt_value": "1400"}], [{"opt_name": "x"}],
    ["10.0.0.0/25"], "*", ["compute:nova"],
)  # fmt: skip
"""Of a type that some attribute has."""


class Kind(msgspec.Struct, frozen=True):
    """A kind of resource: what bodies call it, where it is made, what it is made of, and what else may be said of it.

    ``made`` is the path of one that is there.
    """

    name: str
    path: str
    body: dict[str, Any]
    attributes: str
    made: str = ""


KINDS = (
    Kind(
        "network",
        "networks",
        {"name": "z"},
        "name admin_state_up shared router:external mtu port_security_enabled availability_zone_hints "
        "provider:network_type provider:physical_network segments qos_policy_id description is_default tenant_id "
        "project_id status subnets",
        "networks/{network}",
    ),
    Kind(
        "subnet",
        "subnets",
        {"network_id": "{network}", "cidr": "10.9.0.0/24", "ip_version": 4},
        "network_id cidr ip_version name gateway_ip allocation_pools dns_nameservers host_routes enable_dhcp "
        "ipv6_ra_mode ipv6_address_mode subnetpool_id prefixlen use_default_subnetpool service_types "
        "dns_publish_fixed_ip segment_id description",
        "subnets/{subnet}",
    ),
    Kind(
        "port",
        "ports",
        {"network_id": "{network}"},
        "network_id name admin_state_up mac_address fixed_ips device_id device_owner security_groups "
        "allowed_address_pairs extra_dhcp_opts port_security_enabled binding:host_id binding:vnic_type binding:profile "
        "qos_policy_id numa_affinity_policy device_profile data_plane_status status description tags",
        "ports/{port}",
    ),
    Kind(
        "router",
        "routers",
        {"name": "z"},
        "name admin_state_up external_gateway_info distributed ha availability_zone_hints routes description",
        "routers/{router}",
    ),
    Kind(
        "security_group",
        "security-groups",
        {"name": "z"},
        "name description stateful shared security_group_rules tenant_id",
        "security-groups/{group}",
    ),
    Kind(
        "security_group_rule",
        "security-group-rules",
        {
            "security_group_id": "{group}",
            "direction": "egress",
            "protocol": "tcp",
            "port_range_min": 7,
            "port_range_max": 7,
        },
        "security_group_id direction ethertype protocol port_range_min port_range_max remote_ip_prefix remote_group_id "
        "remote_address_group_id description",
        "security-group-rules/{rule}",
    ),
    Kind(
        "floatingip",
        "floatingips",
        {"floating_network_id": "{external}"},
        "floating_network_id port_id fixed_ip_address floating_ip_address subnet_id description qos_policy_id status "
        "router_id",
        "floatingips/{floating}",
    ),
    Kind(
        "subnetpool",
        "subnetpools",
        {"name": "z", "prefixes": ["10.10.0.0/16"]},
        "name prefixes default_prefixlen min_prefixlen max_prefixlen default_quota address_scope_id shared is_default "
        "description",
        "subnetpools/{pool}",
    ),
    Kind("address_scope", "address-scopes", {"name": "z", "ip_version": 4}, "name ip_version shared",
         "address-scopes/{scope}"),
    Kind("address_group", "address-groups", {"name": "z", "addresses": ["10.0.0.0/24"]},
         "name addresses description shared", "address-groups/{addresses}"),
    Kind("trunk", "trunks", {"port_id": "{free}"}, "port_id name sub_ports description", "trunks/{trunk}"),
    Kind("policy", "qos/policies", {"name": "z"}, "name shared is_default description", "qos/policies/{policy}"),
    Kind(
        "rbac_policy",
        "rbac-policies",
        {
            "object_type": "network",
            "object_id": "{network}",
            "action": "access_as_shared",
            "target_tenant": ABSENT.replace("-", ""),
        },
        "object_type object_id action target_tenant",
        "rbac-policies/{share}",
    ),
    Kind("bandwidth_limit_rule", "qos/policies/{policy}/bandwidth_limit_rules",
         {"max_kbps": 100, "direction": "ingress"}, "max_kbps max_burst_kbps direction"),
    Kind("dscp_marking_rule", "qos/policies/{policy}/dscp_marking_rules", {"dscp_mark": 8}, "dscp_mark"),
    Kind("minimum_bandwidth_rule", "qos/policies/{policy}/minimum_bandwidth_rules", {"min_kbps": 10},
         "min_kbps direction"),
    Kind(
        "port_forwarding",
        "floatingips/{forwarding}/port_forwardings",
        {
            "protocol": "tcp",
            "internal_ip_address": "10.0.0.77",
            "internal_port": 81,
            "external_port": 8081,
            "internal_port_id": "{port}",
        },
        "protocol internal_ip_address internal_port external_port internal_port_id internal_port_range "
        "external_port_range description",
    ),
    Kind("segment", "segments", {"network_id": "{other}", "network_type": "gre"},
         "network_id network_type physical_network description", "segments/{segment}"),
    Kind("metering_label", "metering/metering-labels", {"name": "z"}, "name description shared"),
    Kind("local_ip", "local_ips", {"network_id": "{network}"}, "network_id local_port_id local_ip_address name ip_mode",
         "local_ips/{local}"),
)  # fmt: skip

SET_UP: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("other", "admin", "networks", {"network": {"name": "other"}}),
    ("elsewhere", "admin", "subnets", {"subnet": {"network_id": "{other}", "cidr": "10.3.0.0/24", "ip_version": 4}}),
    ("network", "member", "networks", {"network": {"name": "own"}}),
    ("subnet", "member", "subnets", {"subnet": {"network_id": "{network}", "cidr": "10.0.0.0/24", "ip_version": 4}}),
    ("external", "admin", "networks", {"network": {"name": "external", "router:external": True}}),
    ("outside", "admin", "subnets",
     {"subnet": {"network_id": "{external}", "cidr": "172.16.0.0/24", "ip_version": 4}}),
    ("port", "member", "ports",
     {"port": {"network_id": "{network}", "fixed_ips": [{"subnet_id": "{subnet}", "ip_address": "10.0.0.77"}]}}),
    ("parent", "member", "ports", {"port": {"network_id": "{network}"}}),
    ("free", "member", "ports", {"port": {"network_id": "{network}"}}),
    ("router", "member", "routers",
     {"router": {"name": "r", "external_gateway_info": {"network_id": "{external}"}}}),
    ("floating", "member", "floatingips", {"floatingip": {"floating_network_id": "{external}"}}),
    ("forwarding", "member", "floatingips", {"floatingip": {"floating_network_id": "{external}"}}),
    ("group", "member", "security-groups", {"security_group": {"name": "g"}}),
    ("rule", "member", "security-group-rules",
     {"security_group_rule": {"security_group_id": "{group}", "direction": "ingress"}}),
    ("pool", "member", "subnetpools",
     {"subnetpool": {"name": "p", "prefixes": ["10.8.0.0/16"], "default_prefixlen": 26}}),
    ("scope", "member", "address-scopes", {"address_scope": {"name": "s", "ip_version": 4}}),
    ("addresses", "member", "address-groups", {"address_group": {"name": "a", "addresses": ["10.0.0.0/24"]}}),
    ("policy", "admin", "qos/policies", {"policy": {"name": "q"}}),
    ("trunk", "member", "trunks", {"trunk": {"port_id": "{parent}"}}),
    ("segment", "admin", "segments", {"segment": {"network_id": "{other}", "network_type": "geneve"}}),
    ("local", "member", "local_ips", {"local_ip": {"network_id": "{network}"}}),
    ("share", "admin", "rbac-policies",
     {"rbac_policy": {"object_type": "network", "object_id": "{other}", "action": "access_as_shared",
                      "target_tenant": ABSENT.replace("-", "")}}),
)  # fmt: skip
"""What is made first: by which name, by whom, where, of what."""
