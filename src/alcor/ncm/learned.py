"""Which hosts have learned what, for as long as a lease: so that a change reaches exactly those who know the old."""

from collections.abc import Iterable, Set
from typing import Generic, TypeVar

Key = TypeVar("Key")
Learner = TypeVar("Learner")


class Learned(Generic[Key, Learner]):
    """Two generations of what was learned: what is not learned again within one or two rotations is forgotten.

    Rotating once a lease costs nothing, whatever the number of entries, and needs no time for each.
    """

    def __init__(self) -> None:
        self._young: dict[Key, set[Learner]] = {}
        self._old: dict[Key, set[Learner]] = {}

    def add(self, key: Key, learner: Learner) -> None:
        """A host has learned this now."""
        learners = self._young.get(key)
        if learners is None:
            self._young[key] = {learner}
        else:
            learners.add(learner)

    def learners(self, key: Key) -> Set[Learner]:
        """The hosts that know this, as far as remembered."""
        young, old = self._young.get(key), self._old.get(key)
        if young and old:
            return young | old
        return young or old or set()

    def take(self, key: Key) -> Set[Learner]:
        """The hosts that know this; from now on nobody does."""
        learners = self.learners(key)
        self._young.pop(key, None)
        self._old.pop(key, None)
        return learners

    def everybody(self) -> set[Learner]:
        """All who know anything."""
        return set().union(*self._young.values(), *self._old.values())

    def rotate(self) -> None:
        """A lease has passed."""
        self._old, self._young = self._young, {}

    def __len__(self) -> int:
        """Entries remembered, some perhaps twice."""
        return sum(map(len, self._young.values())) + sum(map(len, self._old.values()))


def keys_of(*parts: Iterable[Key]) -> set[Key]:
    """Every key of several maps or sets."""
    return {key for part in parts for key in part}
