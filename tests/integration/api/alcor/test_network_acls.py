"""Network ACLs and their rules, as Alcor's Network ACL Manager has them."""

import asyncio
from typing import Any

import httpx
import pytest

from alcor.model.identifiers import new_id
from tests.integration.api.alcor.requests import ELSEWHERE, PROJECT, add_subnet, add_vpc, refusal, shown

ACLS, RULES = f"{PROJECT}/network-acls", f"{PROJECT}/network-acl-rules"


async def add_acl(client: httpx.AsyncClient, vpc_id: str, **others: Any) -> dict[str, Any]:
    return shown(await client.post(ACLS, json={"network_acl": {"vpc_id": vpc_id} | others}), 201)["network_acl"]


def rule(acl: dict[str, Any], number: int = 100, **others: Any) -> dict[str, Any]:
    """A rule as a request says it."""
    common = {"network_acl_id": acl["id"], "number": number, "direction": "ingress", "action": "allow"}
    return {"network_acl_rule": common | others}


async def add_rule(client: httpx.AsyncClient, acl: dict[str, Any], number: int = 100, **others: Any) -> dict[str, Any]:
    return shown(await client.post(RULES, json=rule(acl, number, **others)), 201)["network_acl_rule"]


async def show_acl(client: httpx.AsyncClient, acl: dict[str, Any]) -> dict[str, Any]:
    return shown(await client.get(f"{ACLS}/{acl['id']}"))["network_acl"]


