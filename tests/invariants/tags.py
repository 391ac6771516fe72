"""Tags."""

from collections.abc import Iterator

from alcor.store.tables import metadata, tag
from tests.invariants.database import Database, attributes_of


def tags_are_found_as_they_are_shown(database: Database) -> Iterator[str]:
    """The row of a resource has its tags, and so does the table by which they are found; no other tags are there."""
    shown = {
        (row.id, each)
        for table in metadata.sorted_tables
        if {"id", "attributes"} <= set(table.columns.keys())
        for row in database.rows(table)
        for each in attributes_of(row).get("tags", ())
    }
    found = {(row.resource_id, row.tag) for row in database.rows(tag)}
    yield from (f"{each} is found and not shown" for each in found - shown)
    yield from (f"{each} is shown and not found" for each in shown - found)
