"""What becomes of packets a workload sent that the agent must answer. They are untrusted and may come in floods."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from alcor.agent import arp
from alcor.agent.counters import Counters
from alcor.agent.dhcp import server as dhcp
from alcor.agent.dhcpv6 import packet
from alcor.agent.dhcpv6 import server as dhcpv6
from alcor.agent.ipv6 import neighbours
from alcor.agent.ipv6.advertising import Advertising
from alcor.agent.ipv6.neighbours import Owner
from alcor.agent.on_demand.held_packets import Waiting
from alcor.agent.on_demand.on_demand import OnDemand
from alcor.agent.rates import Rates
from alcor.agent.wanted import Wanted
from alcor.dataplane import frames, ipv6
from alcor.dataplane.driver import DataPlane
from alcor.dataplane.endpoints import endpoint_of
from alcor.dataplane.host_services import SERVICE_IPV4, SERVICE_IPV6, SERVICE_MAC
from alcor.dataplane.neighbour_discovery import neighbour_solicitation
from alcor.model.addresses import mac_of_link_local
from alcor.model.goal_state import Port
from alcor.model.identifiers import Id, id_text

log = logging.getLogger(__name__)

_REPLIES_WAITING = 1024
_DHCPV6 = (packet.CLIENT_PORT, packet.SERVER_PORT)


class PuntedPackets:
    """Answers punted packets, within a rate for each port and one for the host. Packets over the rate are dropped."""

    def __init__(
        self,
        wanted: Wanted,
        driver: DataPlane,
        counters: Counters,
        dhcp_settings: dhcp.DhcpSettings,
        on_demand: OnDemand,
        advertising: Advertising,
        port_rate: float,
        host_rate: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Rates are packets a second."""
        self._wanted, self._driver, self._counters, self._dhcp = wanted, driver, counters, dhcp_settings
        self._on_demand, self._advertising = on_demand, advertising
        self._rates = Rates(counters, "punted", port_rate, host_rate, clock)
        self._replies: asyncio.Queue[tuple[Id, bytes]] = asyncio.Queue(_REPLIES_WAITING)
        self._floods: asyncio.Queue[tuple[Id, bytes]] = asyncio.Queue(_REPLIES_WAITING)

    def take(self, port_id: Id, frame: bytes) -> None:
        """A packet came from the workload behind a port. Never raises."""
        self._counters.add("punted_packets")
        if self.within_rate(port_id):
            self._answer_within_rate(port_id, frame)

    def _answer_within_rate(self, port_id: Id, frame: bytes) -> None:
        port = self._wanted.state.ports.get(port_id)
        if port is None:
            self._counters.add("punted_by_unknown_port")
            return
        try:
            reply = self._answer(port, frame)
        except Exception:
            reply = None
            if self._counters.add("punted_packets_failed"):
                log.exception("could not answer a packet from port %s: %s", id_text(port_id), frame[:512].hex())
        if reply is not None:
            self.reply(port_id, reply)

    async def send_replies(self) -> None:
        """Hand replies to the driver, for ever."""
        await self._hand_on(self._replies, self._driver.send)

    async def flood_questions(self) -> None:
        """Have the driver flood questions that only a workload can answer, for ever."""
        await self._hand_on(self._floods, self._driver.flood)

    async def _hand_on(
        self, waiting: asyncio.Queue[tuple[Id, bytes]], take: Callable[[Id, bytes], Awaitable[None]]
    ) -> None:
        while True:
            port_id, frame = await waiting.get()
            try:
                await take(port_id, frame)
            except Exception as error:
                if self._counters.add("replies_failed"):
                    log.warning("could not send a reply to port %s: %s", id_text(port_id), error)

    def forget(self, port_id: Id) -> None:
        """The port's interface is gone."""
        self._rates.forget(port_id)

    def within_rate(self, port_id: Id) -> bool:
        """Whether another packet of the port may be answered now."""
        return self._rates.take(port_id)

    def _answer_held(self, port_id: Id, frame: bytes, there: bool) -> None:
        if there:
            self._answer_within_rate(port_id, frame)

    def _answer(self, port: Port, frame: bytes) -> bytes | None:
        header = frames.ethernet(frame)
        if header is not None and header.ethertype == frames.ETHERTYPE_ARP:
            arp_reply = arp.answer(endpoint_of(port), frame, self._owner_of_ipv4)
            if arp_reply is arp.Silence.UNKNOWN_ADDRESS and self._asked_for(port, frame):
                return None
            if isinstance(arp_reply, arp.Silence):
                if arp_reply is arp.Silence.UNKNOWN_ADDRESS:
                    self._flood(port.id, frame)
                self._counters.add(arp_reply.value)
                return None
            self._counters.add("arp_answered")
            return arp_reply
        if header is not None and header.ethertype == frames.ETHERTYPE_IPV6:
            return self._answer_ipv6(port, frame)
        state = self._wanted.state
        dhcp_reply = dhcp.answer(port, state.subnets, state.vpcs.get(port.vni), frame, self._dhcp)
        self._counters.add(f"dhcp_{dhcp_reply.outcome}")
        if dhcp_reply.ignored_options and self._counters.add("dhcp_with_ignored_options"):
            log.warning("port %s: unusable DHCP options: %s", id_text(port.id), "; ".join(dhcp_reply.ignored_options))
        return dhcp_reply.frame

    def _answer_ipv6(self, port: Port, frame: bytes) -> bytes | None:
        header = ipv6.ipv6(frame)
        if header is not None and ipv6.icmpv6_type(frame, header) == ipv6.ROUTER_SOLICITATION:
            for advertisement in self._advertising.answer(port, frame):
                self.reply(port.id, advertisement)
            return None
        if header is not None and ipv6.udp_ports(frame, header) == _DHCPV6:
            return self._answer_dhcpv6(port, frame)
        reply = neighbours.answer(endpoint_of(port), frame, self._owner_of_ipv6)
        if reply is neighbours.Silence.UNKNOWN_ADDRESS and self._asked_for_ipv6(port, frame):
            return None
        if isinstance(reply, neighbours.Silence):
            if reply is neighbours.Silence.UNKNOWN_ADDRESS:
                self._flood(port.id, frame)
            self._counters.add(reply.value)
            return None
        self._counters.add("neighbour_solicitations_answered")
        return reply

    def _answer_dhcpv6(self, port: Port, frame: bytes) -> bytes | None:
        state = self._wanted.state
        reply = dhcpv6.answer(port, state.subnets, state.vpcs.get(port.vni), frame, self._dhcp)
        self._counters.add(f"dhcpv6_{reply.outcome}")
        if reply.ignored_options and self._counters.add("dhcpv6_with_ignored_options"):
            log.warning("port %s: unusable DHCPv6 options: %s", id_text(port.id), "; ".join(reply.ignored_options))
        return reply.frame

    def _owner_of_ipv4(self, vni: int, address: int) -> int | None:
        if address == SERVICE_IPV4:
            return SERVICE_MAC
        gateway = self._wanted.routers().owner_of(vni, address)
        if gateway is not None:
            return gateway
        owner = self._wanted.owner_of(vni, address)
        return self._on_demand.owner(vni, address) if owner is None else owner

    def _asked_for(self, port: Port, frame: bytes) -> bool:
        """Whether the Network Config Manager is asked for the address that an ARP request is about."""
        request = frames.arp(frame)
        waiting = Waiting(port.id, frame, self._answer_held)
        return request is not None and self._on_demand.unknown_address(port.vni, request.target_ip, waiting)

    def _owner_of_ipv6(self, vni: int, address: bytes) -> Owner | None:
        if address == SERVICE_IPV6:
            return Owner(SERVICE_MAC)
        gateway = self._wanted.routers().owner_of(vni, address)
        if gateway is not None:
            return Owner(gateway, is_router=True)
        mac = mac_of_link_local(address)
        if mac is not None and self._on_demand.knows_mac(vni, mac):
            return Owner(mac)
        owner = self._wanted.owner_of(vni, address)
        if owner is None:
            owner = self._on_demand.owner(vni, address)
        return None if owner is None else Owner(owner)

    def _asked_for_ipv6(self, port: Port, frame: bytes) -> bool:
        """Whether the Network Config Manager is asked about the address that a solicitation is about.

        It knows a port by the link-local address of its MAC address only as that MAC address.
        """
        request = neighbour_solicitation(frame)
        if request is None:
            return False
        mac = mac_of_link_local(request.target)
        if mac is not None:
            return self._on_demand.unknown_mac(port.vni, mac, Waiting(port.id, frame))
        return self._on_demand.unknown_address(port.vni, request.target, Waiting(port.id, frame, self._answer_held))

    def _flood(self, port_id: Id, frame: bytes) -> None:
        """No record has the address that a packet is about: a workload may, that is allowed more than its own.

        It answers by itself, and says itself when it has taken the address over from another.
        """
        with contextlib.suppress(asyncio.QueueFull):
            self._floods.put_nowait((port_id, frame))

    def reply(self, port_id: Id, frame: bytes) -> None:
        """Have this sent to the workload, unless too much waits already."""
        try:
            self._replies.put_nowait((port_id, frame))
        except asyncio.QueueFull:
            self._counters.add("replies_dropped")
