"""A project's subnets lie in its own VPCs."""

import httpx
import pytest

from alcor.model.identifiers import new_id
from tests.integration.api.alcor.requests import (
    ELSEWHERE,
    PROJECT,
    add_port,
    add_subnet,
    add_vpc,
    by_id,
    refusal,
    shown,
)


async def test_a_subnet_is_created_shown_changed_and_deleted(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    chosen = new_id()
    subnet = await add_subnet(client, vpc["id"], id=chosen, name="s", ip_version=4)
    assert (subnet["id"], subnet["project_id"], subnet["gateway_ip"]) == (chosen, "p1", "10.0.0.1")
    path = f"{PROJECT}/subnets/{chosen}"
    assert shown(await client.get(path)) == {"subnet": subnet}
    assert shown(await client.get(f"{PROJECT}/subnets?network_id={vpc['id']}")) == {"subnets": [subnet]}
    changed = shown(await client.put(path, json={"subnet": subnet | {"name": "new", "gateway_ip": None}}))["subnet"]
    assert (changed["name"], changed["gateway_ip"]) == ("new", "10.0.0.1")
    assert shown(await client.delete(path)) == {"id": chosen}
    refusal(await client.get(path), 404)


async def test_the_example_of_the_java_alcor_is_accepted(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client, id="9192a4d4-ffff-4ece-b3f0-8d36e3d88038", revision_number=0, dns_domain="domain")
    body = {
        "cidr": "10.0.0.0/24",
        "id": "9192a4d4-ffff-4ece-b3f0-8d36e3d88000",
        "ip_version": 4,
        "network_id": vpc["id"],
        "name": "subnet1",
        "host_routes": [{"destination": "10.0.5.0/24", "nexthop": "10.0.4.1"}],
        "gatewayPortId": "",
        "dns_list": [],
        "primary_dns": "",
    }
    subnet = shown(await client.post(f"{PROJECT}/subnets", json={"subnet": body}), 201)["subnet"]
    assert subnet["host_routes"] == body["host_routes"]


async def test_a_project_has_its_own_subnets_only(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    path = f"{ELSEWHERE}/subnets/{(await add_subnet(client, vpc['id']))['id']}"
    refusal(await client.get(path), 404)
    refusal(await client.put(path, json={"subnet": {"name": "mine"}}), 404)
    refusal(await client.put(f"{path}/update_routes", json={"hostRoutes": []}), 404)
    refusal(await client.delete(path), 404)
    assert shown(await client.get(f"{ELSEWHERE}/subnets")) == {"subnets": []}


@pytest.mark.parametrize("shared", [False, True])
async def test_a_subnet_cannot_lie_in_the_vpc_of_another_project(client: httpx.AsyncClient, shared: bool) -> None:
    vpc = await add_vpc(client, shared=shared)
    body = {"network_id": vpc["id"], "cidr": "10.0.0.0/24"}
    assert vpc["id"] in refusal(await client.post(f"{ELSEWHERE}/subnets", json={"subnet": body}), 404)
    assert vpc["id"] in refusal(await client.post(f"{ELSEWHERE}/subnets/bulk", json={"subnets": [body]}), 404)
    refusal(await client.post(f"{PROJECT}/subnets", json={"subnet": body | {"network_id": new_id()}}), 404)


async def test_many_subnets_are_created_together_or_none(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    bodies = [{"network_id": vpc["id"], "cidr": f"10.0.{number}.0/24"} for number in range(2)]
    made = shown(await client.post(f"{PROJECT}/subnets/bulk", json={"subnets": bodies}), 201)["subnets"]
    assert [each["cidr"] for each in made] == ["10.0.0.0/24", "10.0.1.0/24"]
    overlapping = [{"network_id": vpc["id"], "cidr": cidr} for cidr in ("10.0.2.0/24", "10.0.1.0/25")]
    refusal(await client.post(f"{PROJECT}/subnets/bulk", json={"subnets": overlapping}), 400)
    assert shown(await client.get(f"{PROJECT}/subnets"))["subnets"] == by_id(made)


async def test_an_id_in_use_is_refused(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    body = {"network_id": vpc["id"], "cidr": "10.0.1.0/24", "id": subnet["id"]}
    assert "id" in refusal(await client.post(f"{PROJECT}/subnets", json={"subnet": body}), 409)


async def test_the_routes_of_a_subnet_are_replaced(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    path, routes = f"{PROJECT}/subnets/{subnet['id']}", [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}]
    assert shown(await client.put(f"{path}/update_routes", json={"hostRoutes": routes})) == {"id": subnet["id"]}
    assert shown(await client.get(path))["subnet"]["host_routes"] == routes
    for wrong in ({}, [], {"hostRoutes": 7}, {"hostRoutes": [{"destination": "10.9.0.0/16"}]}):
        refusal(await client.put(f"{path}/update_routes", json=wrong), 400)
    shown(await client.put(f"{path}/update_routes", json={"hostRoutes": None}))
    assert shown(await client.get(path))["subnet"]["host_routes"] == []


async def test_the_ports_of_a_subnet_are_counted(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet, other = await add_subnet(client, vpc["id"]), await add_subnet(client, vpc["id"], "10.0.1.0/24")
    both = [{"subnet_id": subnet["id"]}, {"subnet_id": subnet["id"]}, {"subnet_id": other["id"]}]
    await add_port(client, vpc["id"], fixed_ips=both)
    await add_port(client, vpc["id"], fixed_ips=both[:1])
    assert shown(await client.get(f"{PROJECT}/subnet-port-count/{subnet['id']}")) == 2
    assert shown(await client.get(f"{PROJECT}/subnet-port-count/{other['id']}")) == 1
    refusal(await client.get(f"{ELSEWHERE}/subnet-port-count/{subnet['id']}"), 404)
    refusal(await client.get(f"{PROJECT}/subnet-port-count/{new_id()}"), 404)


async def test_a_subnet_with_ports_stays(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    port = await add_port(client, vpc["id"])
    assert port["id"] in refusal(await client.delete(f"{PROJECT}/subnets/{subnet['id']}"), 409)


async def test_a_subnet_of_no_pool_says_its_range(client: httpx.AsyncClient) -> None:
    body = {"network_id": (await add_vpc(client))["id"], "cidr": None}
    assert "cidr" in refusal(await client.post(f"{PROJECT}/subnets", json={"subnet": body}), 400)


@pytest.mark.parametrize(
    ("field", "value"),
    [("network_id", "vpc"), ("network_id", None), ("cidr", "all"), ("ip_version", 5), ("colour", 1)],
)
async def test_a_wrong_field_is_named(client: httpx.AsyncClient, field: str, value: object) -> None:
    body = {"network_id": new_id(), "cidr": "10.0.0.0/24"} | {field: value}
    assert field in refusal(await client.post(f"{PROJECT}/subnets", json={"subnet": body}), 400)
