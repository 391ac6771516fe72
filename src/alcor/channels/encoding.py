"""Goal states as they travel to hosts. What many hosts are told alike is encoded once.

Hosts differ in the revision that a delta follows on. It is put before what they have in common: of a protobuf message
that is given in two pieces, one after the other, the receiver makes one (protobuf.dev/programming-guides/encoding,
"Last One Wins").
"""

from collections import OrderedDict
from collections.abc import Iterator

from alcor.channels.codec import goal_state_to_messages
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta
from alcor.southbound.v1 import southbound_pb2 as pb

_REMEMBERED = 64
_MOST_ITEMS = 2000  # in what is remembered
_ITEM_BYTES = 40  # at most


class GoalStateEncoder:
    """Encodes goal states for all hosts of a server.

    Deltas that hold nothing but neighbours in the same dictionary are the same, as the Data Plane Manager shares them.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], tuple[dict[int, NeighbourDelta], bytes]] = OrderedDict()

    def parts(self, delta: GoalStateDelta, max_bytes: int) -> Iterator[tuple[bytes, bool]]:
        """Its parts as ControllerMessages, each about ``max_bytes`` at most, and whether more follow."""
        if _only_a_few_neighbours(delta, min(_MOST_ITEMS, max_bytes // _ITEM_BYTES)):
            follows_on = pb.ControllerMessage(goal_state=pb.GoalState(base_revision=delta.base_revision))
            yield follows_on.SerializeToString() + self._common(delta), False
            return
        for part in goal_state_to_messages(delta, max_bytes):
            yield pb.ControllerMessage(goal_state=part).SerializeToString(), part.more

    def _common(self, delta: GoalStateDelta) -> bytes:
        """All but the base revision."""
        key = (id(delta.neighbours), delta.revision)
        known = self._known.get(key)
        if known is not None:
            return known[1]
        (part,) = goal_state_to_messages(delta)
        part.base_revision = 0
        data = pb.ControllerMessage(goal_state=part).SerializeToString()
        self._known[key] = (delta.neighbours, data)  # as long as it is here, no other has its id
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return data


def _only_a_few_neighbours(delta: GoalStateDelta, most: int) -> bool:
    if delta.snapshot or delta.vpcs or delta.subnets or delta.ports or delta.vteps or delta.routers:
        return False
    if delta.router_deltas or delta.feeds:
        return False
    if delta.removed_vpcs or delta.removed_subnets or delta.removed_ports or delta.removed_vteps:
        return False
    if delta.removed_routers or delta.security_groups or delta.removed_security_groups:
        return False
    if delta.network_acls or delta.removed_network_acls:
        return False
    return delta.neighbour_count() <= most
