"""What the agent tells controllers about the ports of its host."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import msgspec

from alcor.channels.messages import PortState, State
from alcor.model.goal_state import GoalState
from alcor.model.identifiers import Id


class PortStates:
    """The state of every port in the goal state, as of the last time the data plane answered.

    And of interfaces whose port it does not have: a workload that is to migrate here is plugged in before it comes.
    """

    def __init__(self) -> None:
        self.states: dict[Id, PortState] = {}
        self.programmed = (b"", 0)
        """The change log and the revision of the goal state that the data plane has last followed as a whole."""

    def now(self, log_id: bytes) -> list[PortState]:
        """How all ports do: a port that was not touched since is by the last goal state what it was by an earlier."""
        its_log, revision = self.programmed
        if its_log != log_id:
            return list(self.states.values())
        return [
            msgspec.structs.replace(state, revision=max(state.revision, revision)) for state in self.states.values()
        ]

    def settle(
        self, goal: GoalState, port_ids: Iterable[Id], interfaces: AbstractSet[Id], failures: Mapping[Id, str]
    ) -> list[PortState]:
        """The data plane has answered for these ports: their new states, to be reported even where unchanged.

        A port that left the goal state is forgotten with its interface: whoever took it away knows.
        """
        settled = []
        for port_id in port_ids:
            port = goal.ports.get(port_id)
            if port is None:
                settled += self._settle_unclaimed(port_id, port_id in interfaces, goal.revision)
                continue
            if port_id not in interfaces:
                state, reason = State.DOWN, "no interface"
            elif port_id in failures:
                state, reason = State.FAILED, failures[port_id]
            elif not port.admin_state_up:
                state, reason = State.DOWN, "administratively down"
            else:
                state, reason = State.UP, ""
            self.states[port_id] = PortState(port_id, state, reason, goal.revision)
            settled.append(self.states[port_id])
        return settled

    def _settle_unclaimed(self, port_id: Id, is_here: bool, revision: int) -> list[PortState]:
        """What to report of an interface, here or no more, whose port the goal state does not have."""
        before = self.states.pop(port_id, None)
        if is_here:
            self.states[port_id] = PortState(port_id, State.DOWN, "not a port of this host", revision, unclaimed=True)
            return [self.states[port_id]]
        if before is not None and before.unclaimed:
            return [PortState(port_id, State.DOWN, "no interface", revision)]
        return []

    def settle_all(self, goal: GoalState, interfaces: AbstractSet[Id], failures: Mapping[Id, str]) -> list[PortState]:
        """The data plane has answered for everything."""
        self.states = {}
        return self.settle(goal, goal.ports.keys() | interfaces, interfaces, failures)

    def failures(self) -> dict[Id, str]:
        """Why ports could not be programmed."""
        return {port_id: state.reason for port_id, state in self.states.items() if state.state is State.FAILED}
