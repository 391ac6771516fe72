"""Which hosts have ports in subnets that routers connect with a VPC, as the database said: they may ask about it.

A manager that is one of several does not hold the VPCs of those subnets. What it read holds for one lease or two; that
routers still connect them is known at any time.
"""

from collections.abc import Iterable, Mapping

from alcor.model.identifiers import Id

Subnets = frozenset[Id]


class Admitted:
    """Two generations of hosts by VNI, each with its subnets."""

    def __init__(self) -> None:
        self._young: dict[tuple[int, str], Subnets] = {}
        self._old: dict[tuple[int, str], Subnets] = {}

    def add(self, vni: int, hosts: Mapping[str, Subnets]) -> None:
        """These hosts have ports in these subnets."""
        for host_id, subnets in hosts.items():
            self._young[vni, host_id] = subnets

    def admits(self, vni: int, host_id: str, joined: Iterable[Id]) -> bool:
        """Whether the host has ports in any of the subnets that are joined with the VPC now."""
        subnets = self._young.get((vni, host_id)) or self._old.get((vni, host_id))
        return subnets is not None and not subnets.isdisjoint(joined)

    def is_old(self, vni: int, host_id: str) -> bool:
        """Whether what is known of the host is soon to be forgotten."""
        return (vni, host_id) in self._old and (vni, host_id) not in self._young

    def rotate(self) -> None:
        """A lease has passed."""
        self._old, self._young = self._young, {}
