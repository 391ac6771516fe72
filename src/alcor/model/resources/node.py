"""The node: a host that runs a control agent, with the fields of Alcor's Node Manager."""

from typing import Any

from alcor.model.addresses import mac_number, mac_text
from alcor.model.node_health import NodeState
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import timestamp_text
from alcor.model.rules import ADMIN
from alcor.model.values import integer, ipv4_address, one_of, optional, text, whole_number

DEFAULT_ZONE = "nova"
"""The availability zone of nodes that do not say another (Neutron's)."""

_NAME = text(255)
_TOPIC = optional(text(255))
_NO_IDS = (".", "..", "bulk", "upload")


def _node_id(value: Any) -> str:
    """What a path can name: a client would turn ``/nodes/..`` into another path."""
    name: str = _NAME(value)
    if not name.strip() or "/" in name or name in _NO_IDS or name.endswith(".json"):
        raise ValueError(
            f"{value!r} is not an id: it needs characters, no '/', no '.json' at its end, "
            f"and is none of {', '.join(_NO_IDS)}"
        )
    return name


def _optional_mac(value: Any) -> str:
    """Any MAC address: it describes the host and is not used."""
    try:
        return mac_text(mac_number(value)) if value else ""
    except (ValueError, TypeError) as error:
        raise ValueError(f"{value!r} is not a valid MAC address") from error


NODE = Resource(
    "node",
    "nodes",
    (
        Attribute("node_id", _node_id, Unset.REQUIRED, update=False, column="id", parse_filter=str),
        Attribute("node_name", _NAME, "", column="name", parse_filter=str),
        Attribute("local_ip", ipv4_address, Unset.REQUIRED, column="local_ip", parse_filter=ipv4_address),
        Attribute("mac_address", _optional_mac, ""),
        Attribute("veth", text(64), ""),
        Attribute("server_port", integer(0, 65_535), 0),
        Attribute("host_dvr_mac", _optional_mac, ""),
        Attribute("ncm_id", optional(text(255)), None),
        Attribute("ncm_uri", optional(text(1024)), None),
        Attribute("data-path-ip", lambda value: ipv4_address(value) if value else "", ""),
        Attribute("unicast_topic", _TOPIC, None, column="unicast_topic"),
        Attribute("multicast_topic", _TOPIC, None),
        Attribute("group_topic", _TOPIC, None, column="group_topic", parse_filter=str),
        Attribute("group_key", _TOPIC, None, column="group_key"),
        Attribute("availability_zone", text(255), DEFAULT_ZONE),
        Attribute("cell", text(255), ""),
        Attribute("rack", text(255), ""),
        Attribute("state", kept=Kept.COMPUTED, parse_filter=one_of(*(state.value for state in NodeState))),
        Attribute("state_reasons", kept=Kept.COMPUTED),
        Attribute("state_since", kept=Kept.COMPUTED),
        Attribute("revision_number", column="revision_number", parse_filter=whole_number),
        Attribute("created_at", column="created_at", to_view=timestamp_text),
        Attribute("updated_at", column="updated_at", to_view=timestamp_text),
    ),
    lenient=True,
    rules=dict.fromkeys(("create", "get", "update", "delete"), ADMIN),
)
