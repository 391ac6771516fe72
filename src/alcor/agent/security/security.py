"""Security groups and network ACLs of the goal state as the data plane is told of them, with who is a member of a group
and who is a stranger."""

from collections.abc import Callable, Mapping, Set

from alcor.agent.counters import Counters
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.security.deciding import Deciding
from alcor.agent.security.groups import data_plane_group
from alcor.agent.security.members import Members
from alcor.agent.security.peers import Peers
from alcor.agent.wanted import Wanted
from alcor.dataplane.driver import Change, DataPlane, State
from alcor.dataplane.subnet_acls import data_plane_acl
from alcor.model.goal_state import GoalState, GoalStateDelta
from alcor.model.identifiers import Id


class Security:
    """Gathers what was touched since the data plane was last told, and adds it to what that is told next."""

    def __init__(
        self, wanted: Wanted, driver: DataPlane, counters: Counters, on_demand: OnDemand, clock: Callable[[], float]
    ) -> None:
        self._peers = Peers(wanted, on_demand.learned)
        self._members = Members(self._peers)
        self.deciding = Deciding(wanted, driver, counters, on_demand, self._peers, clock)
        self._touched: set[Id] = set()  # security groups
        self._touched_acls: set[Id] = set()

    def touch(self, goal: GoalState, delta: GoalStateDelta) -> None:
        """A delta is about to be applied to the goal state; after a snapshot the whole state is asked for."""
        if not delta.snapshot:
            self._touched.update(delta.removed_security_groups, delta.security_groups)
            self._touched_acls.update(delta.removed_network_acls, delta.network_acls)
            self._members.touch(goal, delta)
            self.deciding.strangers.review()
        self._peers.before(goal, delta)

    def touch_learned(self, touched: Mapping[int, Set[int]]) -> None:
        """What is learned of these MACs, by VNI, has changed, or they are known no longer."""
        self._members.touch_learned(touched)
        self.deciding.strangers.review()

    def add_whole(self, state: State, goal: GoalState) -> None:
        """Add all that the data plane should have."""
        self._touched.clear()
        self._touched_acls.clear()
        state.security_groups = {each.id: data_plane_group(each) for each in goal.security_groups.values()}
        state.network_acls = {each.id: data_plane_acl(each) for each in goal.network_acls.values()}
        state.members = self._members.whole(goal)
        state.strangers = self.deciding.strangers.whole()

    def add_change(self, change: Change, goal: GoalState) -> None:
        """Add what to change in the data plane for all that was touched."""
        touched, self._touched = self._touched, set()
        touched_acls, self._touched_acls = self._touched_acls, set()
        for group_id in touched:
            if group_id in goal.security_groups:
                change.security_groups[group_id] = data_plane_group(goal.security_groups[group_id])
            else:
                change.removed_security_groups.add(group_id)
        for acl_id in touched_acls:
            if acl_id in goal.network_acls:
                change.network_acls[acl_id] = data_plane_acl(goal.network_acls[acl_id])
            else:
                change.removed_network_acls.add(acl_id)
        change.members = self._members.change(goal)
        change.strangers = self.deciding.strangers.change()
