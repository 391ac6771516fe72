"""Security groups: a default one for each project, rules with Neutron's checks, members that keep a group in use."""

from typing import Any

from tests.integration.api.neutron.requests import Json, Neutron, shown
from tests.integration.api.neutron.test_networks import NOWHERE


async def default_group(neutron: Neutron) -> Json:
    groups = await neutron.list("security_group", "is_default=true")
    assert len(groups) == 1
    return groups[0]


async def rule(neutron: Neutron, group_id: str, **attributes: Any) -> Json:
    return await neutron.create(
        "security_group_rule", **{"security_group_id": group_id, "direction": "ingress"} | attributes
    )


async def refused_rule(neutron: Neutron, group_id: str, **attributes: Any) -> tuple[int, str]:
    body = {"security_group_rule": {"security_group_id": group_id, "direction": "ingress"} | attributes}
    status, kind, _ = await neutron.refused("POST", "security-group-rules", body)
    return status, kind


async def test_a_project_has_a_default_group_as_soon_as_anybody_looks(neutron: Neutron) -> None:
    group = await default_group(neutron)
    assert (group["name"], group["description"], group["stateful"]) == ("default", "Default security group", True)
    said = {(each["direction"], each["ethertype"], each["remote_group_id"]) for each in group["security_group_rules"]}
    assert said == {
        (d, e, group["id"] if d == "ingress" else None) for d in ("ingress", "egress") for e in ("IPv4", "IPv6")
    }
    assert all(each["belongs_to_default_sg"] for each in group["security_group_rules"])
    change = {"security_group": {"name": "other"}}
    status, kind, _ = await neutron.refused("PUT", f"security-groups/{group['id']}", change)
    assert (status, kind) == (409, "SecurityGroupCannotUpdateDefault")
    status, kind, _ = await neutron.refused("POST", "security-groups", {"security_group": {"name": "Default"}})
    assert (status, kind) == (409, "SecurityGroupDefaultAlreadyExists")


async def test_a_group_goes_with_its_rules_and_those_that_name_it(neutron: Neutron) -> None:
    first, second = [await neutron.create("security_group", name=name, stateful=False) for name in ("a", "b")]
    assert [each["direction"] for each in first["security_group_rules"]] == ["egress", "egress"]
    assert (first["stateful"], first["shared"], first["is_default"]) == (False, False, False)
    made = await rule(neutron, second["id"], remote_group_id=first["id"], protocol="tcp")
    assert (await neutron.show("security_group", second["id"]))["security_group_rules"].count(made) == 1
    await neutron.delete("security_group", first["id"])
    assert await neutron.list("security_group_rule", f"security_group_id={first['id']}") == []
    assert await neutron.list("security_group_rule", f"id={made['id']}") == []


async def test_rules_say_what_neutrons_say(neutron: Neutron) -> None:
    group_id = (await neutron.create("security_group"))["id"]
    made = await rule(
        neutron, group_id, remote_ip_prefix="10.0.0.34/24", protocol=17, port_range_min="1", port_range_max=65535
    )
    assert (made["remote_ip_prefix"], made["normalized_cidr"], made["protocol"]) == (
        "10.0.0.34/24",
        "10.0.0.0/24",
        "17",
    )
    assert (made["port_range_min"], made["port_range_max"]) == (None, None)
    icmp = await rule(neutron, group_id, ethertype="ipv6", protocol="icmpv6", port_range_min=128, port_range_max=0)
    assert (icmp["ethertype"], icmp["protocol"]) == ("IPv6", "icmpv6")
    body = {"security_group_rule": {"description": "other"}}
    assert (await neutron.refused("PUT", f"security-group-rules/{icmp['id']}", body))[0] == 400
    same: Json = {"remote_ip_prefix": "10.0.0.34/24", "protocol": "udp"}
    assert await refused_rule(neutron, group_id, **same) == (409, "SecurityGroupRuleExists")
    pair = [{"security_group_id": group_id, "direction": "ingress", "protocol": name} for name in ("tcp", "6")]
    status, kind, _ = await neutron.refused("POST", "security-group-rules", {"security_group_rules": pair})
    assert (status, kind) == (409, "DuplicateSecurityGroupRuleInPost")


