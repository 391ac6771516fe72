"""Domains of networks, ports and floating IPs: names in the DNS, in which labels can stand for whoever asks.

Neutron calls this dns-integration-domain-keywords: in ``<project_id>.example.org.``, ports of each project are in a
domain of its own.
"""

import re
from collections.abc import Mapping
from typing import Any

from alcor.model.context import NO_PROJECT, Context
from alcor.model.values import host_name, schema_of, shown, takes

_KEYWORDS = re.compile(r"(?<![^.])<(project_id|project_name|user_id|user_name)>(?=\.|$)")
_ANY_LABEL = "x"


@takes(schema_of(host_name))
def domain_name(value: Any) -> str:
    """A domain name, whose labels may be keywords."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a valid string")
    host_name(_KEYWORDS.sub(_ANY_LABEL, value))
    return value.lower()


def port_name(dns_name: str) -> str:
    """What a port with a dns_name is found by in its domain: names are the same in whatever case (RFC 4343)."""
    return dns_name.rstrip(".").lower()


def has_keywords(domain: str) -> bool:
    """Whether somebody has to be known for a domain to be one."""
    return "<" in domain


def known_of(caller: Context) -> dict[str, str]:
    """What keywords stand for when this caller asks."""
    known = {
        "project_id": caller.project_id if caller.project_id != NO_PROJECT else "",
        "project_name": caller.project_name,
        "user_id": caller.user_id,
        "user_name": caller.user_name,
    }
    return {keyword: value for keyword, value in known.items() if value}


def filled(domain: str, known: Mapping[str, str]) -> str:
    """The domain with what its keywords stand for; those that nobody knows stay as they are."""
    return _KEYWORDS.sub(lambda found: known.get(found[1], found[0]), domain)
