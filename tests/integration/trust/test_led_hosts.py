"""A host that a neighbour leads gets certificates by it, too: when its own has ended, and when it joins anew."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alcor.agent.counters import Counters
from alcor.agent.rescue.relay import Relay
from alcor.agent.rescue.rescue import Rescue, RescueSettings
from alcor.agent.rescue.splice import Stream
from alcor.channels.messages import RelayCandidate, RelayCandidates
from alcor.channels.rescue import handshake
from alcor.channels.trust.enrolment_client import EnrolmentFailed
from alcor.model.addresses import ipv4_number
from tests.integration.southbound.conftest import eventually
from tests.integration.trust.region import HOUR, Region
from tests.processes import free_port

NEIGHBOUR = "127.0.0.2"
KEY = handshake.relay_key(b"s" * 32, NEIGHBOUR)


class Led:
    """A host whose direct way is cut, and a neighbour that leads it wherever ``leads_to`` says."""

    def __init__(self, region: Region, directory: Path) -> None:
        self.leads_to = {region.address, region.enrolment}
        port, self.counters = free_port(), Counters()
        settings = RescueSettings(after=0.05, check=60.0, timeout=1.0)
        self.rescue = Rescue("host-1", [region.address], port, directory / "rescue", Counters(), settings, connect=_cut)
        token = handshake.token(KEY, "host-1")
        candidate = RelayCandidate("host-2", ipv4_number(NEIGHBOUR), token)
        self.rescue.told(RelayCandidates(b"k" * 32, (candidate,)))
        self.relay = Relay(NEIGHBOUR, port, lambda: KEY, lambda: self.leads_to, lambda: False, self.counters)


async def _cut(_address: str) -> Stream:
    raise ConnectionRefusedError


@pytest.fixture
async def led(region: Region, tmp_path: Path) -> AsyncIterator[Led]:
    led = Led(region, tmp_path)
    tasks = [asyncio.create_task(led.rescue.run()), asyncio.create_task(led.relay.run())]
    await eventually(lambda: led.rescue.is_relayed, "the host looks for a neighbour")
    yield led
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_certificate_that_has_ended_is_followed_by_another(region: Region, led: Led, tmp_path: Path) -> None:
    await region.joined("host-1", tmp_path)
    region.clock.ahead = 48 * HOUR
    membership = region.membership("host-1", tmp_path, ways=led.rescue.target)
    assert membership.current() is None
    await membership.ask()
    assert membership.current() is not None
    assert led.counters.values["relay_connections"] == 1


async def test_a_host_joins_anew_with_another_token(region: Region, led: Led, tmp_path: Path) -> None:
    await region.joined("host-1", tmp_path)
    await region.revoke("host-1")
    membership = region.membership("host-1", tmp_path, await region.invite("host-1"), led.rescue.target)
    await membership.ask()
    assert region.counted("alcor_trust_certificates_total", to="host") == 2
    assert led.counters.values["relay_connections"] == 2, "who the authority is, and the certificate"


async def test_a_neighbour_of_other_controllers_leads_nowhere(region: Region, led: Led, tmp_path: Path) -> None:
    await region.joined("host-1", tmp_path)
    region.clock.ahead = 48 * HOUR
    led.leads_to.clear()
    with pytest.raises(EnrolmentFailed, match="none of 1 neighbours leads to"):
        await region.membership("host-1", tmp_path, ways=led.rescue.target).ask()
    assert led.counters.values["relay_refused_not_a_controller"] == 1
