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
    """With a router between two networks, and what is made and deleted from its page."""
    network, subnet = site.network(dashboard.project_id, "left", "10.1.0.0/24")
    gateway = {"network_id": site.cloud.public_network_id}
    router = site.create("router", project_id=dashboard.project_id, name="middle", external_gateway_info=gateway)
    site.add_interface(router["id"], subnet["id"])
    dashboard.open("/project/network_topology/")
    dashboard.wait_for("//*[name()='svg']//*[text()='left']")
    dashboard.wait_for("//*[name()='svg']//*[text()='middle']")
    dashboard.sees("10.1.0.0/24", "public")
    dashboard.press("Create Network")
    dashboard.fill(net_name="right", with_subnet=False)
    dashboard.submit('Created network "right".')
    dashboard.wait_for("//*[name()='svg']//*[text()='right']")
    expect(site.one("networks", project_id=dashboard.project_id, name="right"), subnets=[])
    dashboard.press("Create Router")
    dashboard.fill(name="other")
    dashboard.submit("Router other was successfully created.")
    dashboard.wait_for("//*[name()='svg']//*[text()='other']")
    dashboard.tab("Graph")
    dashboard.wait_for("//*[name()='svg']//*[text()='left']")
    expect(site.show(f"/networks/{network['id']}"), name="left")


def the_rc_file_is_offered(_site: Site, dashboard: Dashboard) -> None:
    """The list of services has that of networks, with where it is reached."""
    dashboard.open("/project/api_access/")
    dashboard.sees("Network", _site.cloud.url)
