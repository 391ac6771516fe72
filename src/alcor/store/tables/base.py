"""What all tables are made of."""

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
"""In the ``info`` of a column: how values begin of which there are indexes, and the condition that they are under.

No database knows by itself that what has such a value fulfils it.
"""


def standard_columns(longest_description: int = 255) -> list[Column[object]]:
    """The columns of every Neutron resource."""
    return [
        Column("id", String(36), primary_key=True),
        Column("project_id", String(255), nullable=False),
        Column("name", String(255), nullable=False),
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
