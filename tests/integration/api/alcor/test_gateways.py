"""Gateways, their attachments and route tables, as Alcor's Gateway Manager has them."""

from typing import Any

import httpx
import pytest

from alcor.model.identifiers import new_id
from tests.integration.api.alcor.requests import ELSEWHERE, PROJECT, add_subnet, add_vpc, refusal, shown

GATEWAYS = f"{PROJECT}/gateways"


async def add_gateway(client: httpx.AsyncClient, **others: Any) -> dict[str, Any]:
    return shown(await client.post(GATEWAYS, json={"gateway": {"type": "tgw"} | others}), 201)["gateway"]


async def attach(client: httpx.AsyncClient, gateway: dict[str, Any], vpc_id: str, **others: Any) -> dict[str, Any]:
    body = {"attachment": {"resource_id": vpc_id} | others}
    return shown(await client.post(f"{GATEWAYS}/{gateway['id']}/attachments", json=body), 201)["attachment"]


async def add_table(client: httpx.AsyncClient, gateway: dict[str, Any], **others: Any) -> dict[str, Any]:
    body = {"routetable": others}
    return shown(await client.post(f"{GATEWAYS}/{gateway['id']}/routetables", json=body), 201)["routetable"]


async def show(client: httpx.AsyncClient, gateway: dict[str, Any], part: str = "", name: str = "gateway") -> Any:
    return shown(await client.get(f"{GATEWAYS}/{gateway['id']}{part}"))[name]


async def test_a_gateway_is_kept_as_it_was_said(client: httpx.AsyncClient) -> None:
    said = {
        "name": "g", "type": "igw", "owner": "o", "options": {"a": "b"}, "tags": ["red"],
        "ips": [{"ip": "192.0.2.7", "mac": "02:00:00:00:00:07"}],
    }  # fmt: skip
    gateway = await add_gateway(client, **said)
    assert gateway.items() >= (said | {"status": "pending", "attachments": [], "routetables": []}).items()
    assert await show(client, gateway) == gateway
    changed = gateway | {"name": "h", "tags": ["blue"]}
    answer = shown(await client.put(f"{GATEWAYS}/{gateway['id']}", json={"gateway": changed}))["gateway"]
    assert answer == changed | {"revision_number": 2, "updated_at": answer["updated_at"]}
    assert shown(await client.get(f"{GATEWAYS}?tags=red"))["gateways"] == []
    assert shown(await client.get(f"/v4{GATEWAYS}?tags=blue&type=igw"))["gateways"] == [answer]
    assert shown(await client.delete(f"{GATEWAYS}/{gateway['id']}")) == {"id": gateway["id"]}
    refusal(await client.get(f"{GATEWAYS}/{gateway['id']}"), 404)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("type", {"type": "door"}),
        ("type", {"type": None}),
        ("ips", {"ips": [{"ip": "x"}]}),
        ("ips", {"ips": [{"mac": "02:00:00:00:00:07"}]}),
        ("options", {"options": {"a": {"b": {}}}}),
        ("tags", {"tags": ["a", "a"]}),
        ("id", {"id": "x"}),
    ],
)
async def test_a_wrong_gateway_is_refused(client: httpx.AsyncClient, field: str, wrong: dict[str, Any]) -> None:
    assert field in refusal(await client.post(GATEWAYS, json={"gateway": {"type": "tgw"} | wrong}), 400)


