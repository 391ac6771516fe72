"""The trunk: a port whose workload reaches other ports, too, each by the segment (VLAN) of its frames."""

from typing import Any

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import admin_state, standard_attributes, tags
from alcor.model.rules import ADMIN_OR_PROJECT_MEMBER, ADMIN_OR_PROJECT_READER
from alcor.model.values import shown, takes, uuid

INHERIT = "inherit"
_MOST_SUB_PORTS = 4094
_MEMBERS = ("port_id", "segmentation_type", "segmentation_id")


@takes({"type": "array", "items": {"type": "object"}})
def sub_ports(value: Any) -> list[dict[str, Any]]:
    """Sub-ports, each with its segment, or with the type ``inherit`` for that of its network; none twice."""
    found = _listed(value)
    segments = [_segment(each) for each in found if each.get("segmentation_type") != INHERIT]
    for each in segments:
        if segments.count(each) > 1:
            raise ValueError(f"Segmentation ID {shown(each[1])} is not unique")
    return found


@takes({"type": "array", "items": {"type": "object"}})
def removed_sub_ports(value: Any) -> list[dict[str, Any]]:
    """Sub-ports to remove: only which ports matters."""
    return _listed(value)


def _listed(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise ValueError(f"Invalid data format for subports: {shown(value)} is not a list")
    if len(value) > _MOST_SUB_PORTS:
        raise ValueError(f"a list of {len(value)} is longer than {_MOST_SUB_PORTS}")
    found: dict[str, dict[str, Any]] = {}
    for item in value:
        if not isinstance(item, dict):
            raise ValueError(f"Invalid data format for subport: {shown(item)} is not a dict")
        if "port_id" not in item:
            raise ValueError("A valid port UUID must be specified")
        if unknown := [name for name in item if name not in _MEMBERS]:
            raise ValueError(f"unexpected member {shown(unknown[0])}; known are {', '.join(_MEMBERS)}")
        port_id = uuid(item["port_id"])
        if port_id in found:
            raise ValueError(f"Non unique UUID for subport: '{port_id}'")
        found[port_id] = item | {"port_id": port_id}
    return list(found.values())


def _segment(item: dict[str, Any]) -> tuple[Any, Any]:
    segment = item.get("segmentation_type"), item.get("segmentation_id")
    if not segment[0] or segment[1] is None:
        raise ValueError(
            f"Invalid subport details {shown(item)}: missing segmentation information. "
            "Must specify both segmentation_id and segmentation_type"
        )
    return segment


TRUNK = Resource(
    "trunk",
    "trunks",
    (
        *standard_attributes(),
        admin_state(),
        Attribute("status", column="status", parse_filter=str),
        Attribute("port_id", uuid, Unset.REQUIRED, update=False, column="port_id", parse_filter=str),
        Attribute("sub_ports", sub_ports, [], update=False, kept=Kept.COMPUTED),
        tags(),
    ),
    rules={
        "add_subports": ADMIN_OR_PROJECT_MEMBER,
        "remove_subports": ADMIN_OR_PROJECT_MEMBER,
        "get_subports": ADMIN_OR_PROJECT_READER,
    },
    extensions=(
        Extension("trunk", "Trunk Extension", "Provides support for trunk ports"),
        Extension("trunk-details", "Trunk port details", "Expose trunk port details"),
    ),
)
