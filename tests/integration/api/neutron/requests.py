"""Requests to Neutron's API, and what must be true of every answer."""

from collections.abc import Sequence
from typing import Any

import httpx

Json = dict[str, Any]


class Neutron:
    """A client that knows the paths and the members of bodies."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.http = client

    async def create(self, resource: str, **attributes: Any) -> Json:
        """Create one resource."""
        body = {resource: attributes}
        created: Json = shown(await self.http.post(f"/v2.0/{_collection(resource)}", json=body), 201)[resource]
        return created

    async def create_bulk(self, resource: str, *items: Json) -> list[Json]:
        """Create several resources in one request."""
        body = {_plural(resource): items}
        created: list[Json] = shown(await self.http.post(f"/v2.0/{_collection(resource)}", json=body), 201)[
            _plural(resource)
        ]
        return created

    async def show(self, resource: str, resource_id: str, **parameters: Any) -> Json:
        """Show one resource."""
        response = await self.http.get(f"/v2.0/{_collection(resource)}/{resource_id}", params=parameters)
        found: Json = shown(response)[resource]
        return found

    async def list(self, resource: str, query: str = "") -> list[Json]:
        """List resources; ``query`` is a query string."""
        answer = shown(await self.http.get(f"/v2.0/{_collection(resource)}?{query}"))
        found: list[Json] = answer[_plural(resource)]
        return found

    async def names(self, resource: str, query: str = "") -> Sequence[str]:
        """The names of the resources that a list request finds."""
        return [each["name"] for each in await self.list(resource, query)]

    async def update(self, resource: str, resource_id: str, **attributes: Any) -> Json:
        """Update one resource."""
        response = await self.http.put(f"/v2.0/{_collection(resource)}/{resource_id}", json={resource: attributes})
        updated: Json = shown(response)[resource]
        return updated

    async def delete(self, resource: str, resource_id: str) -> None:
        """Delete one resource."""
        response = await self.http.delete(f"/v2.0/{_collection(resource)}/{resource_id}")
        assert (response.status_code, response.content) == (204, b"")

    async def refused(self, method: str, path: str, json: Any = None, **options: Any) -> tuple[int, str, str]:
        """The status, type and message of a refusal."""
        return refusal(await self.http.request(method, f"/v2.0/{path}", json=json, **options))


def _collection(resource: str) -> str:
    return _plural(resource).replace("_", "-")


def _plural(resource: str) -> str:
    return f"{resource[:-1]}ies" if resource.endswith("y") else f"{resource}s"


def shown(response: httpx.Response, status: int = 200) -> Any:
    """The body of an answer that must have this status."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-openstack-request-id"].startswith("req-")
    return response.json()


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    """The status, type and message of an answer that must be a refusal in Neutron's form."""
    error = shown(response, response.status_code)["NeutronError"]
    assert error.keys() == {"type", "message", "detail"}
    assert 400 <= response.status_code < 500
    assert all(isinstance(value, str) for value in error.values())
    return response.status_code, error["type"], error["message"]
