"""Everybody is killed and parted from everybody at random, under load; in the end each host has exactly what it should.

``make chaos`` runs it: ``ALCOR_CHAOS_SECONDS`` says for how long, ``ALCOR_CHAOS_SEED`` throws the same dice again.
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
from tests.integration.chaos.outcome import wait_until_all_is_well
from tests.integration.chaos.site import QUEUED_ABOVE, running_site

_SECONDS = os.environ.get("ALCOR_CHAOS_SECONDS", "")

pytestmark = [
    pytest.mark.timeout(900 + 2 * float(_SECONDS or 0)),
    pytest.mark.skipif(not _SECONDS, reason="it is for as long as one has time: make chaos"),
]

_CLIENTS = 4
_MOST_PORTS = 40
_AT_ONCE = 32  # that are being killed or started
_PATIENCE_SECONDS = 200.0  # a host that is served by the queue only hears for a minute that its controller is gone


async def test_in_the_end_every_host_has_what_it_should_and_no_port_was_active_before_it_was(
    postgresql: PostgreSQL, postgresql_template: str, broker: Broker
) -> None:
    seed = int(os.environ.get("ALCOR_CHAOS_SEED") or random.randrange(1 << 32))
    print(f"ALCOR_CHAOS_SEED={seed}")
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_AT_ONCE))
    with running_site(postgresql, postgresql_template, broker, seed) as site:
        clients = Clients([each.address for each in site.controllers.values()], site.networks, site.hosts, seed)
        working = asyncio.create_task(clients.run(_CLIENTS, _MOST_PORTS))
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while len(clients.ports) < 2 * QUEUED_ABOVE:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        site.chances.set(repeated=0.1, sent_twice=0.1, swapped=0.03, hung_up=0.005)
        chaos = Chaos(site, seed)
        await chaos.run(float(_SECONDS))
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
        times, wrong = site.too_early()
        print(f"{times} times a port became ACTIVE")
        assert times > len(clients.ports) and not wrong, "\n".join(wrong)
        for part in site.controllers.values():
            assert "does not have what it should have" not in part.log()
