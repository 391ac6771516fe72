"""A cloud whose VPCs are told ahead, and one whose VPCs are on demand."""

from collections.abc import AsyncIterator

import pytest

from tests.e2e.routing.site import Site, create_site
from tests.e2e.two_hosts import PROGRAMMING, two_hosts


@pytest.fixture(params=PROGRAMMING)
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    async with two_hosts(request.param) as (testbed, cloud):
        yield await create_site(testbed, cloud)