async def test_an_acl_ends_with_rules_that_deny_everything(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    acl = await add_acl(client, vpc["id"], name="web", description="d")
    assert (acl["name"], acl["vpc_id"], acl["project_id"], acl["is_default"]) == ("web", vpc["id"], "p1", False)
    last = {(each["direction"], each["ip_prefix"]) for each in acl["network_acl_rules"]}
    assert last == {(way, every) for way in ("ingress", "egress") for every in ("0.0.0.0/0", "::/0")}
    assert {(each["number"], each["action"], each["protocol"]) for each in acl["network_acl_rules"]} == {
        (32767, "deny", "all")
    }
    assert shown(await client.get(ACLS))["network_acls"] == [acl]
    one = acl["network_acl_rules"][0]
    assert shown(await client.get(f"{RULES}/{one['id']}"))["network_acl_rule"] == one


async def test_rules_that_every_acl_ends_with_stay(client: httpx.AsyncClient) -> None:
    acl = await add_acl(client, (await add_vpc(client))["id"])
    last = f"{RULES}/{acl['network_acl_rules'][0]['id']}"
    refusal(await client.delete(last), 409)
    refusal(await client.put(last, json={"network_acl_rule": {"action": "allow"}}), 409)
    assert "number" in refusal(await client.post(RULES, json=rule(acl, 32767)), 400)
    assert await show_acl(client, acl) == acl


async def test_rules_are_shown_with_their_acl_in_the_order_of_their_numbers(client: httpx.AsyncClient) -> None:
    acl = await add_acl(client, (await add_vpc(client))["id"])
    for number in (300, 100, 200):
        await add_rule(client, acl, number)
    await add_rule(client, acl, 100, direction="egress")
    rules = (await show_acl(client, acl))["network_acl_rules"]
    numbers = [each["number"] for each in rules if each["direction"] == "ingress"]
    assert numbers == [100, 200, 300, 32767, 32767]
    of_it = shown(await client.get(f"{RULES}?network_acl_id={acl['id']}&direction=egress&number=100"))
    assert [each["direction"] for each in of_it["network_acl_rules"]] == ["egress"]


async def test_a_number_is_of_one_rule_in_a_direction(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    acl, other = await add_acl(client, vpc["id"]), await add_acl(client, vpc["id"])
    await add_rule(client, acl, ip_prefix="10.0.0.0/8")
    second = await add_rule(client, acl, 101)
    refusal(await client.post(RULES, json=rule(acl, ip_prefix="2001:db8::/32")), 409)
    refusal(await client.put(f"{RULES}/{second['id']}", json={"network_acl_rule": {"number": 100}}), 409)
    await add_rule(client, acl, direction="egress")
    await add_rule(client, other)


async def test_a_rule_changes_and_goes(client: httpx.AsyncClient) -> None:
    acl = await add_acl(client, (await add_vpc(client))["id"])
    ports = {"protocol": "tcp", "port_range_min": 80, "port_range_max": 88}
    web = await add_rule(client, acl, ip_prefix="10.1.2.0/24", **ports)
    path = f"{RULES}/{web['id']}"
    changed = {"number": 7, "action": "deny", "ip_prefix": "2001:db8::/32"}
    answer = shown(await client.put(path, json={"network_acl_rule": web | changed}))["network_acl_rule"]
    assert answer.items() >= changed.items()
    assert answer["revision_number"] == 2
    ping = shown(await client.put(path, json={"network_acl_rule": {"protocol": "icmpv6", "icmp_type": 128}}))
    assert (ping["network_acl_rule"]["icmp_type"], ping["network_acl_rule"]["port_range_min"]) == (128, None)
    elsewhere = {"network_acl_rule": {"network_acl_id": new_id()}}
    assert "network_acl_id" in refusal(await client.put(path, json=elsewhere), 400)
    before = (await show_acl(client, acl))["revision_number"]
    assert shown(await client.delete(path)) == {"id": web["id"]}
    assert (await show_acl(client, acl)).items() >= {
        "revision_number": before + 1, "network_acl_rules": acl["network_acl_rules"]
    }.items()  # fmt: skip
    refusal(await client.get(path), 404)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("number", {"number": -1}),
        ("number", {"number": 32768}),
        ("direction", {"direction": "both"}),
        ("action", {"action": "drop"}),
        ("protocol", {"protocol": "gre"}),
        ("ip_prefix", {"ip_prefix": "10.0.0.0/33"}),
        ("ip_prefix", {"ip_prefix": "10.0.0.0/8", "ether_type": "ipv6"}),
        ("protocol", {"protocol": "icmp", "ip_prefix": "2001:db8::/32"}),
        ("protocol", {"protocol": "icmpv6", "ether_type": "ipv4"}),
        ("port_range_min", {"port_range_min": 1, "port_range_max": 2}),
        ("port_range_max", {"protocol": "icmp", "port_range_max": 2}),
        ("port_range_max", {"protocol": "tcp", "port_range_min": 2}),
        ("port_range_min", {"protocol": "udp", "port_range_min": 3, "port_range_max": 2}),
        ("port_range_max", {"protocol": "udp", "port_range_min": 3, "port_range_max": 65536}),
        ("icmp_type", {"protocol": "tcp", "icmp_type": 8}),
        ("icmp_type", {"protocol": "icmp", "icmp_type": 256}),
        ("icmp_code", {"protocol": "icmp", "icmp_code": 0}),
        ("network_acl_id", {"network_acl_id": "x"}),
    ],
)
async def test_a_rule_that_nothing_could_match_is_refused(
    client: httpx.AsyncClient, field: str, wrong: dict[str, Any]
) -> None:
    acl = await add_acl(client, (await add_vpc(client))["id"])
    assert field in refusal(await client.post(RULES, json=rule(acl, **wrong)), 400)
    assert await show_acl(client, acl) == acl


async def test_what_a_rule_needs_is_named(client: httpx.AsyncClient) -> None:
    acl = await add_acl(client, (await add_vpc(client))["id"])
    whole = rule(acl)["network_acl_rule"]
    for name in whole:
        body = {"network_acl_rule": {each: value for each, value in whole.items() if each != name}}
        assert f"'{name}'" in refusal(await client.post(RULES, json=body), 400)


