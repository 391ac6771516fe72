"""A project's ports: created, bound by a node's id or name, changed and deleted, one by one and in bulk."""

import asyncio
from typing import Any

import httpx
import pytest

from alcor.model.identifiers import new_id
from alcor.model.records import PortRecord
from alcor.store import change_log
from alcor.store.store import Store
from tests.integration.api.alcor.requests import (
    ELSEWHERE,
    PROJECT,
    add_node,
    add_port,
    add_subnet,
    add_vpc,
    by_id,
    refusal,
    shown,
)


@pytest.fixture
async def vpc_id(client: httpx.AsyncClient) -> str:
    vpc = await add_vpc(client)
    await add_subnet(client, vpc["id"])
    made: str = vpc["id"]
    return made


def addresses(port: dict[str, Any]) -> list[str]:
    return [fixed_ip["ip_address"] for fixed_ip in port["fixed_ips"]]


async def test_a_port_is_created_shown_changed_and_deleted(client: httpx.AsyncClient, vpc_id: str) -> None:
    chosen = new_id()
    port = await add_port(client, vpc_id, id=chosen, name="port101", fixed_ips=[{"ip_address": "10.0.0.101"}])
    assert (port["id"], port["project_id"], addresses(port)) == (chosen, "p1", ["10.0.0.101"])
    path = f"{PROJECT}/ports/{chosen}"
    assert shown(await client.get(path)) == {"port": port}
    assert shown(await client.get(f"{PROJECT}/ports?network_id={vpc_id}")) == {"ports": [port]}
    changed = shown(await client.put(path, json={"port": port | {"name": "new"}}))["port"]
    assert changed | {"name": "port101", "revision_number": 1, "updated_at": port["updated_at"]} == port
    assert shown(await client.delete(path)) == {"id": chosen}
    refusal(await client.get(path), 404)


async def test_a_port_of_the_java_alcor_is_accepted(client: httpx.AsyncClient, vpc_id: str) -> None:
    port = await add_port(
        client,
        vpc_id,
        admin_state_up=True,
        allowed_address_pairs=[{"ip_address": "11.11.11.1", "mac_address": "00-AA-BB-15-EB-3F"}],
        device_id="8182a4d4-ffff-4ece-b3f0-8d36e3d00070",
        device_owner="compute:nova",
        dns_assignment={},
        dns_domain="string",
        fast_path=True,
        mac_learning_enabled=True,
        network_ns="string",
        revision_number=0,
        security_groups=[],
        tags=["string"],
        veth_name="string",
        **{"binding:vif_details": {}, "create_at": "string"},
    )
    assert port["allowed_address_pairs"] == [{"ip_address": "11.11.11.1", "mac_address": "00:aa:bb:15:eb:3f"}]


async def test_a_port_is_no_member_of_groups_that_are_not_there(client: httpx.AsyncClient, vpc_id: str) -> None:
    unknown = new_id()
    body = {"port": {"network_id": vpc_id, "security_groups": [unknown]}}
    assert unknown in refusal(await client.post(f"{PROJECT}/ports", json=body), 404)


async def test_a_project_has_its_own_ports_only(client: httpx.AsyncClient, vpc_id: str) -> None:
    port = await add_port(client, vpc_id)
    path = f"{ELSEWHERE}/ports/{port['id']}"
    refusal(await client.get(path), 404)
    refusal(await client.put(path, json={"port": {"name": "mine"}}), 404)
    refusal(await client.put(f"{ELSEWHERE}/ports/bulk", json={"ports": [{"id": port["id"], "name": "mine"}]}), 404)
    refusal(await client.delete(path), 404)
    assert shown(await client.get(f"{ELSEWHERE}/ports")) == {"ports": []}
    assert shown(await client.get(f"{PROJECT}/ports/{port['id']}")) == {"port": port}


async def test_a_port_lies_in_a_vpc_of_its_project_or_a_shared_one(client: httpx.AsyncClient, vpc_id: str) -> None:
    body = {"port": {"network_id": vpc_id}}
    assert vpc_id in refusal(await client.post(f"{ELSEWHERE}/ports", json=body), 404)
    shown(await client.put(f"{PROJECT}/vpcs/{vpc_id}", json={"network": {"shared": True}}))
    assert shown(await client.post(f"{ELSEWHERE}/ports", json=body), 201)["port"]["project_id"] == "p2"
    refusal(await client.post(f"{PROJECT}/ports", json={"port": {"network_id": new_id()}}), 404)


async def test_callers_at_the_same_time_fail_only_for_their_own_faults(client: httpx.AsyncClient, vpc_id: str) -> None:
    taken = (await add_port(client, vpc_id))["id"]
    wrong = [{"network_id": vpc_id, "id": taken}, {"network_id": new_id()}]
    bodies = [{"network_id": vpc_id}, *wrong] * 10
    answers = await asyncio.gather(*(client.post(f"{PROJECT}/ports", json={"port": body}) for body in bodies))
    assert [answer.status_code for answer in answers] == [201, 409, 404] * 10
    assert len({address for answer in answers[::3] for address in addresses(answer.json()["port"])}) == 10


