"""Ports, with their addresses, security groups and address pairs."""

from tests.conformance.horizon.dashboard import Dashboard
from tests.conformance.horizon.site import Site, expect, gone


def a_port_is_made_changed_and_deleted(site: Site, dashboard: Dashboard) -> None:
    """By a member, who may not say all that Neutron knows of ports."""
    network, subnet = site.network(dashboard.project_id, "net", "10.1.0.0/24")
    group = site.create("security_group", project_id=dashboard.project_id, name="web")
    dashboard.open(f"/project/networks/{network['id']}/detail?tab=network_tabs__ports_tab")
    dashboard.press("Create Port")
    dashboard.fill(name="port", device_id="thing", device_owner="one:two")
    dashboard.fill(specify_ip="Fixed IP Address", fixed_ip="10.1.0.77")
    dashboard.submit("Port port was successfully created.")
    port = site.one("ports", network_id=network["id"])
    expect(
        port,
        name="port",
        device_id="thing",
        device_owner="one:two",
        fixed_ips=[{"subnet_id": subnet["id"], "ip_address": "10.1.0.77"}],
        admin_state_up=True,
    )
    default = site.one("security-groups", name="default", project_id=dashboard.project_id)
    expect(port, security_groups=[default["id"]])
    dashboard.tab("Ports")
    dashboard.act("ports", "port", "Edit Port")
    dashboard.fill(name="renamed", admin_state=False)
    dashboard.step("Security Groups")
    dashboard.add_member("web")
    dashboard.submit("Port renamed was successfully updated.")
    shown = site.show(f"/ports/{port['id']}")
    expect(shown, name="renamed", admin_state_up=False)
    expect({"groups": sorted(shown["security_groups"])}, groups=sorted([default["id"], group["id"]]))
    dashboard.tab("Ports")
    dashboard.follow("renamed")
    dashboard.sees("10.1.0.77", port["mac_address"], "web")
    dashboard.open(f"/project/networks/{network['id']}/detail?tab=network_tabs__ports_tab")
    dashboard.act("ports", "renamed", "Delete Port")
    dashboard.confirm("Deleted Port: renamed")
    gone(site, "ports", network_id=network["id"])


def a_port_in_a_subnet_of_choice(site: Site, dashboard: Dashboard) -> None:
    """And without security groups, since its security is switched off."""
    network, subnet = site.network(dashboard.project_id, "net", "10.1.0.0/24")
    dashboard.open(f"/project/networks/{network['id']}/detail?tab=network_tabs__ports_tab")
    dashboard.press("Create Port")
    dashboard.fill(name="port", specify_ip="Subnet", subnet_id=subnet["id"])
    dashboard.fill(mac_address="fa:16:3e:00:00:07", binding__vnic_type="Direct", port_security_enabled=False)
    dashboard.submit("Port port was successfully created.")
    port = site.one("ports", network_id=network["id"])
    expect({"subnets": [each["subnet_id"] for each in port["fixed_ips"]]}, subnets=[subnet["id"]])
    expect(port, mac_address="fa:16:3e:00:00:07", port_security_enabled=False, security_groups=[])
    expect(port, **{"binding:vnic_type": "direct"})


def address_pairs_are_added_and_deleted(site: Site, dashboard: Dashboard) -> None:
    """On the port's own page."""
    network, _ = site.network(dashboard.project_id, "net", "10.1.0.0/24")
    port = site.create("port", project_id=dashboard.project_id, network_id=network["id"], name="port")
    dashboard.open(f"/project/networks/ports/{port['id']}/detail")
    dashboard.tab("Allowed Address Pairs")
    dashboard.press("Add Allowed Address Pair")
    dashboard.fill(ip="10.1.0.200", mac="fa:16:3e:00:00:01")
    dashboard.submit("was successfully updated.")
    dashboard.tab("Allowed Address Pairs")
    dashboard.press("Add Allowed Address Pair")
    dashboard.fill(ip="10.2.0.0/24")
    dashboard.submit("was successfully updated.")
    first = {"ip_address": "10.1.0.200", "mac_address": "fa:16:3e:00:00:01"}
    second = {"ip_address": "10.2.0.0/24", "mac_address": port["mac_address"]}
    expect(site.show(f"/ports/{port['id']}"), allowed_address_pairs=[first, second])
    dashboard.tab("Allowed Address Pairs")
    dashboard.act("allowed_address_pairs", "10.1.0.200", "Delete")
    dashboard.confirm("Deleted address pair: 10.1.0.200")
    expect(site.show(f"/ports/{port['id']}"), allowed_address_pairs=[second])
