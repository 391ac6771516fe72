"""What projects still have in the network service."""

from collections.abc import Callable, Collection
from typing import Any

_LISTED = (
    "networks",
    "subnets",
    "ports",
    "routers",
    "floatingips",
    "subnetpools",
    "address-scopes",
    "security-groups",
    "rbac-policies",
    "trunks",
    "segments",
    "metering/metering-labels",
    "qos/policies",
)


def leftovers(show: Callable[[str], Any], projects: Collection[str]) -> list[str]:
    """The kinds and ids of all but the security groups that every project has. ``show`` lists a collection."""
    return [f"{path}/{each['id']}" for path in _LISTED for each in show(f"/{path}") if _is_left(each, projects)]


def _is_left(each: dict[str, Any], projects: Collection[str]) -> bool:
    return each.get("project_id") in projects and each.get("name") != "default"
