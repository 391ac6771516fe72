"""Controllers of testbeds that find their tables: to make them takes as long as all else of a controller's start."""

import functools
import tempfile
from pathlib import Path

from alcor.store import migrate
from alcor.store.engine import open_engine
from alcor.testbed.controller import Controller

_FILE = "alcor.db"


def start_migrated(controller: Controller) -> None:
    """Start the controller for the first time, on an SQLite database that has all tables and no resources."""
    (controller.directory / _FILE).write_bytes(_tables())
    controller.start()


@functools.cache
def _tables() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / _FILE
        engine = open_engine(f"sqlite:///{path}", 1)
        migrate.upgrade(engine)
        engine.dispose()
        return path.read_bytes()
