"""Every test of routing may ask for a host."""

from pathlib import Path

import pytest

from tests.unit.agent.routing.routing_host import RoutingHost


@pytest.fixture
async def host(tmp_path: Path) -> RoutingHost:
    host = RoutingHost(tmp_path)
    await host.start()
    return host
