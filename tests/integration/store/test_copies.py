"""A database that a test has used is as new for the next, or is not used again."""

from typing import Any

import psycopg
import pytest

from tests.copies import Copies
from tests.databases import PostgreSQL

STATE = """
SELECT
    (SELECT count(*) FROM tag), (SELECT count(*) FROM number_pool), (SELECT position FROM change_log_head),
    (SELECT is_called FROM change_log_position_seq),
    (SELECT array_agg(free_range::text ORDER BY free_range::text) FROM free_range)
"""


def state(postgresql: PostgreSQL, name: str) -> tuple[Any, ...]:
    with postgresql.connect(name) as connection:
        ((*found,),) = connection.execute(STATE)
    return tuple(found)


def change(postgresql: PostgreSQL, name: str, *statements: Any) -> None:
    with postgresql.connect(name) as connection:
        for statement in statements:
            connection.execute(statement)


def test_nothing_is_left_of_what_was_written(
    postgresql: PostgreSQL, postgresql_copies: Copies, postgresql_template: str
) -> None:
    with postgresql_copies.one() as name:
        change(
            postgresql,
            name,
            "INSERT INTO tag VALUES ('r', 't')",
            "UPDATE change_log_head SET position = 7",
            "SELECT nextval('change_log_position_seq')",
            "DELETE FROM number_pool",
            "UPDATE free_range SET first = ''",
        )
        used = state(postgresql, name)
    with postgresql_copies.one() as name:
        new = state(postgresql, name)
    expected = state(postgresql, postgresql_template)
    assert new == expected
    assert all(after != before for after, before in zip(used, expected, strict=True))


def test_it_is_used_again_by_another_name(postgresql: PostgreSQL, postgresql_template: str) -> None:
    copies = Copies(postgresql, postgresql_template)  # what other tests wrote to theirs can be analysed at any time
    query = "SELECT oid FROM pg_database WHERE datname = current_database()"
    numbers, names = [], []
    for _ in range(2):
        with copies.one() as name, postgresql.connect(name) as connection:
            numbers += connection.execute(query)
            names.append(name)
    assert numbers[0] == numbers[1]
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        postgresql.connect(names[0])


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE network RENAME COLUMN mtu TO size",
        "ALTER TABLE network SET (autovacuum_enabled = off)",
        "CREATE TABLE another ()",
        "CREATE INDEX another ON network (mtu)",
        "CREATE FUNCTION another() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ANALYZE network",
    ],
)
def test_one_that_was_changed_otherwise_is_dropped(
    postgresql: PostgreSQL, postgresql_copies: Copies, statement: str
) -> None:
    with postgresql_copies.one() as name, postgresql.connect(name) as connection:
        ((changed,),) = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        connection.execute(statement)  # type: ignore[call-overload]
    with postgresql.connect("postgres") as connection:
        assert connection.execute("SELECT 1 FROM pg_database WHERE oid = %s", (changed,)).fetchall() == []
