"""Networks, subnets, ports, routers and floating IPs of other projects, as an operator has them."""

from tests.conformance.horizon.dashboard import Dashboard
from tests.conformance.horizon.scenarios.servers import server_port
from tests.conformance.horizon.scenarios.subnets import add_second
from tests.conformance.horizon.site import Site, expect, gone
from tests.conformance.neutron.cloud import PUBLIC


def a_provider_network_is_made_changed_and_deleted(site: Site, dashboard: Dashboard) -> None:
    """For another project, with a subnet, and then external and shared."""
    project_id = site.cloud.keystone.project_id("others-network")
    dashboard.open("/admin/networks/")
    dashboard.press("Create Network")
    dashboard.fill(name="provided", tenant_id=project_id, network_type="VXLAN", segmentation_id="4242", mtu="1300")
    dashboard.next()
    dashboard.fill(subnet_name="inside", cidr="10.1.0.0/24")
    dashboard.next()
    dashboard.submit('Created network "provided".')
    network = site.one("networks", project_id=project_id)
    expect(network, name="provided", mtu=1300, shared=False, admin_state_up=True)
    expect(network, **{"provider:network_type": "vxlan", "provider:segmentation_id": 4242})
    expect(site.one("subnets", network_id=network["id"]), name="inside", project_id=project_id)
    dashboard.fill(networks__filter_admin_networks__q="others-network")
    dashboard.press("Filter")
    dashboard.act("networks", "provided", "Create Subnet")
    dashboard.fill(subnet_name="first", cidr="10.3.0.0/24")
    dashboard.next()
    dashboard.submit('Created subnet "first".')
    dashboard.tab("Subnets")
    dashboard.follow("first")
    dashboard.sees("10.3.0.0/24")
    dashboard.open("/admin/networks/")
    dashboard.act("networks", "provided", "Edit Network")
    dashboard.fill(name="public-too", shared=True, external=True)
    dashboard.submit("Network public-too was successfully updated.")
    changed = site.show(f"/networks/{network['id']}")
    expect(changed, name="public-too", shared=True, **{"router:external": True})
    dashboard.follow("public-too")
    dashboard.tab("Overview")
    dashboard.sees("vxlan", "4242", "1300")
    dashboard.tab("Subnets")
    add_second(dashboard)
    dashboard.act("subnets", "second", "Edit Subnet")
    dashboard.fill(subnet_name="renamed")
    dashboard.next()
    dashboard.submit('Updated subnet "renamed".')
    dashboard.tab("Subnets")
    dashboard.act("subnets", "renamed", "Delete Subnet")
    dashboard.confirm("Deleted Subnet: renamed")
    expect({"left": len(site.all("subnets", network_id=network["id"]))}, left=2)
    dashboard.open("/admin/networks/")
    dashboard.act("networks", "public-too", "Delete Network")
    dashboard.confirm("Deleted Network: public-too")
    gone(site, "networks", project_id=project_id)


def a_port_is_bound_to_a_host(site: Site, dashboard: Dashboard) -> None:
    """For a server, on a page that only operators have."""
    network, _ = site.network(dashboard.project_id, "net", "10.1.0.0/24")
    dashboard.open(f"/admin/networks/{network['id']}/detail?tab=network_tabs__ports_tab")
    dashboard.press("Create Port")
    dashboard.fill(name="port", device_id="server", device_owner="compute:nova", binding__host_id="host-1")
    dashboard.submit("Port port was successfully created.")
    port = site.one("ports", network_id=network["id"], device_owner="compute:nova")
    expect(port, name="port", device_id="server", **{"binding:host_id": "host-1"})
    dashboard.tab("Ports")
    dashboard.act("ports", "port", "Edit Port")
    dashboard.fill(name="moved", binding__host_id="host-2")
    dashboard.submit("Port moved was successfully updated.")
    changed = site.show(f"/ports/{port['id']}")
    expect(changed, name="moved", **{"binding:host_id": "host-2"})
    dashboard.tab("Ports")
    dashboard.follow("moved")
    dashboard.sees("host-2", port["mac_address"])
    dashboard.open(f"/admin/networks/ports/{port['id']}/addallowedaddresspairs")
    dashboard.fill(ip="10.1.0.200")
    dashboard.submit("was successfully updated.")
    (pair,) = site.show(f"/ports/{port['id']}")["allowed_address_pairs"]
    expect(pair, ip_address="10.1.0.200")
    dashboard.open(f"/admin/networks/{network['id']}/detail?tab=network_tabs__ports_tab")
    dashboard.act("ports", "moved", "Delete Port")
    dashboard.confirm("Deleted Port: moved")
    gone(site, "ports", network_id=network["id"], device_owner="compute:nova")


