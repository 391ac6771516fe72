"""QoS policies, their rules, and what has them."""

from typing import Any

import pytest

from tests.integration.api.neutron.requests import Json, Neutron, refusal, shown

POLICIES = "/v2.0/qos/policies"
FIRST_RULES = {
    "bandwidth_limit": {"max_kbps": 1000},
    "dscp_marking": {"dscp_mark": 46},
    "minimum_bandwidth": {"min_kbps": 10},
    "minimum_packet_rate": {"min_kpps": 10},
    "packet_rate_limit": {"max_kpps": 100},
}


async def policy(neutron: Neutron, **attributes: Any) -> Json:
    created: Json = shown(await neutron.http.post(POLICIES, json={"policy": attributes}), 201)["policy"]
    return created


async def rule(neutron: Neutron, its_policy: Json, kind: str, **attributes: Any) -> Json:
    path = f"{POLICIES}/{its_policy['id']}/{kind}_rules"
    created: Json = shown(await neutron.http.post(path, json={f"{kind}_rule": attributes}), 201)[f"{kind}_rule"]
    return created


async def test_a_policy_shows_its_rules_of_every_type(neutron: Neutron) -> None:
    gold = await policy(neutron, name="gold")
    rules = {kind: await rule(neutron, gold, kind, **values) for kind, values in FIRST_RULES.items()}
    assert rules["bandwidth_limit"] | FIRST_RULES["bandwidth_limit"] == rules["bandwidth_limit"]
    assert (rules["bandwidth_limit"]["direction"], rules["bandwidth_limit"]["max_burst_kbps"]) == ("egress", 0)
    found = shown(await neutron.http.get(f"{POLICIES}/{gold['id']}"))["policy"]
    assert {each["type"]: each["id"] for each in found["rules"]} == {kind: its["id"] for kind, its in rules.items()}
    assert found["revision_number"] == gold["revision_number"] + len(rules)


@pytest.mark.parametrize("kind", FIRST_RULES)
async def test_a_rule_is_changed_and_deleted_below_its_policy_and_by_its_id_alone(neutron: Neutron, kind: str) -> None:
    gold, values = await policy(neutron), FIRST_RULES[kind]
    its_id = (await rule(neutron, gold, kind, **values))["id"]
    below, alone = f"{POLICIES}/{gold['id']}/{kind}_rules", f"/v2.0/qos/alias-{kind.replace('_', '-')}-rules/{its_id}"
    (name, number), *_ = values.items()
    changed = await neutron.http.put(alone, json={f"alias_{kind}_rule": {name: 8}})
    assert shown(changed)[f"alias_{kind}_rule"][name] == 8
    assert shown(await neutron.http.get(f"{below}/{its_id}"))[f"{kind}_rule"][name] == 8
    assert shown(await neutron.http.put(f"{below}/{its_id}", json={f"{kind}_rule": {name: number}}))
    assert [each[name] for each in shown(await neutron.http.get(below))[f"{kind}_rules"]] == [number]
    silver = await policy(neutron)
    elsewhere = await neutron.http.get(f"{POLICIES}/{silver['id']}/{kind}_rules/{its_id}")
    assert refusal(elsewhere)[:2] == (404, "QosRuleNotFound")
    assert (await neutron.http.delete(alone)).status_code == 204
    assert refusal(await neutron.http.get(f"{below}/{its_id}"))[0] == 404


async def test_rules_that_contradict_each_other_are_refused(neutron: Neutron) -> None:
    gold = await policy(neutron)
    path = f"qos/policies/{gold['id']}"

    async def refused(kind: str, **values: Any) -> str:
        status, error, _ = await neutron.refused("POST", f"{path}/{kind}_rules", {f"{kind}_rule": values})
        assert status == 409
        return error

    limit = await rule(neutron, gold, "bandwidth_limit", max_kbps=100)
    assert await refused("bandwidth_limit", max_kbps=200) == "QoSRulesConflict"
    assert await refused("minimum_bandwidth", min_kbps=200) == "QoSRuleParameterConflict"
    await rule(neutron, gold, "bandwidth_limit", max_kbps=300, direction="ingress")
    await rule(neutron, gold, "minimum_bandwidth", min_kbps=200, direction="ingress")
    change = {"bandwidth_limit_rule": {"max_kbps": 300, "direction": "ingress"}}
    status, kind, _ = await neutron.refused("PUT", f"{path}/bandwidth_limit_rules/{limit['id']}", change)
    assert (status, kind) == (409, "QoSRulesConflict")
    await rule(neutron, gold, "minimum_packet_rate", min_kpps=1, direction="any")
    assert await refused("minimum_packet_rate", min_kpps=1, direction="egress") == "QoSRuleParameterConflict"
    await rule(neutron, gold, "dscp_marking", dscp_mark=0)
    assert await refused("dscp_marking", dscp_mark=8) == "QoSRulesConflict"


