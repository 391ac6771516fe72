"""The log: which decisions of security groups are to be written down."""

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Resource, Unset
from alcor.model.resources.standard import standard_attributes
from alcor.model.rules import ADMIN_OR_PROJECT_MANAGER
from alcor.model.values import boolean, one_of, optional, text, uuid

LOGGABLE_TYPES = ("security_group",)

LOG = Resource(
    "log",
    "logs",
    (
        *standard_attributes(),
        Attribute(
            "resource_type", text(255), Unset.REQUIRED, update=False, column="resource_type", parse_filter=str
        ),
        Attribute("resource_id", optional(uuid), None, update=False, column="resource_id", parse_filter=str),
        Attribute("target_id", optional(uuid), None, update=False, column="target_id", parse_filter=str),
        Attribute("event", one_of("ACCEPT", "DROP", "ALL"), "ALL", update=False, column="event", parse_filter=str),
        Attribute("enabled", boolean, True, column="enabled", parse_filter=boolean),
    ),
    rules=dict.fromkeys(("create", "get", "update", "delete"), ADMIN_OR_PROJECT_MANAGER),
    extensions=(
        Extension("logging", "Logging API Extension", "Provides a logging API for resources such as security group and firewall."),  # noqa: E501
    ),
)  # fmt: skip
