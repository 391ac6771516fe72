"""A database that a later version has migrated is for no earlier one, also while that one runs."""

import asyncio
import contextlib

import pytest
from sqlalchemy import Connection, create_engine, text

from alcor.store import change_log, later_database
from alcor.store.later_database import LaterDatabase
from alcor.store.migrations import newest
from alcor.store.store import Store, open_store
from alcor.store.transaction import Transaction

LATER = "9999"
_WORDS = f"migrated by a later version of Alcor (to {LATER}; this one knows it up to {newest()})"


def migrates(connection: Connection) -> None:
    """What a later version does."""
    if connection.dialect.name == "postgresql":
        later_database.part_others(connection, f"alcor {LATER}")
    connection.execute(text("UPDATE alembic_version SET version_num = :later"), {"later": LATER})


def write(transaction: Transaction) -> None:
    transaction.connection.execute(text("INSERT INTO quota (project_id, resource, most) VALUES ('p', 'port', 1)"))


def written(connection: Connection) -> int:
    return int(connection.execute(text("SELECT COUNT(*) FROM quota")).scalar_one())


async def test_it_is_not_opened(store: Store, database_url: str) -> None:
    await store.close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        migrates(connection)
    engine.dispose()
    with pytest.raises(LaterDatabase) as refused:
        await open_store(database_url)
    assert _WORDS in refused.value.message


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_has_it_open_is_parted_from_it_before_anything_is_migrated(store: Store, database_url: str) -> None:
    await store.read(change_log.head)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        with connection.begin():
            migrates(connection)
            writing, reading = asyncio.create_task(store.write(write)), asyncio.create_task(store.read(written))
            await asyncio.wait([writing, reading], timeout=1)
            assert not writing.done()  # it waits for what becomes of the database
        for each in (writing, reading):
            with pytest.raises(LaterDatabase):
                await each
        with pytest.raises(LaterDatabase):
            await asyncio.wait_for(store.until_later(), 1)
        assert written(connection) == 0
    engine.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_migration_that_fails_leaves_it_to_those_who_had_it(store: Store, database_url: str) -> None:
    engine = create_engine(database_url)
    with contextlib.suppress(ZeroDivisionError), engine.begin() as connection:
        migrates(connection)
        raise ZeroDivisionError
    engine.dispose()
    await store.write(write)
    assert await store.read(written) == 1
