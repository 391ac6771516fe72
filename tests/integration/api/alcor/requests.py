"""Requests to Alcor's API, with everything a test does not care about filled in."""

from typing import Any

import httpx

PROJECT = "/project/p1"


def node(number: int, **others: Any) -> dict[str, Any]:
    """A node as a request says it."""
    return {"node_id": f"host-{number}", "local_ip": f"192.0.2.{number}"} | others


async def add_node(client: httpx.AsyncClient, number: int, **others: Any) -> dict[str, Any]:
    """Register a node. Returns it as the API shows it."""
    return shown(await client.post("/nodes", json={"host_info": node(number, **others)}), 201)["host_info"]


def shown(response: httpx.Response, status: int = 200) -> Any:
    """The body of an answer that must have this status."""
    assert response.status_code == status, response.text
    return response.json()


def refusal(response: httpx.Response, status: int) -> str:
    """The message of an answer that must be a refusal with this status."""
    message: str = shown(response, status)["NeutronError"]["message"]
    return message
