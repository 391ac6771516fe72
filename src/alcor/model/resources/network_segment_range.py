"""The network segment range: VNIs or VLANs that networks are given, of everybody or of one project."""

from typing import Any

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import project_id, standard_attributes, tags
from alcor.model.rules import ADMIN
from alcor.model.values import boolean, integer, one_of, takes, text, whole_number

_LARGEST_ID = 2**32 - 1  # of any type of networks that Neutron knows
_LONGEST_NAME = 64


def _owner(name: str, alias_of: str = "") -> Attribute:
    """A range of everybody is of no project."""
    return Attribute(
        name,
        project_id,
        update=False,
        column="project_id",
        to_column=lambda owner: owner or "",
        to_view=lambda owner: owner or None,
        parse_filter=str,
        alias_of=alias_of,
    )


@takes({"type": ["string", "null"], "maxLength": _LONGEST_NAME})
def _physical_network(value: Any) -> str | None:
    """VXLANs are on none, which may be said as an empty name."""
    return text(_LONGEST_NAME)(value) if value else None


NETWORK_SEGMENT_RANGE = Resource(
    "network_segment_range",
    "network_segment_ranges",
    (
        *(each for each in standard_attributes() if each.column != "project_id"),
        _owner("project_id"),
        _owner("tenant_id", alias_of="project_id"),
        Attribute("default", column="is_default", parse_filter=boolean),
        Attribute("shared", boolean, True, update=False, column="shared", parse_filter=boolean),
        Attribute(
            "network_type",
            one_of("vlan", "vxlan", "gre", "geneve"),
            Unset.REQUIRED,
            update=False,
            column="network_type",
            parse_filter=str,
        ),
        Attribute(
            "physical_network", _physical_network, None, update=False, column="physical_network", parse_filter=str
        ),
        Attribute("minimum", integer(1, _LARGEST_ID), Unset.REQUIRED, column="minimum", parse_filter=whole_number),
        Attribute("maximum", integer(1, _LARGEST_ID), Unset.REQUIRED, column="maximum", parse_filter=whole_number),
        Attribute("used", kept=Kept.COMPUTED),
        Attribute("available", kept=Kept.COMPUTED),
        tags(create=True),
    ),
    rules=dict.fromkeys(("create", "get", "update", "delete"), ADMIN),
    extensions=(
        Extension("network-segment-range", "Neutron Network Segment Range", "Provides support for the network segment range management"),  # noqa: E501
    ),
)  # fmt: skip
