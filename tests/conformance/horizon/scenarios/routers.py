"""Routers: their gateways, interfaces and static routes."""

from tests.conformance.horizon.dashboard import Dashboard
from tests.conformance.horizon.site import Shown, Site, expect, gone
from tests.conformance.neutron.cloud import PUBLIC


def a_router_is_made_changed_and_deleted(site: Site, dashboard: Dashboard) -> None:
    """With a gateway, which is taken away and set again."""
    dashboard.open("/project/routers/")
    dashboard.press("Create Router")
    dashboard.fill(name="router", admin_state_up=False, external_network=PUBLIC)
    dashboard.submit("Router router was successfully created.")
    router = site.one("routers", project_id=dashboard.project_id)
    expect(router, name="router", admin_state_up=False)
    expect(router["external_gateway_info"], network_id=site.cloud.public_network_id, enable_snat=True)
    dashboard.act("routers", "router", "Edit Router")
    dashboard.fill(name="renamed", admin_state=True)
    dashboard.submit("Router renamed was successfully updated.")
    expect(_now(site, router), name="renamed", admin_state_up=True)
    dashboard.act("routers", "renamed", "Clear Gateway")
    dashboard.confirm("Cleared Gateway: renamed")
    expect(_now(site, router), external_gateway_info=None)
    dashboard.act("routers", "renamed", "Set Gateway")
    dashboard.fill(network_id=PUBLIC)
    dashboard.submit("Gateway interface is added")
    expect(_now(site, router)["external_gateway_info"], network_id=site.cloud.public_network_id)
    dashboard.act("routers", "renamed", "Delete Router")
    dashboard.confirm("Deleted Router: renamed")
    gone(site, "routers", project_id=dashboard.project_id)


def interfaces_are_added_and_deleted(site: Site, dashboard: Dashboard) -> None:
    """At the gateway of a subnet, and at an address of choice."""
    _, first = site.network(dashboard.project_id, "first", "10.1.0.0/24")
    _, second = site.network(dashboard.project_id, "second", "10.2.0.0/24")
    router = site.create("router", project_id=dashboard.project_id, name="router")
    dashboard.open("/project/routers/")
    dashboard.follow("router")
    dashboard.tab("Interfaces")
    dashboard.press("Add Interface")
    dashboard.fill(subnet_id=first["id"])
    dashboard.submit("Interface added 10.1.0.1")
    dashboard.tab("Interfaces")
    dashboard.press("Add Interface")
    dashboard.fill(subnet_id=second["id"], ip_address="10.2.0.99")
    dashboard.submit("Interface added 10.2.0.99")
    ports = {each["fixed_ips"][0]["ip_address"]: each for each in site.all("ports", device_id=router["id"])}
    expect({"addresses": sorted(ports)}, addresses=["10.1.0.1", "10.2.0.99"])
    dashboard.tab("Interfaces")
    dashboard.follow(f"({ports['10.2.0.99']['id'][:13]})")
    dashboard.sees("10.2.0.99", "network:router_interface")
    dashboard.open(f"/project/routers/{router['id']}/?tab=router_details__interfaces")
    dashboard.act("interfaces", ports["10.1.0.1"]["id"], "Delete Interface")
    dashboard.confirm("Deleted Interface: ")
    dashboard.open(f"/project/routers/{router['id']}/?tab=router_details__interfaces")
    dashboard.choose("interfaces", ports["10.2.0.99"]["id"])
    dashboard.press("Delete Interfaces")
    dashboard.confirm("Deleted Interface: ")
    gone(site, "ports", device_id=router["id"])


def static_routes_are_added_and_deleted(site: Site, dashboard: Dashboard) -> None:
    """By way of a subnet that the router is in; then the router is deleted with its interface."""
    _, subnet = site.network(dashboard.project_id, "net", "10.1.0.0/24")
    router = site.create("router", project_id=dashboard.project_id, name="router")
    page = f"/project/routers/{router['id']}/"
    dashboard.open(page)
    dashboard.tab("Interfaces")
    dashboard.press("Add Interface")
    dashboard.fill(subnet_id=subnet["id"])
    dashboard.submit("Interface added")
    for destination in ("10.8.0.0/16", "10.9.0.0/16"):
        dashboard.open(page)
        dashboard.tab("Static Routes")
        dashboard.press("Add Static Route")
        dashboard.fill(destination=destination, nexthop="10.1.0.9")
        dashboard.submit("Static route added")
    first, second = ({"destination": f"10.{each}.0.0/16", "nexthop": "10.1.0.9"} for each in (8, 9))
    routes = sorted(_now(site, router)["routes"], key=lambda each: str(each["destination"]))
    expect({"routes": routes}, routes=[first, second])
    dashboard.open(page)
    dashboard.tab("Static Routes")
    dashboard.act("extra_routes", "10.1.0.9:10.8.0.0/16", "Delete Static Route")
    dashboard.confirm("Deleted Static Route: ")
    expect(_now(site, router), routes=[second])
    dashboard.open(page)
    dashboard.tab("Static Routes")
    dashboard.act("extra_routes", "10.1.0.9:10.9.0.0/16", "Delete Static Route")
    dashboard.confirm("Deleted Static Route: ")
    expect(_now(site, router), routes=[])
    dashboard.open("/project/routers/")
    dashboard.choose("routers", "router")
    dashboard.press("Delete Routers")
    dashboard.confirm("Deleted Router: router")
    gone(site, "routers", project_id=dashboard.project_id)


def _now(site: Site, router: Shown) -> Shown:
    return site.show(f"/routers/{router['id']}")
