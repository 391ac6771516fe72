"""A database that drops its connections costs time, not ports."""

from pathlib import Path

from alcor.store.store import open_store
from tests.databases import PostgreSQL
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import HOSTS, Controller, active
from tests.integration.southbound.fake_agent import FakeAgent


async def test_ports_come_up_after_every_connection_was_cut(
    postgresql: PostgreSQL, postgresql_template: str, directory: Path
) -> None:
    database = postgresql.create_database(postgresql_template)
    store, writers_store = [await open_store(postgresql.url(database)) for _ in range(2)]
    cloud = Cloud(writers_store)
    await cloud.create(HOSTS)
    controller = Controller(store, directory)
    await controller.start()
    agent = FakeAgent(HOSTS[0], [controller.address])
    agent.start()
    for _ in range(3):
        await active(cloud, *await cloud.create_ports(HOSTS[0]))
        await writers_store.close()
        postgresql.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
        writers_store = cloud.store = await open_store(postgresql.url(database))
    await active(cloud, *await cloud.create_ports(HOSTS[0]))
    assert agent.connections == 1
    await agent.stop()
    await controller.stop()
    await store.close()
    await writers_store.close()
