"""Migrations are run by Alembic, on a connection that is open already."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from alcor.store.migrations import DIRECTORY


def run_migrations(connection: Connection) -> None:
    """Bring the tables up to date."""
    command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for work on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(DIRECTORY))
    config.attributes["connection"] = connection
    return config
