"""On PostgreSQL, what is read of ports is found by index as soon as a cloud has been filled, autovacuum or not."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from alcor.model.context import OPERATOR
from alcor.model.identifiers import id_bytes
from alcor.services.networks.vpc import NETWORKS
from alcor.services.ports.port import PORTS
from alcor.services.rows import View
from alcor.services.subnets.subnet import SUBNETS
from alcor.store import partial_snapshot, snapshot
from alcor.store.listing.page import list_rows
from alcor.store.listing.query import Query
from alcor.store.store import open_store
from alcor.store.tables import port
from tests.databases import PostgreSQL
from tests.integration.services.cloud import Cloud

pytestmark = pytest.mark.timeout(300)  # to fill a cloud takes a while where others have the machine, too

VPCS, PORTS_EACH = 2_000, 20
HOSTS = 4_000
AT_ONCE = 50  # VPCs whose ports are created in one request
PREPARED_AFTER = 12  # a statement has then been executed often enough for PostgreSQL to keep its plan
PATIENCE_SECONDS = 30


@pytest.fixture
async def cloud(postgresql: PostgreSQL, postgresql_template: str) -> AsyncIterator[Cloud]:
    """On PostgreSQL, where nobody but the store itself analyses the tables of ports."""
    name = postgresql.create_database(postgresql_template)
    store = await open_store(postgresql.url(name))
    with store._engine.begin() as connection:  # not the writer's, which it keeps: plans() has to see it taken
        for table in ("port", "ip_allocation"):
            connection.exec_driver_sql(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    yield Cloud(store)
    await store.close()
    postgresql.drop_database(name)


@contextmanager
def plans(cloud: Cloud) -> Iterator[list[str]]:
    """The plan of each statement as it is carried out, of the plans kept from before, too."""
    seen: list[str] = []
    engine = cloud.store._engine

    def explain(driver_connection: Any, record: Any, _proxy: Any) -> None:
        if "explained" in record.info:
            return
        record.info["explained"] = True
        driver_connection.execute("LOAD 'auto_explain'")
        driver_connection.execute("SET auto_explain.log_min_duration = 0")
        driver_connection.execute("SET client_min_messages = log")
        driver_connection.commit()
        driver_connection.add_notice_handler(lambda notice: seen.append(notice.message_primary))

    event.listen(engine, "checkout", explain)
    yield seen
    event.remove(engine, "checkout", explain)


def reading(networks: Sequence[View], of_hosts: int) -> dict[str, Callable[[Connection], Any]]:
    """What lists, single ports, and processes that hold a part of the cloud read."""
    network, vpc_ids = networks[0], [id_bytes(each["id"]) for each in networks]
    vpc_id = vpc_ids[0]
    return {
        "a page": lambda connection: views(connection, Query(limit=100)),
        "a page of a network": lambda connection: views(
            connection, Query({"network_id": [network["id"]]}, sort=[("id", True)], limit=100)
        ),
        "ports of a VPC": lambda connection: list(partial_snapshot.read_ports_of_vpc(connection, vpc_id)),
        "ports of VPCs": lambda connection: list(partial_snapshot.read_ports_of_vpcs(connection, vpc_ids)),
        "ports of a host": lambda connection: list(partial_snapshot.read_ports_of_hosts(connection, ["host-1"])),
        "ports of hosts": lambda connection: list(
            partial_snapshot.read_ports_of_hosts(connection, [f"host-{number}" for number in range(of_hosts)])
        ),
        "all": lambda connection: list(snapshot.read_records(connection)[1]),
    }


def views(connection: Connection, query: Query) -> list[View]:
    return PORTS.views(connection, list_rows(connection, port, query), OPERATOR)


async def fill(cloud: Cloud) -> list[View]:
    """Returns some of the networks."""
    networks = await cloud.create(NETWORKS, *[{}] * VPCS)
    await cloud.create(SUBNETS, *({"network_id": network["id"], "cidr": "10.0.0.0/24"} for network in networks))
    for start in range(0, VPCS, AT_ONCE):
        await cloud.create(
            PORTS,
            *(
                {"network_id": networks[number]["id"], "binding:host_id": f"host-{(number * 31 + each) % HOSTS}"}
                for number in range(start, start + AT_ONCE)
                for each in range(PORTS_EACH)
            ),
        )
    return networks[VPCS // 2 : VPCS // 2 + 2]


async def until_analysed(cloud: Cloud) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if await cloud.store.read(known_rows) >= VPCS * PORTS_EACH // 3:
                return
            await asyncio.sleep(0.05)


def known_rows(connection: Connection) -> int:
    """What PostgreSQL thinks there are, of ports or of their addresses."""
    query = text("SELECT min(reltuples) FROM pg_class WHERE relname IN ('port', 'ip_allocation')")
    return int(connection.execute(query).scalar_one())


async def test_ports_are_found_by_index_right_after_a_fast_fill(cloud: Cloud) -> None:
    with plans(cloud) as seen:
        small = [await cloud.network() for _ in range(2)]
        for network in small:
            await cloud.subnet(network)
            ports = await cloud.ports(network, 20, **{"binding:host_id": "host-1"})
        for _ in range(PREPARED_AFTER):
            for read in reading(small, 5).values():
                await cloud.store.read(read)
        networks = await fill(cloud)
        await until_analysed(cloud)
        for name, read in reading(networks, 5).items():
            seen.clear()
            await cloud.store.read(read)
            check(name, seen)
        seen.clear()
        await asyncio.gather(*(cloud.delete(PORTS, each["id"]) for each in ports))
        check("deleting", seen)


def check(name: str, seen: list[str]) -> None:
    of_ports = [plan for plan in seen if re.search(r"\bon (port|ip_allocation)\b", plan)]
    assert of_ports, f"{name}: no plan was seen"
    for plan in of_ports:
        assert not re.search(r"Seq Scan on (port|ip_allocation)\b", plan), f"{name}: {plan}"
