"""What Alcor's Route Manager tells of subnets that routers connect: hosts are sent what they have of these again."""

from typing import Any

import httpx
import pytest

from alcor.model.identifiers import id_bytes, new_id
from alcor.model.records import PortRecord
from alcor.services.routers import l3_neighbours
from alcor.store import change_log
from alcor.store.store import Store
from tests.integration.api.alcor.requests import ELSEWHERE, PROJECT, add_port, add_subnet, add_vpc, refusal, shown

PATH = f"{PROJECT}/update-l3-neighbors"


async def head(store: Store) -> int:
    return await store.read(change_log.head)


async def told(store: Store, after: int) -> list[bytes]:
    """The ports of which there are records after a position, in their order."""
    entries = await store.read(lambda connection: change_log.read_entries(connection, after, 100))
    return [record.id for entry in entries for record in entry.records if isinstance(record, PortRecord)]


def ids(*ports: dict[str, Any]) -> list[bytes]:
    return sorted(id_bytes(each["id"]) for each in ports)


def said(vpc: dict[str, Any], subnet: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"vpc_id": vpc["id"], "subnet_id": subnet["id"], "operation_type": "add"} | others


async def test_bound_ports_of_the_subnets_are_told_to_their_hosts_again(
    client: httpx.AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    vpc = await add_vpc(client)
    first, second, third = [await add_subnet(client, vpc["id"], f"10.0.{n}.0/24") for n in range(3)]

    async def port(subnet: dict[str, Any], **others: Any) -> dict[str, Any]:
        return await add_port(client, vpc["id"], fixed_ips=[{"subnet_id": subnet["id"]}], **others)

    bound = [await port(subnet, **{"binding:host_id": "host-1"}) for subnet in (first, first, second, third)]
    gateway = await port(second)
    before = await head(store)
    body = said(vpc, first, operation_type="Delete", gateway_port_ids=[gateway["id"]])
    monkeypatch.setattr(l3_neighbours, "_BOUND", l3_neighbours._BOUND.limit(2))
    answer = shown(await client.put(PATH, json=body | {"internal_router_info": None}))
    assert answer == body | {"operation_type": "delete", "internal_router_info": {}}
    assert await told(store, before) == ids(*bound[:3])
    assert await head(store) == before + 2, "two ports a transaction"


async def test_what_the_project_does_not_have_is_refused(client: httpx.AsyncClient, store: Store) -> None:
    vpc, other, foreign = await add_vpc(client), await add_vpc(client), await add_vpc(client, ELSEWHERE)
    subnet = await add_subnet(client, vpc["id"])
    port = await add_port(client, vpc["id"])
    before = await head(store)
    for field, status, body in (
        ("object", 400, []),
        ("'vpc_id'", 400, {}),
        ("'subnet_id'", 400, {"vpc_id": vpc["id"]}),
        ("operation_type", 400, said(vpc, subnet, operation_type="move")),
        ("gateway_port_ids", 400, said(vpc, subnet, gateway_port_ids="x")),
        ("internal_router_info", 400, said(vpc, subnet, internal_router_info="x")),
        ("subnet_id", 400, said(other, subnet)),
        (foreign["id"], 404, said(foreign, subnet)),
        ("", 404, said(vpc, {"id": new_id()})),
        ("", 404, said(vpc, subnet, gateway_port_ids=[new_id()])),
    ):
        assert field in refusal(await client.put(PATH, json=body), status)
    refusal(await client.put(f"{ELSEWHERE}/update-l3-neighbors", json=said(vpc, subnet)), 404)
    assert await head(store) == before
    shown(await client.put("/v4/p1/update-l3-neighbors", json=said(vpc, subnet, gateway_port_ids=[port["id"]])))
