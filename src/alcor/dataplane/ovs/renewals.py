"""What goes when idle and is being programmed just now, so that old news of it is not mistaken for new.

A learned MAC address, next hop or stranger may go idle while the agent is about to program the same again. The news is
then about the earlier flow and must not make the agent forget the new one. The switch says that a flow is gone and that
it has done what it was told over one connection, so what comes before its answer is old.
"""

from collections.abc import Collection, Mapping

from alcor.model.addresses import Address

Key = tuple[int, int]
"""A table and a VNI."""

Learned = Mapping[Key, Collection[Address]]
"""MAC addresses, or addresses of next hops or strangers, by the table in which they are flows and the VNI."""


class Renewals:
    """The renewals under way."""

    def __init__(self) -> None:
        self._open: list[Renewal] = []

    def begin(self, learned: Learned) -> "Renewal":
        """These are about to be programmed. To be ended in any case."""
        renewal = Renewal(learned, self._open)
        self._open.append(renewal)
        return renewal

    def cover(self, key: Key, value: Address) -> bool:
        """True when news of this one is old."""
        return any(value in renewal.learned.get(key, ()) for renewal in self._open)


class Renewal:
    """One of them; as a context it ends with its block at the latest."""

    def __init__(self, learned: Learned, siblings: list["Renewal"]) -> None:
        self.learned = learned
        self._siblings = siblings

    def end(self) -> None:
        """From here on news is new."""
        if self in self._siblings:
            self._siblings.remove(self)

    def __enter__(self) -> "Renewal":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
