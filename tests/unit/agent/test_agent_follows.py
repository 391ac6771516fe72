"""Whatever happens, in whatever order, the data plane ends up doing what goal state and interfaces imply.

A controller, an agent's core and a memory data plane, driven at random: goal states delivered and lost, interfaces
plugged and pulled, drivers refusing and failing, data planes restarted, agents killed with their journal cut or damaged
at any byte.
"""

import asyncio
import copy
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alcor.agent.announcing import Announcing
from alcor.agent.counters import Counters
from alcor.agent.dhcp.server import DhcpSettings
from alcor.agent.flooding import Flooding
from alcor.agent.ipv6.advertising import Advertising
from alcor.agent.journal import parse_journal
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.punt import PuntedPackets
from alcor.agent.reconcile import Reconciler
from alcor.agent.reports import Reports
from alcor.agent.routing.routing import Routing
from alcor.agent.security.security import Security
from alcor.agent.sequence import Sequence, Verdict
from alcor.agent.wanted import FILE_NAME, Wanted
from alcor.channels.messages import Acknowledgement, PortReport, PortState, State
from alcor.dataplane.driver import Endpoint
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.dataplane.memory.switch import Fabric, MemorySwitch
from alcor.dataplane.network_acls import SubnetAcl
from alcor.dataplane.subnet_acls import data_plane_acl
from alcor.model.addresses import ip_bytes
from alcor.model.goal_state import GoalState, GoalStateDelta, NeighbourDelta, VpcNeighbours, apply_delta
from alcor.model.identifiers import Id
from tests.unit.agent.goal_states import ACL_ID, OWN_VTEP, SUBNET_ID, deltas, port_ids

HEADER_BYTES = 12  # of a frame in the journal
LOG_ID = b"log".ljust(16, b"\0")
MOST_COPIES = 3


class Controller:
    """Knows every goal state the host ever had, and what the host told it."""

    def __init__(self) -> None:
        self.state = GoalState()
        self.history: list[GoalStateDelta] = []
        self.acknowledged = 0
        self.reported: dict[Id, PortState] = {}

    def change(self, delta: GoalStateDelta) -> GoalStateDelta:
        delta.base_revision = self.state.revision
        delta.revision = self.state.revision + 1
        apply_delta(self.state, copy.deepcopy(delta))
        self.history.append(delta)
        return delta

    def since(self, log_id: bytes, revision: int) -> list[GoalStateDelta]:
        """What a host that has this revision must be told."""
        if log_id != LOG_ID or revision == 0:
            return [self.snapshot()]
        return self.history[revision:]

    def snapshot(self) -> GoalStateDelta:
        state = self.state
        return GoalStateDelta(
            revision=state.revision,
            snapshot=True,
            vpcs=state.vpcs,
            subnets=state.subnets,
            ports=state.ports,
            vteps=state.vteps,
            neighbours={vni: NeighbourDelta(put=neighbours) for vni, neighbours in state.neighbours.items()},
            network_acls=state.network_acls,
        )

    def hear(self, reports: Reports) -> None:
        for message in reports.take():
            match message:
                case Acknowledgement():
                    assert message.revision >= self.acknowledged
                    self.acknowledged = message.revision
                case PortReport():
                    if message.complete:
                        self.reported = {}
                    self.reported.update((state.id, state) for state in message.ports)


def implied_endpoints(goal: GoalState, interfaces: set[Id]) -> dict[Id, Endpoint]:
    endpoints = {}
    for port_id in goal.ports.keys() & interfaces:
        port = goal.ports[port_id]
        packed = [ip_bytes(address) for _, address in port.fixed_ips]
        endpoints[port_id] = Endpoint(
            port_id,
            port.vni,
            port.mac,
            ipv4=tuple(int.from_bytes(address, "big") for address in packed if len(address) == 4),
            ipv6=tuple(address for address in packed if len(address) == 16),
            admin_state_up=port.admin_state_up,
            network_acls=implied_acls(goal),
        )
    return endpoints


def implied_acls(goal: GoalState) -> tuple[SubnetAcl, ...]:
    """All ports are in one subnet, which has an ACL or none."""
    subnet = goal.subnets.get(SUBNET_ID)
    return (SubnetAcl(4, 0x0A000000, 0xFFFFFF00, ACL_ID),) if subnet is not None and subnet.network_acl else ()


