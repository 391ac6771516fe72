"""Open vSwitch on two hosts: the switches live as long as a module, drivers and workloads as long as a test."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conformance.driver.cloud import cloud  # noqa: F401  (a fixture)
from tests.conformance.driver.on_demand import learner  # noqa: F401  (a fixture)
from tests.conformance.driver.routing import routed  # noqa: F401  (a fixture)
from tests.conformance.driver.routing_ipv6 import routed_ipv6  # noqa: F401  (a fixture)
from tests.e2e.ovs.fabric import OvsFabric, ovs_fabric


@pytest.fixture(scope="module")
def switches() -> Iterator[OvsFabric]:
    with ovs_fabric() as fabric:
        yield fabric


@pytest.fixture
async def fabric(switches: OvsFabric) -> AsyncIterator[OvsFabric]:
    for host in switches.hosts:
        await host.start_driver()
    yield switches
    for host in switches.hosts:
        await host.clear()
