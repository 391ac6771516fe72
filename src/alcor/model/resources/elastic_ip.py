"""Elastic IPs: addresses of a project's own that lead to its ports; and the ranges that they are given out from."""

from typing import Any

from alcor.model.resource import Attribute, Kept, Resource
from alcor.model.resources.standard import chosen_id, standard_attributes
from alcor.model.resources.subnet import ip_version
from alcor.model.rules import ADMIN
from alcor.model.values import host_name, ip_address, list_of, record, takes, uuid

ACTIVATED, DEACTIVATED = "activated", "deactivated"
_MOST_PARTS = 64  # of a range
_OF_PROJECTS = ("id", "project_id", "tenant_id")


@takes({"type": "string"})
def _port(value: Any) -> str | None:
    return None if value == "" else uuid(value)


ELASTIC_IP = Resource(
    "elasticip",
    "elasticips",
    (
        chosen_id(),
        *(each for each in standard_attributes() if each.name != "id"),
        Attribute("elastic_ip_version", ip_version, update=False, column="elastic_ip_version", parse_filter=ip_version),
        Attribute("elastic_ip", ip_address, update=False, column="elastic_ip", parse_filter=ip_address),
        Attribute("port_id", _port, None, column="port_id", parse_filter=str),
        Attribute("private_ip", ip_address, None, column="private_ip", parse_filter=ip_address),
        Attribute("dns_name", host_name, ""),
        Attribute("dns_domain", host_name, ""),
        Attribute("state", kept=Kept.COMPUTED, parse_filter=str),
        Attribute("port_details", kept=Kept.COMPUTED),
    ),
    lenient=True,
)
"""An empty ``port_id`` has it lead nowhere, since null is the same as nothing said."""

ELASTIC_IP_RANGE = Resource(
    "elasticip_range",
    "elasticip_ranges",
    (
        chosen_id(),
        *(each for each in standard_attributes() if each.name not in _OF_PROJECTS),
        Attribute("ip_version", ip_version, 4, update=False, column="ip_version", parse_filter=ip_version),
        Attribute("allocation_ranges", list_of(record({"start": ip_address, "end": ip_address}), _MOST_PARTS), []),
        Attribute("used_ip_count", kept=Kept.COMPUTED),
    ),
    lenient=True,
    rules=dict.fromkeys(("create", "get", "update", "delete"), ADMIN),
)
