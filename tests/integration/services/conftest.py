"""A cloud on a database of each kind, whose books are checked at the end of every test."""

import contextlib
import itertools
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from alcor.store.store import Store
from tests.copies import Copies
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
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        numbers = itertools.count()

        def make() -> str:
            path = tmp_path / f"{next(numbers)}.db"
            shutil.copyfile(template, path)
            return f"sqlite:///{path}"

        yield make
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    copies: Copies = request.getfixturevalue("postgresql_copies")
    with contextlib.ExitStack() as stack:
        yield lambda: server.url(stack.enter_context(copies.one()))
