"""The rules that say who may do what, in the language of oslo.policy; operators override them by name.

The rules of a resource and its attributes stand in its definition (alcor.model.resources); these are what they are
made of, with the names that Neutron's have.
"""

ADMIN = "rule:admin_only"
ANYBODY = "rule:regular_user"
SERVICE = "rule:service_api"
ADMIN_OR_SERVICE = f"({ADMIN}) or ({SERVICE})"

OWN = "project_id:%(project_id)s"
ADMIN_OR_PROJECT_MANAGER = f"({ADMIN}) or (role:manager and {OWN})"
ADMIN_OR_PROJECT_MEMBER = f"({ADMIN}) or (role:member and {OWN})"
ADMIN_OR_PROJECT_READER = f"({ADMIN}) or (role:reader and {OWN})"

ADMIN_OR_NETWORK_OWNER_MEMBER = f"({ADMIN}) or (role:member and rule:network_owner)"
ADMIN_OR_NETWORK_OWNER_READER = f"({ADMIN}) or (role:reader and rule:network_owner)"
ADMIN_OR_PARENT_OWNER_MANAGER = f"({ADMIN}) or (role:manager and rule:ext_parent_owner)"
ADMIN_OR_PARENT_OWNER_MEMBER = f"({ADMIN}) or (role:member and rule:ext_parent_owner)"
ADMIN_OR_SECURITY_GROUP_OWNER_MEMBER = f"({ADMIN}) or (role:member and rule:sg_owner)"
ADMIN_OR_SECURITY_GROUP_OWNER_READER = f"({ADMIN}) or (role:reader and rule:sg_owner)"
ADMIN_OR_PARENT_OWNER_READER = f"({ADMIN}) or (role:reader and rule:ext_parent_owner)"

OF_THE_PARENTS_OWNER = {
    "create": ADMIN_OR_PARENT_OWNER_MEMBER,
    "get": ADMIN_OR_PARENT_OWNER_READER,
    "update": ADMIN_OR_PARENT_OWNER_MEMBER,
    "delete": ADMIN_OR_PARENT_OWNER_MEMBER,
}
"""The rules about parts that whoever owns the whole may do everything with."""

BASE: dict[str, str] = {
    "context_is_admin": "role:admin",
    "context_with_global_access": "!",
    "service_api": "role:service",
    "owner": "project_id:%(project_id)s",
    "admin_or_owner": "rule:context_is_admin or rule:owner",
    "context_is_advsvc": "role:advsvc or role:service",
    "admin_only": "rule:context_is_admin",
    "regular_user": "",
    "default": "rule:admin_or_owner",
    "shared": "field:networks:shared=True",
    "external": "field:networks:router:external=True",
    "external_network": "field:subnets:router:external=True",
    "network_device": "field:port:device_owner=~^network:",
    "compute_device": "field:port:device_owner=~^compute:",
    "baremetal_device": "field:port:device_owner=~^baremetal:",
    "manila_device": "field:port:device_owner=~^manila:",
    "network_owner": "project_id:%(network:project_id)s",
    "admin_or_network_owner": "rule:context_is_admin or rule:network_owner",
    "ext_parent_owner": "project_id:%(ext_parent:project_id)s",
    "admin_or_ext_parent_owner": "rule:context_is_admin or rule:ext_parent_owner",
    "shared_security_group": "field:security_groups:shared=True",
    "shared_qos_policy": "field:policies:shared=True",
    "shared_address_groups": "field:address_groups:shared=True",
    "shared_address_scopes": "field:address_scopes:shared=True",
    "shared_subnetpools": "field:subnetpools:shared=True",
    "restrict_wildcard": (
        "(not field:rbac_policy:target_tenant=* and not field:rbac_policy:target_project=*) or rule:admin_only"
    ),
    "sg_owner": "project_id:%(security_group:project_id)s",
}
"""Rules that others are made of. Operators override ``context_is_admin`` to say who sees everything."""
