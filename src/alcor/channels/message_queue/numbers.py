"""The numbers of what one side says in a session. Pure."""

import enum


class Heard(enum.Enum):
    """What to do with a message."""

    NEXT = enum.auto()
    REPEATED = enum.auto()  # pass it over
    MISSING = enum.auto()  # one before it never came: the session cannot go on


class Numbers:
    """Of one session: queues deliver at least once, and a client that connects again may send twice."""

    __slots__ = ("heard", "said")

    def __init__(self) -> None:
        self.said = self.heard = 0

    def next(self) -> int:
        """The number of what is said next."""
        return self.said + 1

    def say(self) -> None:
        """It is said."""
        self.said += 1

    def hear(self, number: int) -> Heard:
        """Judge what was heard; NEXT counts on its being taken."""
        if number <= self.heard:
            return Heard.REPEATED
        if number > self.heard + 1:
            return Heard.MISSING
        self.heard = number
        return Heard.NEXT
