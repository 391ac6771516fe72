"""A region in which two hosts are known."""

from collections.abc import AsyncIterator

import pytest

from alcor.store.store import Store
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.trust.region import Region

HOSTS = ["host-1", "host-2"]


@pytest.fixture
async def region(store: Store) -> AsyncIterator[Region]:
    await Cloud(store).create(HOSTS)
    async with Region(store).serving() as region:
        yield region
