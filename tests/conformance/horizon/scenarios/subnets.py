"""Subnets of all kinds, as members make, change and delete them on the page of a network."""

from tests.conformance.horizon.dashboard import Dashboard
from tests.conformance.horizon.site import Site, expect, gone


def a_subnet_is_added_changed_and_deleted(site: Site, dashboard: Dashboard) -> None:
    """In the table of the network's subnets, and on the subnet's own page."""
    network = site.create("network", project_id=dashboard.project_id, name="net")
    dashboard.open("/project/networks/")
    dashboard.act("networks", "net", "Create Subnet")
    dashboard.fill(subnet_name="subnet", cidr="10.1.0.0/24", no_gateway=True)
    dashboard.next()
    dashboard.fill(allocation_pools="10.1.0.2,10.1.0.99")
    dashboard.submit('Created subnet "subnet".')
    subnet = site.one("subnets", network_id=network["id"])
    expect(subnet, name="subnet", cidr="10.1.0.0/24", gateway_ip=None, enable_dhcp=True)
    dashboard.tab("Subnets")
    dashboard.act("subnets", "subnet", "Edit Subnet")
    dashboard.fill(subnet_name="renamed", no_gateway=False, gateway_ip="10.1.0.1")
    dashboard.next()
    dashboard.fill(enable_dhcp=False, dns_nameservers="192.0.2.1\n192.0.2.2", host_routes="10.9.0.0/16,10.1.0.9")
    dashboard.submit('Updated subnet "renamed".')
    routes = [{"destination": "10.9.0.0/16", "nexthop": "10.1.0.9"}]
    shown = site.show(f"/subnets/{subnet['id']}")
    expect(shown, name="renamed", gateway_ip="10.1.0.1", enable_dhcp=False, host_routes=routes)
    expect(shown, dns_nameservers=["192.0.2.1", "192.0.2.2"])
    dashboard.tab("Subnets")
    dashboard.follow("renamed")
    dashboard.sees("10.1.0.0/24", "10.1.0.2", "192.0.2.2", "10.9.0.0/16")
    dashboard.open(f"/project/networks/{network['id']}/detail?tab=network_tabs__subnets_tab")
    add_second(dashboard)
    dashboard.act("subnets", "second", "Delete Subnet")
    dashboard.confirm("Deleted Subnet: second")
    dashboard.tab("Subnets")
    dashboard.act("subnets", "renamed", "Delete Subnet")
    dashboard.confirm("Deleted Subnet: renamed")
    gone(site, "subnets", network_id=network["id"])


def add_second(dashboard: Dashboard) -> None:
    """Give the network of the page another subnet; leads to its subnets."""
    dashboard.press("Create Subnet")
    dashboard.fill(subnet_name="second", cidr="10.2.0.0/24")
    dashboard.next()
    dashboard.submit('Created subnet "second".')
    dashboard.tab("Subnets")


def a_subnet_from_a_pool(site: Site, dashboard: Dashboard) -> None:
    """Its prefix is chosen, its network address is not."""
    pool = site.one("subnetpools", name="shared-default-v4")
    dashboard.open("/project/networks/")
    dashboard.press("Create Network")
    dashboard.fill(net_name="pooled")
    dashboard.next()
    dashboard.fill(subnet_name="from-pool", address_source="Allocate Network Address from a pool")
    dashboard.fill(subnetpool=pool["id"], prefixlen="28")
    dashboard.next()
    dashboard.submit('Created network "pooled".')
    subnet = site.one("subnets", name="from-pool", project_id=dashboard.project_id)
    expect(subnet, subnetpool_id=pool["id"])
    expect({"prefix": subnet["cidr"].partition("/")[2]}, prefix="28")


def a_subnet_of_ipv6(site: Site, dashboard: Dashboard) -> None:
    """With the mode in which addresses are made."""
    dashboard.open("/project/networks/")
    dashboard.press("Create Network")
    dashboard.fill(net_name="six")
    dashboard.next()
    dashboard.fill(subnet_name="six", ip_version="IPv6", cidr="2001:db8:1::/64")
    dashboard.next()
    dashboard.fill(ipv6_modes="dhcpv6-stateless/dhcpv6-stateless")
    dashboard.submit('Created network "six".')
    subnet = site.one("subnets", name="six", project_id=dashboard.project_id)
    expect(subnet, ip_version=6, ipv6_ra_mode="dhcpv6-stateless", ipv6_address_mode="dhcpv6-stateless")


def several_networks_are_deleted_at_once(site: Site, dashboard: Dashboard) -> None:
    """And found before by what they are called, and whether they are up."""
    for name in ("one", "two", "three"):
        site.create("network", project_id=dashboard.project_id, name=name, admin_state_up=name != "three")
    dashboard.open("/project/networks/")
    dashboard.fill(networks__filter_project_networks__q="two")
    dashboard.press("Filter")
    dashboard.sees("two")
    dashboard.choose("networks", "two")
    dashboard.press("Delete Networks")
    dashboard.confirm("Deleted Network: two")
    dashboard.fill(networks__filter_project_networks__q="")
    dashboard.press("Filter")
    dashboard.choose("networks", "one", "three")
    dashboard.press("Delete Networks")
    dashboard.confirm("Deleted Networks: ")
    gone(site, "networks", project_id=dashboard.project_id)
