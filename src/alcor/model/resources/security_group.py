"""Security groups, their rules, and the templates of the rules that new groups begin with."""

from typing import Any

from alcor.model import security_rules
from alcor.model.errors import conflict
from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import LONGEST_NAME, name_text, standard_attributes, tags
from alcor.model.rules import (
    ADMIN,
    ADMIN_OR_PROJECT_MEMBER,
    ADMIN_OR_PROJECT_READER,
    ADMIN_OR_SECURITY_GROUP_OWNER_MEMBER,
    ADMIN_OR_SECURITY_GROUP_OWNER_READER,
    ADMIN_OR_SERVICE,
)
from alcor.model.values import boolean, one_of, optional, text, whole_number

DEFAULT_NAME = "default"
_ID_LENGTH = 36
_id = text(_ID_LENGTH)


def _name(value: Any) -> str:
    name: str = name_text(value)
    if name.lower() == DEFAULT_NAME:
        raise conflict("SecurityGroupDefaultAlreadyExists", "Default security group already exists.")
    return name


SECURITY_GROUP = Resource(
    "security_group",
    "security_groups",
    (
        *(each for each in standard_attributes() if each.name != "name"),
        Attribute("name", _name, "", column="name", parse_filter=str),
        Attribute("stateful", boolean, column="stateful", parse_filter=boolean),
        Attribute("is_default", column="is_default", parse_filter=boolean),
        Attribute("shared", kept=Kept.COMPUTED, parse_filter=boolean),
        Attribute("security_group_rules", kept=Kept.COMPUTED),
        tags(),
    ),
    rules={
        "create_default": f"{ADMIN_OR_SERVICE} or {ADMIN_OR_PROJECT_READER}",
        "create": ADMIN_OR_PROJECT_MEMBER,
        "get": f"{ADMIN_OR_PROJECT_READER} or rule:shared_security_group",
    },
    extensions=(
        Extension("security-group", "security-group", "The security groups extension."),
        Extension("security-groups-name-restrictions", "Security group name restrictions", "Names of security groups have printable characters, and no space at their ends"),  # noqa: E501
        Extension("security-groups-shared-filtering", "Security group filtering on the shared field", "Support filtering security groups on the shared field"),  # noqa: E501
        Extension("rbac-security-groups", "Add security_group type to network RBAC", "Add security_group type to network RBAC"),  # noqa: E501
        Extension("stateful-security-group", "Stateful security group", "Indicates if the security group is stateful or not"),  # noqa: E501
    ),
)  # fmt: skip


def _said_by_rules() -> tuple[Attribute, ...]:
    """What rules and templates of rules say."""
    return (
        Attribute(
            "direction", one_of("ingress", "egress"), Unset.REQUIRED, update=False, column="direction", parse_filter=str
        ),
        Attribute(
            "ethertype",
            security_rules.ethertype,
            security_rules.IPV4,
            update=False,
            column="ethertype",
            parse_filter=security_rules.ethertype,
        ),
        Attribute(
            "protocol",
            security_rules.protocol,
            None,
            update=False,
            column="protocol",
            parse_filter=security_rules.protocol,
        ),
        *(
            Attribute(name, security_rules.port_number, None, update=False, column=name, parse_filter=whole_number)
            for name in ("port_range_min", "port_range_max")
        ),
        *(
            Attribute(name, optional(_id), None, update=False, column=name, parse_filter=str)
            for name in ("remote_group_id", "remote_address_group_id")
        ),
        Attribute(
            "remote_ip_prefix",
            security_rules.remote_prefix,
            None,
            update=False,
            column="remote_ip_prefix",
            parse_filter=str,
        ),
    )


_DESCRIPTION = Attribute("description", text(LONGEST_NAME), "", update=False, column="description", parse_filter=str)
_UNNAMED = tuple(each for each in standard_attributes() if each.name not in ("name", "description"))

SECURITY_GROUP_RULE = Resource(
    "security_group_rule",
    "security_group_rules",
    (
        *_UNNAMED,
        _DESCRIPTION,
        Attribute(
            "security_group_id", _id, Unset.REQUIRED, update=False, column="security_group_id", parse_filter=str
        ),
        *_said_by_rules(),
        Attribute("normalized_cidr", column="normalized_cidr", parse_filter=str),
        Attribute("belongs_to_default_sg", column="belongs_to_default_sg", parse_filter=boolean),
    ),
    rules={
        "create": ADMIN_OR_SECURITY_GROUP_OWNER_MEMBER,
        "get": ADMIN_OR_SECURITY_GROUP_OWNER_READER,
        "delete": ADMIN_OR_SECURITY_GROUP_OWNER_MEMBER,
    },
    extensions=(
        Extension("security-groups-normalized-cidr", "Normalized CIDR field for security group rules", "Add new field with normalized remote_ip_prefix cidr in SG rule"),  # noqa: E501
        Extension("security-groups-remote-address-group", "Remote address group id field for security group rules", "Add new field of remote address group id in SG rules"),  # noqa: E501
        Extension("security-groups-rules-belongs-to-default-sg", "Security group rule belongs to the project's default security group", "Flag to determine if the security group rule belongs to the project's default security group"),  # noqa: E501
    ),
)  # fmt: skip

DEFAULT_SECURITY_GROUP_RULE = Resource(
    "default_security_group_rule",
    "default_security_group_rules",
    (
        *(each for each in _UNNAMED if each.name not in ("project_id", "tenant_id")),
        _DESCRIPTION,
        *_said_by_rules(),
        Attribute(
            "used_in_default_sg", boolean, False, update=False, column="used_in_default_sg", parse_filter=boolean
        ),
        Attribute(
            "used_in_non_default_sg", boolean, True, update=False, column="used_in_non_default_sg", parse_filter=boolean
        ),
    ),
    rules={"create": ADMIN, "get": "role:reader", "delete": ADMIN},
    extensions=(
        Extension("security-groups-default-rules", "Default rules for security groups", "Configure set of security group rules used as default rules for every new security group"),  # noqa: E501
    ),
)  # fmt: skip
