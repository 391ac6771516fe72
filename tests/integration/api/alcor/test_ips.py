"""Addresses by Alcor's Private IP Manager."""

import asyncio

import httpx

from tests.integration.api.alcor.requests import PROJECT, add_port, add_subnet, add_vpc, refusal, shown


async def reserve(client: httpx.AsyncClient, status: int = 201, **wanted: object) -> dict[str, object]:
    view: dict[str, object] = shown(await client.post("/ips", json=wanted), status)
    return view


async def used(client: httpx.AsyncClient, range_id: str) -> int:
    count: int = shown(await client.get(f"/ips/range/{range_id}"))["used_ips"]
    return count


async def test_a_subnet_has_a_range_of_its_addresses(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"], "10.0.0.0/29")
    expected = {"id": subnet["id"], "vpc_id": vpc["id"], "subnet_id": subnet["id"], "ip_version": 4}
    expected |= {"first_ip": "10.0.0.2", "last_ip": "10.0.0.6", "used_ips": 0, "total_ips": 5}
    assert shown(await client.get(f"/ips/range/{subnet['id']}")) == expected
    assert shown(await client.get("/v4/ips/range")) == [expected]


async def test_an_address_that_is_given_out_is_no_ports(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"], "10.0.0.0/29")
    chosen = await reserve(client, range_id=subnet["id"], ip="10.0.0.4")
    assert chosen["state"] == "activated"
    anyone = await reserve(client, vpc_id=vpc["id"], ip_version=4)
    ports = [await add_port(client, vpc["id"]) for _ in range(3)]
    held = {port["fixed_ips"][0]["ip_address"] for port in ports} | {chosen["ip"], anyone["ip"]}
    assert held == {f"10.0.0.{n}" for n in range(2, 7)}
    listed = shown(await client.get(f"/ips/{subnet['id']}"))
    assert [each["ip"] for each in listed] == sorted(held)
    refusal(await client.post("/ips", json={"range_id": subnet["id"]}), 409)
    refusal(await client.post("/ips", json={"range_id": subnet["id"], "ip": "10.0.0.4"}), 409)
    await client.delete(f"/ips/{subnet['id']}/10.0.0.4")
    refusal(await client.delete(f"/ips/{subnet['id']}/10.0.0.4"), 404)
    assert (await add_port(client, vpc["id"]))["fixed_ips"][0]["ip_address"] == "10.0.0.4"
    refusal(await client.delete(f"/ips/{subnet['id']}/10.0.0.4"), 409)
    assert await used(client, subnet["id"]) == 5


async def test_many_are_given_out_and_taken_back_together_or_not_at_all(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"], "10.0.0.0/29")
    one = {"range_id": subnet["id"]}
    refusal(await client.post("/ips/bulk", json={"ip_requests": [one] * 6}), 409)
    assert await used(client, subnet["id"]) == 0
    given = shown(await client.post("/ips/bulk", json={"ip_requests": [one] * 5}), 201)["ip_requests"]
    missing = {"range_id": subnet["id"], "ip": "10.0.0.1"}
    refusal(await client.request("DELETE", "/ips/bulk", json={"ip_requests": [*given, missing]}), 404)
    assert await used(client, subnet["id"]) == 5
    states = [each | {"state": "deactivated"} for each in given]
    assert shown(await client.put("/ips/bulk", json={"ip_requests": states}))["ip_requests"] == states
    assert shown(await client.get(f"/ips/{subnet['id']}/{given[0]['ip']}")) == states[0]
    assert (await client.request("DELETE", "/ips/bulk", json={"ip_requests": given})).status_code == 200
    assert await used(client, subnet["id"]) == 0


async def test_a_ports_addresses_are_replaced_at_once(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"], "10.0.0.0/29")
    port = await add_port(client, vpc["id"], fixed_ips=[{"ip_address": "10.0.0.3"}])
    old = [{"range_id": subnet["id"], "ip": "10.0.0.3"}]
    new = [{"range_id": subnet["id"], "ip": "10.0.0.5"}]
    answer = shown(await client.post("/ips/update", json={"oldIpAddrRequests": old, "newIpAddrRequests": new}))
    assert [each["ip"] for each in answer["newIpAddrRequests"]] == ["10.0.0.5"]
    assert shown(await client.get(f"{PROJECT}/ports/{port['id']}"))["port"]["fixed_ips"] == [
        {"subnet_id": subnet["id"], "ip_address": "10.0.0.5"}
    ]
    await reserve(client, range_id=subnet["id"], ip="10.0.0.3")
    back = {"oldIpAddrRequests": new, "newIpAddrRequests": old}
    refusal(await client.post("/ips/update", json=back), 409)
    assert await used(client, subnet["id"]) == 2


async def test_of_many_who_replace_the_same_address_one_does(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"], "10.0.0.0/24")
    first = await reserve(client, range_id=subnet["id"])
    body = {"oldIpAddrRequests": [first], "newIpAddrRequests": [{"range_id": subnet["id"]}]}
    answers = await asyncio.gather(*(client.post("/ips/update", json=body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 5
    assert await used(client, subnet["id"]) == 1


async def test_ranges_come_and_go_while_nothing_is_held(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(
        client, vpc["id"], "10.0.0.0/24", allocation_pools=[{"start": "10.0.0.2", "end": "10.0.0.3"}]
    )
    more = {"vpc_id": vpc["id"], "subnet_id": subnet["id"], "ip_version": 4}
    more |= {"first_ip": "10.0.0.10", "last_ip": "10.0.0.11"}
    assert shown(await client.post("/ips/range", json=more), 201)["total_ips"] == 4
    refusal(await client.post("/ips/range", json=more | {"last_ip": "10.0.0.12"}), 409)
    refusal(await client.post("/ips/range", json=more | {"first_ip": "10.1.0.1", "last_ip": "10.1.0.2"}), 400)
    await reserve(client, range_id=subnet["id"], ip="10.0.0.11")
    assert "10.0.0.11" in refusal(await client.delete(f"/ips/range/{subnet['id']}"), 409)
    await client.delete(f"/ips/{subnet['id']}/10.0.0.11")
    assert (await client.delete(f"/ips/range/{subnet['id']}")).status_code == 200
    refusal(await client.get(f"/ips/range/{subnet['id']}"), 404)
    refusal(await client.post(f"{PROJECT}/ports", json={"port": {"network_id": vpc["id"]}}), 409)


async def test_what_is_given_out_goes_with_its_subnet(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    await reserve(client, range_id=subnet["id"])
    pools = [{"start": "10.0.0.5", "end": "10.0.0.9"}]
    await client.put(f"{PROJECT}/subnets/{subnet['id']}", json={"subnet": {"allocation_pools": pools}})
    assert shown(await client.delete(f"{PROJECT}/subnets/{subnet['id']}"))["id"] == subnet["id"]
    refusal(await client.get(f"/ips/{subnet['id']}"), 404)
