"""A client of the API, in the same process, on a fresh database of each kind."""

from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest
from prometheus_client import CollectorRegistry

from alcor.api.app import ApiSettings, create_app
from alcor.store.store import Store
from tests import invariants
from tests.integration.api.described import DESCRIBED


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    application = create_app(store, ApiSettings(page_limit=5), lambda: None, CollectorRegistry())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application), base_url="http://alcor", event_hooks=DESCRIBED
    ) as opened:
        yield opened
    # An operator may set limits below what there is.
    await store.read(partial(invariants.check, besides=["projects_have_no_more_than_they_may"]))
