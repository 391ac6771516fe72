"""What happens when a workload speaks to a peer this host has not met: hold the packet, ask, program, let it go.

Questions of all workloads that come together travel together, and each only once while it is not answered. A workload
that tries many addresses runs into its own limit before it costs others theirs.
"""

import asyncio
from collections.abc import Callable, Hashable

from alcor.agent.counters import Counters
from alcor.agent.on_demand.held_packets import HeldPackets
from alcor.agent.on_demand.learned import Address, Learned, Touched
from alcor.agent.wanted import Wanted
from alcor.channels.ncm_messages import NcmWelcome, Questions, VpcQuestions
from alcor.dataplane import frames
from alcor.dataplane.driver import DataPlane
from alcor.model.goal_state import GoalState, GoalStateDelta
from alcor.model.identifiers import Id
from alcor.model.token_bucket import TokenBucket

_ASK_AGAIN_SECONDS = 1.0
_PORT_QUESTIONS = 50.0  # a second
_HOST_QUESTIONS = 5000.0
_BURST_SECONDS = 2


class OnDemand:
    """The agent's part in it. Everything is called on one event loop."""

    def __init__(self, wanted: Wanted, driver: DataPlane, counters: Counters, clock: Callable[[], float]) -> None:
        self.learned = Learned()
        self.changed: Callable[[Touched], None] = lambda touched: None
        """Told which MACs the data plane must be told of; programmed() is awaited after it was."""
        self.answer_again: Callable[[Id, bytes], None] = lambda port_id, frame: None
        """Told the packets whose answer is known by now."""
        self._wanted, self._driver, self._counters, self._clock = wanted, driver, counters, clock
        self._held = HeldPackets()
        self._ports: dict[Id, TokenBucket] = {}
        self._host = TokenBucket(_HOST_QUESTIONS, _HOST_QUESTIONS * _BURST_SECONDS, clock())
        self._outstanding: dict[Hashable, float] = {}  # asked, and when
        self._waiting: Questions = {}
        self._filled = asyncio.Event()
        self._answered: list[tuple[int, Address | None, int | None]] = []  # (VNI, address, MAC) to be let go
        self._connected = False
        self.needed = asyncio.Event()
        """Set while there is a VPC on demand on this host."""

    # What workloads do.

    def unknown_address(self, port_id: Id, vni: int, address: Address, frame: bytes) -> bool:
        """A workload asks for the MAC of an address that is not known here. False when it need not be asked for."""
        if not self.is_on_demand(vni) or self.learned.is_absent(vni, self._clock(), address=address):
            return False
        if self._ask(port_id, vni, address=address):
            self._hold((vni, "address", address), port_id, frame)
        return True

    def packet_missed(self, port_id: Id, frame: bytes) -> None:
        """A workload sent a packet to a MAC that is not programmed."""
        port = self._wanted.state.ports.get(port_id)
        header = frames.ethernet(frame)
        self._counters.add("packets_missed")
        if port is None or header is None:
            return
        vni, mac = port.vni, header.destination
        if self._wanted.has_local_mac(vni, mac) or self.learned.is_absent(vni, self._clock(), mac=mac):
            self._counters.add("packets_to_absent_peers")
        elif mac in self.learned.forwarding(vni):
            # It was learned meanwhile, and may be on its way to the data plane.
            self._hold((vni, "mac", mac), port_id, frame)
            self.changed({vni: {mac}})
            self._answered.append((vni, None, mac))
        elif self._ask(port_id, vni, mac=mac):
            self._hold((vni, "mac", mac), port_id, frame)

    def remote_idle(self, vni: int, mac: int) -> None:
        """The data plane has dropped what nobody used."""
        self._counters.add("learned_idle")
        self.learned.forget(vni, mac)

    def port_gone(self, port_id: Id) -> None:
        """The port's interface is gone."""
        self._ports.pop(port_id, None)

    def is_on_demand(self, vni: int) -> bool:
        """Whether the VPC is here and on demand."""
        vpc = self._wanted.state.vpcs.get(vni)
        return vpc is not None and vpc.on_demand

    # What the goal state says.

    def before(self, goal: GoalState, delta: GoalStateDelta) -> None:
        """A goal state is about to be taken: what it no longer tells ahead is kept as learned."""
        if not delta.snapshot:
            return
        for vni, vpc in delta.vpcs.items():
            known = goal.neighbours.get(vni)
            if vpc.on_demand and known is not None:
                self.learned.adopt(vni, known, goal.vteps, self._clock())

    def after(self) -> None:
        """A goal state was taken."""
        vpcs = self._wanted.state.vpcs
        for vni in [vni for vni in self.learned.vnis() if vni not in vpcs or not vpcs[vni].on_demand]:
            self.learned.drop_vpc(vni)
        if any(vpc.on_demand for vpc in vpcs.values()):
            self.needed.set()
        else:
            self.needed.clear()

    def restore(self, data: bytes) -> None:
        """Take up what an earlier life had learned, as far as its VPCs are still here. Raises ValueError."""
        self.learned.load(data, self._clock())
        self.after()

    # What the manager says.

    def connected(self, welcome: NcmWelcome) -> None:
        """A manager was reached: ask about everything anew, since changes may have been missed."""
        self._connected = True
        self.learned.lease, self.learned.absence = float(welcome.lease), float(welcome.absence)
        self.learned.start_leases(self._clock())
        self._outstanding.clear()
        self._waiting = self.learned.questions()
        self._filled.set()

    def disconnected(self) -> None:
        """No manager is at hand."""
        self._connected = False

    def news(self, news: GoalStateDelta) -> None:
        """Answers, or changes of what was learned."""
        for vni in [vni for vni in news.neighbours if not self.is_on_demand(vni)]:
            del news.neighbours[vni]
        touched = self.learned.take(news, self._clock())
        for vni, change in news.neighbours.items():
            resolved: list[Address] = [*change.put.ipv4, *change.put.ipv6]
            for address in resolved:
                self._resolved(vni, address=address)
            for mac in change.put.forwarding:
                self._resolved(vni, mac=mac)
            gone: list[Address] = [*change.removed_ipv4, *change.removed_ipv6]
            for address in gone:
                self._unresolvable((vni, "address", address))
            for mac in change.removed_macs:
                self._unresolvable((vni, "mac", mac))
        self.changed(touched)

    async def next_questions(self) -> Questions:
        """Wait for something to ask, and take all there is."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            questions, self._waiting = self._waiting, {}
            if questions:
                self._counters.add("questions_asked", sum(asked.count() for asked in questions.values()))
                return questions

    # What time brings.

    def tick(self) -> None:
        """To be called about once a second."""
        now = self._clock()
        dropped = self._held.expire(now)
        if dropped:
            self._counters.add("held_packets_expired", dropped)
        self._outstanding = {what: at for what, at in self._outstanding.items() if now - at < _ASK_AGAIN_SECONDS}
        if self._connected:
            for vni, due in self.learned.due(now).items():
                self._waiting.setdefault(vni, VpcQuestions()).macs |= due.macs
                self._filled.set()
        if touched := self.learned.expire(now, self._connected):
            self._counters.add("leases_ended", sum(map(len, touched.values())))
            self.changed(touched)

    async def programmed(self) -> None:
        """The data plane does what was learned: let go what waited for it."""
        answered, self._answered = self._answered, []
        now = self._clock()
        for vni, address, mac in answered:
            if address is not None:
                for packet in self._held.release((vni, "address", address), now):
                    self.answer_again(packet.port_id, packet.frame)
            if mac is not None:
                for packet in self._held.release((vni, "mac", mac), now):
                    self._counters.add("held_packets_sent")
                    await self._driver.forward(packet.port_id, packet.frame)

    def _ask(self, port_id: Id, vni: int, *, address: Address | None = None, mac: int | None = None) -> bool:
        """Ask a question for a port, unless it is being asked. False when the port or the host asks too much."""
        what = (vni, "address", address) if mac is None else (vni, "mac", mac)
        now = self._clock()
        asked = self._outstanding.get(what)
        if asked is not None and now - asked < _ASK_AGAIN_SECONDS:
            return True
        if not self._may_ask(port_id, now):
            return False
        self._outstanding[what] = now
        questions = self._waiting.setdefault(vni, VpcQuestions())
        if mac is not None:
            questions.macs.add(mac)
        elif isinstance(address, int):
            questions.ipv4.add(address)
        elif address is not None:
            questions.ipv6.add(address)
        self._filled.set()
        return True

    def _may_ask(self, port_id: Id, now: float) -> bool:
        bucket = self._ports.get(port_id)
        if bucket is None:
            bucket = self._ports[port_id] = TokenBucket(_PORT_QUESTIONS, _PORT_QUESTIONS * _BURST_SECONDS, now)
        if not bucket.take(now):
            self._counters.add("questions_over_port_rate")
            return False
        if not self._host.take(now):
            self._counters.add("questions_over_host_rate")
            return False
        return True

    def _hold(self, what: Hashable, port_id: Id, frame: bytes) -> None:
        held = self._held.hold(what, port_id, frame, self._clock())
        self._counters.add("packets_held" if held else "packets_without_room")

    def _resolved(self, vni: int, *, address: Address | None = None, mac: int | None = None) -> None:
        self._outstanding.pop((vni, "address", address) if mac is None else (vni, "mac", mac), None)
        self._answered.append((vni, address, mac))

    def _unresolvable(self, what: Hashable) -> None:
        self._outstanding.pop(what, None)
        dropped = self._held.release(what, self._clock())
        if dropped:
            self._counters.add("held_packets_to_absent_peers", len(dropped))
