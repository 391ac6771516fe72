"""Two controllers on one database: whatever clients ask of both at once, each request is carried out or refused."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable

import httpx
import pytest
from prometheus_client import CollectorRegistry

from alcor.api.app import ApiSettings, create_app
from alcor.model.identifiers import new_id
from alcor.model.records import NodeDeleted, NodeRecord
from alcor.store import change_log
from alcor.store.store import Store, open_store
from tests.integration.api.alcor.requests import PROJECT, add_node, add_port, add_subnet, add_vpc, node, shown


@pytest.fixture
async def clients(store: Store, database_url: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    other = await open_store(database_url)
    opened = []
    for each in (store, other):
        application = create_app(each, ApiSettings(), lambda: None, CollectorRegistry())
        transport = httpx.ASGITransport(application)
        opened.append(httpx.AsyncClient(transport=transport, base_url="http://alcor"))
    yield opened
    for client in opened:
        await client.aclose()
    await other.close()


async def statuses(*requests: Awaitable[httpx.Response]) -> list[int]:
    return [response.status_code for response in await asyncio.gather(*requests)]


async def test_of_two_registrations_of_a_node_one_is_refused(clients: list[httpx.AsyncClient]) -> None:
    for number in range(1, 21):
        bodies = [{"host_info": node(number)}, {"host_info": node(number, node_id=f"other-{number}")}]
        both = [client.post("/nodes", json=body) for client, body in zip(clients, bodies, strict=True)]
        assert sorted(await statuses(*both)) == [201, 409]


async def test_nodes_in_bulk_in_opposite_orders_are_registered_once(clients: list[httpx.AsyncClient]) -> None:
    for start in range(1, 101, 10):
        nodes = [node(number) for number in range(start, start + 10)]
        orders = (nodes, nodes[::-1])
        both = [
            client.post("/nodes/bulk", json={"host_infos": order})
            for client, order in zip(clients, orders, strict=True)
        ]
        assert sorted(await statuses(*both)) == [200, 409]
    assert len(shown(await clients[0].get("/nodes"))["nodeInfos"]) == 100


async def test_a_vtep_wanted_by_many_goes_to_one(clients: list[httpx.AsyncClient]) -> None:
    for number in range(1, 11):
        await add_node(clients[0], number)
    change = {"host_info": {"local_ip": "192.0.2.99"}}
    moves = [clients[number % 2].put(f"/nodes/host-{number}", json=change) for number in range(1, 11)]
    assert sorted(await statuses(*moves)) == [200] + [409] * 9


async def test_hosts_are_told_of_nodes_in_the_order_of_what_happened(
    clients: list[httpx.AsyncClient], store: Store
) -> None:
    for _ in range(10):
        await asyncio.gather(
            *(client.post("/nodes", json={"host_info": node(1)}) for client in clients),
            *(client.delete("/nodes/host-1") for client in clients),
        )
    entries = await store.read(lambda connection: change_log.read_entries(connection, 0, 1000))
    records = [record for entry in entries for record in entry.records]
    kinds = [type(record) for record in records]
    assert kinds == list(itertools.islice(itertools.cycle((NodeRecord, NodeDeleted)), len(kinds)))
    present = shown(await clients[0].get("/nodes"))["nodeInfos"]
    assert len(present) == len(kinds) % 2


async def test_ports_are_changed_in_bulk_in_opposite_orders(clients: list[httpx.AsyncClient]) -> None:
    vpc = (await add_vpc(clients[0]))["id"]
    await add_subnet(clients[0], vpc)
    ids = [(await add_port(clients[0], vpc))["id"] for _ in range(10)]
    for turn in range(10):
        orders = (ids, ids[::-1])
        both = [
            client.put(f"{PROJECT}/ports/bulk", json={"ports": [{"id": each, "name": f"{turn}"} for each in order]})
            for client, order in zip(clients, orders, strict=True)
        ]
        assert await statuses(*both) == [200, 200]


@pytest.mark.parametrize("kind", ["network", "subnet", "port"])
async def test_an_id_that_both_choose_is_given_once(clients: list[httpx.AsyncClient], kind: str) -> None:
    vpc = (await add_vpc(clients[0]))["id"]
    path = {"network": "vpcs", "subnet": "subnets", "port": "ports"}[kind]
    for turn in range(10):
        chosen = {"id": new_id()}
        bodies = {
            "network": [chosen, chosen],
            "subnet": [chosen | {"network_id": vpc, "cidr": f"10.{side}.{turn}.0/24"} for side in (0, 1)],
            "port": [chosen | {"network_id": vpc}] * 2,
        }[kind]
        both = [
            client.post(f"{PROJECT}/{path}", json={kind: body}) for client, body in zip(clients, bodies, strict=True)
        ]
        assert sorted(await statuses(*both)) == [201, 409]