async def test_rules_that_mean_nothing_are_refused_as_neutron_refuses_them(neutron: Neutron) -> None:
    group_id = (await neutron.create("security_group"))["id"]
    for attributes, kind in (
        ({"protocol": "bad"}, "SecurityGroupRuleInvalidProtocol"),
        ({"protocol": 256}, "SecurityGroupRuleInvalidProtocol"),
        ({"ethertype": "IPv5"}, "SecurityGroupRuleInvalidEtherType"),
        ({"remote_ip_prefix": "256"}, "InvalidCIDR"),
        ({"remote_ip_prefix": "::/0"}, "SecurityGroupRuleParameterConflict"),
        ({"protocol": "ipv6-icmp"}, "SecurityGroupEthertypeConflictWithProtocol"),
        ({"port_range_min": 1}, "SecurityGroupProtocolRequiredWithPorts"),
        ({"protocol": "tcp", "port_range_min": -16, "port_range_max": 80}, "SecurityGroupInvalidPortValue"),
        ({"protocol": "tcp", "port_range_min": 0, "port_range_max": 80}, "SecurityGroupInvalidPortValue"),
        ({"protocol": "tcp", "port_range_min": 80, "port_range_max": 79}, "SecurityGroupInvalidPortRange"),
        ({"protocol": "icmp", "port_range_min": 300}, "SecurityGroupInvalidIcmpValue"),
        ({"protocol": "icmp", "port_range_max": 6}, "SecurityGroupMissingIcmpType"),
        ({"protocol": "gre", "port_range_min": 1}, "SecurityGroupInvalidProtocolForPort"),
        ({"remote_ip_prefix": "10.0.0.0/8", "remote_group_id": group_id}, "SecurityGroupMultipleRemoteEntites"),
    ):
        assert await refused_rule(neutron, group_id, **attributes) == (400, kind), attributes
    assert await refused_rule(neutron, NOWHERE) == (404, "SecurityGroupNotFound")
    assert await refused_rule(neutron, group_id, remote_group_id=NOWHERE) == (404, "SecurityGroupNotFound")
    assert await refused_rule(neutron, group_id, remote_address_group_id=NOWHERE) == (404, "AddressGroupNotFound")


async def test_a_port_has_no_stateful_and_stateless_groups_together(neutron: Neutron) -> None:
    network_id = (await neutron.create("network"))["id"]
    stateful, stateless = [
        (await neutron.create("security_group", stateful=stateful))["id"] for stateful in (True, False)
    ]
    both = {"security_groups": [stateful, stateless]}
    expected = (
        409,
        "SecurityGroupConflict",
        "Error Cannot apply both stateful and stateless security groups on the same port at the same time while "
        "attempting the operation.",
    )
    assert await neutron.refused("POST", "ports", {"port": {"network_id": network_id} | both}) == expected
    port = await neutron.create("port", network_id=network_id, security_groups=[stateless])
    assert await neutron.refused("PUT", f"ports/{port['id']}", {"port": both}) == expected
    changed = await neutron.update("port", port["id"], security_groups=[stateful])
    assert changed["security_groups"] == [stateful]


async def test_new_groups_begin_with_what_neutrons_templates_say(neutron: Neutron) -> None:
    templates = await neutron.list("default_security_group_rule")
    assert sorted((each["direction"], each["ethertype"], each["description"]) for each in templates) == [
        (direction, ethertype, f"Legacy default SG rule for {direction} traffic")
        for direction in ("egress", "ingress")
        for ethertype in ("IPv4", "IPv6")
    ]


