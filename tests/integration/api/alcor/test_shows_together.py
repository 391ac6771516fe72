"""Shows that come at the same time are read together, and each is answered as if it had come alone."""

import asyncio

import httpx

from alcor.model.identifiers import new_id
from tests.integration.api.alcor.requests import ELSEWHERE, PROJECT, add_port, add_subnet, add_vpc, shown


async def test_every_show_gets_its_own_answer(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    await add_subnet(client, vpc["id"])
    ports = [await add_port(client, vpc["id"], name=f"port-{number}") for number in range(8)]
    found = [f"{prefix}/ports/{port['id']}" for port in ports for prefix in (PROJECT, "/v2.0")]
    missing = [f"{ELSEWHERE}/ports/{ports[0]['id']}", f"{PROJECT}/ports/{new_id()}", "/v2.0/ports/a%00b"]
    answers = await asyncio.gather(*(client.get(path) for path in found + missing))
    shown_ids = [shown(answer)["port"]["id"] for answer in answers[: len(found)]]
    assert shown_ids == [port["id"] for port in ports for _ in (PROJECT, "/v2.0")]
    assert [answer.status_code for answer in answers[len(found) :]] == [404, 404, 404]
