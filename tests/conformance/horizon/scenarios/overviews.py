"""Pages that show how networks hang together, and how much there may be."""

from tests.conformance.horizon.dashboard import Dashboard
from tests.conformance.horizon.site import Site, expect


def the_overview_shows_what_there_may_be(site: Site, dashboard: Dashboard) -> None:
    """And how much of it there is."""
    for name in ("one", "two"):
        site.create("network", project_id=dashboard.project_id, name=name)
    dashboard.open("/project/")
    dashboard.sees("Networks", "Used 2 of 100", "Security Groups", "Floating IPs", "Used 0 of 50")


def the_topology_is_shown(site: Site, dashboard: Dashboard) -> None:
    """With a router between two networks, and what is made from its page."""
    _, subnet = site.network(dashboard.project_id, "left", "10.1.0.0/24")
    _, other = site.network(dashboard.project_id, "far", "10.2.0.0/24")
    gateway = {"network_id": site.cloud.public_network_id}
    router = site.create("router", project_id=dashboard.project_id, name="middle", external_gateway_info=gateway)
    site.add_interface(router["id"], subnet["id"])
    dashboard.open("/project/network_topology/")
    dashboard.wait_for(_drawn("left"))
    dashboard.sees("10.1.0.0/24", "public")
    dashboard.press("Create Network")
    dashboard.fill(net_name="right", with_subnet=False)
    dashboard.submit('Created network "right".')
    dashboard.wait_for(_drawn("right"))
    expect(site.one("networks", project_id=dashboard.project_id, name="right"), subnets=[])
    dashboard.press("Create Router")
    dashboard.fill(name="second")
    dashboard.submit("Router second was successfully created.")
    dashboard.wait_for(_drawn("second"))
    dashboard.click(f"{_drawn('middle')}/ancestor::*[name()='g'][2]")
    dashboard.press("Add Interface")
    dashboard.fill(subnet_id=other["id"])
    dashboard.submit("Interface added 10.2.0.1")
    dashboard.open("/project/network_topology/")
    dashboard.click(f"{_drawn('second')}/ancestor::*[name()='g'][2]")
    dashboard.press("» View Router Details")
    dashboard.sees("second", "Active")
    dashboard.open("/project/network_topology/")
    dashboard.tab("Graph")
    dashboard.wait_for(_drawn("left"))


def forms_of_the_topology(site: Site, dashboard: Dashboard) -> None:
    """Those that its map opens, at their addresses: they lead back to it."""
    network = site.create("network", project_id=dashboard.project_id, name="net")
    router = site.create("router", project_id=dashboard.project_id, name="router")
    dashboard.open(f"/project/network_topology/network/{network['id']}/subnet/create")
    dashboard.fill(subnet_name="subnet", cidr="10.1.0.0/24")
    dashboard.next()
    dashboard.submit('Created subnet "subnet".')
    subnet = site.one("subnets", network_id=network["id"])
    expect(subnet, name="subnet", cidr="10.1.0.0/24")
    dashboard.open(f"/project/network_topology/router/{router['id']}/addinterface")
    dashboard.fill(subnet_id=subnet["id"])
    dashboard.submit("Interface added 10.1.0.1")
    expect(site.one("ports", device_id=router["id"]), device_owner="network:router_interface")


def _drawn(name: str) -> str:
    return f"//*[name()='svg']//*[text()='{name}']"


def services_are_listed(site: Site, dashboard: Dashboard) -> None:
    """That of networks among them, with where it is reached."""
    dashboard.open("/project/api_access/")
    dashboard.sees("Network", site.cloud.url)
