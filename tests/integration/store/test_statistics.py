"""PostgreSQL's tables are analysed when they have outgrown their statistics."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from alcor.store import bulk
from alcor.store.engine import open_engine
from alcor.store.statistics import analyze_outgrown
from alcor.store.tables import network, port
from tests.databases import PostgreSQL
from tests.integration.store.rows import network_row, port_row

MANY = 2_000


@pytest.fixture
def engine(postgresql: PostgreSQL, postgresql_template: str) -> Iterator[Engine]:
    """On a database that nobody else analyses."""
    name = postgresql.create_database(postgresql_template)
    opened = open_engine(postgresql.url(name), 2)
    with opened.begin() as connection:
        connection.execute(text("ALTER TABLE port SET (autovacuum_enabled = off)"))
        connection.execute(text("ALTER TABLE network SET (autovacuum_enabled = off)"))
    yield opened
    opened.dispose()
    postgresql.drop_database(name)


def add_ports(engine: Engine, numbers: range) -> None:
    with engine.begin() as connection:
        of_network = network_row(numbers[0])
        bulk.insert_rows(connection, network, [of_network])
        bulk.insert_rows(connection, port, [port_row(of_network[0], number, "host-1") for number in numbers])


def analysed(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return analyze_outgrown(connection)


def known_rows(connection: Connection) -> int:
    return int(connection.execute(text("SELECT reltuples FROM pg_class WHERE relname = 'port'")).scalar_one())


def test_small_tables_are_left_alone(engine: Engine) -> None:
    add_ports(engine, range(1, 100))
    assert analysed(engine) == []


def test_a_table_is_analysed_each_time_it_has_doubled(engine: Engine) -> None:
    add_ports(engine, range(MANY))
    assert analysed(engine) == ["port"]
    with engine.connect() as connection:
        assert known_rows(connection) == MANY
    add_ports(engine, range(MANY, MANY + MANY // 2))
    assert analysed(engine) == []
    add_ports(engine, range(MANY + MANY // 2, 3 * MANY))
    assert analysed(engine) == ["port"]
    with engine.connect() as connection:
        assert known_rows(connection) == 3 * MANY


def test_one_controller_at_a_time_analyses(engine: Engine) -> None:
    add_ports(engine, range(MANY))
    with engine.begin() as another:
        another.execute(text("SELECT pg_advisory_xact_lock(418430283635)"))
        assert analysed(engine) == []
    assert analysed(engine) == ["port"]


def test_a_table_that_is_being_vacuumed_is_left_alone(engine: Engine) -> None:
    add_ports(engine, range(MANY))
    with engine.begin() as another:
        another.execute(text("LOCK TABLE port IN SHARE UPDATE EXCLUSIVE MODE"))
        analysed(engine)
        assert known_rows(another) == -1