async def test_a_vpc_is_attached_once_with_its_vni(client: httpx.AsyncClient) -> None:
    vpc, gateway = await add_vpc(client), await add_gateway(client)
    subnet = await add_subnet(client, vpc["id"])
    attachment = await attach(client, gateway, vpc["id"], name="a", subnets=[subnet["id"]])
    assert attachment.items() >= {
        "name": "a", "type": "VPC", "gateway_id": gateway["id"], "subnets": [subnet["id"]], "status": "available",
        "source_vni": str(vpc["provider:segmentation_id"]), "association_state": None, "associated_routetable": None,
    }.items()  # fmt: skip
    path = f"{GATEWAYS}/{gateway['id']}/attachments"
    assert shown(await client.get(path))["attachments"] == [attachment]
    assert (await show(client, gateway))["attachments"] == [attachment["id"]]
    again = {"attachment": {"resource_id": vpc["id"]}}
    assert attachment["id"] in refusal(await client.post(path, json=again), 409)
    renamed = shown(await client.put(f"{path}/{attachment['id']}", json={"attachment": attachment | {"name": "b"}}))
    assert renamed["attachment"]["name"] == "b"
    shown(await client.delete(f"{PROJECT}/subnets/{subnet['id']}"))
    assert (await show(client, gateway, f"/attachments/{attachment['id']}", "attachment"))["subnets"] == []


async def test_what_cannot_be_attached_is_refused(client: httpx.AsyncClient) -> None:
    vpc, other, gateway = await add_vpc(client), await add_vpc(client), await add_gateway(client)
    foreign = await add_vpc(client, ELSEWHERE)
    subnet = await add_subnet(client, other["id"])
    path = f"{GATEWAYS}/{gateway['id']}/attachments"
    for field, status, wrong in (
        ("source_vni", 400, {"resource_id": vpc["id"], "source_vni": "99"}),
        ("subnets", 400, {"resource_id": vpc["id"], "subnets": [subnet["id"]]}),
        ("subnets", 400, {"type": "VPN", "resource_id": new_id(), "subnets": [subnet["id"]]}),
        ("type", 400, {"type": "house", "resource_id": vpc["id"]}),
        ("'resource_id'", 400, {}),
        (foreign["id"], 404, {"resource_id": foreign["id"]}),
        ("", 404, {"resource_id": new_id()}),
    ):
        assert field in refusal(await client.post(path, json={"attachment": wrong}), status)
    whole = {"attachment": {"resource_id": vpc["id"]}}
    refusal(await client.post(f"{GATEWAYS}/{new_id()}/attachments", json=whole), 404)
    assert shown(await client.get(path))["attachments"] == []
    await attach(client, gateway, new_id(), type="VPN")


async def test_what_is_attached_holds_the_gateway_and_the_vpc(client: httpx.AsyncClient) -> None:
    vpc, gateway = await add_vpc(client), await add_gateway(client)
    attachment = await attach(client, gateway, vpc["id"])
    assert attachment["id"] in refusal(await client.delete(f"{GATEWAYS}/{gateway['id']}"), 409)
    for path in (f"{PROJECT}/vpcs/{vpc['id']}", f"/v2.0/networks/{vpc['id']}"):
        assert gateway["id"] in refusal(await client.delete(path), 409)
    path = f"{GATEWAYS}/{gateway['id']}/attachments/{attachment['id']}"
    assert shown(await client.delete(path)) == {"id": attachment["id"]}
    refusal(await client.delete(path), 404)
    shown(await client.delete(f"{PROJECT}/vpcs/{vpc['id']}"))
    shown(await client.delete(f"{GATEWAYS}/{gateway['id']}"))


async def test_routes_lead_to_attachments(client: httpx.AsyncClient) -> None:
    vpc, gateway = await add_vpc(client), await add_gateway(client)
    attachment = await attach(client, gateway, vpc["id"])
    route = {"destination": "10.0.0.0/8", "target": attachment["id"]}
    table = await add_table(client, gateway, name="t", routes=[route], propagations=[attachment["id"]])
    assert table.items() >= {"owner": gateway["id"], "state": "available", "associations": []}.items()
    assert table["routes"][0].items() >= (route | {"type": "STATIC", "status": "active"}).items()
    assert (await show(client, gateway))["routetables"] == [table["id"]]
    kept = shown(await client.put(f"{GATEWAYS}/{gateway['id']}/routetables/{table['id']}", json={"routetable": table}))
    assert kept["routetable"]["routes"] == table["routes"]
    shown(await client.delete(f"{GATEWAYS}/{gateway['id']}/attachments/{attachment['id']}"))
    after = await show(client, gateway, f"/routetables/{table['id']}", "routetable")
    assert (after["routes"][0]["status"], after["propagations"]) == ("blackhole", [])


