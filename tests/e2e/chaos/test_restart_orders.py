"""Controller and agents stopped and started in every order: traffic never notices, and changes made after arrive."""

import itertools
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.program import Program
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from alcor.testbed.workload import Workload
from tests.e2e.migrated import start_migrated

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

_PARTS = ("controller", "agent of the sender", "agent of the receiver")
_ANSWERS = 20


class Pair:
    """Two workloads on two hosts, and who else comes and goes."""

    def __init__(self, testbed: Testbed, cloud: Cloud, network_id: str) -> None:
        self.testbed, self._cloud, self._network_id = testbed, cloud, network_id
        self._newcomers = itertools.count(1)

    async def add(self, name: str, host_number: int) -> tuple[Workload, str]:
        """A workload that has its address. Returns it with the address."""
        host = self.testbed.hosts[host_number]
        binding: dict[str, Any] = {"binding:host_id": host.name}
        port = await self._cloud.create("port", network_id=self._network_id, **binding)
        workload = self.testbed.add_workload(name, host)
        workload.plug(port["id"], port["mac_address"])
        await self._cloud.wait_for_status("port", port["id"], "ACTIVE")
        return workload, workload.request_lease().address

    async def newcomer(self) -> tuple[Workload, str]:
        """One more workload, at the receiver's host."""
        return await self.add(f"new-{next(self._newcomers)}", 1)

    def program(self, part: str) -> Program:
        """The process that plays this part."""
        if part == "controller":
            return self.testbed.controller.program
        return self.testbed.hosts[0 if part == "agent of the sender" else 1].agent

    def start(self, part: str) -> None:
        """Start it; the controller is waited for only at the end, so that others may be first."""
        self.program(part).start()

    def wait_until_whole(self) -> None:
        """Return when everything works together again."""
        wait_until(self.testbed.controller.ready, "the controller")
        self.testbed.wait_connected()


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    with Testbed() as testbed:
        start_migrated(testbed.controller)
        testbed.make_hosts(2)
        async with Cloud(testbed.controller) as cloud:
            await cloud.register(testbed.hosts)
            testbed.start_hosts()
            network = await cloud.create("network", name="orders")
            await cloud.create("subnet", network_id=network["id"], ip_version=4, cidr="10.30.0.0/24")
            yield Pair(testbed, cloud, network["id"])


async def test_restarted_in_every_order_nothing_is_disturbed_and_nothing_missed(pair: Pair) -> None:
    sender, _ = await pair.add("sender", 0)
    _, address = await pair.add("receiver", 1)
    orders = list(itertools.permutations(_PARTS))
    for stops, starts in zip(orders, reversed(orders), strict=True):
        await _restart(pair, sender, address, stops, starts)


async def _restart(pair: Pair, sender: Workload, address: str, stops: Sequence[str], starts: Sequence[str]) -> None:
    for host in pair.testbed.hosts:
        host.switch.wait_steady()
    order = f"stopped {', '.join(stops)}; started {', '.join(starts)}"
    ping = sender.keep_pinging(address)
    ping.wait_for_answers(_ANSWERS)
    for part in stops:
        pair.program(part).kill()
    ping.wait_for_answers(_ANSWERS)
    for part in starts:
        pair.start(part)
    pair.wait_until_whole()
    ping.wait_for_answers(_ANSWERS)
    ping.stop()
    assert ping.lost() == 0, order
    newcomer, its_address = await pair.newcomer()
    assert sender.ping(its_address) is not None, order
    newcomer.unplug()
