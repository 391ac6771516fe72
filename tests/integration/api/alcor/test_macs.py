"""MAC addresses by Alcor's MAC Manager."""

from typing import Any

import httpx

from tests.integration.api.alcor.requests import PROJECT, add_port, add_vpc, refusal, shown

SMALL = {"range_id": "small", "from": "02:00:00:00:00:01", "to": "02:00:00:00:00:03"}


async def reserve(client: httpx.AsyncClient, path: str = "/macs", **wanted: Any) -> str:
    address: str = shown(await client.post(path, json={"mac_state": wanted}), 201)["mac_state"]["mac_address"]
    return address


async def test_there_is_a_range_from_the_start(client: httpx.AsyncClient) -> None:
    ranges = shown(await client.get("/macs/ranges"))["mac_ranges"]
    assert [(each["range_id"], each["from"]) for each in ranges] == [("range0", "fa:16:3e:00:00:01")]
    assert shown(await client.get("/v4/macs/ranges/range0"))["mac_range"] == ranges[0]


async def test_an_address_that_is_given_out_is_no_ports(client: httpx.AsyncClient) -> None:
    address = await reserve(client, project_id="p1", vpc_id="v", port_id="x")
    state = shown(await client.get(f"/macs/{address}"))["mac_state"]
    assert state == {"mac_address": address, "project_id": "p1", "vpc_id": "v", "port_id": "x", "state": "Active"}
    port = await add_port(client, (await add_vpc(client))["id"])
    assert port["mac_address"] != address
    assert shown(await client.get(f"/macs/{port['mac_address']}"))["mac_state"]["port_id"] == port["id"]
    refusal(await client.post("/macs", json={"mac_state": {"mac_address": port["mac_address"]}}), 409)
    assert port["id"] in refusal(await client.delete(f"/macs/{port['mac_address']}"), 409)
    shown(await client.put(f"/macs/{address}", json={"mac_state": {"port_id": "y", "state": "Inactive"}}))
    assert shown(await client.get(f"/macs/{address}"))["mac_state"]["state"] == "Inactive"
    assert shown(await client.delete(f"/macs/{address}")) == {"mac_address": address}
    refusal(await client.delete(f"/macs/{address}"), 404)


async def test_ports_get_addresses_of_all_active_ranges(client: httpx.AsyncClient) -> None:
    shown(await client.post("/macs/ranges", json={"mac_range": SMALL}), 201)
    shown(await client.delete("/macs/ranges/range0"))
    vpc = await add_vpc(client)
    ports = [await add_port(client, vpc["id"]) for _ in range(3)]
    assert sorted(port["mac_address"] for port in ports) == [f"02:00:00:00:00:0{n}" for n in (1, 2, 3)]
    message = refusal(await client.post(f"{PROJECT}/ports", json={"port": {"network_id": vpc["id"]}}), 503)
    assert "Add a range" in message
    refusal(await client.delete("/macs/ranges/small"), 409)
    for port in ports:
        await client.delete(f"{PROJECT}/ports/{port['id']}")
    assert shown(await client.delete("/macs/ranges/small")) == {"id": "small"}


async def test_addresses_of_one_range(client: httpx.AsyncClient) -> None:
    shown(await client.post("/macs/ranges", json={"mac_range": SMALL}), 201)
    refusal(await client.post("/macs/range/small/bulk", json={"mac_states": [{}] * 4}), 409)
    states = shown(await client.post("/macs/range/small/bulk", json={"mac_states": [{}] * 2}), 201)["mac_states"]
    assert [each["mac_address"] for each in states] == ["02:00:00:00:00:01", "02:00:00:00:00:02"]
    assert await reserve(client, "/macs/range/small", mac_address="02:00:00:00:00:03") == "02:00:00:00:00:03"
    refusal(await client.post("/macs/range/small", json={"mac_state": {}}), 409)
    refusal(await client.post("/macs/range/nothing", json={"mac_state": {}}), 404)


async def test_ranges_are_apart_and_change_only_while_they_are_free(client: httpx.AsyncClient) -> None:
    overlapping = {"from": "fa:16:3e:ff:ff:fe", "to": "fa:16:3f:00:00:01"}
    refusal(await client.post("/macs/ranges", json={"mac_range": overlapping}), 409)
    shown(await client.post("/macs/ranges", json={"mac_range": SMALL}), 201)
    refusal(await client.post("/macs/ranges", json={"mac_range": SMALL}), 409)
    wider = SMALL | {"to": "02:00:00:00:00:04"}
    assert shown(await client.put("/macs/ranges/small", json={"mac_range": wider}))["mac_range"]["capacity"] == 4
    await reserve(client, "/macs/range/small")
    refusal(await client.put("/macs/ranges/small", json={"mac_range": SMALL | {"state": "Inactive"}}), 409)
    refusal(await client.post("/macs/ranges", json={"mac_range": {"from": SMALL["to"], "to": SMALL["from"]}}), 400)
