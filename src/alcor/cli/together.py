"""Options that a command has together."""

from collections.abc import Callable
from typing import Any

Command = Callable[..., None]
Decorate = Callable[[Any], Any]


def together(*options: Decorate) -> Callable[[Command], Command]:
    """What gives a command all of these, in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