def a_router_is_made_for_a_project(site: Site, dashboard: Dashboard) -> None:
    """Distributed or not, and highly available or not, as operators say."""
    project_id = site.cloud.keystone.project_id("others-router")
    dashboard.open("/admin/routers/")
    dashboard.press("Create Router")
    dashboard.fill(name="router", tenant_id=project_id, external_network=PUBLIC, enable_snat=False)
    dashboard.fill(mode="Distributed", ha="Disable HA mode")
    dashboard.submit("Router router was successfully created.")
    router = site.one("routers", project_id=project_id)
    expect(router, name="router", distributed=True, ha=False)
    expect(router["external_gateway_info"], network_id=site.cloud.public_network_id, enable_snat=False)
    dashboard.act("routers", router["id"], "Edit Router")
    dashboard.fill(name="renamed", admin_state=False)
    dashboard.submit("Router renamed was successfully updated.")
    expect(site.show(f"/routers/{router['id']}"), name="renamed", admin_state_up=False)
    dashboard.follow("renamed")
    dashboard.sees(router["id"], PUBLIC)
    dashboard.tab("Static Routes")
    dashboard.tab("Interfaces")
    (gateway,) = site.all("ports", device_id=router["id"])
    dashboard.act("interfaces", gateway["id"], "Delete Interface")
    dashboard.confirm("Deleted Interface: ")
    expect(site.show(f"/routers/{router['id']}"), external_gateway_info=None)
    dashboard.open("/admin/routers/")
    dashboard.act("routers", router["id"], "Delete Router")
    dashboard.confirm("Deleted Router: renamed")
    gone(site, "routers", project_id=project_id)


def a_floating_ip_is_allocated_for_a_project(site: Site, dashboard: Dashboard) -> None:
    """At an address of choice."""
    project_id = site.cloud.keystone.project_id("others-address")
    dashboard.open("/admin/floating_ips/")
    dashboard.press("Allocate IP To Project")
    dashboard.fill(pool=f"{PUBLIC} 172.24.4.0/24", tenant=project_id, floating_ip_address="172.24.4.200")
    dashboard.submit("Allocated floating IP 172.24.4.200.")
    floating = site.one("floatingips", project_id=project_id)
    expect(floating, floating_ip_address="172.24.4.200", floating_network_id=site.cloud.public_network_id)
    dashboard.follow("172.24.4.200")
    dashboard.sees("172.24.4.200", "public")
    port = server_port(site, project_id, "of-others")
    site.update(f"/floatingips/{floating['id']}", floatingip={"port_id": port["id"]})
    dashboard.open("/admin/floating_ips/")
    dashboard.act("floating_ips", floating["id"], "Disassociate")
    dashboard.confirm("Successfully disassociated Floating IP: 172.24.4.200")
    expect(site.show(f"/floatingips/{floating['id']}"), port_id=None)
    dashboard.act("floating_ips", floating["id"], "Release Floating IP")
    dashboard.confirm("Released Floating IP: 172.24.4.200")
    gone(site, "floatingips", project_id=project_id)


def default_quotas_are_shown(site: Site, dashboard: Dashboard) -> None:
    """Those of the network service, which the form for defaults leaves alone."""
    defaults = site.show("/quotas/of-nobody/default")
    dashboard.open("/admin/defaults/")
    dashboard.tab("Network Quotas")
    dashboard.sees(
        f"Rbac Policies\t{defaults['rbac_policy']}", f"Security Group Rules\t{defaults['security_group_rule']}"
    )


def agents_are_listed(site: Site, dashboard: Dashboard) -> None:
    """Those of the network service among all that there is."""
    dashboard.open("/admin/info/")
    dashboard.tab("Network Agents")
    for agent in site.all("agents"):
        dashboard.sees(agent["host"], agent["agent_type"])
