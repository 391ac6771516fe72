"""Whether new security groups of a project, or of any, are stateful that do not say."""

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Resource
from alcor.model.resources.standard import project_id
from alcor.model.rules import ADMIN_OR_PROJECT_MANAGER, ADMIN_OR_PROJECT_READER
from alcor.model.values import boolean, optional

_whose = optional(project_id)
"""Null is any project."""

DEFAULT_STATEFULNESS = Resource(
    "security_group_default_statefulness",
    "security_groups_default_statefulness",
    (
        Attribute("id", column="id", parse_filter=str),
        Attribute("project_id", _whose, update=False, column="project_id", parse_filter=str),
        Attribute("tenant_id", _whose, update=False, column="project_id", parse_filter=str, alias_of="project_id"),
        Attribute("stateful", boolean, True, column="stateful", parse_filter=boolean),
    ),
    policy_name="security_groups_default_statefulness",
    rules={
        "create": ADMIN_OR_PROJECT_MANAGER,
        "get": ADMIN_OR_PROJECT_READER,
        "update": ADMIN_OR_PROJECT_MANAGER,
        "delete": ADMIN_OR_PROJECT_MANAGER,
    },
    extensions=(
        Extension("security-groups-default-statefulness", "Security Groups Default Statefulness", "Whether new security groups are stateful that do not say, by project or for all"),  # noqa: E501
    ),
)  # fmt: skip
