"""The migrations of a database's tables, in a row: files in ``versions`` that begin with their revision."""

import functools
from pathlib import Path

DIRECTORY = Path(__file__).parent


@functools.cache
def newest() -> str:
    """The revision of tables that are up to date."""
    return max(path.stem.partition("_")[0] for path in (DIRECTORY / "versions").glob("[0-9]*.py"))
