"""A cloud on a database of each kind, whose books are checked at the end of every test."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from alcor.store.store import Store
from tests.databases import PostgreSQL
from tests.integration.services import accounts
from tests.integration.services.cloud import Cloud

NewDatabase = Callable[[], str]


@pytest.fixture
async def cloud(store: Store) -> AsyncIterator[Cloud]:
    yield Cloud(store)
    await store.read(accounts.check)


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewDatabase]:
    """Makes as many fresh databases of a kind as a test needs; returns the URL of each."""
    made: list[str] = []
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")

        def make() -> str:
            made.append(str(tmp_path / f"{len(made)}.db"))
            shutil.copyfile(template, made[-1])
            return f"sqlite:///{made[-1]}"

        yield make
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    database = request.getfixturevalue("postgresql_template")

    def create() -> str:
        made.append(server.create_database(database))
        return server.url(made[-1])

    yield create
    for name in made:
        server.drop_database(name)
