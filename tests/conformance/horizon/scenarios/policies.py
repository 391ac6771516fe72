"""QoS policies and their rules, and who is let have what: an operator's work."""

from tests.conformance.horizon import lists
from tests.conformance.horizon.dashboard import Dashboard
from tests.conformance.horizon.site import Site, expect, gone


def a_qos_policy_is_made_and_deleted(site: Site, dashboard: Dashboard) -> None:
    """With rules of every kind that Horizon has."""
    dashboard.open("/project/network_qos/")
    lists.press(dashboard, "Create Policy")
    dashboard.fill(name="slow", description="for guests", shared=True)
    lists.finish(dashboard, "Submit", "QoS Policy slow was successfully created.")
    policy = site.one("qos/policies", project_id=dashboard.project_id)
    expect(policy, name="slow", description="for guests", shared=True, rules=[])
    lists.act(dashboard, "slow", "Add Rule")
    dashboard.fill(**{"add-rule": "Bandwidth Limit"})
    dashboard.fill(maxkbps="1000", maxburstkbps="800", direction="egress")
    lists.finish(dashboard, "Add Rule", "QoS Policy Rule successfully created")
    lists.act(dashboard, "slow", "Add Rule")
    dashboard.fill(**{"add-rule": "DSCP Marking"})
    dashboard.fill(dscpmarking="26")
    lists.finish(dashboard, "Add Rule", "QoS Policy Rule successfully created")
    rules = {each["type"]: each for each in site.show(f"/qos/policies/{policy['id']}")["rules"]}
    expect(rules["bandwidth_limit"], max_kbps=1000, max_burst_kbps=800, direction="egress")
    expect(rules["dscp_marking"], dscp_mark=26)
    lists.act(dashboard, "slow", "Edit Rule")
    marking = rules["dscp_marking"]["id"]
    dashboard.fill(**{"edit-rule": f"{marking} - DSCP Marking - dscpmark: 26"})
    dashboard.fill(dscpmarking="28")
    lists.finish(dashboard, "Edit Rule", "was successfully updated.")
    rules = {each["type"]: each for each in site.show(f"/qos/policies/{policy['id']}")["rules"]}
    expect(rules["dscp_marking"], id=marking, dscp_mark=28)
    lists.act(dashboard, "slow", "Delete Rule")
    dashboard.fill(ruleid=f"{marking} - dscp_marking - dscpmark: 28")
    lists.finish(dashboard, "Delete", "was successfully deleted.")
    (left,) = site.show(f"/qos/policies/{policy['id']}")["rules"]
    expect(left, type="bandwidth_limit")
    dashboard.follow("slow")
    dashboard.sees("1000", "for guests")
    dashboard.open("/project/network_qos/")
    lists.act(dashboard, "slow", "Delete Policy")
    lists.finish(dashboard, "Delete Policy", "Deleted policy: slow.")
    gone(site, "qos/policies", project_id=dashboard.project_id)


def a_network_is_shared_with_a_project(site: Site, dashboard: Dashboard) -> None:
    """By a policy of who is let have it, which is changed for another project and deleted."""
    keystone = site.cloud.keystone
    first, second = (keystone.project_id(f"friends-{each}") for each in ("one", "two"))
    network = site.create("network", project_id=dashboard.project_id, name="to-share")
    dashboard.open("/admin/rbac_policies/")
    dashboard.press("Create RBAC Policy")
    dashboard.fill(target_tenant=first, action_object_type="Shared Network", network_id=network["id"])
    dashboard.submit("RBAC Policy was successfully created.")
    policy = site.one("rbac-policies", object_id=network["id"])
    expect(policy, action="access_as_shared", object_type="network", target_tenant=first)
    dashboard.act("rbac-policies", policy["id"], "Edit Policy")
    dashboard.fill(target_tenant=second)
    dashboard.submit("was successfully updated.")
    expect(site.show(f"/rbac-policies/{policy['id']}"), target_tenant=second)
    dashboard.follow(policy["id"])
    dashboard.sees(network["id"], second)
    dashboard.open("/admin/rbac_policies/")
    dashboard.act("rbac-policies", policy["id"], "Delete RBAC Policy")
    dashboard.confirm("Deleted RBAC Policy: ")
    gone(site, "rbac-policies", object_id=network["id"])


def a_policy_and_a_network_are_shared_with_all(site: Site, dashboard: Dashboard) -> None:
    """The network as an external one, and the QoS policy as it is."""
    network = site.create("network", project_id=dashboard.project_id, name="outside")
    policy = site.create_policy(dashboard.project_id, "for-all")
    dashboard.open("/admin/rbac_policies/")
    dashboard.press("Create RBAC Policy")
    dashboard.fill(target_tenant="*", action_object_type="External Network", network_id=network["id"])
    dashboard.submit("RBAC Policy was successfully created.")
    dashboard.press("Create RBAC Policy")
    dashboard.fill(target_tenant="*", action_object_type="Shared QoS Policy", qos_policy_id=policy["id"])
    dashboard.submit("RBAC Policy was successfully created.")
    expect(site.show(f"/networks/{network['id']}"), **{"router:external": True})
    expect(site.show(f"/qos/policies/{policy['id']}"), shared=True)
    expect(site.one("rbac-policies", object_id=network["id"]), action="access_as_external", target_tenant="*")
