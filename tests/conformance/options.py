"""How the suites of others are all run: their options, and what they need."""

from collections.abc import Callable
from pathlib import Path

import click

from tests.databases import DATABASES
from tests.keystone.keystone import ROOT

REGEX = click.option("--regex", default="", help="Only those whose name matches.")
DATABASE = click.option("--database", type=click.Choice(DATABASES), default=DATABASES[0], show_default=True,
                        help="What the controller keeps its resources in.")  # fmt: skip
OUTPUT = click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=ROOT / ".conformance",
                      show_default=True, help="Where the results and the logs go.")  # fmt: skip


def suite(main: Callable[..., None]) -> click.Command:
    """The command of a suite that has these options alone."""
    return click.command()(REGEX(DATABASE(OUTPUT(main))))


def require(installed: Path, name: str) -> None:
    """Raises click.ClickException when what a suite runs is not installed."""
    if not installed.exists():
        raise click.ClickException(f"{name.capitalize()} is not installed: make install-{name}")
