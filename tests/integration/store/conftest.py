"""A bare connection for what needs no store around it, and stores for what only one of the databases does."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from alcor.store.engine import open_engine
from alcor.store.store import Store, open_store
from alcor.store.transaction import Transaction
from tests.databases import PostgreSQL


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a fresh database of each kind."""
    opened = open_engine(database_url, 4)
    yield opened
    opened.dispose()


@pytest.fixture
def transaction(engine: Engine) -> Iterator[Transaction]:
    """A transaction on a fresh database of each kind, never committed."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin() as begun:
        yield Transaction(connection, now=1_700_000_000)
        begun.rollback()


@pytest.fixture
def database(postgresql: PostgreSQL, postgresql_template: str) -> Iterator[str]:
    """The name of a fresh database of PostgreSQL."""
    name = postgresql.create_database(postgresql_template)
    yield name
    postgresql.drop_database(name)


@pytest.fixture
async def served(postgresql: PostgreSQL, database: str) -> AsyncIterator[Store]:
    """A store on PostgreSQL."""
    opened = await open_store(postgresql.url(database))
    yield opened
    await opened.close()


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[Store]:
    """A store on SQLite."""
    opened = await open_store(f"sqlite:///{tmp_path}/alcor.db")
    yield opened
    await opened.close()
