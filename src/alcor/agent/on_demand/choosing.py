"""Which of several Network Config Managers answers for a VPC: the first in the VPC's order that is not away. Pure.

Everybody asks the same one about a VPC because the order is the same everywhere (model.rendezvous). That saves work and
is not what answers depend on: whoever is asked answers.
"""

import enum
from collections.abc import Mapping, Sequence

import msgspec

CONFIGURED = ""
"""Stands last in every order: a manager at one of the controllers that the agent is configured with."""


class Reach(enum.Enum):
    """How the agent stands to a manager."""

    TRYING = "connecting"
    UP = "connected"
    DOWN = "unreachable"  # lately; it is tried again


class Choice(msgspec.Struct, frozen=True):
    """Whom to ask about a VPC, if anybody is at hand, and to whom streams should be open for its sake."""

    manager: str | None
    wanted: tuple[str, ...]


def choose(order: Sequence[str], reach: Mapping[str, Reach], current: str | None) -> Choice:
    """``order`` is the VPC's; whom ``reach`` does not name was not tried yet; ``current`` is who is asked now.

    One that is being tried is waited for, and meanwhile who was asked is asked on: another manager that happens to be
    at hand would have to take the whole VPC up. Those that could not be reached are tried on. The more could not, the
    more are tried at once, and the first at hand is asked, so that no long row of dead ones has to be waited for.
    """
    manager, down, trying = None, 0, 0
    wanted = []
    for name in order:
        wanted.append(name)
        match reach.get(name, Reach.TRYING):
            case Reach.UP:
                manager = name
                break
            case Reach.DOWN:
                down += 1
            case Reach.TRYING:
                trying += 1
        if trying > max(0, down - 1):
            break
    if manager is None and current is not None and reach.get(current) is Reach.UP:
        manager = current
    if manager is not None and manager not in wanted:
        wanted.append(manager)
    return Choice(manager, tuple(wanted))
