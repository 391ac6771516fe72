"""The port: one network interface of a workload."""

from alcor.model.addresses import mac_number, mac_text
from alcor.model.dns import domain_name
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources import port_values
from alcor.model.resources.port_extensions import PORT_EXTENSIONS
from alcor.model.resources.qos import qos_policy_id
from alcor.model.resources.standard import admin_state, standard_attributes, tags
from alcor.model.rules import (
    ADMIN,
    ADMIN_OR_NETWORK_OWNER_MEMBER,
    ADMIN_OR_PROJECT_MEMBER,
    ADMIN_OR_PROJECT_READER,
    ADMIN_OR_SERVICE,
    SERVICE,
)
from alcor.model.values import boolean, host_name, mac_address, mapping, one_of, optional, text, text_or_null, uuid

_NETWORK_OWNER = "(role:member and rule:network_owner)"
_NETWORK_READER = "(role:reader and rule:network_owner)"
_OWNER = "(role:member and project_id:%(project_id)s)"
_SERVICE_OR_NETWORK_OWNER = f"{ADMIN_OR_SERVICE} or {_NETWORK_OWNER}"
_SERVICE_OR_SHARED = f"{_SERVICE_OR_NETWORK_OWNER} or rule:shared"
_PAIRS = f"{ADMIN_OR_NETWORK_OWNER_MEMBER} or ({SERVICE})"
_MEMBER_OR_SERVICE = f"{ADMIN_OR_PROJECT_MEMBER} or ({SERVICE})"
_UNUSED = "not rule:compute_device and not rule:baremetal_device and not rule:manila_device"
_OWNERS = f"({_NETWORK_OWNER} or {_OWNER})"

PORT = Resource(
    "port",
    "ports",
    (
        *standard_attributes(),
        Attribute("network_id", uuid, Unset.REQUIRED, update=False, column="network_id", parse_filter=str),
        Attribute(
            "mac_address",
            optional(mac_address),  # null asks for another one
            column="mac_address",
            to_column=mac_number,
            to_view=mac_text,
            parse_filter=mac_number,
            set_by=_SERVICE_OR_NETWORK_OWNER,
            update_by=f"{ADMIN_OR_SERVICE} or (role:manager and rule:network_owner)",
        ),
        admin_state(),
        Attribute("status", column="status", parse_filter=str),
        Attribute("device_id", text(255), "", column="device_id", parse_filter=str, set_by=_MEMBER_OR_SERVICE),
        Attribute(
            "device_owner",
            text(255),
            "",
            column="device_owner",
            parse_filter=str,
            set_by=f"not rule:network_device or {_SERVICE_OR_NETWORK_OWNER}",
        ),
        Attribute(
            "fixed_ips",
            port_values.fixed_ips,
            kept=Kept.COMPUTED,
            set_by=_SERVICE_OR_SHARED,
            update_by=_SERVICE_OR_NETWORK_OWNER,
            parts_set_by={"ip_address": _SERVICE_OR_NETWORK_OWNER, "subnet_id": _SERVICE_OR_SHARED},
        ),
        Attribute("ip_allocation", kept=Kept.COMPUTED, parse_filter=str),
        Attribute(
            "binding:host_id",
            text_or_null(255),
            "",
            column="host_id",
            parse_filter=str,
            set_by=ADMIN_OR_SERVICE,
            seen_by=ADMIN_OR_SERVICE,
        ),
        Attribute("binding:vnic_type", port_values.vnic_type, "normal", set_by=_MEMBER_OR_SERVICE),
        Attribute(
            "binding:profile",
            mapping(most_characters=4095),
            {},
            set_by=SERVICE,
            even_default=True,
            seen_by=ADMIN_OR_SERVICE,
        ),
        Attribute("binding:vif_type", kept=Kept.COMPUTED, seen_by=ADMIN_OR_SERVICE),
        Attribute("binding:vif_details", kept=Kept.COMPUTED, seen_by=ADMIN_OR_SERVICE),
        Attribute(
            "port_security_enabled",
            boolean,
            implied=True,  # by default as the network says
            set_by=_SERVICE_OR_NETWORK_OWNER,
        ),
        Attribute(
            "allowed_address_pairs",
            port_values.address_pairs,
            [],
            set_by=_PAIRS,
            even_default=True,
            parts_set_by={"mac_address": _PAIRS, "ip_address": _PAIRS},
        ),
        Attribute("security_groups", port_values.security_groups, kept=Kept.COMPUTED, parse_filter=str),
        Attribute("extra_dhcp_opts", port_values.dhcp_options, []),
        Attribute("dns_name", host_name, ""),
        Attribute("dns_domain", domain_name, ""),
        Attribute("dns_keywords", default={}, hidden=True),  # what those in its domain stand for
        Attribute("dns_assignment", kept=Kept.COMPUTED),
        Attribute(
            "data_plane_status",
            optional(one_of("ACTIVE", "DOWN")),
            None,
            create=False,
            set_by=f"({ADMIN}) or role:data_plane_integrator",
        ),
        Attribute("propagate_uplink_status", boolean, True),
        Attribute("numa_affinity_policy", port_values.numa_affinity_policy, None),
        Attribute("device_profile", optional(text(255)), None, update=False),
        Attribute("hardware_offload_type", one_of("switchdev"), implied=None, update=False),
        Attribute("hints", port_values.hints, None, set_by=ADMIN, seen_by=ADMIN),
        Attribute("trusted", boolean, implied=None, set_by=ADMIN, seen_by=ADMIN),
        qos_policy_id(),
        Attribute("qos_network_policy_id", kept=Kept.COMPUTED),
        Attribute("resource_request", kept=Kept.COMPUTED, seen_by=ADMIN),
        Attribute("trunk_details", default=None),
        tags(create=True),
    ),
    rules={
        "create": _SERVICE_OR_SHARED,
        "get": f"{ADMIN_OR_SERVICE} or {_NETWORK_READER} or {ADMIN_OR_PROJECT_READER}",
        "update": _MEMBER_OR_SERVICE,
        "trace_port": ADMIN_OR_PROJECT_READER,
        "delete": f"{ADMIN_OR_SERVICE} or (service_roles:service and {_OWNERS}) or ({_UNUSED} and {_OWNERS})",
    },
    extensions=PORT_EXTENSIONS,
)