async def test_a_subnet_has_one_acl(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    first, second = [(await add_subnet(client, vpc["id"], f"10.0.{n}.0/24"))["id"] for n in range(2)]
    web = await add_acl(client, vpc["id"], associated_subnets=[first])
    other = await add_acl(client, vpc["id"])
    assert web["associated_subnets"] == [first]
    both = {"network_acl": {"associated_subnets": [first, second]}}
    message = refusal(await client.put(f"{ACLS}/{other['id']}", json=both), 409)
    assert first in message and web["id"] in message
    assert (await show_acl(client, other))["associated_subnets"] == []
    refusal(await client.post(ACLS, json={"network_acl": {"vpc_id": vpc["id"], "associated_subnets": [first]}}), 409)
    assert shown(await client.put(f"{ACLS}/{web['id']}", json=both))["network_acl"]["associated_subnets"] == sorted(
        [first, second]
    )
    found = shown(await client.get(f"{ACLS}?associated_subnets={second}"))["network_acls"]
    assert [each["id"] for each in found] == [web["id"]]


async def test_an_acl_holds_for_subnets_of_its_vpc_alone(client: httpx.AsyncClient) -> None:
    vpc, other = await add_vpc(client), await add_vpc(client)
    subnet = await add_subnet(client, other["id"])
    wanted = {"network_acl": {"vpc_id": vpc["id"], "associated_subnets": [subnet["id"]]}}
    assert "associated_subnets" in refusal(await client.post(ACLS, json=wanted), 400)
    wanted["network_acl"]["associated_subnets"] = [new_id()]
    refusal(await client.post(ACLS, json=wanted), 404)
    refusal(await client.post(ACLS, json={"network_acl": {"vpc_id": new_id()}}), 404)
    acl = await add_acl(client, vpc["id"])
    elsewhere = {"network_acl": acl | {"vpc_id": other["id"]}}
    assert "vpc_id" in refusal(await client.put(f"{ACLS}/{acl['id']}", json=elsewhere), 400)


async def test_an_acl_in_use_stays(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    acl = await add_acl(client, vpc["id"], associated_subnets=[subnet["id"]])
    assert subnet["id"] in refusal(await client.delete(f"{ACLS}/{acl['id']}"), 409)
    shown(await client.delete(f"{PROJECT}/subnets/{subnet['id']}"))
    assert (await show_acl(client, acl))["associated_subnets"] == []
    assert shown(await client.delete(f"{ACLS}/{acl['id']}")) == {"id": acl["id"]}
    refusal(await client.get(f"{ACLS}/{acl['id']}"), 404)
    assert shown(await client.get(RULES))["network_acl_rules"] == []


async def test_a_vpc_has_one_default_acl_in_use_by_subnets_without_one(client: httpx.AsyncClient) -> None:
    vpc, other = await add_vpc(client), await add_vpc(client)
    default = await add_acl(client, vpc["id"], is_default="true")  # Alcor's clients have it as a string
    second = await add_acl(client, vpc["id"])
    assert default["is_default"] is True
    refusal(await client.put(f"{ACLS}/{second['id']}", json={"network_acl": {"is_default": True}}), 409)
    await add_acl(client, other["id"], is_default=True)
    subnet = await add_subnet(client, vpc["id"])
    assert subnet["id"] in refusal(await client.delete(f"{ACLS}/{default['id']}"), 409)
    own = {"network_acl": {"associated_subnets": [subnet["id"]]}}
    shown(await client.put(f"{ACLS}/{second['id']}", json=own))
    shown(await client.delete(f"{ACLS}/{default['id']}"))


async def test_the_acls_of_a_vpc_go_with_it(client: httpx.AsyncClient) -> None:
    vpc, other = await add_vpc(client), await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    await add_acl(client, vpc["id"], associated_subnets=[subnet["id"]])
    kept = await add_acl(client, other["id"])
    assert (await client.delete(f"/v2.0/networks/{vpc['id']}")).status_code == 204
    assert shown(await client.get(ACLS))["network_acls"] == [kept]
    assert len(shown(await client.get(RULES))["network_acl_rules"]) == 4


async def test_several_are_created_and_changed_together(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    made = shown(await client.post(f"{ACLS}/bulk", json={"network_acls": [{"vpc_id": vpc["id"]}] * 2}), 201)
    first, second = made["network_acls"]
    named = {"network_acls": [{"id": first["id"], "name": "a"}, {"id": second["id"], "name": "b"}]}
    changed = shown(await client.put(f"/v4{ACLS}/bulk", json=named))["network_acls"]
    assert [each["name"] for each in changed] == ["a", "b"]
    bodies = [rule(first, number)["network_acl_rule"] for number in (1, 2)]
    rules = shown(await client.post(f"{RULES}/bulk", json={"network_acl_rules": bodies}), 201)["network_acl_rules"]
    swapped = [{"id": each["id"], "number": each["number"] + 10} for each in rules]
    changed = shown(await client.put(f"{RULES}/bulk", json={"network_acl_rules": swapped}))["network_acl_rules"]
    assert [each["number"] for each in changed] == [11, 12]


async def test_of_several_all_or_none_are_made(client: httpx.AsyncClient) -> None:
    acl = await add_acl(client, (await add_vpc(client))["id"])
    bodies = [rule(acl, number)["network_acl_rule"] for number in (1, 2, 1)]
    refusal(await client.post(f"{RULES}/bulk", json={"network_acl_rules": bodies}), 409)
    assert await show_acl(client, acl) == acl
    one = await add_rule(client, acl)
    changes = [{"id": one["id"], "number": 5}, {"id": new_id(), "number": 6}]
    refusal(await client.put(f"{RULES}/bulk", json={"network_acl_rules": changes}), 404)
    assert shown(await client.get(f"{RULES}/{one['id']}"))["network_acl_rule"] == one
    twice = {"network_acl_rules": [{"id": one["id"], "number": 5}] * 2}
    assert "twice" in refusal(await client.put(f"{RULES}/bulk", json=twice), 400)


async def test_of_many_at_once_one_gets_the_subnet_and_one_the_number(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    wanted = {"network_acl": {"vpc_id": vpc["id"], "is_default": True, "associated_subnets": [subnet["id"]]}}
    answers = await asyncio.gather(*(client.post(ACLS, json=wanted) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    (acl,) = shown(await client.get(ACLS))["network_acls"]
    answers = await asyncio.gather(*(client.post(RULES, json=rule(acl)) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_an_acl_may_be_sent_back_as_it_was_shown(client: httpx.AsyncClient) -> None:
    acl = await add_acl(client, (await add_vpc(client))["id"], id=(chosen := new_id()))
    assert acl["id"] == chosen
    answer = shown(await client.put(f"{ACLS}/{chosen}", json={"network_acl": acl}))["network_acl"]
    assert answer == acl | {"revision_number": 2, "updated_at": answer["updated_at"]}
    refusal(await client.post(ACLS, json={"network_acl": acl}), 409)


async def test_acls_of_another_project_are_not_there(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    acl = await add_acl(client, vpc["id"])
    for path in (f"network-acls/{acl['id']}", f"network-acl-rules/{acl['network_acl_rules'][0]['id']}"):
        refusal(await client.get(f"{ELSEWHERE}/{path}"), 404)
        refusal(await client.delete(f"{ELSEWHERE}/{path}"), 404)
    refusal(await client.post(f"{ELSEWHERE}/network-acl-rules", json=rule(acl)), 404)
    refusal(await client.post(f"{ELSEWHERE}/network-acls", json={"network_acl": {"vpc_id": vpc["id"]}}), 404)
    assert shown(await client.get(f"{ELSEWHERE}/network-acls")) == {"network_acls": []}
