"""Between a resource's attributes and its row: derived from the resource's definition and its table."""

import operator
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Table

from alcor.model.resource import Attribute, Kept, Resource, Unset

View = dict[str, Any]
"""A resource as the API shows it."""

ReadView = Mapping[str, Any]
"""The same, for those who only read it."""

NamedRow = Any
"""A tuple in the order of the table's columns, whose items have the columns' names, like a row that was read."""


class Rows:
    """How rows of a table hold a resource. A row is anything indexed in the order of the table's columns."""

    def __init__(self, resource: Resource, table: Table) -> None:
        attributes = list(resource.attributes.values())
        self._columns = [column.name for column in table.columns]
        self._named: Callable[[Sequence[Any]], NamedRow] = _named_row(table.name, self._columns)
        in_columns = {each.column: each for each in attributes if each.kept is Kept.COLUMN and not each.alias_of}
        self.beside = [name for name in self._columns if name != "attributes" and name not in in_columns]
        """Columns that hold no attribute."""
        self._writers = [_writer(name, in_columns.get(name)) for name in self._columns]
        shown = [each for each in attributes if each.kept is Kept.COLUMN]
        self._shown = [each.name for each in shown]
        self._values_of = operator.itemgetter(*(self._columns.index(each.column) for each in shown))
        self._converted = [(each.name, each.to_view) for each in shown if each.to_view is not None]
        self._implied = {
            each.name: each.implied for each in attributes if each.kept in (Kept.ATTRIBUTES, Kept.CONSTANT)
        }
        self._kept = {each.name: each.implied for each in attributes if each.kept is Kept.ATTRIBUTES}
        self._attributes_index = self._columns.index("attributes")

    def row(self, values: Mapping[str, Any]) -> NamedRow:
        """The row of a resource with these attributes."""
        return self._named(
            [write(values) if write is not None else self._attributes_text(values) for write in self._writers]
        )

    def changed_row(self, row: Any, values: Mapping[str, Any], now: int) -> NamedRow:
        """The row after an update of these attributes: a revision later."""
        kept = {"revision_number": row.revision_number + 1, "created_at": row.created_at, "updated_at": now}
        return self.row(self.view(row) | dict(values) | kept)

    def changed_in(self, row: Any, columns: Mapping[str, Any]) -> NamedRow:
        """The row with other values in these columns."""
        return self._named([columns.get(name, value) for name, value in zip(self._columns, row, strict=True)])

    def _attributes_text(self, values: Mapping[str, Any]) -> str:
        """The column ``attributes``: what is not implied, as JSON."""
        kept = {
            name: values[name] for name, implied in self._kept.items() if name in values and values[name] != implied
        }
        return orjson.dumps(kept).decode() if kept else "{}"

    def view(self, row: Sequence[Any]) -> View:
        """The attributes of a row."""
        view: View = dict(zip(self._shown, self._values_of(row), strict=True))
        for name, to_view in self._converted:
            view[name] = to_view(view[name])
        view.update(self._implied)
        if (text := row[self._attributes_index]) != "{}":
            view.update(orjson.loads(text))
        return view


def _named_row(name: str, columns: Sequence[str]) -> Callable[[Sequence[Any]], NamedRow]:
    row: Any = namedtuple(name, columns)  # type: ignore[misc]
    make: Callable[[Sequence[Any]], NamedRow] = row._make
    return make


def _writer(column: str, attribute: Attribute | None) -> Callable[[Mapping[str, Any]], Any] | None:
    if column == "attributes":
        return None
    if attribute is None or attribute.to_view is None:
        return operator.itemgetter(column if attribute is None else attribute.name)
    name, to_column = attribute.name, attribute.to_column
    if to_column is None:
        return operator.itemgetter(name)
    return lambda values: to_column(values[name])


def without(view: ReadView, names: Sequence[str]) -> View:
    """The resource without these attributes."""
    if not names and isinstance(view, dict):
        return view
    shown = dict(view)
    for name in names:
        shown.pop(name, None)
    return shown


def missing(values: Mapping[str, Any], name: str) -> bool:
    """Whether a request left an attribute to the service."""
    return name not in values or isinstance(values[name], Unset)
