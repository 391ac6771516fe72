"""What connections to a database are opened with."""

from collections.abc import Iterator

import pytest

from alcor.store.engine import open_engine
from tests.databases import PostgreSQL


@pytest.fixture
def database(postgresql: PostgreSQL) -> Iterator[str]:
    name = postgresql.create_database()
    yield name
    postgresql.drop_database(name)


def price_of_random_pages(url: str) -> str:
    engine = open_engine(url, 1)
    with engine.connect() as connection:
        price = connection.exec_driver_sql("SHOW random_page_cost").scalar_one()
    engine.dispose()
    return str(price)


def test_finding_a_row_by_its_key_is_cheap_for_postgresqls_planner(postgresql: PostgreSQL, database: str) -> None:
    assert price_of_random_pages(postgresql.url(database)) == "1.1"


def test_what_an_operator_has_set_stays(postgresql: PostgreSQL, database: str) -> None:
    postgresql.execute(f"ALTER DATABASE {database} SET random_page_cost = 2.5")  # type: ignore[arg-type]
    assert price_of_random_pages(postgresql.url(database)) == "2.5"
