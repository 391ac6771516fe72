"""Subnet pools, from which ranges of subnets are taken, and address scopes, within which no two pools overlap."""

from typing import Any

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import LONGEST_NAME, name_text, project_id, standard_attributes, tags
from alcor.model.resources.subnet import ip_version
from alcor.model.rules import ADMIN, ADMIN_OR_PROJECT_MEMBER, ADMIN_OR_PROJECT_READER
from alcor.model.values import boolean, cidr, integer, list_of, optional, schema_of, takes, uuid

MOST_PREFIXES = 1000
_LARGEST = 2**31 - 1

_whole = integer(0, _LARGEST)

changed_prefixes = list_of(cidr, MOST_PREFIXES)
"""What is to be added or removed."""


@takes(schema_of(_whole))
def prefix_length(value: Any) -> str:
    """How many bits a prefix has; pools show them as texts (Neutron)."""
    return str(_whole(value))


@takes({"type": "string", "minLength": 1, "maxLength": LONGEST_NAME})
def _name(value: Any) -> str:
    name: str = name_text(value)
    if not name:
        raise ValueError("'' Blank strings are not permitted")
    return name


def _prefix_length(name: str) -> Attribute:
    return Attribute(name, prefix_length, column=name, to_column=int, to_view=str, parse_filter=_whole)


ADDRESS_SCOPE = Resource(
    "address_scope",
    "address_scopes",
    (
        Attribute("id", column="id", parse_filter=str),
        Attribute("project_id", project_id, update=False, column="project_id", parse_filter=str),
        Attribute(
            "tenant_id", project_id, update=False, column="project_id", parse_filter=str, alias_of="project_id"
        ),
        Attribute("name", name_text, "", column="name", parse_filter=str),
        Attribute(
            "ip_version", ip_version, Unset.REQUIRED, update=False, column="ip_version", parse_filter=ip_version
        ),
        Attribute("shared", boolean, False, kept=Kept.COMPUTED, parse_filter=boolean, set_by=ADMIN),
    ),
    rules={"get": f"{ADMIN_OR_PROJECT_READER} or rule:shared_address_scopes"},
    extensions=(
        Extension("address-scope", "Address scope", "Address scopes extension."),
        Extension("rbac-address-scope", "Add address_scope type to RBAC", "Add address_scope type to RBAC"),
    ),
)  # fmt: skip

SUBNETPOOL = Resource(
    "subnetpool",
    "subnetpools",
    (
        *(each for each in standard_attributes() if each.name != "name"),
        Attribute("name", _name, Unset.REQUIRED, column="name", parse_filter=str),
        Attribute("prefixes", changed_prefixes, Unset.REQUIRED),
        Attribute("ip_version", column="ip_version", parse_filter=ip_version),
        _prefix_length("min_prefixlen"),
        _prefix_length("max_prefixlen"),
        _prefix_length("default_prefixlen"),
        Attribute("default_quota", optional(_whole), None, column="default_quota", parse_filter=_whole),
        Attribute("address_scope_id", optional(uuid), None, column="address_scope_id", parse_filter=str),
        Attribute("is_default", boolean, False, column="is_default", parse_filter=boolean, set_by=ADMIN),
        Attribute("shared", boolean, False, update=False, kept=Kept.COMPUTED, parse_filter=boolean, set_by=ADMIN),
        tags(),
    ),
    rules={
        "get": f"{ADMIN_OR_PROJECT_READER} or rule:shared_subnetpools",
        "onboard_network_subnets": ADMIN_OR_PROJECT_MEMBER,
        "add_prefixes": ADMIN_OR_PROJECT_MEMBER,
        "remove_prefixes": ADMIN_OR_PROJECT_MEMBER,
    },
    extensions=(
        Extension("subnet_allocation", "Subnet Allocation", "Enables allocation of subnets from a subnet pool"),
        Extension("default-subnetpools", "Default Subnetpools", "Provides ability to mark and use a subnetpool as the default."),  # noqa: E501
        Extension("subnetpool-prefix-ops", "Subnet Pool Prefix Operations", "Provides support for adjusting the prefix list of subnet pools"),  # noqa: E501
        Extension("subnet_onboard", "Subnet Onboard", "Provides support for onboarding subnets into subnet pools"),
        Extension("rbac-subnetpool", "Add subnetpool type to RBAC", "Add subnetpool type to RBAC"),
    ),
)  # fmt: skip
