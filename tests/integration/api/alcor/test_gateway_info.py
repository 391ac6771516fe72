"""Gateways by their VPC: asked for by Alcor's VPC Manager, reported on by what makes them."""

from typing import Any

import httpx

from alcor.model.identifiers import new_id
from tests.integration.api.alcor.requests import ELSEWHERE, PROJECT, add_vpc, refusal, shown

INFO, GATEWAYS = f"{PROJECT}/gatewayinfo", f"{PROJECT}/gateways"


def asked(vpc: dict[str, Any], **others: Any) -> dict[str, Any]:
    """What the VPC Manager says of a new VPC."""
    return {"vpcinfo": {"vpc_id": vpc["id"], "vni": str(vpc["provider:segmentation_id"]), "owner": "p1", **others}}


def reported(vpc: dict[str, Any], *gateways: dict[str, Any], **others: Any) -> dict[str, Any]:
    """What a gateway plug-in says of a VPC's gateways."""
    return {"gatewayinfo": {"resource_id": vpc["id"], "gateways": list(gateways), **others}}


READY = {"type": "zeta", "status": "ready", "ips": [{"ip": "192.0.2.7", "mac": "02:00:00:00:00:07"}]}


async def gateways(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shown(await client.get(GATEWAYS))["gateways"]
    return found


async def test_a_vpc_gets_one_zeta_gateway_however_often_it_is_asked_for(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    for _ in range(2):
        assert shown(await client.post(INFO, json=asked(vpc)), 201) == {"id": vpc["id"]}
    (gateway,) = await gateways(client)
    assert (gateway["type"], gateway["status"], gateway["owner"]) == ("zeta", "pending", "p1")
    (attachment,) = shown(await client.get(f"{GATEWAYS}/{gateway['id']}/attachments"))["attachments"]
    assert (attachment["resource_id"], attachment["source_vni"]) == (vpc["id"], str(vpc["provider:segmentation_id"]))


async def test_what_is_reported_of_a_gateway_is_shown(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    await client.post(INFO, json=asked(vpc))
    assert (await client.put(f"/v4{INFO}/{vpc['id']}", json=reported(vpc, READY))).status_code == 204
    (gateway,) = await gateways(client)
    assert (gateway["status"], gateway["ips"]) == ("ready", READY["ips"])
    missing = {"type": "tgw", "status": "ready"}
    refusal(
        await client.put(f"{INFO}/{vpc['id']}", json=reported(vpc, {"type": "zeta", "status": "failed"}, missing)), 404
    )
    assert (await gateways(client))[0]["status"] == "ready"


async def test_gateways_that_the_vpc_does_not_have_yet_are_made_as_reported(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    assert shown(await client.post(INFO, json=reported(vpc, READY)), 201) == {"id": vpc["id"]}
    (gateway,) = await gateways(client)
    assert (gateway["status"], len(gateway["attachments"])) == ("ready", 1)


async def test_a_gateway_goes_when_nothing_else_is_attached_to_it(client: httpx.AsyncClient) -> None:
    vpc, other = await add_vpc(client), await add_vpc(client)
    await client.post(INFO, json=asked(vpc))
    await client.post(INFO, json=asked(other))
    shared = next(each for each in await gateways(client))
    attached = shown(await client.get(f"{GATEWAYS}/{shared['id']}/attachments"))["attachments"][0]["resource_id"]
    first, second = (vpc, other) if attached == vpc["id"] else (other, vpc)
    body = {"attachment": {"resource_id": second["id"]}}
    shown(await client.post(f"{GATEWAYS}/{shared['id']}/attachments", json=body), 201)
    assert (await client.delete(f"{INFO}/{first['id']}")).status_code == 204
    assert len(await gateways(client)) == 2
    assert (await client.delete(f"{INFO}/{second['id']}")).status_code == 204
    assert await gateways(client) == []
    refusal(await client.delete(f"{INFO}/{first['id']}"), 404)


async def test_wrong_reports_are_refused(client: httpx.AsyncClient) -> None:
    vpc, foreign = await add_vpc(client), await add_vpc(client, ELSEWHERE)
    for field, status, body in (
        ("'vpcinfo'", 400, {"vpcinfo": 1}),
        ("gatewayinfo", 400, {}),
        ("gatewayinfo", 400, []),
        ("vni", 400, asked(vpc, vni="99")),
        ("'owner'", 400, asked(vpc, owner=None)),
        ("vpc_id", 400, asked(vpc, vpc_id="x")),
        (foreign["id"], 404, asked(foreign)),
        ("", 404, asked(vpc, vpc_id=new_id())),
        ("gateways", 400, reported(vpc)),
        ("status", 400, reported(vpc, READY | {"status": "fine"})),
        ("'type'", 400, reported(vpc, READY | {"type": None})),
        ("ips", 400, reported(vpc, READY | {"ips": ["x"]})),
        ("routetables", 400, reported(vpc, READY, routetables=[{}])),
        (foreign["id"], 404, reported(foreign, READY)),
    ):
        assert field in refusal(await client.post(INFO, json=body), status)
    assert "resource_id" in refusal(await client.put(f"{INFO}/{new_id()}", json=reported(vpc, READY)), 400)
    refusal(await client.put(f"{INFO}/{vpc['id']}", json=reported(vpc, READY)), 404)
    assert await gateways(client) == []
