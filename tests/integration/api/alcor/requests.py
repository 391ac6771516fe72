"""Requests to Alcor's API, with everything a test does not care about filled in."""

from typing import Any

import httpx

PROJECT = "/project/p1"
ELSEWHERE = "/project/p2"


def node(number: int, **others: Any) -> dict[str, Any]:
    """A node as a request says it."""
    return {"node_id": f"host-{number}", "local_ip": f"192.0.2.{number}"} | others


async def add_vpc(client: httpx.AsyncClient, project: str = PROJECT, **attributes: Any) -> dict[str, Any]:
    """Create a VPC. Returns it as the API shows it."""
    return shown(await client.post(f"{project}/vpcs", json={"network": attributes}), 201)["network"]


async def add_subnet(client: httpx.AsyncClient, vpc_id: str, cidr: str = "10.0.0.0/24", **others: Any) -> Any:
    """Create a subnet of a VPC. Returns it as the API shows it."""
    body = {"subnet": {"network_id": vpc_id, "cidr": cidr} | others}
    return shown(await client.post(f"{PROJECT}/subnets", json=body), 201)["subnet"]


async def add_port(client: httpx.AsyncClient, vpc_id: str, **others: Any) -> dict[str, Any]:
    """Create a port in a VPC. Returns it as the API shows it."""
    return shown(await client.post(f"{PROJECT}/ports", json={"port": {"network_id": vpc_id} | others}), 201)["port"]


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


def by_id(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Resources in the order of a list that asks for none."""
    return sorted(resources, key=lambda each: str(each["id"]))
