"""Options that say above which number something is done, or that it never is."""

import click

NEVER = "none"


def number_or_never(text: str) -> int | str:
    """What an option with this as its type is given: a number, or ``none``. Raises click.BadParameter."""
    if text == NEVER:
        return NEVER
    if text.isdecimal():
        return int(text)
    raise click.BadParameter(f"{text!r} is neither a number nor {NEVER}")


def above(given: int | str | None, default: int | None) -> int | None:
    """What holds: what was given, or the default where nothing was; None for never."""
    if given is None:
        return default
    return given if isinstance(given, int) else None
