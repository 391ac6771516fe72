"""Processes with roles of their own on one PostgreSQL, and packets over Open vSwitch whichever of them dies."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Sequence

import pytest

from alcor.testbed.cloud import Cloud
from alcor.testbed.controller import Controller
from alcor.testbed.host import Host
from alcor.testbed.program import Program
from alcor.testbed.testbed import Testbed
from alcor.testbed.waiting import until, wait_until
from alcor.testbed.workload import Workload
from tests.databases import PostgreSQL
from tests.e2e.on_demand.region import Region, create_region
from tests.e2e.routing.site import create_site
from tests.e2e.two_hosts import is_on_disk

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

_ANSWERS = 30
_PATIENCE = 60.0


class Processes:
    """One process that serves the API, two Data Plane Managers and two Network Config Managers."""

    def __init__(self, testbed: Testbed, database: str) -> None:
        self.api = testbed.controller
        self.dpms = [testbed.add_controller(f"dpm-{n}", "--role", "dpm", "--database", database) for n in (1, 2)]
        self.ncms = [testbed.add_controller(f"ncm-{n}", "--role", "ncm", "--database", database) for n in (1, 2)]

    def all(self) -> list[Controller]:
        """All of them, in an order in which the first hosts find everything."""
        return [self.api, *self.ncms, *self.dpms]

    def answering(self, region: Region, host: Host) -> Controller | None:
        """The Network Config Manager that the host asks about the VPC; None while there is none."""
        managers = host.status().get("network_config_managers", [])
        addresses = [each["address"] for each in managers if region.vni in each["vnis"]]
        return next((ncm for ncm in self.ncms if ncm.southbound in addresses), None)


@pytest.fixture
async def cloud_of_roles(postgresql: PostgreSQL, postgresql_template: str) -> AsyncIterator[tuple[Region, Processes]]:
    database = postgresql.create_database(postgresql_template)
    url = postgresql.url(database)
    with Testbed(controller_arguments=("--role", "api", "--database", url, "--on-demand-above", "0")) as testbed:
        processes = Processes(testbed, url)
        for process in processes.all():
            process.start()
        testbed.make_hosts(3, processes.dpms)
        async with Cloud(testbed.controller) as cloud:
            yield await create_region(testbed, cloud), processes
    postgresql.drop_database(database)


async def test_whoever_answers_dies_and_no_packet_is_lost(cloud_of_roles: tuple[Region, Processes]) -> None:
    region, processes = cloud_of_roles
    sender, peer = await region.add("a", 0), await region.add("b", 1)
    strangers = [f"s{number}" for number in range(10)]
    for number, name in enumerate(strangers):
        await region.add(name, 1 + number % 2)
    region.testbed.wait_steady()
    ping = sender.keep_pinging(region.address("b"))
    ping.wait_for_answers(_ANSWERS)
    answering = processes.answering(region, region.host(0))
    assert answering is not None

    met: dict[str, float | None] = {}
    speaking = asyncio.create_task(asyncio.to_thread(meet, region, sender, strangers, met))
    await until(lambda: len(met) > 1, "the first strangers to be met")
    await asyncio.to_thread(answering.program.kill)
    await speaking
    assert len(met) == len(strangers) and None not in met.values()
    assert processes.answering(region, region.host(0)) not in (None, answering)
    ping.wait_for_answers(_ANSWERS)
    ping.stop()
    assert ping.lost() == 0

    await region.move(peer, 2)
    region.testbed.wait_steady()
    assert sender.ping(region.address("b")) is not None
    ping = sender.keep_pinging(region.address("b"))
    answering.start()
    for host in region.testbed.hosts:
        await until(lambda host=host: processes.answering(region, host) is answering, "it to answer again")  # type: ignore[misc]
    ping.wait_for_answers(_ANSWERS)
    ping.stop()
    assert ping.lost() == 0
    await region.move(peer, 1)
    region.testbed.wait_steady()
    assert sender.ping(region.address("b")) is not None


def meet(region: Region, sender: Workload, strangers: Sequence[str], met: dict[str, float | None]) -> None:
    """Send one packet to each, and note when it was answered."""
    for name in strangers:
        met[name] = sender.ping(region.address(name))


async def test_hosts_are_served_whichever_data_plane_manager_dies(cloud_of_roles: tuple[Region, Processes]) -> None:
    region, processes = cloud_of_roles
    sender, _ = await region.add("a", 0), await region.add("b", 1)
    for number, dpm in enumerate(processes.dpms):
        region.testbed.wait_steady()
        ping = sender.keep_pinging(region.address("b"))
        ping.wait_for_answers(_ANSWERS)
        dpm.program.kill()
        await is_reached(region, sender, f"during-{number}", 2)  # devices of no host that the ping crosses
        ping.wait_for_answers(_ANSWERS)
        ping.stop()
        assert ping.lost() == 0
        for host in (0, 1):
            await is_reached(region, sender, f"new-{number}-{host}", host)
        dpm.start()


async def is_reached(region: Region, sender: Workload, name: str, host_number: int) -> None:
    """A workload that comes now gets its port and its address, and the first packet to it arrives."""
    await region.add(name, host_number)
    region.testbed.wait_steady()
    assert sender.ping(region.address(name)) is not None, name


async def test_everything_restarts_in_any_order_and_nothing_is_lost(cloud_of_roles: tuple[Region, Processes]) -> None:
    region, processes = cloud_of_roles
    seed = int(os.environ.get("ALCOR_CHAOS_SEED") or random.randrange(1 << 32))
    print(f"ALCOR_CHAOS_SEED={seed}")
    dice = random.Random(seed)
    sender, _ = await region.add("a", 0), await region.add("b", 1)
    programs = [process.program for process in processes.all()] + [host.agent for host in region.testbed.hosts]
    for number in range(3):
        region.testbed.wait_steady()
        ping = sender.keep_pinging(region.address("b"))
        ping.wait_for_answers(_ANSWERS)
        wait_until(lambda: all(map(is_on_disk, region.testbed.hosts)), "what was learned to be on disk")
        for program in shuffled(programs, dice):
            program.kill()
        ping.wait_for_answers(_ANSWERS)
        for program in shuffled(programs, dice):
            program.start()
        for process in processes.all():
            wait_until(process.ready, process.name, _PATIENCE)
        region.testbed.wait_connected()
        for host in region.testbed.hosts:
            wait_until(lambda host=host: not host.status()["vpcs_without_manager"], f"{host.name} to ask", _PATIENCE)  # type: ignore[misc]
        ping.wait_for_answers(_ANSWERS)
        ping.stop()
        assert ping.lost() == 0
        for host_number in range(3):
            await is_reached(region, sender, f"n-{number}-{host_number}", host_number)


def shuffled(programs: Sequence[Program], dice: random.Random) -> list[Program]:
    """In another order."""
    return dice.sample(programs, len(programs))


async def test_vpcs_that_are_only_routed_to_are_answered_whoever_dies(
    postgresql: PostgreSQL, postgresql_template: str
) -> None:
    """Told ahead to their own hosts, they are held by no Network Config Manager before hosts behind a router ask."""
    database = postgresql.create_database(postgresql_template)
    url = postgresql.url(database)
    with Testbed(controller_arguments=("--role", "api", "--database", url)) as testbed:
        processes = Processes(testbed, url)
        for process in processes.all():
            process.start()
        testbed.make_hosts(2, processes.dpms)
        async with Cloud(testbed.controller) as cloud:
            site = await create_site(testbed, cloud)
            sender, _ = await site.add("a", "near", 0), await site.add("e", "other", 1)
            testbed.wait_steady()
            assert sender.ping(site.address("e")) is not None
            assert site.host(0).status()["vpcs"] == 1
            for ncm in processes.ncms:
                ping = sender.keep_pinging(site.address("e"))
                ping.wait_for_answers(_ANSWERS)
                ncm.program.kill()
                ping.wait_for_answers(_ANSWERS)
                ping.stop()
                assert ping.lost() == 0
                await site.add(f"f{ncm.name[-1]}", "other", 1)
                testbed.wait_steady()
                ping = sender.keep_pinging(site.address("e"))
                assert sender.ping(site.address(f"f{ncm.name[-1]}")) is not None
                ncm.start()
                await until(lambda: len(site.host(0).status()["network_config_managers"]) > 0, "a manager to be asked")
                ping.wait_for_answers(_ANSWERS)
                ping.stop()
                assert ping.lost() == 0
    postgresql.drop_database(database)
