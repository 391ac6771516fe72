"""Packets flow on whatever becomes of certificates."""

from collections.abc import AsyncIterator

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.host import Host
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import wait_until
from tests.e2e.migrated import start_migrated
from tests.e2e.on_demand.region import Region, create_region

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]

_SHORT = ("--secure-southbound", "--certificate-hours", "0.0055", "--on-demand-above", "0")
_PATIENCE = 90.0


@pytest.fixture
async def region() -> AsyncIterator[Region]:
    """Two hosts that joined, whose certificates hold for some seconds."""
    with Testbed(controller_arguments=_SHORT) as testbed:
        start_migrated(testbed.controller)
        testbed.make_hosts(2)
        async with Cloud(testbed.controller) as cloud:
            yield await create_region(testbed, cloud, with_certificates=True)


async def test_hosts_whose_certificates_ended_forward_packets_and_come_back_with_their_controller(
    region: Region,
) -> None:
    testbed = region.testbed
    sender, _ = await region.add("a", 0), await region.add("b", 1)
    testbed.wait_steady()
    ping = sender.keep_pinging(region.address("b"))
    ping.wait_for_answers(30)
    testbed.controller.program.kill()
    wait_until(lambda: all(map(_has_ended, testbed.hosts)), "the certificates to end", _PATIENCE)
    ping.wait_for_answers(30)
    testbed.controller.start()
    wait_until(lambda: all(host.connected for host in testbed.hosts), "the hosts to be connected", _PATIENCE)
    wait_until(lambda: region.host(0).status().get("vpcs_without_manager") == 0, "somebody to ask", _PATIENCE)
    ping.wait_for_answers(30)
    ping.stop()
    assert ping.lost() == 0
    await region.add("c", 1)
    testbed.wait_steady()
    assert sender.ping(region.address("c")) is not None


def _has_ended(host: Host) -> bool:
    certificate: str = host.status().get("certificate", "")
    return certificate.startswith("ended")


async def test_a_revoked_host_forwards_packets_as_before(region: Region) -> None:
    sender, _ = await region.add("a", 0), await region.add("b", 1)
    region.testbed.wait_steady()
    ping = sender.keep_pinging(region.address("b"))
    ping.wait_for_answers(30)
    await region.cloud.revoke(region.host(0))
    wait_until(lambda: region.host(0).status().get("controller") == "", "the host to be sent away", _PATIENCE)
    ping.wait_for_answers(30)
    ping.stop()
    assert ping.lost() == 0
