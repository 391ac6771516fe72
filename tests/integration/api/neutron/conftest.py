"""A client of Neutron's API, in the same process, on a fresh database of each kind."""

import contextlib
from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest
from prometheus_client import CollectorRegistry

from alcor.api.app import ApiSettings, create_app
from alcor.store.store import Store
from tests import invariants
from tests.integration.api.described import DESCRIBED
from tests.integration.api.neutron.callers import As, signing_in
from tests.integration.api.neutron.requests import Neutron


@contextlib.asynccontextmanager
async def client_of(store: Store) -> AsyncIterator[Neutron]:
    """A client of the API on a store."""
    application = create_app(store, ApiSettings(page_limit=50), lambda: None, CollectorRegistry())
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://neutron:9696", event_hooks=DESCRIBED) as client:
        yield Neutron(client)


@pytest.fixture
async def neutron(store: Store) -> AsyncIterator[Neutron]:
    async with client_of(store) as client:
        yield client
    # An operator may set limits below what there is.
    await store.read(partial(invariants.check, besides=["projects_have_no_more_than_they_may"]))


@pytest.fixture
async def sign_in(store: Store) -> AsyncIterator[As]:
    """Clients of one controller, each with a token for a project and roles there."""
    async with signing_in(store, None, page_limit=50) as clients:
        yield clients
    await store.read(invariants.check)