async def test_values_that_no_rule_can_have_are_refused(neutron: Neutron) -> None:
    gold = await policy(neutron)
    for kind, values in (
        ("dscp_marking", {"dscp_mark": 58}),
        ("minimum_bandwidth", {}),
        ("bandwidth_limit", {"max_kbps": -1}),
        ("bandwidth_limit", {"max_kbps": 2**31}),
        ("packet_rate_limit", {"max_kpps": 1, "direction": "any"}),
        ("bandwidth_limit", "much"),
    ):
        path, body = f"qos/policies/{gold['id']}/{kind}_rules", {f"{kind}_rule": values}
        assert (await neutron.refused("POST", path, body))[:2] == (400, "HTTPBadRequest"), (kind, values)
    nowhere = await neutron.refused(
        "POST", "qos/policies/none/dscp_marking_rules", {"dscp_marking_rule": {"dscp_mark": 8}}
    )
    assert nowhere == (404, "QosPolicyNotFound", "QoS policy none could not be found.")


async def test_a_rule_is_of_the_policy_of_its_path(neutron: Neutron) -> None:
    gold, silver = await policy(neutron), await policy(neutron)
    made = await rule(neutron, gold, "dscp_marking", dscp_mark=8, qos_policy_id=gold["id"])
    assert made["qos_policy_id"] == gold["id"]
    body = {"dscp_marking_rule": {"dscp_mark": 10, "qos_policy_id": silver["id"]}}
    refused = await neutron.refused("POST", f"qos/policies/{gold['id']}/dscp_marking_rules", body)
    assert refused[0] == 400 and "qos_policy_id" in refused[2]


async def test_a_policy_stays_while_something_has_it(neutron: Neutron) -> None:
    gold = await policy(neutron)
    blue = await neutron.create("network", qos_policy_id=gold["id"])
    web = await neutron.create("port", network_id=blue["id"], qos_policy_id=gold["id"])
    assert (web["qos_policy_id"], web["qos_network_policy_id"]) == (gold["id"], gold["id"])
    path = f"qos/policies/{gold['id']}"
    for resource, each in (("port", web), ("network", blue)):
        status, kind, message = await neutron.refused("DELETE", path)
        assert (status, kind) == (409, "QosPolicyInUse")
        changed = await neutron.update(resource, each["id"], qos_policy_id=None)
        assert changed["qos_policy_id"] is None, message
    assert (await neutron.show("port", web["id"]))["qos_network_policy_id"] is None
    await neutron.update("port", web["id"], qos_policy_id=gold["id"])
    await neutron.delete("port", web["id"])
    assert (await neutron.http.delete(f"/v2.0/{path}")).status_code == 204
    refused = await neutron.refused("PUT", f"networks/{blue['id']}", {"network": {"qos_policy_id": gold["id"]}})
    assert refused[:2] == (404, "QosPolicyNotFound")


async def test_new_networks_have_the_default_policy_of_their_project(neutron: Neutron) -> None:
    gold = await policy(neutron, is_default=True, project_id="blue")
    other = await policy(neutron, project_id="blue")
    assert (await neutron.create("network", project_id="blue"))["qos_policy_id"] == gold["id"]
    assert (await neutron.create("network", project_id="red"))["qos_policy_id"] is None
    said = await neutron.create("network", project_id="blue", qos_policy_id=other["id"])
    assert said["qos_policy_id"] == other["id"]
    second = await neutron.refused("PUT", f"qos/policies/{other['id']}", {"policy": {"is_default": True}})
    assert second == (409, "QoSPolicyDefaultAlreadyExists", "A default QoS policy exists for project blue.")


async def test_a_policy_is_shared_with_all_and_with_none_again(neutron: Neutron) -> None:
    gold = await policy(neutron, name="gold", shared=True)
    await policy(neutron, name="silver")
    for shared, names in (("true", ["gold"]), ("false", ["silver"])):
        found = shown(await neutron.http.get(f"{POLICIES}?shared={shared}"))["policies"]
        assert [each["name"] for each in found] == names
    path, unshare = f"qos/policies/{gold['id']}", {"policy": {"shared": False}}
    theirs = await neutron.create("network", project_id="red", qos_policy_id=gold["id"])
    assert (await neutron.refused("PUT", path, unshare))[:2] == (409, "RbacPolicyInUse")
    await neutron.delete("network", theirs["id"])
    assert shown(await neutron.http.put(f"/v2.0/{path}", json=unshare))["policy"]["shared"] is False


