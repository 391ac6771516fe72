"""What migrations say again and again. It stays as it is: what a migration once made does not change."""

import sqlalchemy as sa


def standard_columns(longest_description: int = 255) -> list[sa.Column[object]]:
    """The columns that tables of Neutron's resources begin with."""
    return [
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(longest_description), nullable=False),
        *revision_columns(),
    ]


def revision_columns() -> list[sa.Column[object]]:
    """The columns that say which revision a resource is, and of when."""
    return [
        sa.Column("revision_number", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    ]
