"""Every integration test may ask for a database of each kind, or a store open on one."""

from tests.databases import (
    database_url,
    empty_database_url,
    postgresql,
    postgresql_copies,
    postgresql_template,
    sqlite_template,
    store,
)

__all__ = [
    "database_url",
    "empty_database_url",
    "postgresql",
    "postgresql_copies",
    "postgresql_template",
    "sqlite_template",
    "store",
]