def implied_remotes(goal: GoalState) -> dict[int, dict[int, int]]:
    local = {(port.vni, port.mac) for port in goal.ports.values()}
    remotes: dict[int, dict[int, int]] = {}
    for vni, neighbours in goal.neighbours.items():
        for mac, index in neighbours.forwarding.items():
            vtep = goal.vteps.get(index, OWN_VTEP)
            if vtep != OWN_VTEP and (vni, mac) not in local:
                remotes.setdefault(vni, {})[mac] = vtep
    return remotes


def implied_flooding(goal: GoalState) -> dict[int, frozenset[int]]:
    flooded = {}
    for vni in goal.vpcs:
        neighbours = goal.neighbours.get(vni, VpcNeighbours())
        vteps = {goal.vteps.get(index, OWN_VTEP) for index in neighbours.forwarding.values()} - {OWN_VTEP}
        if len(vteps) + sum(port.vni == vni for port in goal.ports.values()) <= MOST_COPIES:
            flooded[vni] = frozenset(vteps)
    return flooded


class AgentFollows(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.directory = Path(tempfile.mkdtemp(prefix="alcor-test-"))
        self.now = 1000.0
        self.controller = Controller()
        self.switch = MemorySwitch(Fabric(), OWN_VTEP)
        self.boot()
        self.connect()

    def boot(self) -> None:
        self.driver, self.reports, self.counters = MemoryDataPlane(self.switch), Reports(), Counters()
        self.wanted = Wanted(self.directory)
        self.wanted.load()
        on_demand = OnDemand(self.wanted, self.driver, self.counters, lambda: self.now)
        advertising = Advertising(self.wanted, self.driver, self.counters)
        dhcp = DhcpSettings()
        punted = PuntedPackets(self.wanted, self.driver, self.counters, dhcp, on_demand, advertising, 10, 10)
        routing = Routing(self.wanted, self.driver, self.counters, on_demand, punted, OWN_VTEP)
        self.reconciler = Reconciler(
            self.wanted,
            self.driver,
            self.reports,
            self.counters,
            OWN_VTEP,
            punted,
            on_demand,
            routing,
            advertising,
            Security(self.wanted, self.driver, self.counters, on_demand, lambda: self.now),
            Announcing(self.wanted, on_demand, punted, self.counters),
            Flooding(OWN_VTEP, MOST_COPIES),
            lambda: self.now,
        )  # fmt: skip
        self.sequence = Sequence(*self.wanted.applied())
        self.connected = False

    def connect(self) -> None:
        self.connected = True
        hello = self.sequence.log_id, self.sequence.revision
        self.sequence.enter(LOG_ID)
        self.reports.connected(LOG_ID)
        self.reconciler.report_everything()
        for delta in self.controller.since(*hello):
            self.deliver(delta)

    def deliver(self, delta: GoalStateDelta) -> None:
        delta = copy.deepcopy(delta)
        verdict = self.sequence.judge(delta)
        if verdict is Verdict.TAKE:
            self.run(self.reconciler.deliver(delta, LOG_ID))
        elif verdict is Verdict.RESYNC:
            self.deliver(self.controller.snapshot())

    def run(self, coroutine: object) -> None:
        self.loop.run_until_complete(coroutine)  # type: ignore[arg-type]

    def step(self) -> None:
        self.now += 100
        self.run(self.reconciler.step())

    @rule(changes=st.lists(deltas, min_size=1, max_size=3), is_taken=st.booleans())
    def the_goal_state_changes(self, changes: list[GoalStateDelta], is_taken: bool) -> None:
        for delta in changes:
            self.controller.change(delta)
            if self.connected:
                self.deliver(delta)
        if is_taken:
            self.step()

    @rule(delta=deltas)
    def a_goal_state_gets_lost(self, delta: GoalStateDelta) -> None:
        self.controller.change(delta)

    @precondition(lambda self: self.connected and self.controller.history)
    @rule(data=st.data())
    def an_old_goal_state_is_repeated(self, data: st.DataObject) -> None:
        self.deliver(data.draw(st.sampled_from(self.controller.history)))

    @precondition(lambda self: self.connected)
    @rule()
    def a_snapshot_comes(self) -> None:
        self.deliver(self.controller.snapshot())

    @rule(port_id=port_ids)
    def an_interface_appears(self, port_id: Id) -> None:
        self.driver.attach(port_id)

    @rule(port_id=port_ids)
    def an_interface_vanishes(self, port_id: Id) -> None:
        self.driver.detach(port_id)

    @rule(port_id=port_ids, refused=st.booleans())
    def the_data_plane_refuses_a_port(self, port_id: Id, refused: bool) -> None:
        self.driver.refusals = {port_id: "no room"} if refused else {}

    @rule()
    def the_data_plane_is_away_for_a_step(self) -> None:
        self.driver.unavailable = "start it"
        self.step()
        self.driver.unavailable = ""

    @rule()
    def the_data_plane_restarts(self) -> None:
        self.driver.lose_everything()

    @rule()
    def a_step_is_taken(self) -> None:
        self.step()

    @rule()
    def the_stream_breaks(self) -> None:
        self.connected = False
        self.reports.disconnected()

    @precondition(lambda self: not self.connected)
    @rule()
    def the_agent_reaches_a_controller(self) -> None:
        self.connect()

    @rule()
    def the_agent_restarts_and_disturbs_nothing(self) -> None:
        self.settle()
        before = self.programmed()
        self.boot()
        self.step()
        assert self.programmed() == before
        assert not +self.driver.operations

    @rule(fraction=st.floats(0, 1))
    def the_agent_is_killed_while_it_writes(self, fraction: float) -> None:
        journal = self.directory / FILE_NAME
        if journal.exists():
            data = journal.read_bytes()
            journal.write_bytes(data[: round(len(data) * fraction)])
        self.boot()
        self.step()
        assert self.wanted.state.revision <= self.controller.state.revision

    @rule(fraction=st.floats(0, 1, exclude_max=True), flipped=st.integers(1, 255))
    def the_journal_rots(self, fraction: float, flipped: int) -> None:
        self.settle()
        before = self.programmed()
        journal = self.directory / FILE_NAME
        data = bytearray(journal.read_bytes())
        position = int(len(data) * fraction)
        last_frame = len(data) - HEADER_BYTES - len(parse_journal(data).frames[-1])
        data[position] ^= flipped
        journal.write_bytes(data)
        self.boot()
        self.step()
        if position < last_frame:
            assert not self.wanted.complete
            assert self.programmed() == before

    def settle(self) -> None:
        if not self.connected or self.sequence.revision != self.controller.state.revision:
            self.connected = False
            self.connect()
        self.driver.refusals = {}
        for _ in range(3):
            self.step()

    @rule()
    def in_the_end_all_is_as_it_should_be(self) -> None:
        self.settle()
        goal, interfaces = self.controller.state, set(self.driver.interfaces())
        assert self.wanted.state == goal
        assert self.switch.endpoints == implied_endpoints(goal, interfaces)
        assert self.switch.remotes == implied_remotes(goal)
        assert self.switch.flooded == implied_flooding(goal)
        assert self.switch.vteps == set(goal.vteps.values()) - {OWN_VTEP}
        assert self.switch.network_acls == {key: data_plane_acl(acl) for key, acl in goal.network_acls.items()}
        self.controller.hear(self.reports)
        states = {port_id: state.state for port_id, state in self.controller.reported.items() if port_id in goal.ports}
        assert states == {
            port_id: State.UP if port_id in interfaces and port.admin_state_up else State.DOWN
            for port_id, port in goal.ports.items()
        }
        assert self.reconciler.trouble == ""
        on_disk = Wanted(self.directory)
        on_disk.load()
        assert (on_disk.state, on_disk.log_id, on_disk.complete) == (goal, LOG_ID, True)

    @invariant()
    def nothing_is_acknowledged_that_is_not_on_disk(self) -> None:
        if hasattr(self, "controller"):
            before = self.controller.acknowledged
            self.controller.hear(self.reports)
            if self.controller.acknowledged > before:
                on_disk = Wanted(self.directory)
                on_disk.load()
                assert on_disk.state.revision >= self.controller.acknowledged

    def programmed(self) -> object:
        switch = self.switch
        return copy.deepcopy((switch.endpoints, switch.remotes, switch.vteps, switch.network_acls))

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.wanted.close()
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()
            shutil.rmtree(self.directory)


TestAgentFollows = AgentFollows.TestCase
TestAgentFollows.settings = hypothesis_settings(max_examples=150, stateful_step_count=30, deadline=None)
