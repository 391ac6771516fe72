"""The invariants as the services alone can keep them, and all rows of all tables."""

from typing import Any

from sqlalchemy import Connection

from alcor.model.choices import USUAL, Choices
from alcor.store.tables import metadata
from tests import invariants

_KEPT_BY_CONTROLLERS = ("active_ports_are_on_connected_hosts",)


def check(connection: Connection, choices: Choices = USUAL) -> None:
    """Nothing leaked, nothing held twice, and the change log tells what the tables hold."""
    invariants.check(connection, choices, _KEPT_BY_CONTROLLERS)


def everything(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, to see that a refused request changed none."""
    return {
        table.name: sorted(tuple(row) for row in connection.execute(table.select())) for table in metadata.sorted_tables
    }