async def test_a_port_is_bound_by_the_name_of_a_node(client: httpx.AsyncClient, store: Store, vpc_id: str) -> None:
    await add_node(client, 1, node_name="compute1")
    await add_node(client, 2, node_name="compute2")
    port = await add_port(client, vpc_id, **{"binding:host_id": "compute1"})
    assert (port["binding:host_id"], port["binding:vif_type"]) == ("host-1", "ovs")
    moved = shown(await client.put(f"{PROJECT}/ports/{port['id']}", json={"port": {"binding:host_id": "compute2"}}))
    assert moved["port"]["binding:host_id"] == "host-2"
    bulk = {"ports": [{"id": port["id"], "binding:host_id": "compute1"}]}
    assert shown(await client.put(f"{PROJECT}/ports/bulk", json=bulk))["ports"][0]["binding:host_id"] == "host-1"
    entries = await store.read(lambda connection: change_log.read_entries(connection, 0, 100))
    told = [record.host_id for entry in entries for record in entry.records if isinstance(record, PortRecord)]
    assert told == ["host-1", "host-2", "host-1"]


async def test_an_id_wins_over_a_name_and_an_unknown_host_is_kept(client: httpx.AsyncClient, vpc_id: str) -> None:
    await add_node(client, 1, node_name="host-2")
    await add_node(client, 2)
    for host in ("host-2", "nobody"):
        assert (await add_port(client, vpc_id, **{"binding:host_id": host}))["binding:host_id"] == host


async def test_a_name_that_several_nodes_have_is_refused(client: httpx.AsyncClient, vpc_id: str) -> None:
    for number in (1, 2):
        await add_node(client, number, node_name="twin")
    body = {"port": {"network_id": vpc_id, "binding:host_id": "twin"}}
    assert "twin" in refusal(await client.post(f"{PROJECT}/ports", json=body), 409)


async def test_many_ports_are_created_together_or_none(client: httpx.AsyncClient, vpc_id: str) -> None:
    bodies = [{"network_id": vpc_id, "name": f"port{number}"} for number in range(3)]
    made = shown(await client.post(f"{PROJECT}/ports/bulk", json={"ports": bodies}), 201)["ports"]
    assert [each["name"] for each in made] == ["port0", "port1", "port2"]
    taken = {"network_id": vpc_id, "id": made[0]["id"]}
    refusal(await client.post(f"{PROJECT}/ports/bulk", json={"ports": [bodies[0], taken]}), 409)
    refusal(await client.post(f"{PROJECT}/ports/bulk", json={"ports": [bodies[0], {"network_id": new_id()}]}), 404)
    refusal(await client.post(f"{PROJECT}/ports/bulk", json={"ports": [bodies[0], {}]}), 400)
    assert shown(await client.get(f"{PROJECT}/ports"))["ports"] == by_id(made)


async def test_many_ports_are_changed_together_or_none(client: httpx.AsyncClient, vpc_id: str) -> None:
    made = [await add_port(client, vpc_id) for _ in range(3)]
    ids = [each["id"] for each in made]
    changes = [{"id": port_id, "name": f"new-{port_id}"} for port_id in reversed(ids)]
    changed = shown(await client.put(f"{PROJECT}/ports/bulk", json={"ports": changes}))["ports"]
    assert [(each["id"], each["name"]) for each in changed] == [(each["id"], each["name"]) for each in changes]
    names = {each["id"]: each["name"] for each in changed}
    for wrong, status in (
        ({"id": new_id(), "name": "x"}, 404),
        ({"id": ids[1], "fixed_ips": [{"ip_address": addresses(made[2])[0]}]}, 409),
        ({"id": ids[1], "network_id": new_id()}, 400),
        ({"id": ids[0], "name": "twice"}, 400),
        ({"name": "nameless"}, 400),
        ({"id": "no id"}, 400),
        ("no port", 400),
    ):
        body = {"ports": [{"id": ids[0], "name": "half"}, wrong]}
        refusal(await client.put(f"{PROJECT}/ports/bulk", json=body), status)
    after = shown(await client.get(f"{PROJECT}/ports"))["ports"]
    assert {each["id"]: each["name"] for each in after} == names


async def test_addresses_pass_from_one_port_to_another_in_one_request(client: httpx.AsyncClient, vpc_id: str) -> None:
    first, second = [await add_port(client, vpc_id) for _ in range(2)]
    free = {"ip_address": "10.0.0.200"}
    changes = [
        {"id": first["id"], "fixed_ips": [free]},
        {"id": second["id"], "fixed_ips": [{"ip_address": addresses(first)[0]}]},
    ]
    changed = shown(await client.put(f"{PROJECT}/ports/bulk", json={"ports": changes}))["ports"]
    assert [addresses(each) for each in changed] == [["10.0.0.200"], addresses(first)]


async def test_the_alias_of_the_java_port_manager_is_served(client: httpx.AsyncClient, vpc_id: str) -> None:
    port = shown(await client.post("/v4/p1/ports", json={"port": {"network_id": vpc_id}}), 201)["port"]
    for path in ("/v4/p1/ports", f"/v4{PROJECT}/ports", f"{PROJECT}/ports"):
        assert shown(await client.get(f"{path}/{port['id']}")) == {"port": port}
