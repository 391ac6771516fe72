"""Quotas by Alcor's Quota Manager, and its registered Network Config Managers."""

import asyncio

import httpx

from tests.integration.api.alcor.requests import PROJECT, add_vpc, refusal, shown

LIMIT = {"quota": {"network": 3}}
TWO = {"resource_deltas": [{"resource": "network", "amount": 2}]}


async def test_quotas_are_neutrons(client: httpx.AsyncClient) -> None:
    assert shown(await client.put(f"{PROJECT}/quotas/p1", json=LIMIT))["quota"]["network"] == 3
    assert shown(await client.get("/v2.0/quotas/p1"))["quota"]["network"] == 3
    assert shown(await client.get(f"{PROJECT}/quotas"))["quotas"][0]["project_id"] == "p1"
    assert shown(await client.get(f"{PROJECT}/quotas/p1/default"))["quota"]["network"] == -1
    assert (await client.delete(f"/v4{PROJECT}/quotas/p1")).status_code == 204


async def test_what_is_set_aside_is_not_there_for_others(client: httpx.AsyncClient) -> None:
    shown(await client.put(f"{PROJECT}/quotas/p1", json=LIMIT))
    applied = shown(await client.post(f"{PROJECT}/quota/apply", json=TWO | {"apply_id": "a"}))
    assert (applied["apply_id"], applied["resource_deltas"]) == ("a", TWO["resource_deltas"])
    details = shown(await client.get(f"{PROJECT}/quotas/p1/details.json"))["quota"]["network"]
    assert details == {"limit": 3, "used": 0, "reserved": 2}
    await add_vpc(client)
    refusal(await client.post(f"{PROJECT}/vpcs", json={"network": {}}), 409)
    refusal(await client.post(f"{PROJECT}/quota/apply", json=TWO), 409)
    refusal(await client.post(f"{PROJECT}/quota/apply", json=TWO | {"apply_id": "a"}), 409)
    assert shown(await client.delete("/quota/apply/a")) == {"id": "a"}
    refusal(await client.delete("/quota/apply/a"), 404)
    await add_vpc(client)


async def test_of_many_who_set_aside_at_once_no_more_get_it_than_there_is(client: httpx.AsyncClient) -> None:
    shown(await client.put(f"{PROJECT}/quotas/p1", json={"quota": {"network": 7}}))
    answers = await asyncio.gather(*(client.post(f"{PROJECT}/quota/apply", json=TWO) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 5


async def test_a_bad_amount_is_named(client: httpx.AsyncClient) -> None:
    for delta in ({"resource": "house", "amount": 1}, {"resource": "port", "amount": 0}, {"resource": "port"}, {}):
        refusal(await client.post(f"{PROJECT}/quota/apply", json={"resource_deltas": [delta]}), 400)


async def test_network_config_managers_are_registered(client: httpx.AsyncClient) -> None:
    ncm = {"id": "ncm-1", "uri": "10.0.0.7:9697", "cap": 100}
    assert shown(await client.post("/ncms", json={"ncm_info": ncm}), 201)["ncm_info"].items() >= ncm.items()
    refusal(await client.post("/ncms", json={"ncm_info": ncm}), 409)
    changed = shown(await client.put("/v4/ncms/ncm-1", json={"ncm_info": ncm | {"cap": 50}}))["ncm_info"]
    assert (changed["cap"], changed["revision_number"]) == (50, 2)
    assert shown(await client.get("/ncms"))["ncmInfos"] == [changed]
    assert shown(await client.delete("/ncms/ncm-1")) == {"id": "ncm-1"}
    refusal(await client.get("/ncms/ncm-1"), 404)
