"""The addresses of which everything is known that may be, and which still are in no group that lets them pass. Pure.

The data plane has those whose packets came to the agent lately. When anything that is known changes, they are looked at
again: one of which something may be learned now is asked about at its next packet.
"""

from collections.abc import Callable, Iterable

from alcor.dataplane.security_groups import StrangersDelta

Knows = Callable[[int, bytes], bool]
"""Whether everything is known of an address, for workloads of a VPC (by VNI)."""


class Strangers:
    """Those that the data plane was told of, by VNI."""

    def __init__(self, knows: Knows) -> None:
        self._knows = knows
        self._told: dict[int, set[bytes]] = {}
        self._new: dict[int, set[bytes]] = {}
        self._to_review = False

    def review(self) -> None:
        """What is known has changed, or may have."""
        self._to_review = True

    def use(self, vni: int, address: bytes) -> None:
        """A packet depends on an address of which everything is known: the data plane is told, again if need be."""
        self._new.setdefault(vni, set()).add(address)

    def is_new(self, vni: int, address: bytes) -> bool:
        """Whether the data plane is yet to be told of this one."""
        return address in self._new.get(vni, ())

    def idle(self, vni: int, address: bytes) -> None:
        """The data plane dropped this one."""
        told = self._told.get(vni, set())
        told.discard(address)
        if not told:
            self._told.pop(vni, None)

    def count(self) -> int:
        """How many the data plane has."""
        return sum(map(len, self._told.values()))

    def have_lapsed(self) -> bool:
        """Whether of some that the data plane has more is to be found out by now."""
        return any(not self._knows(vni, address) for vni, told in self._told.items() for address in told)

    def whole(self) -> dict[int, set[bytes]]:
        """All that the data plane should have."""
        self.review()
        self.change()
        return {vni: set(told) for vni, told in self._told.items()}

    def change(self) -> dict[int, StrangersDelta]:
        """What to change in the data plane."""
        new, self._new = self._new, {}
        to_review, self._to_review = self._to_review, False
        deltas = {}
        for vni in {*(self._told if to_review else ()), *new}:
            told, wanted = self._told.setdefault(vni, set()), new.get(vni, set())
            known = self._known(vni, told | wanted if to_review else wanted)
            delta = StrangersDelta(put=known & wanted, removed=told - known if to_review else set())
            told -= delta.removed
            told |= delta.put
            if not told:
                del self._told[vni]
            if delta.put or delta.removed:
                deltas[vni] = delta
        return deltas

    def _known(self, vni: int, addresses: Iterable[bytes]) -> set[bytes]:
        return {address for address in addresses if self._knows(vni, address)}
