"""Statements made once, whatever they are asked."""

import pytest
from sqlalchemy import Engine, bindparam, event, select

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
