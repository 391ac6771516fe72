"""The loop that makes the data plane follow the goal state and the interfaces present.

Everything that arrives while the data plane is busy becomes one change the next time round.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence

import msgspec

from alcor.agent.announcing import Announcing
from alcor.agent.backoff import Backoff
from alcor.agent.counters import Counters
from alcor.agent.flooding import Flooding
from alcor.agent.ipv6.advertising import Advertising
from alcor.agent.on_demand.learned import Touched
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.port_states import PortStates
from alcor.agent.projection import Projection
from alcor.agent.punt import PuntedPackets
from alcor.agent.reports import Reports
from alcor.agent.routing.routing import Routing
from alcor.agent.security.security import Security
from alcor.agent.wanted import Wanted
from alcor.channels.messages import Acknowledgement, ResyncRequest, State
from alcor.channels.messages import DataPlaneState as DataPlaneHealth
from alcor.dataplane.driver import Change, DataPlane, DataPlaneUnavailable, Failures
from alcor.dataplane.driver import State as DataPlaneState
from alcor.model.addresses import Address
from alcor.model.goal_state import GoalStateDelta
from alcor.model.identifiers import Id, id_text

log = logging.getLogger(__name__)

_QUEUED_GOAL_STATES = 256
_PATIENCE_SECONDS = 10.0  # how long ports that were up are still called so while the data plane does not answer


class _Arrival(msgspec.Struct, frozen=True):
    delta: GoalStateDelta
    log_id: bytes
    at: int  # time.monotonic_ns
    acknowledged: bool  # when it is programmed


class Reconciler:
    """Owns the driver and is its listener; punted packets go on to those who answer them."""

    def __init__(
        self,
        wanted: Wanted,
        driver: DataPlane,
        reports: Reports,
        counters: Counters,
        own_vtep: int,
        punted: PuntedPackets,
        on_demand: OnDemand,
        routing: Routing,
        advertising: Advertising,
        security: Security,
        announcing: Announcing,
        flooding: Flooding,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.port_states = PortStates()
        self.trouble = ""
        """Why the data plane or the disk does not follow; empty when they do."""
        self.interface_gone: Sequence[Callable[[Id], None]] = ()
        """Whom else to tell that a workload's interface is gone."""
        self._wanted, self._driver, self._reports, self._counters = wanted, driver, reports, counters
        self._punted = punted
        self._on_demand = on_demand
        self._routing, self._advertising, self._security = routing, advertising, security
        self._announcing, self._flooding = announcing, flooding
        on_demand.changed = self._learned_changed
        routing.changed = security.deciding.changed = self._wake_up
        on_demand.forgotten = self._learned_forgotten
        self._projection = Projection(own_vtep, on_demand.learned, routing.next_hops)
        self._clock = clock
        self._arrivals: list[_Arrival] = []
        self._unacknowledged_since: int | None = None  # when the first of them arrived
        self._events: set[Id] = set()
        self._started = False
        self._settled = False
        self._lost = ""  # why the data plane is gone
        self._replace = True
        self._repairing = False
        self._audit = False
        self._data_plane = Backoff(clock, first=0.2, longest=2.0)
        self._disk = Backoff(clock, first=0.5, longest=10.0)
        self._refused = Backoff(clock, first=1.0, longest=60.0)
        self._wake = asyncio.Event()
        self._taken = asyncio.Event()

    async def deliver(self, delta: GoalStateDelta, log_id: bytes, acknowledged: bool = True) -> None:
        """Take a goal state that follows on the last one; waits while too many wait already.

        It is acknowledged when it is programmed, unless nobody waits for that.
        """
        self._arrivals.append(_Arrival(delta, log_id, time.monotonic_ns(), acknowledged))
        self._wake.set()
        while len(self._arrivals) >= _QUEUED_GOAL_STATES:
            self._taken.clear()
            await self._taken.wait()

    def interface_appeared(self, port_id: Id) -> None:
        """See Listener."""
        self._advertising.interface_appeared(port_id)
        self._events.add(port_id)
        self._wake.set()

    def packet_punted(self, port_id: Id, frame: bytes) -> None:
        """See Listener."""
        self._punted.take(port_id, frame)

    def packet_missed(self, port_id: Id, frame: bytes) -> None:
        """See Listener."""
        self._on_demand.packet_missed(port_id, frame)

    def remote_idle(self, vni: int, mac: int) -> None:
        """See Listener."""
        self._on_demand.remote_idle(vni, mac)

    def packet_for_router(self, port_id: Id, frame: bytes) -> None:
        """See Listener."""
        self._routing.packet(port_id, frame)

    def next_hop_idle(self, vni: int, address: Address) -> None:
        """See Listener."""
        self._routing.idle(vni, address)

    def packet_undecided(self, port_id: Id, frame: bytes, ingress: bool) -> None:
        """See Listener."""
        self._security.deciding.packet(port_id, frame, ingress)

    def stranger_idle(self, vni: int, address: bytes) -> None:
        """See Listener."""
        self._security.deciding.idle(vni, address)

    def _wake_up(self) -> None:
        self._wake.set()

    def _learned_changed(self, touched: Touched) -> None:
        self._projection.touch_learned(touched)
        self._security.touch_learned(touched)
        self._wake.set()

    def _learned_forgotten(self, touched: Touched) -> None:
        self._security.touch_learned(touched)
        self._wake.set()

    def interface_vanished(self, port_id: Id) -> None:
        """See Listener."""
        self._punted.forget(port_id)
        self._on_demand.port_gone(port_id)
        self._security.deciding.port_gone(port_id)
        for forget in self.interface_gone:
            forget(port_id)
        self._events.add(port_id)
        self._wake.set()

    def lost(self, reason: str) -> None:
        """See Listener: ports are called FAILED when it stays away."""
        self._counters.add("data_plane_losses")
        self._lost = reason
        self._replace = True
        self._wake.set()

    def restarted(self) -> None:
        """See Listener."""
        self._counters.add("data_plane_restarts")
        self._lost = ""
        self._replace = True
        self._data_plane.try_now()
        self._wake.set()

    def report_everything(self) -> None:
        """Tell a controller just reached how all ports do, unless that is still to be found out."""
        if self._settled:
            self._reports.report_all(self._wanted.log_id, self.port_states.now(self._wanted.log_id))

    def data_plane(self) -> DataPlaneHealth:
        """How the data plane does."""
        if self._data_plane.failing_since is not None:
            return DataPlaneHealth.GONE
        is_behind = self._wanted.complete and (self._replace or self._repairing)
        return DataPlaneHealth.REPAIRING if is_behind else DataPlaneHealth.WORKS

    def audit(self) -> None:
        """Have the data plane compared with what is wanted, and repaired, as soon as it has nothing else to do."""
        self._audit = True
        self._wake.set()

    async def run(self) -> None:
        """Go on for ever."""
        self._wake.set()
        while True:
            await self._wait()
            self._wake.clear()
            try:
                await self.step()
            except Exception as error:
                log.exception("a goal state could not be taken: asking for a snapshot")
                self._counters.add("goal_states_failed")
                self._replace = True
                self._data_plane.failed()
                self._reports.ask_resync(ResyncRequest(self._wanted.state.revision, f"{type(error).__name__}: {error}"))

    async def _wait(self) -> None:
        attempts = (backoff.next_attempt for backoff in (self._data_plane, self._disk, self._refused))
        next_attempt = min((attempt for attempt in attempts if attempt is not None), default=None)
        timeout = None if next_attempt is None else max(0.0, next_attempt - self._clock())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._wake.wait()

    async def step(self) -> None:
        """Take in what has arrived, and bring disk and data plane up to it."""
        received = self._take_in()
        saved, programmed = await asyncio.gather(self._save(), self._program())
        if programmed:
            self.port_states.programmed = self._wanted.applied()
            self._announcing.programmed()
            await self._routing.programmed()
            await self._on_demand.programmed()
            await self._security.deciding.programmed()
            await self._advertising.programmed()
        if saved and programmed:
            self.trouble = ""
            self._acknowledge(received)

    def _take_in(self) -> int:
        """Apply the goal states that wait; the time is that at which programming begins."""
        arrivals, self._arrivals = self._arrivals, []
        self._taken.set()
        for arrival in arrivals:
            delta = arrival.delta
            if delta.snapshot:
                self._replace = True
            else:
                self._projection.touch(self._wanted.state, delta)
            self._on_demand.before(self._wanted.state, delta)
            self._security.touch(self._wanted.state, delta)
            self._advertising.touch(delta)
            self._announcing.touch(self._wanted.state, delta)
            self._flooding.touch(self._wanted.state, delta)
            self._wanted.apply(delta, arrival.log_id)
            self._on_demand.after()
            self._counters.add("goal_states_taken")
        if self._unacknowledged_since is None:
            self._unacknowledged_since = next((arrival.at for arrival in arrivals if arrival.acknowledged), None)
        return time.monotonic_ns()

    async def _save(self) -> bool:
        if self._disk.must_wait():
            return False
        try:
            if self._wanted.is_unsaved():
                await asyncio.to_thread(self._wanted.save)
        except OSError as error:
            self._disk.failed()
            self.trouble = f"cannot write the goal state to disk: {error}; make room or mend the data directory"
            if self._counters.add("disk_errors"):
                log.error("%s", self.trouble)
            return False
        self._disk.succeeded()
        return True

    async def _program(self) -> bool:
        """True when the data plane does all that is wanted, but for ports it refused."""
        if self._data_plane.must_wait():
            return False
        try:
            if not self._started:
                await self._driver.start(self)
                self._started = True
            if self._lost:
                raise DataPlaneUnavailable(self._lost)
            if not self._wanted.complete:
                self._data_plane.succeeded()
                return False
            if self._replace:
                await self._replace_all()
            else:
                await self._apply_change()
                await self._audit_data_plane()
        except DataPlaneUnavailable as error:
            self._data_plane_failed(str(error))
            return False
        except Exception as error:
            log.exception("the data plane driver failed")
            self._data_plane_failed(f"{type(error).__name__}: {error}")
            return False
        self._data_plane.succeeded()
        return True

    def _whole(self) -> DataPlaneState:
        """All that the data plane should do now."""
        goal = self._wanted.state
        state = self._projection.whole(goal, self._driver.interfaces())
        self._security.add_whole(state, goal)
        self._flooding.add_whole(state, goal)
        return state

    async def _replace_all(self) -> None:
        self._replace = self._audit = False
        self._repairing = True
        self._events.clear()
        goal = self._wanted.state
        state = self._whole()
        self._counters.add("data_plane_replacements")
        failures = await self._driver.replace(state)
        self._log_failures(failures)
        states = self.port_states.settle_all(goal, self._steady_interfaces(), failures)
        self._plan_retry(tried=True)
        self._settled = True
        self._repairing = False
        self._reports.report_all(self._wanted.log_id, states)

    async def _apply_change(self) -> None:
        events, self._events = self._events, set()
        retried = self.port_states.failures().keys() if self._refused.is_due() else set()
        for port_id in events | retried:
            self._projection.touch_port(port_id)
        goal = self._wanted.state
        change = self._projection.change(goal, self._driver.interfaces())
        self._security.add_change(change, goal)
        self._flooding.add_change(change, goal)
        if change == Change():
            return
        self._counters.add("data_plane_changes")
        failures = await self._driver.apply(change)
        self._log_failures(failures)
        touched = change.endpoints.keys() | change.removed_endpoints
        states = self.port_states.settle(goal, touched, self._steady_interfaces(), failures)
        self._plan_retry(bool(failures or retried))
        self._reports.report(self._wanted.log_id, states)

    async def _audit_data_plane(self) -> None:
        """Repair what differs from what is wanted though nothing was to be changed: somebody else did."""
        if not self._audit or self._events or self._arrivals:
            return
        self._audit = False
        goal = self._wanted.state
        failures = await self._driver.replace(self._whole())
        self._counters.add("data_plane_audits")
        repaired = self._driver.replaced()
        if repaired and not failures:  # what was refused is missing every time
            self._counters.add("data_plane_repairs", repaired)
            log.warning("the data plane was not as it should be: %d differences repaired", repaired)
        if failures:
            self._log_failures(failures)
            states = self.port_states.settle(goal, failures, self._steady_interfaces(), failures)
            self._plan_retry(tried=True)
            self._reports.report(self._wanted.log_id, states)

    def _steady_interfaces(self) -> frozenset[Id]:
        """Those that did not come or go while the data plane was busy: the next round is about the others."""
        return self._driver.interfaces() - self._events

    def _log_failures(self, failures: Failures) -> None:
        if failures:
            self._counters.add("refused_endpoints", len(failures))
        for port_id, reason in failures.items():
            known = self.port_states.states.get(port_id)
            if known is None or known.state is not State.FAILED or known.reason != reason:
                log.error("port %s could not be programmed: %s", id_text(port_id), reason)

    def _plan_retry(self, tried: bool) -> None:
        if not self.port_states.failures():
            self._refused.succeeded()
        elif tried:
            self._refused.failed()

    def _data_plane_failed(self, reason: str) -> None:
        self._replace = True
        self._data_plane.failed()
        self.trouble = reason
        if self._counters.add("data_plane_errors"):
            log.error("%s", reason)
        if not self._wanted.complete:
            return
        goal, states = self._wanted.state, self.port_states.states
        keep = {State.FAILED} if self._data_plane.seconds_failing() > _PATIENCE_SECONDS else {State.FAILED, State.UP}
        failed = goal.ports.keys() - {port_id for port_id, state in states.items() if state.state in keep}
        before = dict(states)
        settled = self.port_states.settle(goal, failed, failed, dict.fromkeys(failed, reason))
        self._settled = True
        self._reports.report(self._wanted.log_id, [state for state in settled if before.get(state.id) != state])

    def _acknowledge(self, received: int) -> None:
        arrived, self._unacknowledged_since = self._unacknowledged_since, None
        if arrived is None:
            return
        acknowledgement = Acknowledgement(
            revision=self._wanted.state.revision,
            received_nanoseconds=max(0, received - arrived),
            programmed_nanoseconds=time.monotonic_ns() - arrived,
            failures=self.port_states.failures(),
        )
        self._reports.acknowledge(self._wanted.log_id, acknowledgement)
