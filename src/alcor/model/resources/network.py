"""The network: a VPC, as Neutron calls it."""

from typing import Any

from alcor.model.dns import domain_name
from alcor.model.errors import bad_request
from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource
from alcor.model.resources.qos import qos_policy_id
from alcor.model.resources.standard import admin_state, standard_attributes, tags
from alcor.model.rules import ADMIN, ADMIN_OR_PROJECT_READER, SERVICE
from alcor.model.values import (
    boolean,
    integer,
    list_of,
    one_of,
    optional,
    record,
    schema_of,
    takes,
    text,
    whole_number,
)

NETWORK_TYPES = ("vxlan", "geneve", "gre", "vlan", "flat", "local")
LARGEST_VNI = 2**24 - 1
_MOST_SEGMENTS = 64
_LARGEST_MTU = 65_535
_LARGEST_POSSIBLE = 0  # what stands for the largest MTU that the underlay leaves


_number_or_zero = optional(integer(0, LARGEST_VNI))


@takes(schema_of(_number_or_zero))
def _number_of_segment(value: Any) -> int | None:
    """None said, which may be said as 0: Terraform's provider does."""
    return _number_or_zero(value) or None


_segment = record(
    {"provider:network_type": one_of(*NETWORK_TYPES)},
    {
        "provider:physical_network": optional(text(64)),
        "provider:segmentation_id": _number_of_segment,
    },
)


def _segments(value: Any) -> list[dict[str, Any]] | None:
    """What the network is made of, when it is of several segments."""
    named: list[dict[str, Any]] = list_of(_segment, _MOST_SEGMENTS, unique=False)(value)
    return named or None


def _not_carried(name: str, called: str, kind: str) -> Attribute:
    """Always false: hosts drop frames with VLAN tags, which could hide what is in them from the pipeline's rules."""

    @takes(schema_of(boolean))
    def convert(value: Any) -> bool:
        if boolean(value):
            raise bad_request(f"Backend does not support {called}.", kind)
        return False

    return Attribute(name, convert, False, update=False, kept=Kept.CONSTANT, parse_filter=boolean)


NETWORK = Resource(
    "network",
    "networks",
    (
        *standard_attributes(),
        admin_state(),
        Attribute("status", default="ACTIVE", kept=Kept.CONSTANT),
        Attribute("shared", boolean, False, kept=Kept.COMPUTED, parse_filter=boolean, set_by=ADMIN),
        Attribute("router:external", boolean, False, column="external", parse_filter=boolean, set_by=ADMIN),
        Attribute("mtu", integer(0, _LARGEST_MTU), _LARGEST_POSSIBLE, column="mtu", parse_filter=whole_number),
        Attribute(
            "provider:network_type",
            one_of(*NETWORK_TYPES),
            "vxlan",
            column="network_type",
            parse_filter=str,
            set_by=ADMIN,
            even_default=True,
            seen_by=ADMIN,
        ),
        Attribute(
            "provider:physical_network",
            optional(text(64)),
            None,
            column="physical_network",
            parse_filter=str,
            set_by=ADMIN,
            even_default=True,
            seen_by=ADMIN,
        ),
        Attribute(
            "provider:segmentation_id",
            optional(integer(1, LARGEST_VNI)),
            None,
            column="segmentation_id",
            parse_filter=whole_number,
            set_by=ADMIN,
            even_default=True,
            seen_by=ADMIN,
        ),
        Attribute("port_security_enabled", boolean, True),
        Attribute("dns_domain", domain_name, ""),
        Attribute("is_default", boolean, False, column="is_default", parse_filter=boolean, set_by=ADMIN),
        Attribute("project_default", boolean, False),
        Attribute("availability_zone_hints", list_of(text(255), 16), [], update=False),
        Attribute("availability_zones", kept=Kept.COMPUTED),
        Attribute("ipv4_address_scope", kept=Kept.COMPUTED),
        Attribute("ipv6_address_scope", kept=Kept.COMPUTED),
        Attribute("segments", _segments, None, update=False, set_by=ADMIN, even_default=True, seen_by=ADMIN),
        _not_carried("vlan_transparent", "VLAN Transparency", "VlanTransparencyDriverError"),
        _not_carried("qinq", "VLAN QinQ", "VlanQinqDriverError"),
        qos_policy_id(),
        tags(),
        Attribute("subnets", kept=Kept.COMPUTED),
        Attribute("l2_adjacency", kept=Kept.COMPUTED),
    ),
    extensions=(
        Extension("l2_adjacency", "L2 Adjacency", "Display L2 Adjacency for Neutron Networks."),
        Extension("multi-provider", "Multi Provider Network", "Expose mapping of virtual networks to multiple physical networks"),  # noqa: E501
        Extension("project-default-networks", "Default network for project", "Networks say whether they are their project's default"),  # noqa: E501
        Extension("qinq", "QinQ networks", "Networks say whether they carry VLANs in VLANs"),
        Extension("vlan-transparent", "Vlantransparent", "Networks say whether they carry frames with VLAN tags"),
    ),
    rules={"get": f"{ADMIN_OR_PROJECT_READER} or {SERVICE} or rule:shared or rule:external or rule:context_is_advsvc"},
)  # fmt: skip
