"""Everybody is killed and parted from everybody at random, under load; in the end each host has exactly what it should.

A small site suffers for some seconds, by the same dice each time. ``make chaos`` has a larger one suffer for longer:
``ALCOR_CHAOS_SECONDS`` says for how long, ``ALCOR_CHAOS_SEED`` which dice are thrown, others each time without it.
"""

import asyncio
import os
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.brokers import Broker
from tests.databases import PostgreSQL
from tests.integration.chaos.clients import Clients
from tests.integration.chaos.events import DEATHS, PARTITIONS, Chaos
from tests.integration.chaos.outcome import accidents, check_database, wait_until_all_is_well
from tests.integration.chaos.site import CHANNELS, FEW_CHANNELS, QUEUED_ABOVE, running_site

_ASKED = os.environ.get("ALCOR_CHAOS_SECONDS", "")
_SECONDS = float(_ASKED or 6)
_USUAL_SEED = 7

pytestmark = pytest.mark.timeout(900 + 2 * _SECONDS)

_CLIENTS = 4
_MOST_PORTS = 40
_AT_ONCE = 32  # that are being killed or started
_PATIENCE_SECONDS = 200.0  # a host that is served by the queue only hears for a minute that its controller is gone


async def test_in_the_end_every_host_has_what_it_should_and_no_port_was_active_before_it_was(
    postgresql: PostgreSQL, postgresql_template: str, broker: Broker
) -> None:
    seed = int(os.environ.get("ALCOR_CHAOS_SEED") or (random.randrange(1 << 32) if _ASKED else _USUAL_SEED))
    print(f"ALCOR_CHAOS_SEED={seed}")
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_AT_ONCE))
    channels = CHANNELS if _ASKED else FEW_CHANNELS
    with running_site(postgresql, postgresql_template, broker, channels, seed) as site:
        clients = Clients([each.address for each in site.controllers.values()], site.networks, site.hosts, seed)
        working = asyncio.create_task(clients.run(_CLIENTS, _MOST_PORTS))
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while len(clients.ports) < 2 * QUEUED_ABOVE:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        site.chances.set(repeated=0.1, sent_twice=0.1, swapped=0.03, hung_up=0.005)
        chaos = Chaos(site, seed, longest_pause=2.0 if _ASKED else 1.0)
        await chaos.run(_SECONDS)
        clients.must_stop = True
        await working
        site.chances.set()
        for link in site.links():
            link.heal()
        try:
            await wait_until_all_is_well(site, clients, _PATIENCE_SECONDS)
        finally:
            print(dict(chaos.happened), site.meddled(), f"{len(clients.ports)} ports, {clients.moves} moves")
        assert chaos.kinds() >= {*DEATHS, *PARTITIONS}
        await check_database(site)
        times, wrong = site.too_early()
        print(f"{times} times a port became ACTIVE")
        assert times > len(clients.ports) and not wrong, "\n".join(wrong)
        assert not (found := accidents(site)), "\n".join(found)
