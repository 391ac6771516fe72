"""What Horizon has of networks: run by the Python that it is installed for, with the directory of its settings.

Prints its pages, each with the pattern of their addresses, and what can be done in their tables.
"""

import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Iterator
from typing import Any

_PANELS = {
    "project": (
        "networks",
        "routers",
        "security_groups",
        "floating_ips",
        "floating_ip_portforwardings",
        "network_topology",
        "network_qos",
        "trunks",
    ),
    "admin": ("networks", "routers", "floating_ips", "rbac_policies", "trunks", "defaults"),
}

# What the newer pages offer, which the browser makes: by dashboard, panel and what stands on the button.
_NEWER = (
    "project.trunks.Create Trunk",
    "project.trunks.Edit Trunk",
    "project.trunks.Delete Trunk",
    "admin.trunks.Delete Trunks",
    "project.network_qos.Create Policy",
    "project.network_qos.Add Rule",
    "project.network_qos.Edit Rule",
    "project.network_qos.Delete Rule",
    "project.network_qos.Delete Policy",
)
_OF_QUOTAS = "identity.tenants.quotas"  # the only one of its panel that is of networks


def main(directory: str) -> None:
    """Print it."""
    sys.path.insert(0, directory)
    os.environ["DJANGO_SETTINGS_MODULE"] = "openstack_dashboard.settings"
    import django

    django.setup()
    from django.urls import get_resolver

    print(
        json.dumps(
            {"pages": dict(_pages(get_resolver(), "", "")), "actions": sorted({*_actions(), *_NEWER, _OF_QUOTAS})}
        )
    )


def _pages(resolver: Any, prefix: str, name: str) -> Iterator[tuple[str, str]]:
    for each in resolver.url_patterns:
        pattern = prefix + str(each.pattern).removeprefix("^")
        if hasattr(each, "url_patterns"):
            yield from _pages(each, pattern, f"{name}{each.namespace}." if each.namespace else name)
        elif name.startswith(tuple(f"horizon.{dashboard}.{panel}." for dashboard, panel in _panels())):
            yield f"{name.removeprefix('horizon.')}{each.name}", f"^/{pattern}"


def _actions() -> Iterator[str]:
    from horizon.tables import DataTable, FilterAction

    for dashboard, panel in _panels():
        package = importlib.import_module(f"openstack_dashboard.dashboards.{dashboard}.{panel}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("tests"):
                continue
            each: Any
            for each in vars(importlib.import_module(module.name)).values():
                if isinstance(each, type) and issubclass(each, DataTable) and each.__module__ == module.name:
                    for action in (*each._meta.table_actions, *each._meta.row_actions):
                        if not issubclass(action, FilterAction):
                            yield f"{dashboard}.{each._meta.name}.{action.name}"


def _panels() -> Iterator[tuple[str, str]]:
    for dashboard, panels in _PANELS.items():
        for panel in panels:
            yield dashboard, panel


if __name__ == "__main__":
    main(sys.argv[1])
