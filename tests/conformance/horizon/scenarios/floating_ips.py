"""Floating IPs and their port forwardings, of members."""

from tests.conformance.horizon.dashboard import Dashboard
from tests.conformance.horizon.scenarios.servers import server_port
from tests.conformance.horizon.site import Shown, Site, expect, gone
from tests.conformance.neutron.cloud import PUBLIC


def a_floating_ip_is_allocated_associated_and_released(site: Site, dashboard: Dashboard) -> None:
    """With a server, by the name that the compute service has for it."""
    port = server_port(site, dashboard.project_id, "web")
    dashboard.open("/project/floating_ips/")
    dashboard.press("Allocate IP To Project")
    dashboard.fill(pool=PUBLIC, description="of the web")
    dashboard.submit("Allocated Floating IP")
    floating = site.one("floatingips", project_id=dashboard.project_id)
    address = floating["floating_ip_address"]
    expect(floating, description="of the web", port_id=None, floating_network_id=site.cloud.public_network_id)
    dashboard.act("floating_ips", address, "Associate")
    dashboard.fill(port_id="web: 10.1.0.10")
    dashboard.submit(f"IP address {address} associated.")
    expect(_now(site, floating), port_id=port["id"], fixed_ip_address="10.1.0.10")
    dashboard.sees("web 10.1.0.10", "of the web")
    dashboard.act("floating_ips", address, "Disassociate")
    dashboard.confirm(f"Successfully disassociated Floating IP: {address}")
    expect(_now(site, floating), port_id=None, fixed_ip_address=None)
    dashboard.act("floating_ips", address, "Release Floating IP")
    dashboard.confirm(f"Released Floating IP: {address}")
    gone(site, "floatingips", project_id=dashboard.project_id)


def floating_ips_are_found_and_released_at_once(site: Site, dashboard: Dashboard) -> None:
    """Of two the one with this address is found."""
    public = site.cloud.public_network_id
    first, second = (
        site.create("floatingip", project_id=dashboard.project_id, floating_network_id=public)["floating_ip_address"]
        for _ in range(2)
    )
    dashboard.open("/project/floating_ips/")
    dashboard.fill(floating_ips__filter__q=second)
    dashboard.press("Filter")
    dashboard.choose("floating_ips", second)
    dashboard.press("Release Floating IPs")
    dashboard.confirm(f"Released Floating IP: {second}")
    expect(site.one("floatingips", project_id=dashboard.project_id), floating_ip_address=first)


def port_forwardings_are_made_and_changed(site: Site, dashboard: Dashboard) -> None:
    """And keep their floating IP from being released. Horizon deletes none: it confuses the two IDs.

    The page of the forwardings of all floating IPs is looked at only while there are none: Horizon fails with any.
    """
    port = server_port(site, dashboard.project_id, "inside")
    public = site.cloud.public_network_id
    floating = site.create("floatingip", project_id=dashboard.project_id, floating_network_id=public)
    dashboard.open("/project/floating_ips/")
    dashboard.press("List all floating IP port forwarding rules")
    dashboard.sees("No items to display.")
    dashboard.open("/project/floating_ips/")
    action = "Configure floating IP port forwarding rules"
    dashboard.act("floating_ips", floating["floating_ip_address"], action)
    dashboard.press("Add floating IP port forwarding rule")
    target = f"{port['id']}_10.1.0.10"
    dashboard.fill(protocol="TCP", external_port="2222", internal_port="22", internal_ip_address=target)
    dashboard.fill(description="by way of the public")
    dashboard.submit("Floating IP port forwarding rule 10.1.0.10 created.")
    forwarding = site.one(f"floatingips/{floating['id']}/port_forwardings")
    expect(forwarding, protocol="tcp", external_port=2222, internal_port=22, internal_port_id=port["id"])
    expect(forwarding, internal_ip_address="10.1.0.10", description="by way of the public")
    dashboard.act("floating_ip_portforwardings", forwarding["id"], "Edit floating IP port forwarding rule")
    dashboard.fill(protocol="UDP", external_port="5353", internal_port="53")
    dashboard.submit("Floating IP port forwarding rule 10.1.0.10 updated.")
    changed = site.one(f"floatingips/{floating['id']}/port_forwardings")
    expect(changed, id=forwarding["id"], protocol="udp", external_port=5353, internal_port=53)
    dashboard.open("/project/floating_ips/")
    dashboard.act("floating_ips", floating["floating_ip_address"], "Release Floating IP")
    dashboard.confirm("Successfully redirected: ")
    dashboard.sees("5353", "10.1.0.10")


def _now(site: Site, floating: Shown) -> Shown:
    return site.show(f"/floatingips/{floating['id']}")
