"""A write that was acknowledged is there, whatever happened to the process that made it."""

from functools import partial

import pytest
from sqlalchemy import Connection

from alcor.model.records import VpcRecord
from alcor.store import change_log
from alcor.store.store import Store, open_store
from alcor.store.transaction import Transaction
from tests.integration.store import writer_process
from tests.integration.store.rows import stored_vnis


def logged_vnis(connection: Connection) -> list[int]:
    entries = change_log.read_entries(connection, 0, 1_000_000)
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    assert change_log.head(connection) == len(entries)
    return [record.vni for entry in entries for record in entry.records if isinstance(record, VpcRecord)]


@pytest.mark.parametrize("acknowledgements", [1, 40, 700])
async def test_acknowledged_writes_survive_kill(database_url: str, acknowledgements: int) -> None:
    writer = writer_process.start(database_url, 1, 1_000_000, 16)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(acknowledgements)]
    writer.kill()
    acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]
    writer.wait(10)
    writer.stdout.close()

    store = await open_store(database_url)
    stored = await store.read(stored_vnis)
    assert set(acknowledged) <= stored
    # The log tells hosts of just what is stored: nothing half done.
    assert sorted(await store.read(logged_vnis)) == sorted(stored)
    await store.close()


async def test_commits_wait_for_the_disk(store: Store) -> None:
    """What a killed process cannot show: that the database would survive a loss of power.

    Of PostgreSQL, whatever a connection can set: that the server itself writes to the disk is its operator's to say.
    """

    def settings(transaction: Transaction) -> list[str]:
        dialect = transaction.connection.dialect.name
        names = ["journal_mode", "synchronous", "foreign_keys"] if dialect == "sqlite" else ["synchronous_commit"]
        command = "PRAGMA" if dialect == "sqlite" else "SHOW"
        return [str(transaction.connection.exec_driver_sql(f"{command} {name}").scalar_one()) for name in names]

    assert await store.write(settings) in (["wal", "2", "1"], ["on"])


async def test_a_writer_goes_on_where_a_killed_one_stopped(database_url: str) -> None:
    for life in range(3):
        writer = writer_process.start(database_url, life * 100_000 + 1, 100_000, 8)
        assert writer.stdout is not None
        for _ in range(20):
            assert writer.stdout.readline()
        writer.kill()
        writer.wait(10)
        writer.stdout.close()
    store = await open_store(database_url)
    logged = await store.read(logged_vnis)
    assert len(logged) == len(set(logged)) >= 60
    assert await store.write(partial(lambda _: "written"))
    await store.close()
