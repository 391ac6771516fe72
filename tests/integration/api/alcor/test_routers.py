"""Routers between subnets, as Alcor's Route Manager has them: Neutron's, under the path of a project."""

from typing import Any

import httpx
import pytest

from alcor.model.identifiers import new_id
from tests.integration.api.alcor.requests import ELSEWHERE, PROJECT, add_subnet, add_vpc, refusal, shown

ROUTERS = f"{PROJECT}/routers"


async def add_router(client: httpx.AsyncClient, **attributes: Any) -> dict[str, Any]:
    return shown(await client.post(ROUTERS, json={"router": attributes}), 201)["router"]


async def attach(client: httpx.AsyncClient, router: dict[str, Any], subnet: dict[str, Any]) -> dict[str, Any]:
    path = f"{ROUTERS}/{router['id']}/add_router_interface"
    return shown(await client.put(path, json={"subnet_id": subnet["id"]}))


async def connected(client: httpx.AsyncClient, subnet: dict[str, Any]) -> dict[str, Any]:
    """What the router of the subnet connects."""
    path = f"{PROJECT}/vpcs/{subnet['network_id']}/subnets/{subnet['id']}/connected-subnets"
    return shown(await client.get(path))


async def test_a_router_is_made_shown_changed_and_deleted(client: httpx.AsyncClient) -> None:
    chosen = new_id()
    router = await add_router(client, id=chosen, name="r", tenant_id="p1", owner="p1", gateway_ports=None)
    assert (router["id"], router["name"], router["project_id"]) == (chosen, "r", "p1")
    path = f"{ROUTERS}/{chosen}"
    assert shown(await client.get(f"/v4{path}"))["router"] == router
    assert shown(await client.get(f"/v2.0/routers/{chosen}"))["router"] == router
    assert shown(await client.get(f"{ROUTERS}?name=r"))["routers"] == [router]
    changed = shown(await client.put(path, json={"router": router | {"name": "s"}}))["router"]
    assert (changed["name"], changed["revision_number"]) == ("s", 2)
    refusal(await client.get(f"{ELSEWHERE}/routers/{chosen}"), 404)
    assert shown(await client.delete(path)) == {"id": chosen}
    refusal(await client.get(path), 404)


async def test_a_router_with_interfaces_stays(client: httpx.AsyncClient) -> None:
    router, subnet = await add_router(client), await add_subnet(client, (await add_vpc(client))["id"])
    info = await attach(client, router, subnet)
    assert (info["id"], info["subnet_id"], info["network_id"]) == (router["id"], subnet["id"], subnet["network_id"])
    refusal(await client.delete(f"{ROUTERS}/{router['id']}"), 409)
    gone = await client.put(f"{ROUTERS}/{router['id']}/remove_router_interface", json={"subnet_id": subnet["id"]})
    assert shown(gone) == info
    shown(await client.delete(f"{ROUTERS}/{router['id']}"))


@pytest.mark.parametrize("wrapping", ["router", "newRoutesWebRequest"])
async def test_extra_routes_come_and_go(client: httpx.AsyncClient, wrapping: str) -> None:
    router, subnet = await add_router(client), await add_subnet(client, (await add_vpc(client))["id"])
    await attach(client, router, subnet)
    route = {"destination": "192.0.2.0/24", "nexthop": "10.0.0.9"}
    path = f"{ROUTERS}/{router['id']}"
    added = shown(await client.put(f"{path}/add_extraroutes", json={wrapping: {"routes": [route]}}))
    assert added["router"]["routes"] == [route]
    gone = shown(await client.put(f"/v4{path}/remove_extraroutes", json={wrapping: {"routes": [route]}}))
    assert gone["router"]["routes"] == []
    for wrong in (None, {}, {"routes": "x"}):
        refusal(await client.put(f"{path}/add_extraroutes", json={wrapping: wrong}), 400)


async def test_a_router_tells_which_subnets_it_connects(client: httpx.AsyncClient) -> None:
    router, vpc = await add_router(client), await add_vpc(client)
    route = {"destination": "198.51.100.0/24", "nexthop": "10.0.0.7"}
    first = await add_subnet(client, vpc["id"], "10.0.0.0/24", host_routes=[route])
    second, apart = [await add_subnet(client, vpc["id"], f"10.0.{n}.0/24") for n in (1, 2)]
    assert await connected(client, first) == {"internal_router_info": None, "subnets": []}
    for subnet in (first, second):
        await attach(client, router, subnet)
    extra = {"destination": "192.0.2.0/24", "nexthop": "10.0.1.9"}
    shown(await client.put(f"{ROUTERS}/{router['id']}/add_extraroutes", json={"router": {"routes": [extra]}}))
    table = {"route_table_type": "neutron_subnet", "routes": [{"destination": "203.0.113.0/24", "nexthop": "10.0.1.7"}]}
    shown(await client.post(f"{PROJECT}/subnets/{second['id']}/routetable", json={"routetable": table}), 201)
    found = await connected(client, first)
    assert {each["id"] for each in found["subnets"]} == {first["id"], second["id"]}
    assert found == await connected(client, second)
    configuration = found["internal_router_info"]["configuration"]
    assert configuration["id"] == router["id"]
    rules = {
        each["subnet_id"]: [(rule["destination"], rule["next_hop_ip"]) for rule in each["routing_rules"]]
        for each in configuration["subnet_routing_tables"]
    }
    assert rules == {
        first["id"]: [(route["destination"], route["nexthop"]), (extra["destination"], extra["nexthop"])],
        second["id"]: [("203.0.113.0/24", "10.0.1.7"), (extra["destination"], extra["nexthop"])],
    }
    assert (await connected(client, apart))["subnets"] == []


async def test_only_a_subnet_of_the_vpc_and_the_project_is_told_about(client: httpx.AsyncClient) -> None:
    subnet, other = await add_subnet(client, (await add_vpc(client))["id"]), await add_vpc(client)
    for project, vpc_id, subnet_id in (
        (PROJECT, other["id"], subnet["id"]),
        (PROJECT, subnet["network_id"], new_id()),
        (ELSEWHERE, subnet["network_id"], subnet["id"]),
    ):
        refusal(await client.get(f"{project}/vpcs/{vpc_id}/subnets/{subnet_id}/connected-subnets"), 404)
