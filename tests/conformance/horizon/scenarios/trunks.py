"""Trunks and their subports."""

from tests.conformance.horizon import lists
from tests.conformance.horizon.dashboard import Dashboard
from tests.conformance.horizon.site import Shown, Site, expect, gone


def a_trunk_is_changed_and_deleted(site: Site, dashboard: Dashboard) -> None:
    """It is made elsewhere: Horizon offers no ports for it, since it looks for a name that they do not have."""
    parent, child = (_port(site, dashboard, name) for name in ("parent", "child"))
    subport = {"port_id": child["id"], "segmentation_type": "vlan", "segmentation_id": 100}
    values = {"project_id": dashboard.project_id, "port_id": parent["id"], "name": "trunk", "sub_ports": [subport]}
    trunk = site.create("trunk", **values)
    dashboard.open("/project/trunks/")
    lists.act(dashboard, "trunk", "Edit Trunk")
    dashboard.fill(**{"trunkForm-name": "renamed", "trunkForm-description": "of all"})
    lists.finish(dashboard, "Edit Trunk", "Trunk renamed was successfully edited.")
    expect(site.show(f"/trunks/{trunk['id']}"), name="renamed", description="of all", sub_ports=[subport])
    dashboard.follow("renamed")
    dashboard.sees(parent["id"], child["id"], "100")
    dashboard.open("/project/trunks/")
    lists.act(dashboard, "renamed", "Delete Trunk")
    lists.finish(dashboard, "Delete Trunk", "Deleted Trunk: renamed.")
    gone(site, "trunks", project_id=dashboard.project_id)


def trunks_are_deleted_at_once(site: Site, dashboard: Dashboard) -> None:
    """By an operator, who sees those of all projects on a page of their own."""
    for name in ("one", "two"):
        port = _port(site, dashboard, name)
        site.create("trunk", project_id=dashboard.project_id, port_id=port["id"], name=f"trunk-{name}")
    dashboard.open("/admin/trunks/")
    lists.choose(dashboard, "trunk-one")
    lists.choose(dashboard, "trunk-two")
    lists.press(dashboard, "Delete Trunks")
    lists.finish(dashboard, "Delete Trunks", "Deleted Trunks: trunk-one, trunk-two.")
    gone(site, "trunks", project_id=dashboard.project_id)


def _port(site: Site, dashboard: Dashboard, name: str) -> Shown:
    network, _ = site.network(dashboard.project_id, f"net-{name}", "10.1.0.0/24")
    return site.create("port", project_id=dashboard.project_id, network_id=network["id"], name=name)
