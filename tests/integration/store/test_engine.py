"""What connections to a database are opened with."""

import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alcor.store.engine import open_engine
from tests.databases import PostgreSQL


@pytest.fixture
def database(postgresql: PostgreSQL) -> Iterator[str]:
    name = postgresql.create_database()
    yield name
    postgresql.drop_database(name)


def setting(url: str, name: str) -> str:
    engine = open_engine(url, 1)
    with engine.connect() as connection:
        value = connection.exec_driver_sql(f"SHOW {name}").scalar_one()
    engine.dispose()
    return str(value)


def test_finding_a_row_by_its_key_is_cheap_for_postgresqls_planner(postgresql: PostgreSQL, database: str) -> None:
    assert setting(postgresql.url(database), "random_page_cost") == "1.1"


def test_what_an_operator_has_set_stays(postgresql: PostgreSQL, database: str) -> None:
    postgresql.execute(f"ALTER DATABASE {database} SET random_page_cost = 2.5")  # type: ignore[arg-type]
    assert setting(postgresql.url(database), "random_page_cost") == "2.5"


def test_a_controller_and_a_database_notice_within_seconds_that_the_other_is_gone(
    postgresql: PostgreSQL, database: str
) -> None:
    url = postgresql.url(database)
    assert setting(url, "tcp_keepalives_idle") == "5"
    engine = open_engine(url, 1)
    with engine.connect() as connection:
        descriptor = connection.connection.driver_connection.fileno()  # type: ignore[union-attr]
        with socket.socket(fileno=os.dup(descriptor)) as own:
            assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5
            assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
    engine.dispose()


def test_a_new_sqlite_database_opens_when_whoever_writes_to_it_first_has_done(tmp_path: Path) -> None:
    """Many connections opened at once on no database show the same, in one of some fifteen runs of four processes."""
    another = sqlite3.connect(tmp_path / "new.db", isolation_level=None, check_same_thread=False)
    another.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.2, another.rollback)
    ending.start()
    engine = open_engine(f"sqlite:///{tmp_path}/new.db", 1)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    ending.join()
    engine.dispose()
    another.close()
