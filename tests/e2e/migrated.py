"""Controllers of testbeds that find their tables."""

from alcor.testbed.controller import Controller
from tests.databases import sqlite_tables


def start_migrated(controller: Controller) -> None:
    """Start the controller for the first time, on an SQLite database that has all tables and no resources."""
    (controller.directory / "alcor.db").write_bytes(sqlite_tables())
    controller.start()
