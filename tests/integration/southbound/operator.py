"""An operator who asks a controller's API about its southbound side."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from alcor.api.app import ApiSettings, create_app
from alcor.api.southbound.routes import southbound_routes
from alcor.store.store import Store
from tests.integration.southbound.conftest import Controller


class Operator:
    """Asks and tells."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def status(self, limit: int | str = 20) -> Any:
        answer = await self.client.get("/southbound/status", params={"limit": limit})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def retry(self, **body: object) -> Any:
        answer = await self.client.post("/southbound/retry", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()

    async def refusal(self, *, status: int, **body: object) -> str:
        """What a retry is refused with."""
        answer = await self.client.post("/southbound/retry", json=body)
        assert answer.status_code == status, answer.text
        message: str = answer.json()["NeutronError"]["message"]
        return message


@contextlib.asynccontextmanager
async def operating(store: Store, controller: Controller) -> AsyncIterator[Operator]:
    """An operator at the API of a controller."""
    routes = southbound_routes(store, controller.manager, lambda: {"learned": 7})
    application = create_app(store, ApiSettings(), lambda: None, CollectorRegistry(), routes)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://alcor") as client:
        yield Operator(client)
