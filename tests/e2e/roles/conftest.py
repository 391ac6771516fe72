"""The PostgreSQL that processes with roles of their own share."""

from tests.databases import postgresql, postgresql_template

__all__ = ["postgresql", "postgresql_template"]