async def test_a_port_asks_the_scheduler_for_what_its_policy_promises(neutron: Neutron) -> None:
    gold = await policy(neutron)
    await rule(neutron, gold, "minimum_bandwidth", min_kbps=100)
    await rule(neutron, gold, "minimum_packet_rate", min_kpps=5, direction="any")
    blue = await neutron.create("network", qos_policy_id=gold["id"])
    web = await neutron.create("port", network_id=blue["id"], device_owner="compute:nova")
    request = web["resource_request"]
    assert [each["resources"] for each in request["request_groups"]] == [
        {"NET_BW_EGR_KILOBIT_PER_SEC": 100},
        {"NET_PACKET_RATE_KILOPACKET_PER_SEC": 5},
    ]
    assert request["same_subtree"] == [each["id"] for each in request["request_groups"]]
    assert (await neutron.show("port", web["id"]))["resource_request"] == request
    refused = await neutron.http.post(
        f"{POLICIES}/{gold['id']}/minimum_bandwidth_rules",
        json={"minimum_bandwidth_rule": {"min_kbps": 1, "direction": "ingress"}},
    )
    assert refused.status_code == 501
    plain = await policy(neutron)
    assert (await neutron.update("port", web["id"], qos_policy_id=plain["id"]))["resource_request"] is None


async def test_a_port_on_a_physical_network_asks_for_a_host_that_has_it(neutron: Neutron) -> None:
    gold = await policy(neutron)
    await rule(neutron, gold, "minimum_bandwidth", min_kbps=100)
    vlan = {"provider:network_type": "vlan", "provider:physical_network": "rack-1.a"}
    network = await neutron.create("network", **vlan)
    port = await neutron.create("port", network_id=network["id"], qos_policy_id=gold["id"])
    (group,) = port["resource_request"]["request_groups"]
    assert group["required"] == ["CUSTOM_PHYSNET_RACK_1_A", "CUSTOM_VNIC_TYPE_NORMAL"]
    assert await neutron.show("port", port["id"]) == port
    assert (await neutron.update("port", port["id"]))["resource_request"] == port["resource_request"]
    elsewhere = await neutron.create("network", qos_policy_id=gold["id"])
    tunnelled = await neutron.create("port", network_id=elsewhere["id"])
    (group,) = tunnelled["resource_request"]["request_groups"]
    assert group["required"] == ["CUSTOM_NETWORK_TUNNEL_PROVIDER", "CUSTOM_VNIC_TYPE_NORMAL"]


async def test_rule_types_say_which_values_they_take(neutron: Neutron) -> None:
    types = shown(await neutron.http.get("/v2.0/qos/rule-types?all_supported=true"))["rule_types"]
    assert types == [{"type": kind} for kind in FIRST_RULES]
    details = shown(await neutron.http.get("/v2.0/qos/rule-types/dscp_marking"))["rule_type"]
    (driver,) = details["drivers"]
    (parameter,) = driver["supported_parameters"]
    assert driver["name"] == "alcor"
    assert (parameter["parameter_name"], parameter["parameter_type"]) == ("dscp_mark", "choices")
    assert 46 in parameter["parameter_values"]
    assert (await neutron.refused("GET", "qos/rule-types/none"))[0] == 404


async def test_floating_ips_and_gateways_have_policies(neutron: Neutron) -> None:
    gold, silver = await policy(neutron), await policy(neutron)
    outside = await neutron.create("network", **{"router:external": True, "qos_policy_id": silver["id"]})
    await neutron.create("subnet", network_id=outside["id"], cidr="198.51.100.0/24", ip_version=4)
    floating = await neutron.create("floatingip", floating_network_id=outside["id"], qos_policy_id=gold["id"])
    assert (floating["qos_policy_id"], floating["qos_network_policy_id"]) == (gold["id"], silver["id"])
    gateway = {"network_id": outside["id"], "qos_policy_id": gold["id"]}
    router = await neutron.create("router", external_gateway_info=gateway)
    assert router["external_gateway_info"]["qos_policy_id"] == gold["id"]
    path = f"qos/policies/{gold['id']}"
    assert "is used by" in (await neutron.refused("DELETE", path))[2]
    await neutron.update("floatingip", floating["id"], qos_policy_id=None)
    assert "is used by router" in (await neutron.refused("DELETE", path))[2]
    kept = await neutron.update("router", router["id"], external_gateway_info={"network_id": outside["id"]})
    assert kept["external_gateway_info"]["qos_policy_id"] == gold["id"]
    await neutron.update("router", router["id"], external_gateway_info=None)
    assert (await neutron.http.delete(f"/v2.0/{path}")).status_code == 204
