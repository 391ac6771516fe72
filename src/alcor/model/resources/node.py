"""The node: a host that runs a control agent, with the fields of Alcor's Node Manager."""

from typing import Any

from alcor.model.resource import Attribute, Resource, Unset
from alcor.model.resources.standard import timestamp_text
from alcor.model.values import integer, ipv4_address, mac_address, optional, text

_NAME = text(255)


def _node_id(value: Any) -> str:
    name: str = _NAME(value)
    if not name.strip() or "/" in name:
        raise ValueError(f"{value!r} is not an id: it needs characters, and no '/'")
    return name


def _optional_mac(value: Any) -> str:
    return mac_address(value) if value else ""


NODE = Resource(
    "host_info",
    "host_infos",
    (
        Attribute("node_id", _node_id, Unset.REQUIRED, column="id", parse_filter=str),
        Attribute("node_name", _NAME, "", column="name", parse_filter=str),
        Attribute("local_ip", ipv4_address, Unset.REQUIRED, column="local_ip", parse_filter=ipv4_address),
        Attribute("mac_address", _optional_mac, ""),
        Attribute("veth", text(64), ""),
        Attribute("server_port", integer(0, 65_535), 0),
        Attribute("host_dvr_mac", _optional_mac, ""),
        Attribute("ncm_id", optional(text(255)), None),
        Attribute("ncm_uri", optional(text(1024)), None),
        Attribute("data-path-ip", lambda value: ipv4_address(value) if value else "", ""),
        Attribute("unicast_topic", optional(text(255)), None),
        Attribute("multicast_topic", optional(text(255)), None),
        Attribute("group_topic", optional(text(255)), None),
        Attribute("revision_number", column="revision_number", parse_filter=int),
        Attribute("created_at", column="created_at", to_view=timestamp_text),
        Attribute("updated_at", column="updated_at", to_view=timestamp_text),
    ),
)
