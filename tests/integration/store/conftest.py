"""A bare connection for what needs no store around it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from alcor.store.engine import open_engine
from alcor.store.transaction import Transaction


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