async def test_a_wrong_route_table_is_refused(client: httpx.AsyncClient) -> None:
    gateway, other = await add_gateway(client), await add_gateway(client)
    elsewhere = await attach(client, other, (await add_vpc(client))["id"])
    path = f"{GATEWAYS}/{gateway['id']}/routetables"
    twice = [{"destination": "10.0.0.0/8", "target": new_id()} for _ in range(2)]
    for field, status, wrong in (
        ("routes", 400, {"routes": twice}),
        ("routes", 400, {"routes": [{"destination": "10.0.0.0/8"}]}),
        ("routes", 400, {"routes": [{"destination": "x", "target": new_id()}]}),
        ("routes", 400, {"routes": [twice[0] | {"type": "PROPAGATED"}]}),
        (elsewhere["id"], 404, {"propagations": [elsewhere["id"]]}),
    ):
        assert field in refusal(await client.post(path, json={"routetable": wrong}), status)


@pytest.mark.parametrize("tables", ["routetables", "routetable"])  # the Java Gateway Manager has both
async def test_an_attachment_is_associated_with_one_route_table(client: httpx.AsyncClient, tables: str) -> None:
    vpc, gateway = await add_vpc(client), await add_gateway(client)
    attachment = await attach(client, gateway, vpc["id"])
    first, second = [await add_table(client, gateway) for _ in range(2)]
    path, body = f"{GATEWAYS}/{gateway['id']}/{tables}", {"attachment_id": attachment["id"]}
    associated = shown(await client.put(f"{path}/{first['id']}/associate", json=body))
    assert associated["associations"] == [attachment["id"]]
    its = await show(client, gateway, f"/attachments/{attachment['id']}", "attachment")
    assert (its["associated_routetable"], its["association_state"]) == (first["id"], "associated")
    assert first["id"] in refusal(await client.put(f"{path}/{second['id']}/associate", json=body), 409)
    assert attachment["id"] in refusal(await client.delete(f"{path}/{first['id']}"), 409)
    refusal(await client.put(f"{path}/{second['id']}/de-associate", json=body), 404)
    assert shown(await client.put(f"{path}/{first['id']}/de-associate", json=body))["associations"] == []
    shown(await client.delete(f"{path}/{first['id']}"))
    for wrong, status in (({}, 400), ({"attachment_id": "x"}, 400), ({"attachment_id": new_id()}, 404)):
        refusal(await client.put(f"{path}/{second['id']}/associate", json=wrong), status)


async def test_route_tables_go_with_their_gateway(client: httpx.AsyncClient) -> None:
    gateway = await add_gateway(client)
    table = await add_table(client, gateway)
    shown(await client.delete(f"{GATEWAYS}/{gateway['id']}"))
    refusal(await client.get(f"{GATEWAYS}/{gateway['id']}/routetables/{table['id']}"), 404)


async def test_gateways_of_another_project_are_not_there(client: httpx.AsyncClient) -> None:
    vpc, gateway = await add_vpc(client, ELSEWHERE), await add_gateway(client)
    theirs = f"{ELSEWHERE}/gateways/{gateway['id']}"
    refusal(await client.get(theirs), 404)
    refusal(await client.post(f"{theirs}/attachments", json={"attachment": {"resource_id": vpc["id"]}}), 404)
    refusal(await client.post(f"{theirs}/routetables", json={"routetable": {}}), 404)
    assert shown(await client.get(f"{theirs}/routetables"))["routetables"] == []
