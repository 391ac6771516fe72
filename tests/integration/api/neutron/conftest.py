"""A client of Neutron's API, in the same process, on a fresh database of each kind."""

import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import CollectorRegistry

from alcor.api.app import ApiSettings, create_app
from alcor.store.store import Store
from tests.integration.api.neutron.requests import Neutron


@contextlib.asynccontextmanager
async def client_of(store: Store) -> AsyncIterator[Neutron]:
    """A client of the API on a store."""
    application = create_app(store, ApiSettings(page_limit=50), lambda: None, CollectorRegistry())
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://neutron:9696") as client:
        yield Neutron(client)


@pytest.fixture
async def neutron(store: Store) -> AsyncIterator[Neutron]:
    async with client_of(store) as client:
        yield client
