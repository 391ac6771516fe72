"""The router of a VPC and the route tables of VPCs and subnets, as Alcor's Route Manager has them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from alcor.model.identifiers import new_id
from alcor.store.store import Store
from tests.integration.api.alcor.requests import ELSEWHERE, PROJECT, add_subnet, add_vpc, refusal, shown
from tests.integration.api.neutron.callers import As, signing_in

SAME_ID = "0b9a4f5e-6f0e-4f0e-9d3b-3a4b8b1c2d3e"
ROUTE = {"destination": "192.0.2.0/24", "nexthop": "10.0.0.9"}


def router_of(vpc: dict[str, Any]) -> str:
    """The path of the VPC's router."""
    return f"{PROJECT}/vpcs/{vpc['id']}/router"


def table_of(owner: dict[str, Any]) -> str:
    """The path of the route table of a VPC or subnet."""
    if "network_id" in owner:
        return f"{PROJECT}/subnets/{owner['id']}/routetable"
    return f"{PROJECT}/vpcs/{owner['id']}/vpcroutetable"


def table(**attributes: Any) -> dict[str, Any]:
    return {"routetable": {"route_table_type": "private_subnet"} | attributes}


async def add_table(client: httpx.AsyncClient, subnet: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    return shown(await client.post(table_of(subnet), json=table(**attributes)), 201)["routetable"]


async def test_a_vpc_has_a_router_as_soon_as_it_is_asked_for(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client, cidr="10.0.0.0/16")
    router = shown(await client.get(router_of(vpc)))["router"]
    assert (router["owner"], router["project_id"], router["admin_state_up"]) == (vpc["id"], "p1", True)
    (its,) = router["routetables"]
    assert (its["owner"], its["route_table_type"], its["id"]) == (
        vpc["id"],
        "vpc",
        router["vpc_default_route_table_id"],
    )
    (route,) = its["routes"]
    assert (route["destination"], route["target"], route["priority"]) == ("10.0.0.0/16", "local", 0)
    assert (route["routeTableId"], route["associatedType"], route["associatedTableId"]) == (its["id"], "vpc", its["id"])
    assert shown(await client.get(f"/v4{router_of(vpc)}"))["router"] == router
    assert shown(await client.get(table_of(vpc)))["routetable"] == its
    assert shown(await client.get(f"{PROJECT}/routetables/{its['id']}"))["routetable"] == its
    assert shown(await client.get(f"{PROJECT}/vpcs/{vpc['id']}/routetables"))["routetables"] == [its]
    refusal(await client.get(f"/v2.0/routers/{router['id']}"), 404)


async def test_a_router_is_made_once_and_deleted(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    router = shown(await client.post(router_of(vpc)), 201)["router"]
    assert router["routetables"][0]["routes"] == [], "the VPC has no range of its own"
    assert router["id"] in refusal(await client.post(router_of(vpc)), 409)
    refusal(await client.post(table_of(vpc)), 409)
    assert shown(await client.delete(router_of(vpc))) == {"id": router["id"]}
    refusal(await client.delete(router_of(vpc)), 404)
    refusal(await client.get(f"{PROJECT}/routetables/{router['vpc_default_route_table_id']}"), 404)
    made = shown(await client.post(table_of(vpc)), 201)["routetable"]
    assert shown(await client.get(router_of(vpc)))["router"]["routetables"] == [made]


async def test_all_who_ask_at_once_get_the_same_router(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    answers = await asyncio.gather(*(client.get(router_of(vpc)) for _ in range(8)))
    assert len({shown(answer)["router"]["id"] for answer in answers}) == 1


async def test_the_routes_of_a_vpc_are_replaced(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client, cidr="10.0.0.0/16")
    wanted = [{"destination": "0.0.0.0/0", "target": "internet_gw", "priority": 7, "name": "out", "description": "d"}]
    changed = shown(await client.put(table_of(vpc), json={"routetable": {"routes": wanted, "name": "main"}}))[
        "routetable"
    ]
    assert (changed["name"], changed["route_table_type"], changed["revision_number"]) == ("main", "vpc", 2)
    (route,) = changed["routes"]
    assert route.items() >= wanted[0].items()
    assert shown(await client.get(table_of(vpc)))["routetable"] == changed
    again = shown(await client.put(table_of(vpc), json={"routetable": changed}))["routetable"]
    assert again["routes"] == [route], "what was shown can be sent back"
    message = refusal(await client.put(table_of(vpc), json=table()), 400)
    assert "route_table_type" in message


async def test_a_subnet_has_a_route_table_of_its_own(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    refusal(await client.get(table_of(subnet)), 404)
    refusal(await client.put(table_of(subnet), json=table()), 404)
    refusal(await client.delete(table_of(subnet)), 404)
    chosen = new_id()
    made = await add_table(client, subnet, id=chosen, name="t", routes=[ROUTE], owner=subnet["id"])
    assert (made["id"], made["owner"], made["vpc_id"], made["project_id"]) == (chosen, subnet["id"], vpc["id"], "p1")
    assert made["routes"][0].items() >= (ROUTE | {"target": None, "priority": 100, "routeTableId": chosen}).items()
    assert shown(await client.get(f"/v4{table_of(subnet)}"))["routetable"] == made
    assert chosen in refusal(await client.post(table_of(subnet), json=table()), 409)
    tables = shown(await client.get(f"{PROJECT}/vpcs/{vpc['id']}/routetables"))["routetables"]
    assert {each["owner"] for each in tables} == {vpc["id"], subnet["id"]}
    changed = {"route_table_type": "public_subnet", "routes": []}
    assert (
        shown(await client.put(table_of(subnet), json={"routetable": made | changed}))["routetable"].items()
        >= (changed | {"revision_number": 2}).items()
    )
    assert shown(await client.delete(table_of(subnet))) == {"id": chosen}
    refusal(await client.get(f"{PROJECT}/routetables/{chosen}"), 404)


async def test_a_router_stays_while_subnets_have_route_tables(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    made = await add_table(client, subnet)
    message = refusal(await client.delete(router_of(vpc)), 409)
    assert subnet["id"] in message and made["id"] in message
    shown(await client.delete(f"{PROJECT}/subnets/{subnet['id']}"))
    refusal(await client.get(f"{PROJECT}/routetables/{made['id']}"), 404)
    shown(await client.delete(router_of(vpc)))


async def test_all_of_it_goes_with_the_vpc(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    made = await add_table(client, await add_subnet(client, vpc["id"]))
    kept = shown(await client.get(router_of(await add_vpc(client))))["router"]
    assert (await client.delete(f"/v2.0/networks/{vpc['id']}")).status_code == 204
    refusal(await client.get(router_of(vpc)), 404)
    refusal(await client.get(f"{PROJECT}/routetables/{made['id']}"), 404)
    shown(await client.get(f"{PROJECT}/routetables/{kept['vpc_default_route_table_id']}"))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("route_table_type", {"route_table_type": "vpc"}),
        ("route_table_type", {"route_table_type": "x"}),
        ("route_table_type", {"route_table_type": None}),
        ("owner", {"owner": new_id()}),
        ("vpc_id", {"vpc_id": new_id()}),
        ("project_id", {"tenant_id": "p2"}),
        ("destination", {"routes": [{"nexthop": "10.0.0.9"}]}),
        ("IP subnet", {"routes": [ROUTE | {"destination": "10.0.0.0/33"}]}),
        ("routes", {"routes": [ROUTE, ROUTE | {"destination": "192.0.2.1/24"}]}),
        ("routes", {"routes": [ROUTE | {"nexthop": "2001:db8::1"}]}),
        ("routes", {"routes": [ROUTE | {"nexthop": None, "target": ""}]}),
        ("same id", {"routes": [ROUTE | {"id": SAME_ID}, ROUTE | {"id": SAME_ID, "destination": "198.51.100.0/24"}]}),
        ("not an integer", {"routes": [ROUTE | {"priority": "first"}]}),
        ("colour", {"routes": [ROUTE | {"colour": "red"}]}),
        ("colour", {"colour": "red"}),
    ],
)
async def test_a_table_that_cannot_be_is_refused(client: httpx.AsyncClient, field: str, wrong: dict[str, Any]) -> None:
    subnet = await add_subnet(client, (await add_vpc(client))["id"])
    assert field in refusal(await client.post(table_of(subnet), json=table(**wrong)), 400)
    refusal(await client.get(table_of(subnet)), 404)


async def test_what_the_project_does_not_have_is_not_there(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    made = await add_table(client, subnet)
    for path in (f"vpcs/{vpc['id']}/router", f"vpcs/{vpc['id']}/vpcroutetable", f"vpcs/{vpc['id']}/routetables",
                 f"subnets/{subnet['id']}/routetable", f"routetables/{made['id']}"):  # fmt: skip
        refusal(await client.get(f"{ELSEWHERE}/{path}"), 404)
    for path in (router_of({"id": new_id()}), table_of({"id": new_id()}), table_of({"id": "x", "network_id": ""})):
        refusal(await client.get(path), 404)
    refusal(await client.delete(f"{ELSEWHERE}/vpcs/{vpc['id']}/router"), 404)
    refusal(await client.delete(f"{ELSEWHERE}/subnets/{subnet['id']}/routetable"), 404)
    for body in ({}, [], {"routetable": []}):
        refusal(await client.post(table_of(subnet), json=body), 400)
        refusal(await client.put(table_of(vpc), json=body), 400)


@pytest.fixture
async def sign_in(store: Store) -> AsyncIterator[As]:
    async with signing_in(store, None, page_limit=5) as clients:
        yield clients


async def test_who_only_reads_makes_and_changes_nothing(sign_in: As) -> None:
    member, reader = sign_in("p1", "member", "reader"), sign_in("p1", "reader")
    vpc = await add_vpc(member)
    refusal(await reader.get(router_of(vpc)), 404)
    refusal(await reader.post(router_of(vpc)), 403)
    router = shown(await member.get(router_of(vpc)))["router"]
    assert shown(await reader.get(router_of(vpc)))["router"] == router
    assert shown(await reader.get(table_of(vpc)))["routetable"] == router["routetables"][0]
    refusal(await reader.put(table_of(vpc), json={"routetable": {"name": "x"}}), 403)
    refusal(await reader.delete(router_of(vpc)), 403)
