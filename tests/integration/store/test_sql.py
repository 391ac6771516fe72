"""Statements made once, whatever they are asked."""

import pytest
from sqlalchemy import Engine, bindparam, event, select
from sqlalchemy.exc import DBAPIError

from alcor.store import sql
from alcor.store.tables import quota
from alcor.store.transaction import Transaction

PROJECTS = [f"project-{number}" for number in range(9)]

of_projects = sql.among(select(quota.c.project_id).where(quota.c.resource == bindparam("resource")), quota.c.project_id)
limits = sql.DriverStatement("SELECT most FROM quota WHERE project_id = :project AND resource = :resource")
set_limit = sql.DriverStatement("INSERT INTO quota (project_id, resource, most) VALUES (:project, :resource, :most)")


@pytest.fixture(autouse=True)
def stored(transaction: Transaction) -> None:
    rows = [{"project": project, "resource": "port", "most": number} for number, project in enumerate(PROJECTS)]
    set_limit(transaction.connection, rows)


@pytest.mark.parametrize("count", range(10))
def test_rows_are_found_by_any_number_of_values(transaction: Transaction, count: int) -> None:
    wanted = PROJECTS[:count]
    found = of_projects(transaction.connection, [*wanted, *wanted, "nobody"], resource="port")
    assert sorted(row.project_id for row in found) == wanted


def test_there_are_few_different_statements(engine: Engine, transaction: Transaction) -> None:
    seen: set[str] = set()
    event.listen(engine, "before_cursor_execute", lambda _connection, _cursor, statement, *_rest: seen.add(statement))
    for count in range(10):
        of_projects(transaction.connection, PROJECTS[:count], resource="port")
    assert len(seen) == 5  # for up to 1, 2, 4, 8 and 16


def test_a_driver_statement_takes_named_parameters(transaction: Transaction) -> None:
    row = limits(transaction.connection, {"project": PROJECTS[7], "resource": "port"}).one()
    assert row.most == 7


def test_what_is_read_ahead_is_given_out_once(transaction: Transaction) -> None:
    connection = sql.with_read_ahead(transaction.connection)
    asked, row = {"project": "new", "resource": "port"}, {"project": "new", "resource": "port", "most": 1}
    with sql.reading_ahead(connection, lambda: [limits.read(connection, asked)]):
        set_limit(connection, [row])
        first, second = (limits.rows(connection, asked) for _ in range(2))
        assert (first, second) == ([] if connection.dialect.name == "postgresql" else [(1,)], [(1,)])


def test_what_is_read_ahead_is_forgotten_at_the_end(transaction: Transaction) -> None:
    connection = sql.with_read_ahead(transaction.connection)
    with sql.reading_ahead(connection, lambda: [of_projects.read(connection, ["new"], resource="port")]):
        set_limit(connection, [{"project": "new", "resource": "port", "most": 1}])
    assert [row.project_id for row in of_projects(connection, ["new"], resource="port")] == ["new"]


def test_several_are_read_ahead_together(transaction: Transaction) -> None:
    connection = sql.with_read_ahead(transaction.connection)
    asked = [[project] for project in PROJECTS]
    with sql.reading_ahead(connection, lambda: [of_projects.read(connection, each, resource="port") for each in asked]):
        found = [of_projects(connection, each, resource="port") for each in asked]
    assert [row.project_id for rows in found for row in rows] == PROJECTS


def test_reading_ahead_fails_as_reading_does(transaction: Transaction) -> None:
    connection = sql.with_read_ahead(transaction.connection)
    if connection.dialect.name == "postgresql":
        with pytest.raises(DBAPIError), sql.reading_ahead(connection, lambda: [("SELECT 1 FROM nothing", {})]):
            pass
