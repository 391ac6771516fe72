"""Many callers at once, in one process and in several: no number twice, none lost, nobody refused without reason."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path

import pytest

from alcor.model.errors import AlcorError
from alcor.services.networks.vpc import NETWORKS
from alcor.services.ports.port import PORTS
from alcor.services.subnets.subnet import SUBNETS
from alcor.store.store import Store
from tests.databases import PostgreSQL
from tests.integration.services import accounts, worker
from tests.integration.services.cloud import Cloud, addresses, outcomes, refusal

ROOT = Path(__file__).parents[3]
REASONS = {
    "IpAddressGenerationFailure",
    "IpAddressAlreadyAllocated",
    "MacAddressInUse",
    "InvalidInput",  # a subnet of another network
}
WORK = {"create", "update", "delete", "resize"}


async def small_networks(cloud: Cloud) -> None:
    """Two networks whose subnets fill up."""
    for number in range(2):
        network = await cloud.network()
        for third in range(2):
            await cloud.subnet(network, f"10.{number}.{third}.0/25")


async def test_callers_of_one_process(cloud: Cloud) -> None:
    await small_networks(cloud)
    seen = await worker.work(cloud.store, seed=1, requests=40)
    assert seen.keys() >= WORK
    assert seen.keys() <= WORK | REASONS


async def test_callers_of_several_processes(postgresql: PostgreSQL, postgresql_template: str) -> None:
    """Each process is a controller of its own: only the database is between them."""
    name = postgresql.create_database(postgresql_template)
    url = postgresql.url(name)
    store = await worker.open_store(url)
    try:
        await small_networks(Cloud(store))
        async with asyncio.TaskGroup() as group:
            working = [group.create_task(in_another_process(url, seed)) for seed in range(3)]
        seen = sum((each.result() for each in working), Counter())
        assert seen.keys() >= WORK
        assert seen.keys() <= WORK | REASONS
        await store.read(accounts.check)
    finally:
        await store.close()
        postgresql.drop_database(name)


async def in_another_process(url: str, seed: int) -> Counter[str]:
    command = [sys.executable, "-m", "tests.integration.services.worker", url, str(seed), "60"]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE, stderr=PIPE)
    try:
        output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert "tried again" not in errors.decode()  # a deadlock, or a failure to serialise
    return Counter(json.loads(output))


async def test_every_address_of_a_subnet_is_given_to_one_caller(cloud: Cloud) -> None:
    """253 addresses for 300 callers."""
    network = await cloud.network()
    await cloud.subnet(network)
    results = await outcomes(*(cloud.port(network) for _ in range(300)))
    refused = [result for result in results if isinstance(result, AlcorError)]
    given = addresses([result for result in results if isinstance(result, dict)])
    assert [error.kind for error in refused] == ["IpAddressGenerationFailure"] * 47
    assert sorted(given) == sorted(f"10.0.0.{number}" for number in range(2, 255))


async def test_one_of_many_gets_an_address_that_all_want(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.subnet(network)
    wanted = {"fixed_ips": [{"ip_address": "10.0.0.50"}], "mac_address": "02:00:00:00:00:01"}
    results = await outcomes(*(cloud.port(network, **wanted) for _ in range(20)))
    assert sum(isinstance(result, dict) for result in results) == 1
    assert {result.status for result in results if isinstance(result, AlcorError)} == {409}


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_network_goes_with_none_of_its_ports_or_stays(cloud: Cloud, database_url: str, processes: int) -> None:
    """Deleting a network and creating ports on it, at once: one of them is refused."""
    stores = [cloud.store] + [await worker.open_store(database_url) for _ in range(processes - 1)]
    try:
        for _ in range(15):
            await deleted_or_used(cloud, Cloud(stores[-1]))
    finally:
        for store in stores[1:]:
            await store.close()


async def deleted_or_used(creating: Cloud, deleting: Cloud) -> None:
    network = await creating.network()
    await creating.subnet(network)
    *created, deleted = await outcomes(
        creating.port(network), creating.ports(network, 3), deleting.delete(NETWORKS, network["id"])
    )
    if isinstance(deleted, AlcorError):
        assert deleted.kind == "NetworkInUse"
        assert any(not isinstance(each, AlcorError) for each in created)
    else:
        assert [each.kind for each in created] == ["NetworkNotFound"] * 2
        assert not await creating.all(PORTS)
    for port_id in await creating.all(PORTS):
        await creating.delete(PORTS, port_id)
    if isinstance(deleted, AlcorError):
        await creating.delete(NETWORKS, network["id"])


async def test_a_subnet_goes_with_none_of_its_addresses_or_stays(cloud: Cloud) -> None:
    network = await cloud.network()
    for _ in range(15):
        subnet = await cloud.subnet(network)
        port, deleted = await outcomes(cloud.port(network), cloud.delete(SUBNETS, subnet["id"]))
        if isinstance(deleted, AlcorError):
            assert deleted.kind == "SubnetInUse"
            assert addresses([port]) == ["10.0.0.2"]
        else:
            assert addresses([port]) == []
        await cloud.delete(PORTS, port["id"])
        if isinstance(deleted, AlcorError):
            await cloud.delete(SUBNETS, subnet["id"])


async def test_a_port_is_deleted_once(cloud: Cloud) -> None:
    network = await cloud.network()
    await cloud.subnet(network)
    port = await cloud.port(network)
    results = await outcomes(*(cloud.delete(PORTS, port["id"]) for _ in range(5)))
    assert sorted(getattr(result, "kind", "") for result in results) == ["", *["PortNotFound"] * 4]


async def test_updates_that_insist_on_a_revision_are_not_lost(cloud: Cloud) -> None:
    """Of those who have all seen the same revision, one wins."""
    network = await cloud.network()
    port = await cloud.port(network)
    results = await outcomes(*(cloud.update(PORTS, port["id"], 1, name=str(number)) for number in range(9)))
    winners = [result for result in results if isinstance(result, dict)]
    assert [winner["revision_number"] for winner in winners] == [2]
    assert (await cloud.all(PORTS))[port["id"]]["name"] == winners[0]["name"]
    assert await refusal(cloud.delete(PORTS, port["id"], 1)) == (412, "RevisionNumberConstraintFailed")
    await cloud.delete(PORTS, port["id"], 2)


async def test_pools_change_while_ports_come_and_go(cloud: Cloud, store: Store) -> None:
    network = await cloud.network()
    subnet = await cloud.subnet(network, "10.0.0.0/16")
    stopped = asyncio.Event()

    async def resize() -> None:
        last = 0
        while not stopped.is_set():
            last = (last + 7) % 50
            pools = [{"start": "10.0.0.2", "end": f"10.0.{last}.9"}, {"start": "10.0.200.0", "end": "10.0.209.255"}]
            await cloud.update(SUBNETS, subnet["id"], allocation_pools=pools)

    async def come_and_go() -> None:
        for _ in range(12):
            ports = await cloud.ports(network, 5)
            await asyncio.gather(*(cloud.delete(PORTS, port["id"]) for port in ports[1:]))

    resizing = asyncio.create_task(resize())
    await asyncio.gather(*(come_and_go() for _ in range(8)))
    stopped.set()
    await resizing
    kept = addresses(list((await cloud.all(PORTS)).values()))
    assert len(set(kept)) == 8 * 12
