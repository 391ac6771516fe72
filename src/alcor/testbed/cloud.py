"""What a client of the API does, in a few words."""

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol, Self

import httpx
import msgspec

from alcor.testbed.controller import Controller
from alcor.testbed.errors import TestbedError
from alcor.testbed.host import Host

_TIMEOUT_SECONDS = 60.0
_POLL_SECONDS = 0.01

Resource = dict[str, Any]


class Node(Protocol):
    """What the API is told of a host, which may be one of the testbed's."""

    name: str
    vtep_ip: str


class RequestRefused(TestbedError):
    """The API answered with an error; the message says to what and what it said."""


class Cloud:
    """Creates, shows, changes and deletes Neutron's resources. Raises RequestRefused when the API refuses."""

    def __init__(self, controller: Controller) -> None:
        self._http = httpx.AsyncClient(
            base_url=controller.address, transport=controller.transport(), timeout=_TIMEOUT_SECONDS
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def register(self, hosts: Sequence[Node]) -> None:
        """Make the hosts known as nodes, so that ports can be bound to them."""
        for host in hosts:
            node = {"node_id": host.name, "node_name": host.name, "local_ip": host.vtep_ip}
            await self._request("POST", "/nodes", {"host_info": node})

    async def node(self, host: Node) -> Resource:
        """What the API shows of a host."""
        node: Resource = (await self._request("GET", f"/nodes/{host.name}"))["host_info"]
        return node

    async def invite(self, hosts: Sequence[Host]) -> None:
        """Give hosts of a testbed, known as nodes and not started yet, what they join with."""
        for host in hosts:
            made = (await self._request("POST", f"/nodes/{host.name}/join-token"))["join_token"]
            host.trust(made["token"], made["authority"])

    async def revoke(self, host: Node) -> None:
        """Refuse the certificates that a host has."""
        await self._request("POST", f"/nodes/{host.name}/revoke")

    async def create(self, kind: str, **attributes: Any) -> Resource:
        """A new network, subnet or port."""
        created: Resource = (await self._request("POST", _path(kind), {kind: attributes}))[kind]
        return created

    async def create_many(self, kind: str, items: Sequence[Resource]) -> list[Resource]:
        """New networks, subnets or ports: all or none."""
        created: list[Resource] = (await self._request("POST", _path(kind), {f"{kind}s": items}))[f"{kind}s"]
        return created

    async def list_all(self, kind: str, fields: Sequence[str] = ()) -> list[Resource]:
        """Every network, subnet or port, with these attributes or all."""
        listed: list[Resource] = []
        query: Resource = {"sort_key": "id", "sort_dir": "asc", "fields": list(fields)}
        while page := (await self._request("GET", _path(kind), query=query))[f"{kind}s"]:
            listed += page
            query |= {"marker": page[-1]["id"]}
        return listed

    async def show(self, kind: str, resource_id: str) -> Resource:
        """One network, subnet or port."""
        shown: Resource = (await self._request("GET", f"{_path(kind)}/{resource_id}"))[kind]
        return shown

    async def update(self, kind: str, resource_id: str, attributes: Resource) -> Resource:
        """Change attributes."""
        changed: Resource = (await self._request("PUT", f"{_path(kind)}/{resource_id}", {kind: attributes}))[kind]
        return changed

    async def act(self, kind: str, resource_id: str, action: str, **body: Any) -> Resource:
        """Carry out an action on a resource."""
        answer: Resource = await self._request("PUT", f"{_path(kind)}/{resource_id}/{action}", body)
        return answer

    async def trace(self, port_id: str, packet: Resource) -> Resource:
        """What becomes of a packet that a port's workload sends, as the controller says."""
        answer: Resource = (await self._request("POST", f"/v2.0/ports/{port_id}/trace", packet))["trace"]
        return answer

    async def set_programming(self, network_id: str, programming: str) -> None:
        """Have hosts told of the VPC's ports ahead (push), when they ask (on_demand), or as its size says (auto)."""
        project_id = (await self.show("network", network_id))["project_id"]
        path = f"/project/{project_id}/vpcs/{network_id}"
        await self._request("PUT", path, {"network": {"programming": programming}})

    async def set_route_table(self, subnet_id: str, routes: Sequence[Resource]) -> None:
        """Have what comes from a subnet follow these routes first."""
        subnet = await self.show("subnet", subnet_id)
        path = f"/project/{subnet['project_id']}/subnets/{subnet_id}/routetable"
        table = {"name": "of-subnet", "route_table_type": "private_subnet", "routes": list(routes)}
        try:
            await self._request("PUT", path, {"routetable": {"routes": list(routes)}})
        except RequestRefused:
            await self._request("POST", path, {"routetable": table})

    async def create_alcors(self, kind: str, project_id: str, **attributes: Any) -> Resource:
        """A new resource of Alcor's own API."""
        path = f"/project/{project_id}/{_collection(kind)}"
        created: Resource = (await self._request("POST", path, {kind: attributes}))[kind]
        return created

    async def update_alcors(self, kind: str, resource: Resource, attributes: Resource) -> Resource:
        """Change attributes of such a resource."""
        path = f"/project/{resource['project_id']}/{_collection(kind)}/{resource['id']}"
        changed: Resource = (await self._request("PUT", path, {kind: attributes}))[kind]
        return changed

    async def delete_alcors(self, kind: str, resource: Resource) -> None:
        """Delete such a resource."""
        await self._request("DELETE", f"/project/{resource['project_id']}/{_collection(kind)}/{resource['id']}")

    async def delete(self, kind: str, resource_id: str) -> None:
        """Delete it."""
        await self._request("DELETE", f"{_path(kind)}/{resource_id}")

    async def wait_for_status(self, kind: str, resource_id: str, status: str, timeout: float = 30) -> None:
        """Return when it has this status. Raises TestbedError after the timeout (s)."""
        deadline = time.monotonic() + timeout
        while (seen := (await self.show(kind, resource_id))["status"]) != status:
            if time.monotonic() > deadline:
                raise TestbedError(f"{kind} {resource_id} is {seen}, and not {status}, after {timeout:g} s")
            await asyncio.sleep(_POLL_SECONDS)

    async def wait_for_state(self, host: Node, state: str, reason: str = "", timeout: float = 60) -> None:
        """Return when the node is in this state, with such a reason among others. Raises TestbedError as above."""
        deadline = time.monotonic() + timeout
        while True:
            node = await self.node(host)
            if node["state"] == state and (not reason or any(reason in each for each in node["state_reasons"])):
                return
            if time.monotonic() > deadline:
                raise TestbedError(f"{host.name} is not {state} ({reason}) after {timeout:g} s, but {node}")
            await asyncio.sleep(_POLL_SECONDS)

    async def statuses(self) -> dict[str, str]:
        """The status of every port, by id."""
        return {port["id"]: port["status"] for port in await self.list_all("port", ("id", "status"))}

    async def _request(self, method: str, path: str, body: Any = None, query: Resource | None = None) -> Any:
        content = b"" if body is None else msgspec.json.encode(body)
        try:
            response = await self._http.request(method, path, content=content, params=query)
        except httpx.TransportError as error:
            raise TestbedError(f"the controller does not answer: {type(error).__name__} {error}") from error
        if response.is_error:
            raise RequestRefused(f"{method} {path}: {response.status_code} {response.text.strip()[:1000]}")
        return msgspec.json.decode(response.content) if response.content else None


def _path(kind: str) -> str:
    return f"/v2.0/{_collection(kind)}"


def _collection(kind: str) -> str:
    return f"{kind.replace('_', '-')}s"
