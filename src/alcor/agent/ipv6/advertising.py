"""Has workloads hear of the routers in their subnets: when they ask, when anything changes, and now and then.

Nothing here depends on the size of a VPC: only ports of this host are told anything.
"""

from alcor.agent.counters import Counters
from alcor.agent.ipv6.router_advertisements import (
    RouterAdvertisement,
    RouterSolicitation,
    advertisement_frame,
    advertisements,
    router_solicitation,
)
from alcor.agent.pace import paced
from alcor.agent.wanted import Wanted
from alcor.dataplane import port_security
from alcor.dataplane.driver import DataPlane, Endpoint
from alcor.dataplane.endpoints import endpoint_of
from alcor.dataplane.ipv6 import UNSPECIFIED
from alcor.model.goal_state import GoalStateDelta, Port
from alcor.model.identifiers import Id

INTERVAL_SECONDS = 400.0  # with its spread, between 300 and 500: RFC 4861 has 200 to 600


class Advertising:
    """Everything is called on one event loop."""

    def __init__(
        self, wanted: Wanted, driver: DataPlane, counters: Counters, interval: float = INTERVAL_SECONDS
    ) -> None:
        self._wanted, self._driver, self._counters, self._interval = wanted, driver, counters, interval
        self._told: dict[Id, dict[int, RouterAdvertisement]] = {}
        self._touched: set[Id] = set()
        self._touched_all = False

    def touch(self, delta: GoalStateDelta) -> None:
        """The goal state has changed by this."""
        self._touched.update(delta.ports, delta.removed_ports)
        routers = delta.routers or delta.router_deltas or delta.removed_routers
        if delta.snapshot or delta.vpcs or delta.subnets or routers:
            self._touched_all = True

    def interface_appeared(self, port_id: Id) -> None:
        """There is a workload behind the port, which has heard nothing yet."""
        self._told.pop(port_id, None)
        self._touched.add(port_id)

    async def programmed(self) -> None:
        """The data plane does what was wanted: tell those whom it concerns what has changed."""
        ports = self._wanted.state.ports
        touched, self._touched = self._touched, set()
        if self._touched_all:
            self._touched_all = False
            touched |= ports.keys() | self._told.keys()
        for port_id in touched:
            await self._tell_changes(port_id, ports.get(port_id))

    async def run(self) -> None:
        """Tell everybody everything now and then, for ever."""
        async for _ in paced(self._interval, self._interval):
            for port_id, told in list(self._told.items()):
                for advertisement in told.values():
                    await self._send(port_id, advertisement)

    def answer(self, port: Port, frame: bytes) -> list[bytes]:
        """The advertisements that answer a router solicitation."""
        request = router_solicitation(frame)
        if request is None:
            self._counters.add("router_solicitations_malformed")
            return []
        if not _is_honest(endpoint_of(port), request):
            self._counters.add("router_solicitations_spoofed")
            return []
        told = self._now(port)
        self._counters.add("router_solicitations_answered" if told else "router_solicitations_without_router")
        if request.source == UNSPECIFIED:
            return [advertisement_frame(each) for each in told.values()]
        return [advertisement_frame(each, request.source_mac, request.source) for each in told.values()]

    async def _tell_changes(self, port_id: Id, port: Port | None) -> None:
        before = self._told.pop(port_id, {})
        now = {} if port is None else self._now(port)
        if now:
            self._told[port_id] = now
        for mac in before.keys() - now.keys():
            await self._send(port_id, before[mac], final=True)
        for mac, advertisement in now.items():
            if before.get(mac) != advertisement:
                await self._send(port_id, advertisement)

    def _now(self, port: Port) -> dict[int, RouterAdvertisement]:
        state = self._wanted.state
        if not port.admin_state_up:
            return {}
        return advertisements(port, state.subnets, state.vpcs.get(port.vni), self._wanted.routers())

    async def _send(self, port_id: Id, advertisement: RouterAdvertisement, final: bool = False) -> None:
        self._counters.add("router_advertisements_sent")
        await self._driver.send(port_id, advertisement_frame(advertisement, final=final))


def _is_honest(endpoint: Endpoint, request: RouterSolicitation) -> bool:
    if not endpoint.port_security:
        return True
    if request.stated_mac not in (None, request.source_mac.to_bytes(6)):
        return False
    if request.source == UNSPECIFIED:
        return port_security.permits_mac(endpoint, request.source_mac)
    return port_security.permits_ipv6(endpoint, request.source_mac, request.source)
