"""Security groups and their rules."""

from tests.conformance.horizon.dashboard import Dashboard, Value
from tests.conformance.horizon.site import Shown, Site, expect, gone

_RULES: tuple[tuple[dict[str, Value], Shown], ...] = (
    (
        {"rule_menu": "Custom TCP Rule", "description": "web", "port": "8080"},
        {"protocol": "tcp", "port_range_min": 8080, "port_range_max": 8080, "description": "web"},
    ),
    (
        {
            "rule_menu": "Custom UDP Rule",
            "direction": "Egress",
            "port_or_range": "Port Range",
            "from_port": "5000",
            "to_port": "5010",
            "cidr": "2001:db8::/64",
        },
        {
            "protocol": "udp",
            "direction": "egress",
            "port_range_min": 5000,
            "port_range_max": 5010,
            "remote_ip_prefix": "2001:db8::/64",
            "ethertype": "IPv6",
        },
    ),
    (
        {"rule_menu": "Custom TCP Rule", "port_or_range": "All ports", "cidr": "10.0.0.0/8"},
        {"protocol": "tcp", "port_range_min": None, "port_range_max": None, "remote_ip_prefix": "10.0.0.0/8"},
    ),
    (
        {"rule_menu": "Custom ICMP Rule", "icmp_type": "8", "icmp_code": "0"},
        {"protocol": "icmp", "port_range_min": 8, "port_range_max": 0},
    ),
    (
        {"rule_menu": "Other Protocol", "ip_protocol": "47"},
        {"protocol": "47", "port_range_min": None, "port_range_max": None},
    ),
    ({"rule_menu": "SSH"}, {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}),
    ({"rule_menu": "All UDP"}, {"protocol": "udp", "port_range_min": None, "port_range_max": None}),
    ({"rule_menu": "All ICMP"}, {"protocol": "icmp", "port_range_min": None, "port_range_max": None}),
)
"""What is said in the form, and what the rule is then."""


def a_group_is_made_changed_and_deleted(site: Site, dashboard: Dashboard) -> None:
    """With its description."""
    dashboard.open("/project/security_groups/")
    dashboard.press("Create Security Group")
    dashboard.fill(name="web", description="first")
    dashboard.submit("Successfully created security group: web")
    group = site.one("security-groups", name="web", project_id=dashboard.project_id)
    expect(group, description="first")
    dashboard.open("/project/security_groups/")
    dashboard.act("security_groups", "web", "Edit Security Group")
    dashboard.fill(name="renamed", description="second")
    dashboard.submit("Successfully updated security group: renamed")
    expect(site.show(f"/security-groups/{group['id']}"), name="renamed", description="second")
    dashboard.act("security_groups", "renamed", "Delete Security Group")
    dashboard.confirm("Deleted Security Group: renamed")
    gone(site, "security-groups", name="renamed", project_id=dashboard.project_id)


def rules_of_all_kinds_are_added(site: Site, dashboard: Dashboard) -> None:
    """Each as its form has it."""
    group = site.create("security_group", project_id=dashboard.project_id, name="web")
    before = {each["id"] for each in group["security_group_rules"]}
    for said, wanted in _RULES:
        dashboard.open(f"/project/security_groups/{group['id']}/")
        dashboard.press("Add Rule")
        dashboard.fill(**said)
        dashboard.submit("Successfully added rule")
        now = site.show(f"/security-groups/{group['id']}")["security_group_rules"]
        (added,) = (each for each in now if each["id"] not in before)
        expect(added, **{"direction": "ingress", "remote_group_id": None} | wanted)
        before.add(added["id"])
    dashboard.sees("8080", "5000 - 5010", "22 (SSH)", "2001:db8::/64", "47")


def rules_about_groups_are_changed_and_deleted(site: Site, dashboard: Dashboard) -> None:
    """A change is another rule, made before the first is deleted."""
    friends = site.create("security_group", project_id=dashboard.project_id, name="friends")
    group = site.create("security_group", project_id=dashboard.project_id, name="web")
    dashboard.open("/project/security_groups/")
    dashboard.act("security_groups", "web", "Manage Rules")
    dashboard.press("Add Rule")
    dashboard.fill(rule_menu="SSH", remote="Security Group", security_group=friends["id"], ethertype="IPv6")
    dashboard.submit("Successfully added rule")
    rule = site.one("security-group-rules", security_group_id=group["id"], direction="ingress")
    expect(rule, remote_group_id=friends["id"], ethertype="IPv6", protocol="tcp", port_range_min=22)
    dashboard.sees("friends")
    dashboard.act("rules", rule["id"], "Edit Rule")
    dashboard.fill(port="2222", description="elsewhere")
    dashboard.submit("Successfully updated rule")
    changed = site.one("security-group-rules", security_group_id=group["id"], direction="ingress")
    expect(changed, remote_group_id=friends["id"], port_range_min=2222, description="elsewhere")
    dashboard.act("rules", changed["id"], "Delete Rule")
    dashboard.confirm("Deleted Rule: ")
    gone(site, "security-group-rules", security_group_id=group["id"], direction="ingress")
