"""Statements that are sent together are carried out in their order, up to the first that fails, and prepared once."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from alcor.store.wire import Wire
from tests.databases import PostgreSQL

_INSERT = "INSERT INTO held (id, word, known, number) VALUES (%s, %s, %s, %s)"
_FIND = "SELECT id, word, known, number FROM held WHERE id = %(id)s AND word = %(word)s AND id = %(id)s"
_FAIL = "SELECT 1 / number FROM held WHERE number = %s"


@pytest.fixture
def connection(postgresql: PostgreSQL, postgresql_template: str) -> Iterator[psycopg.Connection[Any]]:
    name = postgresql.create_database(postgresql_template)
    with postgresql.connect(name) as opened:
        opened.execute("CREATE TABLE held (id bytea, word varchar(40), known boolean, number bigint)")
        opened.commit()
        yield opened
    postgresql.drop_database(name)


def prepared(connection: psycopg.Connection[Any]) -> int:
    found = connection.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'alcor_%'").fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize(
    "values",
    [
        (b"\x00\\\xff", "it's \\ \u00e4", True, 1 << 62),
        (b"", "", False, -5),
        (b"1", "%s", None, None),
    ],
)
def test_values_are_kept_as_they_were_given(connection: psycopg.Connection[Any], values: tuple[Any, ...]) -> None:
    found = Wire(connection).exchange([(_INSERT, values), (_FIND, {"id": values[0], "word": values[1]})])
    assert found == [[], [values]]


def test_a_statement_is_prepared_once(connection: psycopg.Connection[Any]) -> None:
    wire = Wire(connection)
    for number in range(3):
        wire.exchange([(_INSERT, (b"1", "w", True, number))] * 2)
    assert prepared(connection) == 1


def test_what_follows_on_a_failure_is_not_carried_out_and_may_be_asked_again(
    connection: psycopg.Connection[Any],
) -> None:
    wire = Wire(connection)
    connection.autocommit = True
    wire.exchange([(_INSERT, (b"1", "w", True, 0))])
    with pytest.raises(psycopg.errors.DivisionByZero):
        wire.exchange([(_FAIL, (0,)), (_FIND, {"id": b"1", "word": "w"})])
    assert wire.exchange([(_FIND, {"id": b"1", "word": "w"})]) == [[(b"1", "w", True, 0)]]
    assert wire.exchange([(_FAIL, (7,))]) == [[]]


def test_what_the_driver_had_forgotten_is_prepared_again(connection: psycopg.Connection[Any]) -> None:
    wire = Wire(connection)
    connection.prepare_threshold = 0
    wire.exchange([(_INSERT, (b"1", "w", True, 0))])
    connection.execute("SELECT 1")
    connection.rollback()
    assert not prepared(connection)
    wire.doubt()
    found = wire.exchange([(_FIND, {"id": b"1", "word": "w"}), (_INSERT, (b"2", "w", True, 0))])
    assert found == [[(b"1", "w", True, 0)], []]
    wire.doubt()
    wire.exchange([(_INSERT, (b"3", "w", True, 0))])
    assert prepared(connection) == 2, "what is still there is not prepared anew"


def test_what_was_forgotten_unseen_fails_once(connection: psycopg.Connection[Any]) -> None:
    wire = Wire(connection)
    connection.autocommit = True
    wire.exchange([(_INSERT, (b"1", "w", True, 0))])
    connection.execute("DEALLOCATE ALL")
    with pytest.raises(psycopg.errors.InvalidSqlStatementName):
        wire.exchange([(_INSERT, (b"2", "w", True, 0))])
    assert wire.exchange([(_INSERT, (b"2", "w", True, 0))]) == [[]]


def test_a_long_message_is_sent_while_answers_come(connection: psycopg.Connection[Any]) -> None:
    long = "x" * 1_000_000
    found = Wire(connection).exchange([("SELECT %s || 'y'", (long,))] * 30)
    assert found == [[(f"{long}y",)]] * 30


def test_a_lost_connection_is_said(connection: psycopg.Connection[Any], postgresql: PostgreSQL) -> None:
    wire = Wire(connection)
    postgresql.execute(f"SELECT pg_terminate_backend({connection.info.backend_pid}, 10000)")  # type: ignore[arg-type]
    with pytest.raises(psycopg.OperationalError):
        wire.exchange([("SELECT 1", ())])
