"""In which VPCs broadcast and multicast reach everybody, and which hosts get a copy. Pure.

The host of the sender makes all copies. So a VPC is flooded if this host knows all its hosts, that is if it is told
ahead, and a packet becomes no more than so many copies: one for each port here and one for each other host.
"""

from alcor.dataplane.driver import Change, State
from alcor.model.goal_state import GoalState, GoalStateDelta

_PEERS_OF_A_COPY = 64  # a VPC with more peers than this for each copy allowed is too large to be looked at


class Flooding:
    """Gathers what was touched since the data plane was last told, and adds it to what that is told next."""

    def __init__(self, own_vtep: int, most_copies: int) -> None:
        self._own_vtep, self._most_copies = own_vtep, most_copies
        self._told: dict[int, frozenset[int]] = {}  # VTEPs by VNI
        self._touched: set[int] = set()

    def touch(self, goal: GoalState, delta: GoalStateDelta) -> None:
        """A delta is about to be applied to the goal state; after a snapshot the whole state is asked for."""
        if delta.snapshot:
            return
        self._touched.update(delta.vpcs, delta.removed_vpcs, delta.neighbours)
        for ports in (goal.ports, delta.ports):
            self._touched.update(
                ports[port_id].vni for port_id in (*delta.ports, *delta.removed_ports) if port_id in ports
            )
        if delta.vteps or delta.removed_vteps:
            self._touched.update(goal.vpcs)

    def add_whole(self, state: State, goal: GoalState) -> None:
        """Add all that the data plane should have."""
        self._touched.clear()
        found = {vni: self._vteps(goal, vni) for vni in goal.vpcs}
        self._told = {vni: vteps for vni, vteps in found.items() if vteps is not None}
        state.flooded = dict(self._told)

    def add_change(self, change: Change, goal: GoalState) -> None:
        """Add what to change in the data plane for all that was touched."""
        touched, self._touched = self._touched, set()
        for vni in touched:
            vteps = self._vteps(goal, vni)
            if vteps == self._told.get(vni):
                continue
            if vteps is None:
                del self._told[vni]
                change.removed_flooded.add(vni)
            else:
                change.flooded[vni] = self._told[vni] = vteps

    def _vteps(self, goal: GoalState, vni: int) -> frozenset[int] | None:
        """Where the other hosts are that have ports of a VPC; None when it is not flooded."""
        vpc, neighbours = goal.vpcs.get(vni), goal.neighbours.get(vni)
        forwarding = {} if neighbours is None else neighbours.forwarding
        if vpc is None or vpc.on_demand or len(forwarding) > self._most_copies * _PEERS_OF_A_COPY:
            return None
        vteps = frozenset(goal.vteps[index] for index in set(forwarding.values()) if index in goal.vteps)
        vteps -= {self._own_vtep}
        here = sum(port.vni == vni for port in goal.ports.values())
        return vteps if len(vteps) + here <= self._most_copies else None
