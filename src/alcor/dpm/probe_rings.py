"""Which hosts each host probes, so that every host is probed by several, whatever it is like. Pure.

Hosts stand on rings, and each probes those that follow it: so each is probed by as many as it probes, and one that
comes or goes changes only what its neighbours probe. One ring is in the order in which hosts were registered, in which
neighbours often share a rack; another is in an order that is random and another one each hour, so that in time all
parts of the underlay are met. In VPCs of few hosts these are on a ring, too: what they carry for each other is what
matters most. A host takes part in that of two of its VPCs, chosen alike by all, so that it is not probed by all whom it
serves.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

NEAR, FAR, VPCS = 2, 2, 2
"""How many hosts each probes on the first two rings, and on how many rings of VPCs it is."""

MOST_IN_VPC = 64
"""Hosts of a VPC that has a ring of its own, at most: others are as good as the whole region."""

_INDEX_BITS = 32
_INDEX_MASK = (1 << _INDEX_BITS) - 1
_WORD = (1 << 64) - 1


class ProbeRings:
    """The rings of all hosts of a region, as of an hour."""

    def __init__(self, hosts: Iterable[tuple[int, str]], hour: int) -> None:
        """``hosts`` are host indexes with their hosts' ids; ``hour`` is any number that is another one each hour."""
        ordered = sorted(hosts)
        self._hour = hour
        self._near = [index for index, _ in ordered]
        self._ids = [host_id for _, host_id in ordered]
        self._far = sorted(_place(index, hour) for index in self._near)

    def is_like(self, other: "ProbeRings") -> bool:
        """Whether every host probes the same by both."""
        return self._hour == other._hour and self._near == other._near

    def host_id(self, index: int) -> str | None:
        """The host of an index; None for none."""
        position = bisect_left(self._near, index)
        return self._ids[position] if position < len(self._near) and self._near[position] == index else None

    def targets(self, index: int, vpcs: Iterable[Iterable[int]] = ()) -> list[int]:
        """The hosts that a host probes, none twice. ``vpcs`` are the indexes of the hosts on each ring of a VPC."""
        chosen = dict.fromkeys(_following(self._near, index, NEAR))
        chosen.update(dict.fromkeys(place & _INDEX_MASK for place in _following(self._far, self._place(index), FAR)))
        for members in vpcs:
            ring = sorted(self._place(member) for member in members)
            chosen.update(dict.fromkeys(place & _INDEX_MASK for place in _following(ring, self._place(index), 1)))
        chosen.pop(index, None)
        return list(chosen)

    def rank(self, number: int) -> int:
        """Where a VPC stands in this hour, for a host to choose those on whose rings it is."""
        return _mixed(number, self._hour)

    def _place(self, index: int) -> int:
        return _place(index, self._hour)


def _following(ring: list[int], own: int, count: int) -> Iterator[int]:
    """Those that follow on a ring, as many as there are; ``own`` need not be on it."""
    start = bisect_right(ring, own)
    for step in range(min(count, len(ring))):
        yield ring[(start + step) % len(ring)]


def _place(index: int, hour: int) -> int:
    return _mixed(index, hour) << _INDEX_BITS | index


def _mixed(number: int, hour: int) -> int:
    """A number as good as random (the finalizer of SplitMix64)."""
    value = (number * 0x9E3779B97F4A7C15 + hour * 0xD1B54A32D192ED03) & _WORD
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & _WORD
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & _WORD
    return value ^ value >> 31
