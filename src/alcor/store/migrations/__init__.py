"""The migrations of a database's tables, in a row: files in ``versions`` that begin with their revision."""

from pathlib import Path

DIRECTORY = Path(__file__).parent
