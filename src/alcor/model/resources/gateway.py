"""Gateways, which lead out of VPCs: what is attached to each, and the route tables between these.

Words in capitals are the Java Alcor's names of values, as its clients send and read them.
"""

from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import chosen_id, standard_attributes, tag_list
from alcor.model.values import cidr, ip_address, list_of, mac_address, mapping, one_of, optional, record, text, uuid

ZETA = "zeta"
TYPES = (ZETA, "igw", "ngw", "tgw")
PENDING, AVAILABLE = "pending", "available"
STATUSES = (PENDING, "ready", "failed", AVAILABLE, "not-available", "created", "success")
VPC, VPN, VPC_PEERING = "VPC", "VPN", "VPCPEERING"
ATTACHED = (VPC, VPN, VPC_PEERING)
STATIC = "STATIC"
ACTIVE, BLACKHOLE = "active", "blackhole"

_MOST_IPS = 64
_MOST_SUBNETS = 1000
_MOST_PROPAGATIONS = 1000
_MOST_ROUTES = 1000

gateway_ips = list_of(record({"ip": ip_address}, {"mac": optional(mac_address)}), _MOST_IPS)
"""The addresses of a gateway's own."""

_options = mapping(4095, most_levels=1)
_route = record(
    {"destination": cidr, "target": uuid},
    {"id": optional(uuid), "type": optional(one_of(STATIC)), "status": optional(one_of(ACTIVE, BLACKHOLE))},
)


def _own(*attributes: Attribute) -> tuple[Attribute, ...]:
    standard = (each for each in standard_attributes() if each.name != "id")
    return chosen_id(), *standard, *attributes


def _gateway_id() -> Attribute:
    return Attribute("gateway_id", uuid, update=False, column="gateway_id", parse_filter=str)


GATEWAY = Resource(
    "gateway",
    "gateways",
    _own(
        Attribute("type", one_of(*TYPES), Unset.REQUIRED, update=False, column="type", parse_filter=str),
        Attribute("status", column="status", parse_filter=str),
        Attribute("owner", text(255), ""),
        Attribute("ips", gateway_ips, []),
        Attribute("options", _options, {}),
        Attribute("tags", tag_list, []),
        Attribute("attachments", kept=Kept.COMPUTED),
        Attribute("routetables", kept=Kept.COMPUTED),
    ),
    lenient=True,
)

ATTACHMENT = Resource(
    "attachment",
    "attachments",
    _own(
        _gateway_id(),
        Attribute("type", one_of(*ATTACHED), VPC, update=False, column="type", parse_filter=str),
        Attribute("resource_id", uuid, Unset.REQUIRED, update=False, column="resource_id", parse_filter=str),
        Attribute("status", default=AVAILABLE, kept=Kept.CONSTANT),
        Attribute("source_vni", text(16), None, update=False),
        Attribute("destination_encap", text(64), ""),
        Attribute("subnets", list_of(uuid, _MOST_SUBNETS), [], kept=Kept.COMPUTED),
        Attribute("options", _options, {}),
        Attribute("tags", tag_list, []),
        Attribute("associated_routetable", column="route_table_id", parse_filter=str),
        Attribute("association_state", kept=Kept.COMPUTED),
    ),
    lenient=True,
    policy_name="gateway_attachment",
)

ROUTE_TABLE = Resource(
    "routetable",
    "routetables",
    _own(
        _gateway_id(),
        Attribute("owner", column="gateway_id", alias_of="gateway_id"),
        Attribute("state", default=AVAILABLE, kept=Kept.CONSTANT),
        Attribute("routes", list_of(_route, _MOST_ROUTES), []),
        Attribute("propagations", list_of(uuid, _MOST_PROPAGATIONS), [], kept=Kept.COMPUTED),
        Attribute("associations", kept=Kept.COMPUTED),
    ),
    lenient=True,
    policy_name="gateway_routetable",
)
