"""Which hosts have learned what, for as long as a lease: so that a change reaches exactly those who know the old."""

from collections.abc import Iterable, Set
from typing import Generic, TypeVar

Key = TypeVar("Key")
Learner = TypeVar("Learner")

_NOBODY: frozenset[None] = frozenset()


class Learned(Generic[Key, Learner]):
    """Two generations of what was learned: what is not learned again within one or two rotations is forgotten.

    Rotating once a lease costs nothing, whatever the number of entries, and needs no time for each. In a large VPC most
    things are known to one host: that one is kept without a set around it, at a third of the memory. So learners must
    not be sets themselves.
    """

    def __init__(self) -> None:
        self._young: dict[Key, Learner | set[Learner]] = {}
        self._old: dict[Key, Learner | set[Learner]] = {}

    def add(self, key: Key, learner: Learner) -> None:
        """A host has learned this now."""
        known = self._young.setdefault(key, learner)
        if known is learner:
            return
        if isinstance(known, set):
            known.add(learner)
        else:
            self._young[key] = {known, learner}

    def learners(self, key: Key) -> Set[Learner]:
        """The hosts that know this, as far as remembered."""
        young, old = _as_set(self._young.get(key)), _as_set(self._old.get(key))
        return young | old if young and old else young or old

    def take(self, key: Key) -> Set[Learner]:
        """The hosts that know this; from now on nobody does."""
        learners = self.learners(key)
        self._young.pop(key, None)
        self._old.pop(key, None)
        return learners

    def everybody(self) -> set[Learner]:
        """All who know anything."""
        return {learner for known in (self._young, self._old) for each in known.values() for learner in _as_set(each)}

    def rotate(self) -> None:
        """A lease has passed."""
        self._old, self._young = self._young, {}

    def __len__(self) -> int:
        """Entries remembered, some perhaps twice."""
        return sum(map(_count, self._young.values())) + sum(map(_count, self._old.values()))


def _as_set(known: Learner | set[Learner] | None) -> Set[Learner]:
    if known is None:
        return _NOBODY  # type: ignore[return-value]
    return known if isinstance(known, set) else {known}


def _count(known: object) -> int:
    return len(known) if isinstance(known, set) else 1


def keys_of(*parts: Iterable[Key]) -> set[Key]:
    """Every key of several maps or sets."""
    return {key for part in parts for key in part}
