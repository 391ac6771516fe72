"""Everything that is in the tables, read once."""

import json
from collections import defaultdict
from functools import cached_property
from typing import Any

from sqlalchemy import Column, Connection, Table

from alcor.model.choices import Choices
from alcor.store.tables import ip_allocation, metadata


class Database:
    """The rows of all tables as of one moment."""

    def __init__(self, connection: Connection, choices: Choices) -> None:
        self.connection = connection
        self.choices = choices
        filled = _filled(connection)
        self._rows = {
            table.name: connection.execute(table.select()).all() if table.name in filled else []
            for table in metadata.sorted_tables
        }
        self._values: dict[Column[Any], set[Any]] = {}

    def rows(self, table: Table) -> list[Any]:
        """All rows of a table."""
        return list(self._rows[table.name])

    def by_id(self, table: Table) -> dict[str, Any]:
        """All rows of a table by their ids."""
        return {row.id: row for row in self._rows[table.name]}

    def grouped(self, column: Column[Any]) -> dict[Any, list[Any]]:
        """All rows of the column's table, by what they have in it."""
        found: dict[Any, list[Any]] = defaultdict(list)
        for row in self._rows[column.table.name]:
            found[getattr(row, column.name)].append(row)
        return found

    def values(self, column: Column[Any]) -> set[Any]:
        """All that stands in a column."""
        if column not in self._values:
            self._values[column] = {getattr(row, column.name) for row in self._rows[column.table.name]}
        return self._values[column]

    @cached_property
    def addresses_of_ports(self) -> dict[str, list[Any]]:
        """The rows of the addresses of each port, in their order."""
        found = self.grouped(ip_allocation.c.port_id)
        return {port_id: sorted(rows, key=lambda row: row.position) for port_id, rows in found.items()}


def _filled(connection: Connection) -> set[str]:
    """The names of the tables that have rows: most have none after most tests, and are not worth a query each."""
    has_rows = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in metadata.tables)
    return set(connection.exec_driver_sql(" UNION ALL ".join(has_rows)).scalars())


def attributes_of(row: Any) -> dict[str, Any]:
    """What a row says in its column ``attributes``."""
    found: dict[str, Any] = {} if row.attributes == "{}" else json.loads(row.attributes)
    return found
