"""Security groups, their rules and their members, as Alcor's Security Group Manager has them."""

from typing import Any

import httpx
import pytest

from alcor.model.identifiers import new_id
from tests.integration.api.alcor.requests import ELSEWHERE, PROJECT, add_port, add_vpc, refusal, shown

GROUPS, RULES = f"{PROJECT}/security-groups", f"{PROJECT}/security-group-rules"
BIND, UNBIND = f"{PROJECT}/bind-security-groups", f"{PROJECT}/unbind-security-groups"


async def add_group(client: httpx.AsyncClient, name: str = "web", **others: Any) -> dict[str, Any]:
    body = {"security_group": {"name": name} | others}
    return shown(await client.post(GROUPS, json=body), 201)["security_group"]


def bindings(*pairs: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    """What says that each port is a member of the group that is named with it."""
    said = [{"port_id": port["id"], "security_group_id": group["id"]} for port, group in pairs]
    return {"port_binding_security_groups": said}


async def groups_of(client: httpx.AsyncClient, port: dict[str, Any]) -> list[str]:
    return shown(await client.get(f"{PROJECT}/ports/{port['id']}"))["port"]["security_groups"]


async def test_a_group_is_made_shown_changed_and_deleted(client: httpx.AsyncClient) -> None:
    chosen = new_id()
    group = await add_group(client, id=chosen, tenant_id="p1", create_at="2020-01-01", description="d")
    assert (group["id"], group["name"], group["tenant_id"]) == (chosen, "web", "p1")
    path = f"{GROUPS}/{chosen}"
    assert shown(await client.get(f"/v4{path}"))["security_group"] == group
    assert shown(await client.get(f"/v2.0/security-groups/{chosen}"))["security_group"] == group
    listed = shown(await client.get(f"{GROUPS}?name=web"))["security_groups"]
    assert listed == [group]
    changed = shown(await client.put(path, json={"security_group": group | {"name": "db"}}))["security_group"]
    assert (changed["name"], changed["revision_number"]) == ("db", 2)
    assert shown(await client.delete(path)) == {"id": chosen}
    refusal(await client.get(path), 404)


async def test_several_groups_are_made_or_none(client: httpx.AsyncClient) -> None:
    wanted = {"security_groups": [{"name": "a"}, {"name": "b"}]}
    made = shown(await client.post(f"{GROUPS}/bulk", json=wanted), 201)["security_groups"]
    assert [each["name"] for each in made] == ["a", "b"]
    wanted = {"security_groups": [{"name": "c"}, {"name": "default"}]}
    refusal(await client.post(f"{GROUPS}/bulk", json=wanted), 409)
    assert shown(await client.get(f"{GROUPS}?name=c"))["security_groups"] == []


async def test_a_project_has_its_default_group_when_it_is_asked_for(client: httpx.AsyncClient) -> None:
    group = shown(await client.get(f"{GROUPS}/default/p1"))["security_group"]
    assert (group["name"], group["project_id"], group["is_default"]) == ("default", "p1", True)
    assert shown(await client.get(f"/v4{GROUPS}/default/p1"))["security_group"] == group
    assert shown(await client.get(GROUPS))["security_groups"] == [group]
    refusal(await client.get(f"{GROUPS}/default/p2"), 404)


async def test_a_rule_is_made_shown_and_deleted(client: httpx.AsyncClient) -> None:
    group = await add_group(client)
    body = {"security_group_id": group["id"], "direction": "ingress", "protocol": "tcp", "remote_ip_prefix": None}
    rule = shown(await client.post(RULES, json={"security_group_rule": body}), 201)["security_group_rule"]
    assert (rule["ethertype"], rule["protocol"], rule["project_id"]) == ("IPv4", "tcp", "p1")
    path = f"{RULES}/{rule['id']}"
    assert shown(await client.get(path))["security_group_rule"] == rule
    found = shown(await client.get(f"{RULES}?security_group_id={group['id']}&direction=ingress"))
    assert found["security_group_rules"] == [rule]
    refusal(await client.post(RULES, json={"security_group_rule": body}), 409)
    assert shown(await client.delete(path)) == {"id": rule["id"]}
    refusal(await client.get(path), 404)


async def test_several_rules_are_made_or_none(client: httpx.AsyncClient) -> None:
    group = await add_group(client)
    common = {"security_group_id": group["id"], "direction": "ingress", "protocol": "udp"}
    several = [common | {"port_range_min": each, "port_range_max": each} for each in (53, 67)]
    made = shown(await client.post(f"{RULES}/bulk", json={"security_group_rules": several}), 201)
    assert [each["port_range_min"] for each in made["security_group_rules"]] == [53, 67]
    refusal(await client.post(f"{RULES}/bulk", json={"security_group_rules": [common, several[0]]}), 409)
    found = shown(await client.get(f"{RULES}?security_group_id={group['id']}&direction=ingress"))
    assert len(found["security_group_rules"]) == 2


async def test_ports_become_members_of_groups_and_leave_them(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    default = shown(await client.get(f"{GROUPS}/default/p1"))["security_group"]
    web, db = await add_group(client, "web"), await add_group(client, "db")
    first, second = await add_port(client, vpc["id"]), await add_port(client, vpc["id"])
    body = bindings((first, web), (first, db), (second, web))
    bound = shown(await client.post(BIND, json=body), 201)["port_binding_security_groups"]
    assert [each["id"] for each in bound] == [
        first["id"] + web["id"], first["id"] + db["id"], second["id"] + web["id"],
    ]  # fmt: skip
    assert await groups_of(client, first) == sorted([default["id"], web["id"], db["id"]])
    assert await groups_of(client, second) == sorted([default["id"], web["id"]])
    refusal(await client.delete(f"{GROUPS}/{web['id']}"), 409)
    assert shown(await client.post(f"/v4{UNBIND}", json={"port_binding_security_groups": bound}), 201) == {
        "port_binding_security_groups": bound
    }
    assert await groups_of(client, first) == await groups_of(client, second) == [default["id"]]
    shown(await client.delete(f"{GROUPS}/{web['id']}"))


async def test_a_port_that_is_a_member_already_stays_so(client: httpx.AsyncClient) -> None:
    port, group = await add_port(client, (await add_vpc(client))["id"], security_groups=[]), await add_group(client)
    for _ in range(2):
        shown(await client.post(BIND, json=bindings((port, group), (port, group))), 201)
        assert await groups_of(client, port) == [group["id"]]


async def test_of_several_bindings_all_or_none_are_changed(client: httpx.AsyncClient) -> None:
    port, group = await add_port(client, (await add_vpc(client))["id"], security_groups=[]), await add_group(client)
    nothing = {"id": new_id()}
    for wrong in ((port, nothing), (nothing, group)):
        message = refusal(await client.post(BIND, json=bindings((port, group), wrong)), 404)
        assert nothing["id"] in message
    assert await groups_of(client, port) == []
    other = await add_group(client, "other")
    shown(await client.post(BIND, json=bindings((port, group))), 201)
    refusal(await client.post(UNBIND, json=bindings((port, group), (port, other))), 404)
    assert await groups_of(client, port) == [group["id"]]


async def test_groups_that_do_not_go_together_are_not_bound(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    port, group = await add_port(client, vpc["id"]), await add_group(client, stateful=False)
    refusal(await client.post(BIND, json=bindings((port, group))), 409)
    unsecured = await add_port(client, vpc["id"], port_security_enabled=False)
    refusal(await client.post(BIND, json=bindings((unsecured, group))), 400)


@pytest.mark.parametrize("path", [BIND, UNBIND])
async def test_bindings_name_a_port_and_a_group(client: httpx.AsyncClient, path: str) -> None:
    for body in ({}, [], {"port_binding_security_groups": []}, {"port_binding_security_groups": "x"}):
        refusal(await client.post(path, json=body), 400)
    both = {"port_id": new_id(), "security_group_id": new_id()}
    for name in both:
        lacking = {"port_binding_security_groups": [{each: both[each] for each in both if each != name}]}
        assert f"'{name}'" in refusal(await client.post(path, json=lacking), 400)
        wrong = {"port_binding_security_groups": [both | {name: "x"}]}
        assert name in refusal(await client.post(path, json=wrong), 400)


async def test_a_project_has_nothing_of_another(client: httpx.AsyncClient) -> None:
    group, port = await add_group(client), await add_port(client, (await add_vpc(client))["id"])
    theirs = f"{ELSEWHERE}/security-groups/{group['id']}"
    refusal(await client.get(theirs), 404)
    refusal(await client.put(theirs, json={"security_group": {"name": "x"}}), 404)
    refusal(await client.delete(theirs), 404)
    refusal(await client.post(f"{ELSEWHERE}/bind-security-groups", json=bindings((port, group))), 404)
    assert "project_id" in refusal(
        await client.post(GROUPS, json={"security_group": {"name": "x", "tenant_id": "p2"}}), 400
    )
