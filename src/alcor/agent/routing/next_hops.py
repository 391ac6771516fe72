"""The next hops that the data plane has because workloads use them. Pure.

When anything of a VPC changes, those in use there are looked up again: the cost is that of what is used.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec

from alcor.dataplane.driver import NextHop, NextHopDelta
from alcor.model.addresses import Address, address_number, version_of

Resolve = Callable[[int, Address], NextHop | None]
"""The next hop to an address of a VPC (by VNI), as far as it is known."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[int, list[Address]]).decode


class NextHops:
    """Those in use, by VNI and address, and what the data plane was told of them."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._told: dict[int, dict[Address, NextHop]] = {}
        self._macs: Counter[tuple[int, int]] = Counter()  # (VNI, MAC) → how many of those told
        self._new: dict[int, set[Address]] = {}

    def vnis(self) -> Iterable[int]:
        """VPCs in which any is used."""
        return self._told.keys()

    def count(self) -> int:
        """How many are used."""
        return sum(map(len, self._told.values()))

    def use(self, vni: int, address: Address) -> None:
        """A workload needs this one: the data plane is told of it, again if it was before."""
        self._new.setdefault(vni, set()).add(address)

    def is_new(self, vni: int, address: Address) -> bool:
        """Whether the data plane is yet to be told of this one."""
        return address in self._new.get(vni, ())

    def is_used(self, vni: int, address: Address) -> bool:
        """Whether the data plane has this one."""
        return address in self._told.get(vni, ()) and not self.is_new(vni, address)

    def idle(self, vni: int, address: Address) -> NextHop | None:
        """The data plane dropped this one, since nobody used it; returns what it was."""
        hop = self._told.get(vni, {}).get(address)
        self._set(vni, address, None)
        return hop

    def leads_to(self, vni: int, mac: int) -> bool:
        """Whether one in use is this MAC address, or may be, as long as some are yet to be looked up."""
        return self._macs[vni, mac] > 0 or bool(self._new)

    def whole(self) -> dict[int, dict[Address, NextHop]]:
        """All that the data plane should have."""
        self.change(list(self._told))
        return {vni: dict(hops) for vni, hops in self._told.items()}

    def change(self, touched: Iterable[int]) -> dict[int, NextHopDelta]:
        """What to change in the data plane when VPCs were touched, and some are needed that were not."""
        new, self._new = self._new, {}
        deltas = {}
        for vni in {*touched, *new}:
            told, needed = self._told.get(vni, {}), new.get(vni, set())
            delta = _difference(told, self._resolved(vni, told.keys() | needed), needed)
            for address in delta.removed:
                self._set(vni, address, None)
            for address, hop in delta.put.items():
                self._set(vni, address, hop)
            if delta.put or delta.removed:
                deltas[vni] = delta
        return deltas

    def dump(self) -> bytes:
        """Which are used, for a file."""
        return _encode({vni: sorted(hops, key=_order) for vni, hops in sorted(self._told.items())})

    def restore(self, data: bytes) -> None:
        """Take up what an earlier life used. Raises ValueError when it is no dump."""
        try:
            used = _decode(data)
        except msgspec.DecodeError as error:
            raise ValueError(str(error)) from error
        for vni, addresses in used.items():
            for address in addresses:
                self.use(vni, address)

    def _set(self, vni: int, address: Address, hop: NextHop | None) -> None:
        hops = self._told.setdefault(vni, {})
        old = hops.pop(address, None)
        if old is not None:
            self._macs[vni, old.mac] -= 1
            if not self._macs[vni, old.mac]:
                del self._macs[vni, old.mac]
        if hop is not None:
            hops[address] = hop
            self._macs[vni, hop.mac] += 1
        if not hops:
            del self._told[vni]

    def _resolved(self, vni: int, addresses: Iterable[Address]) -> dict[Address, NextHop]:
        found = ((address, self._resolve(vni, address)) for address in addresses)
        return {address: hop for address, hop in found if hop is not None}


def _order(address: Address) -> tuple[int, int]:
    return version_of(address), address_number(address)


def _difference(told: Mapping[Address, NextHop], now: Mapping[Address, NextHop], needed: set[Address]) -> NextHopDelta:
    changed = {address for address, hop in told.items() if now.get(address) != hop}
    return NextHopDelta({each: hop for each, hop in now.items() if each in needed or each in changed}, changed)
