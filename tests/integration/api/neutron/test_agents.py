"""Nodes as Neutron's agents, and the availability zones that they are in."""

import time

import pytest

from alcor.services.hosts import agent, host_session
from alcor.services.hosts.host_session import HostSession
from alcor.store.store import Store
from alcor.store.transaction import Transaction
from tests.integration.api.neutron.requests import Json, Neutron, shown


async def node(neutron: Neutron, number: int, **attributes: str) -> Json:
    info = {"node_id": f"host-{number}", "local_ip": f"192.0.2.{number}"} | attributes
    assert (await neutron.http.post("/nodes", json={"host_info": info})).status_code == 201
    (found,) = await neutron.list("agent", f"host=host-{number}")
    return found


async def connect(store: Store, host_id: str) -> None:
    def operation(transaction: Transaction) -> None:
        host_session.claim(transaction, "c", [HostSession(host_id, b"s" * 16)])
        host_session.heartbeat(transaction, "c", 60)
        agent.bring_back(transaction.connection, [host_id])

    await store.write(operation)


async def test_an_agent_is_alive_while_its_host_is_connected(neutron: Neutron, store: Store) -> None:
    first, second = await node(neutron, 1), await node(neutron, 2)
    assert (first["agent_type"], first["binary"], first["alive"]) == ("Open vSwitch agent", "alcor-agent", False)
    assert first["configurations"]["tunneling_ip"] == "192.0.2.1"
    before = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    await connect(store, "host-1")
    served = await neutron.show("agent", first["id"])
    assert served["alive"] is True
    assert served["heartbeat_timestamp"] >= before
    for alive, expected in (("true", [first]), ("false", [second])):
        assert [each["id"] for each in await neutron.list("agent", f"alive={alive}")] == [
            each["id"] for each in expected
        ]


async def test_agents_are_sorted_by_what_is_worked_out_of_them(neutron: Neutron, store: Store) -> None:
    ids = [(await node(neutron, number))["id"] for number in (1, 2, 3)]
    await connect(store, "host-2")
    for key, first in (("alive", ids[1]), ("heartbeat_timestamp", None), ("created_at", None), ("started_at", None)):
        up = [
            each["id"] for each in await neutron.list("agent", f"sort_key={key}&sort_dir=asc&sort_key=id&sort_dir=asc")
        ]
        down = [
            each["id"]
            for each in await neutron.list("agent", f"sort_key={key}&sort_dir=desc&sort_key=id&sort_dir=desc")
        ]
        assert up == down[::-1] and sorted(up) == sorted(ids)
        assert first in (None, down[0])
        paged: list[str] = []
        while len(paged) < len(ids):
            after = f"&marker={paged[-1]}" if paged else ""
            (found,) = await neutron.list("agent", f"sort_key={key}&sort_dir=desc&limit=1{after}")
            paged.append(found["id"])
        assert sorted(paged) == sorted(ids) and first in (None, paged[0])
    assert (await neutron.http.get("/v2.0/agents?sort_key=configurations&sort_dir=asc")).status_code == 400


async def test_an_agent_is_described_and_disabled(neutron: Neutron) -> None:
    its_id = (await node(neutron, 1))["id"]
    changed = await neutron.update("agent", its_id, description="rack 7", admin_state_up=False)
    assert (changed["description"], changed["admin_state_up"]) == ("rack 7", False)
    assert [each["id"] for each in await neutron.list("agent", "admin_state_up=false")] == [its_id]
    assert (await neutron.refused("PUT", f"agents/{its_id}", {"agent": {"host": "x"}}))[0] == 400
    assert (await neutron.refused("POST", "agents", {"agent": {}}))[0] == 405


async def test_a_deleted_agent_is_gone_until_its_host_connects(neutron: Neutron, store: Store) -> None:
    its_id = (await node(neutron, 1))["id"]
    await neutron.delete("agent", its_id)
    refused = await neutron.refused("GET", f"agents/{its_id}")
    assert refused == (404, "AgentNotFound", f"Agent {its_id} could not be found.")
    assert await neutron.list("agent") == []
    await connect(store, "host-1")
    assert (await neutron.show("agent", its_id))["alive"] is True
    assert (await neutron.http.delete("/nodes/host-1")).status_code == 200
    assert await neutron.list("agent") == []


async def test_zones_are_those_of_nodes(neutron: Neutron) -> None:
    await node(neutron, 1)
    disabled = await node(neutron, 2, availability_zone="east")
    await neutron.update("agent", disabled["id"], admin_state_up=False)

    async def zones(query: str) -> list[tuple[str, str, str]]:
        found = shown(await neutron.http.get(f"/v2.0/availability_zones?{query}"))["availability_zones"]
        return [(each["name"], each["resource"], each["state"]) for each in found]

    assert await zones("resource=router") == [("east", "router", "unavailable"), ("nova", "router", "available")]
    assert await zones("name=nova&resource=network") == [("nova", "network", "available")]
    moved = await neutron.http.put("/nodes/host-2", json={"host_info": {"availability_zone": "west"}})
    assert moved.status_code == 200
    assert (await neutron.show("agent", disabled["id"]))["availability_zone"] == "west"
    assert await zones("name=east") == []
    assert (await neutron.refused("GET", "availability_zones?color=red"))[0] == 400


@pytest.mark.parametrize("resource", ["network", "router"])
async def test_what_every_node_serves_is_in_all_their_zones_or_in_those_of_its_hints(
    neutron: Neutron, resource: str
) -> None:
    assert (await neutron.create(resource))["availability_zones"] == []
    await node(neutron, 1)
    east = await node(neutron, 2, availability_zone="east")
    anywhere = await neutron.create(resource)
    hinted = await neutron.create(resource, availability_zone_hints=["east"])

    async def zones() -> list[list[str]]:
        return [(await neutron.show(resource, each["id"]))["availability_zones"] for each in (anywhere, hinted)]

    assert anywhere["availability_zones"] == ["east", "nova"]
    assert await zones() == [["east", "nova"], ["east"]]
    await neutron.update("agent", east["id"], admin_state_up=False)
    assert await zones() == [["nova"], []]


@pytest.mark.parametrize("resource", ["network", "router"])
async def test_hints_name_zones_that_there_are(neutron: Neutron, resource: str) -> None:
    await node(neutron, 1)
    said = await neutron.create(resource, availability_zone_hints=["nova"])
    assert said["availability_zone_hints"] == ["nova"]
    refused = await neutron.refused("POST", f"{resource}s", {resource: {"availability_zone_hints": ["moon"]}})
    assert refused == (404, "AvailabilityZoneNotFound", "AvailabilityZone moon could not be found.")
