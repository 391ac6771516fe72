"""What all tables are made of."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PARTLY_INDEXED = "partly_indexed"
"""In the ``info`` of a column: whether there are indexes of a value, and the condition that they are under.

No database knows by itself that what has such a value fulfils it.
"""

FINDS_FEW = "finds_few"
"""In the ``info`` of an index: that few rows have the same in its first column, as with all indexes of one column."""

ALL_VALUES = "all_values"
"""In the ``info`` of a column: the values that it has anywhere. Others need not be looked for."""


def standard_columns(
    longest_description: int = 255, name_info: Mapping[str, Any] | None = None
) -> list[Column[object]]:
    """The columns of every Neutron resource; ``name_info`` is what is to be known of the column of names."""
    return [
        Column("id", String(36), primary_key=True),
        Column("project_id", String(255), nullable=False),
        Column("name", String(255), nullable=False, info=dict(name_info or {})),
        Column("description", String(longest_description), nullable=False),
        *revision_columns(),
    ]


def revision_columns() -> list[Column[object]]:
    """The columns that say which revision a resource is, and of when: seconds since the epoch."""
    return [
        Column("revision_number", BigInteger, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
    ]