async def test_ports_are_members_of_the_default_group_or_of_those_they_name(neutron: Neutron) -> None:
    network_id = (await neutron.create("network"))["id"]
    default, other = await default_group(neutron), await neutron.create("security_group")
    ports = {
        name: await neutron.create("port", network_id=network_id, **attributes)
        for name, attributes in {
            "usual": {},
            "none": {"security_groups": None},
            "named": {"security_groups": [other["id"]]},
            "unsecured": {"port_security_enabled": False},
            "trusted": {"device_owner": "network:dhcp"},
        }.items()
    }
    groups = {name: each["security_groups"] for name, each in ports.items()}
    assert groups == {"usual": [default["id"]], "none": [], "named": [other["id"]], "unsecured": [], "trusted": []}
    assert await neutron.list("port", f"security_groups={other['id']}") == [ports["named"]]

    status, kind, _ = await neutron.refused("DELETE", f"security-groups/{other['id']}")
    assert (status, kind) == (409, "SecurityGroupInUse")
    status, kind, _ = await neutron.refused(
        "PUT", f"security-groups/{other['id']}", {"security_group": {"stateful": False}}
    )
    assert (status, kind) == (409, "SecurityGroupInUse")

    for attributes, refusal in (
        ({"port_security_enabled": False}, (409, "PortSecurityPortHasSecurityGroup")),
        (
            {"port_security_enabled": False, "security_groups": [default["id"]]},
            (400, "PortSecurityAndIPRequiredForSecurityGroups"),
        ),
        ({"security_groups": [NOWHERE]}, (404, "SecurityGroupNotFound")),
    ):
        asked = await neutron.refused("PUT", f"ports/{ports['named']['id']}", {"port": attributes})
        assert asked[:2] == refusal
    changed = await neutron.update("port", ports["named"]["id"], security_groups=[default["id"]])
    assert changed["security_groups"] == [default["id"]]
    await neutron.delete("security_group", other["id"])
    for attributes, refusal in (
        (
            {"port_security_enabled": False, "security_groups": [default["id"]]},
            (400, "PortSecurityAndIPRequiredForSecurityGroups"),
        ),
        ({"security_groups": [other["id"]]}, (404, "SecurityGroupNotFound")),
    ):
        asked = await neutron.refused("POST", "ports", {"port": {"network_id": network_id} | attributes})
        assert asked[:2] == refusal
    for each in ports.values():
        await neutron.delete("port", each["id"])
    await neutron.delete("security_group", default["id"])
    assert (await default_group(neutron))["id"] != default["id"]


async def test_new_groups_begin_with_the_rules_of_the_templates(neutron: Neutron) -> None:
    template = {"direction": "ingress", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}
    made = await neutron.create("default_security_group_rule", **template, remote_group_id="PARENT")
    assert (made["used_in_default_sg"], made["used_in_non_default_sg"]) == (False, True)
    again = {"default_security_group_rule": template | {"remote_group_id": "PARENT"}}
    status, kind, _ = await neutron.refused("POST", "default-security-group-rules", again)
    assert (status, kind) == (409, "DefaultSecurityGroupRuleExists")
    group = await neutron.create("security_group")
    rules = [each for each in group["security_group_rules"] if each["direction"] == "ingress"]
    assert [(each["remote_group_id"], each["port_range_min"]) for each in rules] == [(group["id"], 22)]
    await neutron.delete("default_security_group_rule", made["id"])
    assert len((await neutron.create("security_group"))["security_group_rules"]) == 2


async def test_address_groups_hold_ranges_and_stay_while_rules_name_them(neutron: Neutron) -> None:
    group = await neutron.create("address_group", addresses=["10.1.2.3/8", "2001:db8::f00/64"])
    assert group["addresses"] == ["10.0.0.0/8", "2001:db8::/64"]
    path = f"/v2.0/address-groups/{group['id']}"
    added = await neutron.http.put(f"{path}/add_addresses", json={"addresses": ["192.0.2.1/32"]})
    assert shown(added)["address_group"]["addresses"] == [*group["addresses"], "192.0.2.1/32"]
    left = await neutron.http.put(f"{path}/remove_addresses", json={"addresses": ["10.9.9.9/8"]})
    assert shown(left)["address_group"]["addresses"] == ["2001:db8::/64", "192.0.2.1/32"]
    for action, addresses, refusal in (
        ("add_addresses", ["192.0.2.1/32"], (400, "AddressesAlreadyExist")),
        ("add_addresses", ["192.0.2.1"], (400, "AddressesAlreadyExist")),
        ("add_addresses", ["10.20.30"], (400, "HTTPBadRequest")),
        ("remove_addresses", ["10.20.30.40"], (404, "AddressesNotFound")),
        ("remove_addresses", ["10.0.0.0/8"], (404, "AddressesNotFound")),
    ):
        asked = await neutron.refused("PUT", f"address-groups/{group['id']}/{action}", {"addresses": addresses})
        assert asked[:2] == refusal
    security_group = await neutron.create("security_group")
    made = await rule(neutron, security_group["id"], remote_address_group_id=group["id"], ethertype="IPv6")
    assert (await neutron.refused("DELETE", f"address-groups/{group['id']}"))[:2] == (409, "AddressGroupInUse")
    await neutron.delete("security_group_rule", made["id"])
    await neutron.delete("address_group", group["id"])


async def test_a_rule_of_no_group_is_refused(neutron: Neutron) -> None:
    body = {"security_group_rule": {"direction": "egress", "security_group_id": ""}}
    assert (await neutron.refused("POST", "security-group-rules", body))[0] == 404
