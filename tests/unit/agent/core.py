"""The core of an agent on the memory driver, without controller and clock of its own."""

from pathlib import Path

from alcor.agent.announcing import Announcing
from alcor.agent.counters import Counters
from alcor.agent.dhcp.server import DhcpSettings
from alcor.agent.flooding import Flooding
from alcor.agent.ipv6.advertising import Advertising
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.punt import PuntedPackets
from alcor.agent.reconcile import Reconciler
from alcor.agent.reports import Reports
from alcor.agent.routing.routing import Routing
from alcor.agent.security.security import Security
from alcor.agent.wanted import Wanted
from alcor.channels.messages import Acknowledgement, AgentMessage, PortReport, State
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.dataplane.memory.switch import Fabric, MemorySwitch
from alcor.model.goal_state import GoalStateDelta, Port
from alcor.model.identifiers import Id
from tests.unit.agent.goal_states import OPEN, OWN_VTEP

LOG_ID = b"log".ljust(16, b"\0")


class Core:
    def __init__(self, directory: Path, switch: MemorySwitch | None = None, punt_rate: float = 5) -> None:
        self.now = 1000.0
        self.switch = switch or MemorySwitch(Fabric(), OWN_VTEP)
        self.driver, self.reports, self.counters = MemoryDataPlane(self.switch), Reports(), Counters()
        self.wanted = Wanted(directory)
        self.wanted.load()
        clock = self.clock
        self.on_demand = OnDemand(self.wanted, self.driver, self.counters, clock)
        self.advertising = Advertising(self.wanted, self.driver, self.counters)
        self.punted = PuntedPackets(
            self.wanted, self.driver, self.counters, DhcpSettings(), self.on_demand, self.advertising,
            punt_rate, 2 * punt_rate, clock,
        )  # fmt: skip
        self.routing = Routing(self.wanted, self.driver, self.counters, self.on_demand, self.punted, OWN_VTEP)
        self.security = Security(self.wanted, self.driver, self.counters, self.on_demand, clock)
        self.announcing = Announcing(self.wanted, self.on_demand, self.punted, self.counters)
        self.reconciler = Reconciler(
            self.wanted, self.driver, self.reports, self.counters, OWN_VTEP, self.punted, self.on_demand, self.routing,
            self.advertising, self.security, self.announcing, Flooding(OWN_VTEP, 64), clock,
        )  # fmt: skip
        self.reports.connected(LOG_ID)

    def clock(self) -> float:
        return self.now

    async def deliver(self, delta: GoalStateDelta, log_id: bytes = LOG_ID) -> None:
        if delta.snapshot:
            delta.security_groups.setdefault(OPEN.id, OPEN)
        await self.reconciler.deliver(delta, log_id)
        await self.reconciler.step()

    async def deliver_ports(self, *ports: Port) -> None:
        """The whole goal state: these ports."""
        await self.deliver(GoalStateDelta(revision=1, snapshot=True, ports={port.id: port for port in ports}))

    async def pass_time(self, seconds: float) -> None:
        self.now += seconds
        await self.reconciler.step()

    def states(self) -> dict[Id, State]:
        return {port_id: state.state for port_id, state in self.reconciler.port_states.states.items()}


def acknowledgements(messages: list[AgentMessage]) -> list[Acknowledgement]:
    return [message for message in messages if isinstance(message, Acknowledgement)]


def port_reports(messages: list[AgentMessage]) -> list[PortReport]:
    return [message for message in messages if isinstance(message, PortReport)]
