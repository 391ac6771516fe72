"""What a switch would do with a frame, found out with a copy of it, so that nothing comes of it."""

from collections.abc import Callable

from alcor.dataplane.driver import Fate, Outcome
from alcor.dataplane.memory.switch import MemorySwitch
from alcor.model.identifiers import Id


class _Nowhere:
    """An underlay that takes note of where frames would go."""

    def __init__(self) -> None:
        self.vtep = self.vni = 0
        self.frame = b""

    def join(self, switch: MemorySwitch) -> None:
        """See Underlay."""

    def carry(self, vtep: int, vni: int, frame: bytes) -> bool:
        """See Underlay."""
        self.vtep, self.vni, self.frame = vtep, vni, frame
        return True


def fate_of(switch: MemorySwitch, port_id: Id, frame: bytes) -> Fate:
    """What would become of a frame if the workload behind a port sent it now."""
    return _fate(switch, lambda copy: copy.take_from_workload(port_id, frame))


def fate_arriving(switch: MemorySwitch, vni: int, frame: bytes) -> Fate:
    """What would become of a frame if it came now from another host."""
    return _fate(switch, lambda copy: copy.take_from_tunnel(vni, frame))


def _fate(switch: MemorySwitch, take: Callable[[MemorySwitch], object]) -> Fate:
    underlay, asked = _Nowhere(), list[str]()
    copy = switch.copy(underlay)
    copy.punt = lambda _port_id, _frame: asked.append("punt")
    copy.miss = lambda _port_id, _frame: asked.append("miss")
    copy.unrouted = lambda _port_id, _frame: asked.append("unrouted")
    copy.undecided = lambda _port_id, _frame, _ingress: asked.append("undecided")
    take(copy)
    if underlay.vtep:
        return Fate(Outcome.TUNNELLED, vtep=underlay.vtep, vni=underlay.vni, frame=underlay.frame)
    for receiver, inbox in copy.inboxes.items():
        if inbox:
            return Fate(Outcome.DELIVERED, port_id=receiver)
    if asked:
        return Fate(Outcome.ASKED, where=asked[0])
    return Fate(Outcome.DROPPED, where=", ".join(copy.dropped) or "nobody wants it")
