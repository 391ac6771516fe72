"""What a switch would do with a frame, found out with a copy of it, so that nothing comes of it."""

from alcor.dataplane.driver import Fate, Outcome
from alcor.dataplane.memory.switch import MemorySwitch
from alcor.model.identifiers import Id


class _Nowhere:
    """An underlay that takes note of where frames would go."""

    def __init__(self) -> None:
        self.vtep = 0

    def join(self, switch: MemorySwitch) -> None:
        """See Underlay."""

    def carry(self, vtep: int, _vni: int, _frame: bytes) -> bool:
        """See Underlay."""
        self.vtep = vtep
        return True


def fate_of(switch: MemorySwitch, port_id: Id, frame: bytes) -> Fate:
    """What would become of a frame if the workload behind a port sent it now."""
    underlay, asked = _Nowhere(), list[str]()
    copy = switch.copy(underlay)
    copy.punt = lambda _port_id, _frame: asked.append("punt")
    copy.miss = lambda _port_id, _frame: asked.append("miss")
    copy.unrouted = lambda _port_id, _frame: asked.append("unrouted")
    copy.undecided = lambda _port_id, _frame, _ingress: asked.append("undecided")
    copy.take_from_workload(port_id, frame)
    if underlay.vtep:
        return Fate(Outcome.TUNNELLED, vtep=underlay.vtep)
    for receiver, inbox in copy.inboxes.items():
        if inbox:
            return Fate(Outcome.DELIVERED, port_id=receiver)
    if asked:
        return Fate(Outcome.ASKED, where=asked[0])
    return Fate(Outcome.DROPPED, where=", ".join(copy.dropped) or "nobody wants it")
