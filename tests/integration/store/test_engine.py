"""What connections to a database are opened with."""

import os
import socket
from collections.abc import Iterator

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
