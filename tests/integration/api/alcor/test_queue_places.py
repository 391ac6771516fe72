"""Nodes are given groups, topics and keys of the message queue at registration, and hosts hear of it."""

import itertools

import httpx
import pytest

from alcor.model.queue_slots import slot_of
from alcor.model.records import NodeRecord
from alcor.store.store import Store
from tests.integration.api.alcor.requests import add_node, node, refusal, shown
from tests.integration.api.alcor.test_nodes import records


async def changed(client: httpx.AsyncClient, number: int, **values: object) -> dict[str, str]:
    answer: dict[str, str] = shown(await client.put(f"/nodes/host-{number}", json={"host_info": values}))["host_info"]
    return answer


def two_keys_of_one_slot() -> tuple[str, str]:
    seen: dict[int, str] = {}
    for number in itertools.count():
        key = f"k{number}"
        if (other := seen.setdefault(slot_of(key), key)) != key:
            return other, key
    raise AssertionError


async def test_a_node_is_assigned_what_it_does_not_say_and_the_log_tells_it(
    client: httpx.AsyncClient, store: Store
) -> None:
    first, second = await add_node(client, 1), await add_node(client, 2)
    assert first["group_topic"] == second["group_topic"] == first["unicast_topic"]
    assert first["multicast_topic"] == f"{first['group_topic']}-all"
    assert (first["group_key"], second["group_key"]) == ("host-1", "host-2")
    told = [record for record in await records(store) if isinstance(record, NodeRecord)]
    assert [(each.topic, each.key) for each in told] == [
        (first["group_topic"], "host-1"),
        (first["group_topic"], "host-2"),
    ]


async def test_the_log_tells_in_which_cell_a_node_is(client: httpx.AsyncClient, store: Store) -> None:
    await add_node(client, 1, cell="cell-1")
    await changed(client, 1, cell="cell-2")
    told = [record.cell for record in await records(store) if isinstance(record, NodeRecord)]
    assert told == ["cell-1", "cell-2"]


async def test_groups_are_bounded_and_of_one_rack(client: httpx.AsyncClient) -> None:
    said = [node(number, local_ip=f"198.51.100.{number}", rack=f"rack-{number % 2}") for number in range(1, 251)]
    nodes = shown(await client.post("/nodes/bulk", json={"host_infos": said}))
    groups: dict[str, list[str]] = {}
    for each in nodes:
        groups.setdefault(each["group_topic"], []).append(each["rack"])
    assert sorted(map(len, groups.values())) == [25, 25, 100, 100]
    assert all(len(set(racks)) == 1 for racks in groups.values())
    slots = {(each["unicast_topic"], slot_of(each["group_key"])) for each in nodes}
    assert len(slots) == len(nodes)


async def test_the_place_of_one_that_went_is_given_to_the_next(client: httpx.AsyncClient) -> None:
    said = [node(number, local_ip=f"198.51.100.{number}") for number in range(1, 102)]
    nodes = shown(await client.post("/nodes/bulk", json={"host_infos": said}))
    shown(await client.delete("/nodes/host-5"))
    again = await add_node(client, 200)
    assert nodes[0]["group_topic"] != nodes[100]["group_topic"]
    assert again["group_topic"] == nodes[0]["group_topic"]


@pytest.mark.parametrize("together", [True, False])
async def test_a_key_whose_slot_is_taken_is_extended(client: httpx.AsyncClient, together: bool) -> None:
    keys = two_keys_of_one_slot()
    said = [node(number, group_topic="g", group_key=key) for number, key in enumerate(keys, 1)]
    if together:
        first, second = shown(await client.post("/nodes/bulk", json={"host_infos": said}))
    else:
        first, second = [
            shown(await client.post("/nodes", json={"host_info": each}), 201)["host_info"] for each in said
        ]
    assert (first["group_key"], second["group_key"]) == (keys[0], f"{keys[1]}~2")
    assert await changed(client, 2, group_key=keys[1]) | {"revision_number": 1, "updated_at": ""} == second | {
        "revision_number": 1,
        "updated_at": "",
    }


async def test_a_node_that_is_moved_to_another_rack_gets_a_group_there(client: httpx.AsyncClient, store: Store) -> None:
    before = await add_node(client, 1, rack="a")
    there = await add_node(client, 2, rack="b")
    after = await changed(client, 1, rack="b")
    assert after["group_topic"] == there["group_topic"] == after["unicast_topic"] != before["group_topic"]
    assert after["multicast_topic"] == there["multicast_topic"]
    told = (await records(store))[-1]
    assert isinstance(told, NodeRecord) and told.topic == there["group_topic"]


async def test_a_group_that_a_request_names_stays_when_the_node_moves(client: httpx.AsyncClient) -> None:
    await add_node(client, 1, group_topic="mine", rack="a")
    assert (await changed(client, 1, rack="b"))["group_topic"] == "mine"
    named = await changed(client, 1, group_topic="other")
    assert (named["group_topic"], named["unicast_topic"], named["multicast_topic"]) == ("other", "other", "other-all")
    assert (await changed(client, 1, group_topic=""))["group_topic"].startswith("group-")


async def test_topics_that_a_request_names_stay_when_the_group_changes(client: httpx.AsyncClient) -> None:
    await add_node(client, 1, group_topic="g", unicast_topic="u", multicast_topic="m")
    after = await changed(client, 1, group_topic="other")
    assert (after["unicast_topic"], after["multicast_topic"]) == ("u", "m")


async def test_what_does_not_fit_is_refused(client: httpx.AsyncClient) -> None:
    refusal(await client.post("/nodes", json={"host_info": node(1, group_topic="g" * 256)}), 400)
    refusal(await client.post("/nodes", json={"host_info": node(1, rack=["a"])}), 400)


async def test_neutrons_agent_of_a_node_says_where_the_queue_reaches_it(client: httpx.AsyncClient) -> None:
    await add_node(client, 1, group_topic="g")
    (agent,) = shown(await client.get("/v2.0/agents"))["agents"]
    assert agent["configurations"]["message_queue"] == {"group_topic": "g", "unicast_topic": "g", "key": "host-1"}
