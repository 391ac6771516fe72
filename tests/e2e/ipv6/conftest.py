"""A cloud whose VPCs are told ahead, and one whose VPCs are on demand."""

from collections.abc import AsyncIterator

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.testbed import Testbed
from tests.e2e.ipv6.site import Site, create_site

_ON_DEMAND = ("--on-demand-above", "0")


@pytest.fixture(params=[(), _ON_DEMAND], ids=["push", "on_demand"])
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    with Testbed(controller_arguments=request.param) as testbed:
        testbed.controller.start()
        testbed.make_hosts(2)
        async with Cloud(testbed.controller) as cloud:
            yield await create_site(testbed, cloud)
