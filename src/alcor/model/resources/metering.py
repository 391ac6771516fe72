"""Metering labels, and the rules that say what of the traffic counts for them."""

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Resource, Unset
from alcor.model.resources.standard import name_text, project_id
from alcor.model.rules import ADMIN_OR_PROJECT_MANAGER, ADMIN_OR_PROJECT_READER
from alcor.model.values import address_or_cidr, boolean, one_of, optional, text, uuid

_RULES = {
    "create": ADMIN_OR_PROJECT_MANAGER,
    "get": ADMIN_OR_PROJECT_READER,
    "update": ADMIN_OR_PROJECT_MANAGER,
    "delete": ADMIN_OR_PROJECT_MANAGER,
}


def _owner() -> tuple[Attribute, ...]:
    return (
        Attribute("project_id", project_id, update=False, column="project_id", parse_filter=str),
        Attribute("tenant_id", project_id, update=False, column="project_id", parse_filter=str, alias_of="project_id"),
    )


METERING_LABEL = Resource(
    "metering_label",
    "metering_labels",
    (
        Attribute("id", column="id", parse_filter=str),
        *_owner(),
        Attribute("name", name_text, "", update=False, column="name", parse_filter=str),
        Attribute("description", text(1024), "", update=False, column="description", parse_filter=str),
        Attribute("shared", boolean, False, update=False, column="shared", parse_filter=boolean),
    ),
    rules=_RULES,
    extensions=(
        Extension("metering", "Neutron Metering", "Neutron Metering extension."),
        Extension("metering_source_and_destination_fields", "Neutron Metering with source and destination filtering", "Neutron Metering extension that enables the use of source and destination IP prefixes to create metering label rules."),  # noqa: E501
    ),
)  # fmt: skip

PREFIXES = ("remote_ip_prefix", "source_ip_prefix", "destination_ip_prefix")

METERING_LABEL_RULE = Resource(
    "metering_label_rule",
    "metering_label_rules",
    (
        Attribute("id", column="id", parse_filter=str),
        *_owner(),
        Attribute(
            "metering_label_id", uuid, Unset.REQUIRED, update=False, column="metering_label_id", parse_filter=str
        ),
        Attribute(
            "direction",
            one_of("ingress", "egress"),
            Unset.REQUIRED,
            update=False,
            column="direction",
            parse_filter=str,
        ),
        Attribute("excluded", boolean, False, update=False, column="excluded", parse_filter=boolean),
        *(
            Attribute(name, optional(address_or_cidr), None, update=False, column=name, parse_filter=str)
            for name in PREFIXES
        ),
    ),
    rules=_RULES,
)
