"""Flavors of services, and the profiles that make them."""

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Kept, Resource, Unset
from alcor.model.resources.standard import name_text
from alcor.model.rules import ADMIN, ANYBODY
from alcor.model.values import boolean, list_of, one_of, text, text_or_null, uuid

L3 = "L3_ROUTER_NAT"
SERVICE_TYPES = (
    L3,
    "AUTO_ALLOCATED_TOPOLOGY",
    "CONNTRACKHELPER",
    "DUMMY",
    "FLAVORS",
    "LOCAL_IP",
    "LOG_API",
    "METERING",
    "NDPPROXY",
    "NETWORK_IP_AVAILABILITY",
    "PORTFORWARDING",
    "QOS",
    "REVISIONS",
    "SEGMENTS",
    "TIMESTAMP",
    "TRUNK",
)
_MOST_PROFILES = 64

FLAVOR = Resource(
    "flavor",
    "flavors",
    (
        Attribute("id", column="id", parse_filter=str),
        Attribute("name", name_text, "", column="name", parse_filter=str),
        Attribute("description", text_or_null(1024), "", column="description", parse_filter=str),
        Attribute(
            "service_type",
            one_of(*SERVICE_TYPES),
            Unset.REQUIRED,
            update=False,
            column="service_type",
            parse_filter=str,
        ),
        Attribute("service_profiles", list_of(uuid, _MOST_PROFILES), kept=Kept.COMPUTED),
        Attribute("enabled", boolean, True, column="enabled", parse_filter=boolean),
    ),
    rules=dict.fromkeys(("create", "update", "delete"), ADMIN) | {"get": ANYBODY},
    extensions=(
        Extension("flavors", "Neutron Service Flavors", "Flavor specification for Neutron advanced services."),
        Extension("l3-flavors", "Router Flavor Extension", "Flavor support for routers."),
        Extension("service-type", "Neutron Service Type Management", "API for retrieving service providers for Neutron advanced services"),  # noqa: E501
    ),
)  # fmt: skip

SERVICE_PROFILE = Resource(
    "service_profile",
    "service_profiles",
    (
        Attribute("id", column="id", parse_filter=str),
        Attribute("description", text_or_null(1024), "", column="description", parse_filter=str),
        Attribute("driver", text(1024), "", column="driver", parse_filter=str),
        Attribute("metainfo", text(4096), "", column="metainfo"),
        Attribute("enabled", boolean, True, column="enabled", parse_filter=boolean),
    ),
    rules=dict.fromkeys(("create", "get", "update", "delete"), ADMIN),
)
