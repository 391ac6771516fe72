"""Networks and subnets, as members make, change and delete them."""

from tests.conformance.horizon.dashboard import Dashboard
from tests.conformance.horizon.site import Site, expect, gone


def a_network_with_a_subnet(site: Site, dashboard: Dashboard) -> None:
    """The form has three steps; then both are changed, and deleted."""
    dashboard.open("/project/networks/")
    dashboard.press("Create Network")
    dashboard.fill(net_name="net", mtu="1400", admin_state=False)
    dashboard.next()
    dashboard.fill(subnet_name="subnet", cidr="10.1.0.0/24", gateway_ip="10.1.0.254")
    dashboard.next()
    dashboard.fill(
        enable_dhcp=False,
        allocation_pools="10.1.0.10,10.1.0.20",
        dns_nameservers="192.0.2.1",
        host_routes="10.9.0.0/16,10.1.0.9",
    )
    dashboard.submit('Created network "net".')
    network = site.one("networks", project_id=dashboard.project_id)
    expect(network, name="net", mtu=1400, admin_state_up=False, shared=False)
    expect(
        site.one("subnets", network_id=network["id"]),
        name="subnet",
        cidr="10.1.0.0/24",
        gateway_ip="10.1.0.254",
        enable_dhcp=False,
        allocation_pools=[{"start": "10.1.0.10", "end": "10.1.0.20"}],
        dns_nameservers=["192.0.2.1"],
        host_routes=[{"destination": "10.9.0.0/16", "nexthop": "10.1.0.9"}],
    )
    dashboard.act("networks", "net", "Edit Network")
    dashboard.fill(name="renamed", admin_state=True)
    dashboard.submit("Network renamed was successfully updated.")
    expect(site.show(f"/networks/{network['id']}"), name="renamed", admin_state_up=True)
    dashboard.act("networks", "renamed", "Delete Network")
    dashboard.confirm("Deleted Network: renamed")
    gone(site, "networks", project_id=dashboard.project_id)
