"""What happens when a workload speaks to a peer this host has not met: hold the packet, ask, program, let it go.

Questions of all workloads that come together travel together, and each only once while it is not answered. A workload
that tries many addresses runs into its own limit before it costs others theirs. Each VPC has a manager of its own that
is asked and listened to, or none for the time being.

What was learned and has to be asked again has time: it goes in small messages, at a rate that leaves room for what
workloads ask within what a manager answers.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet

from alcor.agent.counters import Counters
from alcor.agent.on_demand.held_packets import HeldPackets, Waiting
from alcor.agent.on_demand.learned import Learned, Touched
from alcor.agent.on_demand.manager import Manager
from alcor.agent.on_demand.open_questions import OpenQuestions, Question
from alcor.agent.rates import Rates
from alcor.agent.wanted import Wanted
from alcor.channels.ncm_messages import Questions, VpcQuestions
from alcor.dataplane import frames
from alcor.dataplane.driver import DataPlane
from alcor.model.addresses import Address
from alcor.model.goal_state import GoalState, GoalStateDelta, NeighbourDelta
from alcor.model.identifiers import Id

_PORT_QUESTIONS = 50.0  # a second
_HOST_QUESTIONS = 5000.0


class OnDemand:
    """The agent's part in it. Everything is called on one event loop."""

    def __init__(self, wanted: Wanted, driver: DataPlane, counters: Counters, clock: Callable[[], float]) -> None:
        self.learned = Learned()
        self.changed: Callable[[Touched], None] = lambda touched: None
        """Told which MACs the data plane must be told of; programmed() is awaited after it was."""
        self.vpcs_changed: Callable[[], None] = lambda: None
        """Told that there are other VPCs on demand on this host than before."""
        self.is_routed_to: Callable[[int, int], bool] = lambda vni, mac: False
        """Says whether a MAC address of a VPC is a next hop in use."""
        self.is_decided_on: Callable[[int, int], bool] = lambda vni, mac: False
        """Says whether packets of a MAC address of a VPC are let pass for what is known of it."""
        self.forgotten: Callable[[Touched], None] = lambda touched: None
        """Told which MACs are known no longer, which the data plane has dropped already or was never told of."""
        self.coming: Callable[[Mapping[int, NeighbourDelta]], None] = lambda neighbours: None
        """Told what is about to be learned, by VNI."""
        self.ticked: Callable[[], None] = lambda: None
        """Told about once a second."""
        self._only_routed: set[tuple[int, int]] = set()  # learned MACs (by VNI) that nothing else is sent to
        self._wanted, self._driver, self._counters, self._clock = wanted, driver, counters, clock
        self._held = HeldPackets()
        own, of_others = [Rates(counters, "questions", _PORT_QUESTIONS, _HOST_QUESTIONS, clock) for _ in range(2)]
        self._rates = {False: own, True: of_others}  # by whether packets that come to workloads ask
        self._open = OpenQuestions()
        self._answered: list[Question] = []  # what waits for them is to be let go
        self.after()

    # What workloads do.

    def unknown_address(self, vni: int, address: Address, packet: Waiting) -> bool:
        """A packet needs to know who has an address that is not known here. False when it need not be asked for."""
        if not self.is_on_demand(vni) or self.learned.is_absent(vni, self._clock(), address=address):
            return False
        self._ask(Question(vni, address=address), packet)
        return True

    def unknown_mac(self, vni: int, mac: int, packet: Waiting) -> bool:
        """A packet only matters if the VPC has a MAC that is not known here. False when it need not be asked for."""
        if not self.is_on_demand(vni) or self.learned.is_absent(vni, self._clock(), mac=mac):
            return False
        self._ask(Question(vni, mac=mac), packet)
        return True

    def owner(self, vni: int, address: Address) -> int | None:
        """The MAC that was learned to have an address, for a workload; whether it still has is asked soon."""
        self.hasten(vni, address)
        return self.learned.owner(vni, address)

    def knows_mac(self, vni: int, mac: int) -> bool:
        """Whether the MAC address is that of a port of the VPC, as far as this host was told or has learned."""
        return self._wanted.has_mac(vni, mac) or mac in self.learned.forwarding(vni)

    def hasten(self, vni: int, address: Address) -> None:
        """A workload speaks to an address: whether what is known of it still holds is asked soon."""
        if self.learned.is_to_renew(vni, address):
            question, now = Question(vni, address=address), self._clock()
            if not self._open.is_open(question, now):
                self._open.ask([question], now)

    def follow(self, vni: int, address: Address) -> None:
        """A port here gave up an address that workloads may remember: whoever gets it next is to be told of."""
        now = self._clock()
        if self.is_on_demand(vni) and not self.learned.is_absent(vni, now, address=address):
            self._open.ask([Question(vni, address=address)], now)

    def packet_missed(self, port_id: Id, frame: bytes) -> None:
        """A workload sent a packet to a MAC that is not programmed."""
        port = self._wanted.state.ports.get(port_id)
        header = frames.ethernet(frame)
        self._counters.add("packets_missed")
        if port is None or header is None:
            return
        vni, mac = port.vni, header.destination
        question, packet = Question(vni, mac=mac), Waiting(port_id, frame)
        if not self.is_on_demand(vni):
            self._counters.add("packets_missed_in_other_vpcs")
        elif self._wanted.has_local_mac(vni, mac) or self.learned.is_absent(vni, self._clock(), mac=mac):
            self._counters.add("packets_to_absent_peers")
        elif mac in self.learned.forwarding(vni):
            # It was learned meanwhile, and may be on its way to the data plane.
            self._only_routed.discard((vni, mac))
            self._hold(question, packet)
            self.changed({vni: {mac}})
            self._answered.append(question)
        else:
            self._ask(question, packet)

    def remote_idle(self, vni: int, mac: int) -> None:
        """The data plane has dropped what nobody used."""
        self._counters.add("learned_idle")
        if self.is_routed_to(vni, mac):
            self._only_routed.add((vni, mac))
        else:
            self._forget(vni, mac)

    def no_longer_routed_to(self, vni: int, mac: int) -> None:
        """Nothing was routed to a MAC for a while: unless it is sent to in its own VPC, too, it is forgotten."""
        if self.is_routed_to(vni, mac) or self.is_decided_on(vni, mac):
            return
        if (vni, mac) in self._only_routed or vni not in self._wanted.state.vpcs:
            self._only_routed.discard((vni, mac))
            self._forget(vni, mac)

    def _forget(self, vni: int, mac: int) -> None:
        self.learned.forget(vni, mac)
        self.forgotten({vni: {mac}})

    def port_gone(self, port_id: Id) -> None:
        """The port's interface is gone."""
        for rates in self._rates.values():
            rates.forget(port_id)

    def is_on_demand(self, vni: int) -> bool:
        """Whether hosts are asked for in the VPC: it is here and on demand, or only routed to."""
        return vni in self._open.vnis()

    def vnis(self) -> AbstractSet[int]:
        """The VPCs on demand on this host, and those that it only routes to."""
        return self._open.vnis()

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
        vnis = {vni for vni, vpc in vpcs.items() if vpc.on_demand}
        vnis.update(vni for vni in self._wanted.routers().vnis() if vni not in vpcs)
        self._only_routed = {(vni, mac) for vni, mac in self._only_routed if vni in vnis}
        for vni in self.learned.vnis() - vnis:
            self.learned.drop_vpc(vni)
        if self._open.keep_vpcs(vnis):
            self.vpcs_changed()

    def restore(self, data: bytes) -> None:
        """Take up what an earlier life had learned, as far as its VPCs are still here. Raises ValueError."""
        self.learned.load(data, self._clock())
        self.after()

    # What managers say.

    def manager(self, vni: int) -> Manager | None:
        """Who is asked about a VPC; None while nobody can be."""
        return self._open.manager(vni)

    def give(self, vni: int, manager: Manager | None) -> None:
        """From now on this one is asked about a VPC, or nobody.

        It is asked about everything known anew, since changes may have been missed, and whatever is waited for.
        """
        if self._open.manager(vni) is manager:
            return
        self._open.give(vni, manager)
        if manager is not None:
            now = self._clock()
            self._counters.add("vpcs_asked_anew")
            self.learned.start_leases(vni, manager.lease, manager.absence, now)
            self._renew_in([vni])
            self._open.ask([question for question in self._held.questions() if question.vni == vni], now)

    def news(self, manager: Manager, news: GoalStateDelta) -> None:
        """Answers, or changes of what was learned. Only who is asked about a VPC is listened to about it."""
        for vni in [vni for vni in news.neighbours if vni not in manager.vnis]:
            del news.neighbours[vni]
            self._counters.add("news_passed_over")
        self.coming(news.neighbours)
        touched = self.learned.take(news, manager.vnis, self._clock())
        for vni, change in news.neighbours.items():
            resolved: list[Address] = [*change.put.ipv4, *change.put.ipv6]
            for address in resolved:
                self._resolved(Question(vni, address=address))
            for mac in change.put.forwarding:
                self._resolved(Question(vni, mac=mac))
            gone: list[Address] = [*change.removed_ipv4, *change.removed_ipv6]
            for address in gone:
                self._unresolvable(Question(vni, address=address))
            for mac in change.removed_macs:
                self._unresolvable(Question(vni, mac=mac))
        self.changed(touched)

    async def next_questions(self, manager: Manager) -> Questions:
        """Wait for something to ask a manager, and take what goes into a message."""
        while True:
            manager.filled.clear()
            now = self._clock()
            questions = self._open.take(manager, manager.most_at_once)
            self._add_renewals(questions, manager, now)
            if questions:
                count = _count(questions)
                manager.pace.spend(now, count)
                self._counters.add("questions_asked", count)
                return questions
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(manager.pace.wait(now) if manager.to_renew else None):
                    await manager.filled.wait()

    def _add_renewals(self, questions: Questions, manager: Manager, now: float) -> None:
        """Ask again what there is room for, an equal share in each VPC."""
        manager.to_renew &= manager.vnis
        room = min(manager.most_at_once, int(manager.pace.available(now))) - _count(questions)
        for vni in list(manager.to_renew):
            if room <= 0:
                return
            renewed = self.learned.renew(vni, max(1, room // len(manager.to_renew)), now)
            room -= renewed.count()
            if renewed.count():
                questions.setdefault(vni, VpcQuestions()).add(renewed)
            if not self.learned.has_to_renew(vni):
                manager.to_renew.discard(vni)

    def _renew_in(self, vnis: Iterable[int]) -> None:
        """Something in these VPCs is to be asked again."""
        for vni in vnis:
            if self.learned.has_to_renew(vni) and (manager := self._open.manager(vni)) is not None:
                manager.to_renew.add(vni)
                manager.filled.set()

    # What time brings.

    def tick(self) -> None:
        """To be called about once a second."""
        now = self._clock()
        dropped = self._held.expire(now)
        if dropped:
            self._counters.add("held_packets_expired", dropped)
        self._open.expire(now)
        waited_for = [question for question in self._held.questions() if self.is_on_demand(question.vni)]
        self._open.ask([question for question in waited_for if not self._open.is_open(question, now)], now)
        at_hand = self._open.at_hand()
        self._renew_in(self.learned.renew_due(now, at_hand))
        if touched := self.learned.expire(now, at_hand):
            self._counters.add("leases_ended", sum(map(len, touched.values())))
            self.changed(touched)
        self._forget_unrouted()
        self.ticked()

    def _forget_unrouted(self) -> None:
        """Of VPCs that are only routed to, only those are worth knowing that packets go to, or are let in from."""
        for vni in self.learned.vnis() - self._wanted.state.vpcs.keys():
            for mac in list(self.learned.forwarding(vni)):
                if not self.is_routed_to(vni, mac) and not self.is_decided_on(vni, mac):
                    self._forget(vni, mac)

    async def programmed(self) -> None:
        """The data plane does what was learned: let go what waited for it."""
        answered, self._answered = self._answered, []
        now = self._clock()
        for question in answered:
            for packet in self._held.release(question, now):
                if packet.again is not None:
                    packet.again(packet.port_id, packet.frame, True)
                else:
                    self._counters.add("held_packets_sent")
                    await self._driver.forward(packet.port_id, packet.frame)

    def _ask(self, question: Question, packet: Waiting) -> None:
        """Ask a question, unless it is being asked, and hold the packet; neither when too much is asked."""
        now = self._clock()
        if not self._open.is_open(question, now):
            if not self._rates[packet.ingress].take(packet.port_id):
                return
            self._open.ask([question], now)
        self._hold(question, packet)

    def _hold(self, question: Question, packet: Waiting) -> None:
        held = self._held.hold(question, packet, self._clock())
        self._counters.add("packets_held" if held else "packets_without_room")

    def _resolved(self, question: Question) -> None:
        self._open.close(question)
        self._answered.append(question)

    def _unresolvable(self, question: Question) -> None:
        self._open.close(question)
        dropped = self._held.release(question, self._clock())
        if dropped:
            self._counters.add("held_packets_to_absent_peers", len(dropped))
        for packet in dropped:
            if packet.again is not None:
                packet.again(packet.port_id, packet.frame, False)


def _count(questions: Questions) -> int:
    return sum(asked.count() for asked in questions.values())
