"""What users of the Java Alcor relied on or asked for, through Alcor's API; each test is one of these behaviours."""

from typing import Any

import httpx

from alcor.model.identifiers import id_bytes
from alcor.model.records import NodeRecord, PortDeleted, PortRecord, Record
from alcor.store import change_log
from alcor.store.store import Store
from tests.integration.api.alcor.requests import (
    PROJECT,
    add_node,
    add_port,
    add_subnet,
    add_vpc,
    refusal,
    shown,
)

HOST = "binding:host_id"


async def change_port(client: httpx.AsyncClient, port: dict[str, Any], **values: Any) -> dict[str, Any]:
    body = {"port": values}
    changed: dict[str, Any] = shown(await client.put(f"{PROJECT}/ports/{port['id']}", json=body))["port"]
    return changed


async def last_records(store: Store) -> tuple[Record, ...]:
    """What hosts were told last."""
    entries = await store.read(lambda connection: change_log.read_entries(connection, 0, 1000))
    return entries[-1].records


async def add_router(client: httpx.AsyncClient, *subnets: dict[str, Any]) -> dict[str, Any]:
    body = {"router": {"project_id": "p1"}}
    router: dict[str, Any] = shown(await client.post("/v2.0/routers", json=body), 201)["router"]
    for subnet in subnets:
        interface = {"subnet_id": subnet["id"]}
        shown(await client.put(f"/v2.0/routers/{router['id']}/add_router_interface", json=interface))
    return router


async def test_a_port_outlives_its_vm_and_serves_another_on_another_host(
    client: httpx.AsyncClient, store: Store
) -> None:
    vpc = await add_vpc(client)
    await add_subnet(client, vpc["id"])
    await add_node(client, 1)
    await add_node(client, 2)
    port = await add_port(client, vpc["id"], name="kept")
    await change_port(client, port, device_id="vm-1", device_owner="compute:nova", **{HOST: "host-1"})
    freed = await change_port(client, port, device_id="", device_owner="", **{HOST: ""})
    assert (freed["device_id"], freed["device_owner"], freed[HOST], freed["status"]) == ("", "", "", "DOWN")
    assert await last_records(store) == (PortDeleted(id_bytes(port["id"]), id_bytes(vpc["id"])),)
    again = await change_port(client, port, device_id="vm-2", device_owner="compute:nova", **{HOST: "host-2"})
    for name in ("id", "name", "mac_address", "fixed_ips"):
        assert again[name] == port[name]
    (told,) = await last_records(store)
    assert isinstance(told, PortRecord)
    assert (told.id, told.host_id) == (id_bytes(port["id"]), "host-2")


async def test_the_gateway_of_a_subnet_is_a_port_of_the_router_that_is_attached(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    router = await add_router(client, subnet)
    (gateway,) = shown(await client.get(f"{PROJECT}/ports?network_id={vpc['id']}"))["ports"]
    assert (gateway["device_owner"], gateway["device_id"]) == ("network:router_interface", router["id"])
    assert gateway["fixed_ips"] == [{"subnet_id": subnet["id"], "ip_address": subnet["gateway_ip"]}]
    refusal(await client.delete(f"{PROJECT}/ports/{gateway['id']}"), 409)


async def test_a_subnet_goes_with_its_gateway_and_range_once_no_port_uses_it(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    port = await add_port(client, vpc["id"])
    path = f"{PROJECT}/subnets/{subnet['id']}"
    assert port["id"] in refusal(await client.delete(path), 409)
    shown(await client.get(f"/ips/range/{subnet['id']}"))
    shown(await client.delete(f"{PROJECT}/ports/{port['id']}"))
    shown(await client.delete(path))
    refusal(await client.get(f"/ips/range/{subnet['id']}"), 404)
    assert shown(await client.get(f"{PROJECT}/ports"))["ports"] == []


async def test_a_subnet_without_a_gateway_goes_too(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    said = {"network_id": vpc["id"], "cidr": "10.0.0.0/24", "ip_version": 4, "gateway_ip": None, "project_id": "p1"}
    subnet = shown(await client.post("/v2.0/subnets", json={"subnet": said}), 201)["subnet"]
    assert subnet["gateway_ip"] is None
    shown(await client.delete(f"{PROJECT}/subnets/{subnet['id']}"))


async def test_what_is_in_use_is_not_deleted_and_it_is_said_by_what(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet = await add_subnet(client, vpc["id"])
    assert subnet["id"] in refusal(await client.delete(f"{PROJECT}/vpcs/{vpc['id']}"), 409)
    router = await add_router(client, subnet)
    interface = shown(await client.get(f"{PROJECT}/ports?device_id={router['id']}"))["ports"][0]
    assert interface["id"] in refusal(await client.delete(f"{PROJECT}/subnets/{subnet['id']}"), 409)
    assert router["id"] in refusal(await client.delete(f"/v2.0/routers/{router['id']}"), 409)
    group_body = {"security_group": {"name": "g", "project_id": "p1"}}
    group = shown(await client.post("/v2.0/security-groups", json=group_body), 201)["security_group"]
    await add_port(client, vpc["id"], security_groups=[group["id"]])
    assert group["id"] in refusal(await client.delete(f"/v2.0/security-groups/{group['id']}"), 409)


async def test_new_addresses_of_a_port_replace_the_old_ones_or_nothing_changes(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    await add_subnet(client, vpc["id"])
    await add_port(client, vpc["id"], fixed_ips=[{"ip_address": "10.0.0.9"}])
    port = await add_port(client, vpc["id"], fixed_ips=[{"ip_address": "10.0.0.5"}])
    wanted = {"port": {"fixed_ips": [{"ip_address": "10.0.0.6"}, {"ip_address": "10.0.0.9"}]}}
    refusal(await client.put(f"{PROJECT}/ports/{port['id']}", json=wanted), 409)
    kept = shown(await client.get(f"{PROJECT}/ports/{port['id']}"))["port"]
    assert kept["fixed_ips"] == port["fixed_ips"]
    other = await add_port(client, vpc["id"], fixed_ips=[{"ip_address": "10.0.0.6"}])  # it was not leaked
    shown(await client.delete(f"{PROJECT}/ports/{other['id']}"))
    changed = await change_port(client, port, fixed_ips=[{"ip_address": "10.0.0.6"}])
    assert [each["ip_address"] for each in changed["fixed_ips"]] == ["10.0.0.6"]
    await add_port(client, vpc["id"], fixed_ips=[{"ip_address": "10.0.0.5"}])


async def test_a_node_that_is_registered_is_told_to_those_who_program_hosts(
    client: httpx.AsyncClient, store: Store
) -> None:
    await add_node(client, 1)
    (told,) = await last_records(store)
    assert isinstance(told, NodeRecord)
    assert told.host_id == "host-1"


async def test_many_ports_are_created_in_one_call_all_or_none(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    await add_subnet(client, vpc["id"])
    ports = [{"network_id": vpc["id"], "name": str(number)} for number in range(50)]
    wrong = [*ports, {"network_id": vpc["id"], "fixed_ips": [{"ip_address": "192.0.2.1"}]}]
    refusal(await client.post(f"{PROJECT}/ports/bulk", json={"ports": wrong}), 400)
    assert shown(await client.get(f"{PROJECT}/ports"))["ports"] == []
    made = shown(await client.post(f"{PROJECT}/ports/bulk", json={"ports": ports}), 201)["ports"]
    assert [each["name"] for each in made] == [each["name"] for each in ports]
