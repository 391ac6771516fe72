"""A change counts for the next packet, whatever else makes ovs-vswitchd go over its cache meanwhile."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alcor.dataplane.ovs.openflow.connection import connect
from alcor.dataplane.ovs.openflow.flows import add_flow
from tests.conformance.driver.cloud import A, B, Cloud
from tests.conformance.driver.guarded import arrives
from tests.conformance.driver.judged import acl, change_rules, everything, judge
from tests.conformance.driver.probes import udp
from tests.e2e.ovs.fabric import OvsHost

pytestmark = [pytest.mark.root, pytest.mark.timeout(120)]

ROUNDS = 60
UNUSED_TABLE = 99
DROP_ALL = bytes.fromhex("0001000400000000")
BETWEEN_CHANGES_SECONDS = 0.004


@contextlib.asynccontextmanager
async def passes_without_end(host: OvsHost) -> AsyncIterator[None]:
    """Another bridge's flows change all the time, for which the switch goes over the decisions about all bridges."""
    other = await connect(Path(host.settings.run_directory) / "br-phy.mgmt")

    async def change() -> None:
        while True:
            assert await other.modify_each([add_flow(0, UNUSED_TABLE, 1, DROP_ALL)]) == []
            await asyncio.sleep(BETWEEN_CHANGES_SECONDS)

    changing = asyncio.create_task(change())
    try:
        yield
    finally:
        changing.cancel()
        await other.close()


async def test_a_change_counts_for_the_next_packet_while_the_switch_goes_over_its_cache(cloud: Cloud) -> None:
    await judge(cloud, acl(*everything()))
    async with passes_without_end(cloud.first):
        for allow in ROUNDS * [False, True]:
            await change_rules(cloud, *everything(allow=allow))
            assert await arrives(cloud, A, B, udp(53)) is allow
