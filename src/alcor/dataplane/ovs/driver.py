"""The Open vSwitch data plane driver."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from pathlib import Path

from alcor.dataplane.driver import Change, DataPlaneUnavailable, Failures, Fate, Listener, Outcome, State
from alcor.dataplane.frames import is_group_addressed
from alcor.dataplane.host_services import ClientAddresses
from alcor.dataplane.ovs import cookies
from alcor.dataplane.ovs.connection_zones import ConnectionZones
from alcor.dataplane.ovs.control_socket import ControlSocket
from alcor.dataplane.ovs.database import SwitchDatabase
from alcor.dataplane.ovs.description import describe_flows
from alcor.dataplane.ovs.jsonrpc import RpcError
from alcor.dataplane.ovs.openflow import message
from alcor.dataplane.ovs.openflow.actions import Action, SetBits
from alcor.dataplane.ovs.openflow.connection import Handlers
from alcor.dataplane.ovs.openflow.errors import Refused
from alcor.dataplane.ovs.openflow.flows import FlowStatistics, RemovedFlow, decode_statistics, statistics_request
from alcor.dataplane.ovs.openflow.packets import PacketIn, packet_out, packet_through_tables
from alcor.dataplane.ovs.packet_trace import SwitchPorts, arriving_flow, fate_in, flow_of, trace
from alcor.dataplane.ovs.pipeline import TO_LEARNED
from alcor.dataplane.ovs.programmer import OwnPorts, Programmer
from alcor.dataplane.ovs.renewals import Learned, Renewals
from alcor.dataplane.ovs.revalidation import Revalidation
from alcor.dataplane.ovs.routing_rules import IPV6_TWINS, TO_NEXT_HOP, TO_NEXT_HOP_HERE
from alcor.dataplane.ovs.security_rules import EPOCH_BITS, STATE_BITS, STRANGER_IPV4, STRANGER_IPV6, WAY_IN
from alcor.dataplane.ovs.session import Session, open_session
from alcor.dataplane.ovs.settings import OvsSettings
from alcor.dataplane.ovs.switch import SERVICES_NAME
from alcor.dataplane.ovs.tables import COPY, FLOOD, LOCAL, MISS, NEXT_HOP, UNDECIDED, UNROUTED
from alcor.dataplane.ovs.tunnel_neighbours import TunnelNeighbours
from alcor.model.addresses import Address
from alcor.model.identifiers import Id, id_text

_LOST = "the connection to ovs-vswitchd is lost; it is tried again"
_NEIGHBOUR_WAIT_SECONDS = 0.1
_RECONNECT_SECONDS = (0.05, 1.0)  # first and longest pause
_MAXIMUM_FRAME = 65000
_REGISTER_BITS = 32

_VNI_BITS = 24

_TO_NEXT_HOPS = (TO_NEXT_HOP, TO_NEXT_HOP_HERE)
_IDLING: Mapping[tuple[int, int], str] = {
    **{(rule.table.number, rule.priority): "reg8" for rule in _TO_NEXT_HOPS},
    **{(rule.table.number, rule.priority): "xxreg2" for rule in (IPV6_TWINS[each] for each in _TO_NEXT_HOPS)},
    (TO_LEARNED.table.number, TO_LEARNED.priority): "eth_dst",
    (UNDECIDED.number, STRANGER_IPV4.priority): "reg11",
    (UNDECIDED.number, STRANGER_IPV6.priority): "xxreg2",
}
"""Table and priority of the flows that go when idle, and the fields that together say what they are about."""

log = logging.getLogger(__name__)


class OvsDataPlane:
    """A DataPlane on Open vSwitch."""

    def __init__(self, settings: OvsSettings) -> None:
        self._settings = settings
        self._run_directory = Path(settings.run_directory)
        self._database = SwitchDatabase(settings, self._switch_changed)
        self._passes, self._commands = ControlSocket(self._run_directory), ControlSocket(self._run_directory)
        self._revalidation = Revalidation(self._passes, self._commands)
        self._renewals = Renewals()
        self._listener: Listener | None = None
        self._session: Session | None = None
        self._programmer: Programmer | None = None
        self._neighbours: TunnelNeighbours | None = None
        self._lock = asyncio.Lock()  # held while flows are programmed
        self._generation = 0
        self._ports: dict[Id, int] = {}
        self._port_ids: dict[int, Id] = {}
        self._own_ports = OwnPorts()
        self._clients = ClientAddresses(settings.service_network)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, listener: Listener) -> None:
        """See DataPlane."""
        try:
            found = await self._database.start()
            self._generation = found.generation
            await self._connect()
        except (OSError, Refused) as error:
            await self.stop()
            raise DataPlaneUnavailable(
                f"Open vSwitch does not answer in {self._run_directory} ({error}): start ovsdb-server and ovs-vswitchd,"
                " or set run_directory to where their sockets are"
            ) from error
        except BaseException:
            await self.stop()
            raise
        if self._database.datapath_type == "netdev":
            self._neighbours = TunnelNeighbours(self._commands, self._settings.vtep_ip)
        self._listener = listener
        self._switch_changed()
        self._spawn(self._keep_connected())

    async def stop(self) -> None:
        """See DataPlane."""
        self._listener = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._neighbours is not None:
            await self._neighbours.stop()
        if self._session is not None:
            await self._session.close()
        await self._passes.close()
        await self._commands.close()
        await self._database.stop()

    def interfaces(self) -> frozenset[Id]:
        """See DataPlane."""
        return frozenset(self._ports)

    async def send(self, port_id: Id, frame: bytes) -> None:
        """See DataPlane."""
        self._give(port_id, frame, packet_out)

    async def forward(self, port_id: Id, frame: bytes) -> None:
        """See DataPlane."""
        self._give(port_id, frame, lambda number, frame: packet_through_tables(number, frame, self._epoch()))

    async def flood(self, port_id: Id, frame: bytes) -> None:
        """See DataPlane."""
        vni = None if self._programmer is None else self._programmer.vni_of(port_id)
        if vni is not None:
            before = (SetBits("metadata", 0, _VNI_BITS, vni), *self._epoch())
            self._give(port_id, frame, lambda number, frame: packet_through_tables(number, frame, before, FLOOD.number))

    async def deliver(self, port_id: Id, frame: bytes) -> None:
        """See DataPlane."""
        vni = None if self._programmer is None else self._programmer.vni_of(port_id)
        if vni is not None:
            to_port = SetBits("reg6", 0, _REGISTER_BITS, self._ports.get(port_id, 0))
            before = (SetBits("metadata", 0, _VNI_BITS, vni), to_port, *self._epoch())
            tunnel = self._own_ports.tunnel_port  # as if from there: whatever the frame says, it goes to no other host
            table = COPY.number if is_group_addressed(frame) else LOCAL.number
            self._give(port_id, frame, lambda _, frame: packet_through_tables(tunnel, frame, before, table))

    def _epoch(self) -> tuple[Action, ...]:
        changes = 0 if self._programmer is None else self._programmer.changes
        return (SetBits("reg7", STATE_BITS, EPOCH_BITS, changes % (1 << EPOCH_BITS)),)

    def _give(self, port_id: Id, frame: bytes, packet: Callable[[int, bytes], bytes]) -> None:
        number = self._ports.get(port_id)
        if number is None or self._session is None or not 14 <= len(frame) <= _MAXIMUM_FRAME:
            return
        with contextlib.suppress(ConnectionError):
            self._session.packets.send(message.PACKET_OUT, packet(number, frame))

    async def replace(self, state: State) -> Failures:
        """See DataPlane."""
        if self._neighbours is not None:
            self._neighbours.replace(state.vteps)
        with self._renewals.begin(_idling(state.learned, state.next_hops, state.strangers)) as renewal:
            async with self._lock:
                with _unavailable_when_lost():
                    failures = await self._live_programmer().replace(state, self._ports, self._own_ports, renewal)
        if self._neighbours is not None:
            await self._neighbours.wait_known(state.vteps, _NEIGHBOUR_WAIT_SECONDS)
        return failures

    def replaced(self) -> int:
        """See DataPlane."""
        return 0 if self._programmer is None else self._programmer.replaced

    async def apply(self, change: Change) -> Failures:
        """See DataPlane."""
        if self._neighbours is not None:
            self._neighbours.remove(change.removed_vteps)
            self._neighbours.add(change.vteps)
        learned = {vni: delta.put for vni, delta in change.learned.items()}
        next_hops = {vni: hops.put for vni, hops in change.next_hops.items()}
        strangers = {vni: delta.put for vni, delta in change.strangers.items()}
        with self._renewals.begin(_idling(learned, next_hops, strangers)) as renewal:
            async with self._lock:
                with _unavailable_when_lost():
                    failures = await self._live_programmer().apply(change, self._ports, renewal)
        if self._neighbours is not None and change.vteps:
            await self._neighbours.wait_known(change.vteps, _NEIGHBOUR_WAIT_SECONDS)
        return failures

    async def trace(self, port_id: Id, frame: bytes) -> Fate:
        """See DataPlane."""
        number = self._ports.get(port_id)
        if number is None:
            return Fate(Outcome.DROPPED, where="the port has no interface")
        return await self._fate(flow_of(number, frame), frame)

    async def trace_arriving(self, vni: int, frame: bytes) -> Fate:
        """See DataPlane."""
        return await self._fate(arriving_flow(self._own_ports.tunnel_port, vni, frame), frame)

    async def _fate(self, flow: str, frame: bytes) -> Fate:
        own = self._own_ports
        try:
            text = await trace(self._commands, self._settings.integration_bridge, flow, frame)
        except (OSError, RpcError) as error:
            raise DataPlaneUnavailable(f"ovs-vswitchd does not trace the packet: {error}") from error
        return fate_in(text, frame, SwitchPorts(self._port_ids, own.tunnel_port, own.service_port))

    def services_interface(self) -> str | None:
        """See DataPlane."""
        return SERVICES_NAME

    def client(self, address: Address) -> Id | None:
        """See DataPlane."""
        return self._port_ids.get(self._clients.number_of(address))

    def trouble(self) -> str:
        """See DataPlane."""
        return self._database.trouble

    async def describe(self) -> list[str]:
        """See DataPlane."""
        session = self._live_session()
        flows: list[FlowStatistics] = []
        names = {number: f"port:{id_text(port_id)}" for port_id, number in self._ports.items()}
        names |= {self._own_ports.tunnel_port: "tunnel", self._own_ports.service_port: "services"}
        with _unavailable_when_lost():
            await session.flows.multipart(
                message.MULTIPART_FLOW, statistics_request(), lambda part: flows.extend(decode_statistics(part))
            )
        return describe_flows(flows, names)

    def _switch_changed(self) -> None:
        """Something changed in the database: compare the bridge's ports with what was known."""
        if self._listener is None:
            return
        found = self._database.switch()
        gone = [port_id for port_id, number in self._ports.items() if found.workloads.get(port_id) != number]
        new = [port_id for port_id, number in found.workloads.items() if self._ports.get(port_id) != number]
        self._ports = found.workloads
        self._port_ids = {number: port_id for port_id, number in found.workloads.items()}
        if gone:
            self._spawn(self._withdraw_absent())
        for port_id in gone:
            self._listener.interface_vanished(port_id)
        for port_id in new:
            self._listener.interface_appeared(port_id)
        before = self._own_ports
        self._own_ports = OwnPorts(found.tunnel or before.tunnel_port, found.services or before.service_port)
        if self._own_ports != before != OwnPorts():
            self._listener.restarted()

    async def _withdraw_absent(self) -> None:
        async with self._lock:
            if self._programmer is not None:
                with contextlib.suppress(ConnectionError, Refused):
                    await self._programmer.withdraw_absent(self._ports)

    def _packet_in(self, packet: PacketIn) -> None:
        undecided = packet.table == UNDECIDED.number
        port_id = self._port_ids.get(packet.registers.get("reg6", 0) if undecided else packet.in_port)
        if port_id is None or self._listener is None:
            return
        if undecided:
            ingress = bool(packet.registers.get("reg7", 0) & WAY_IN)
            self._listener.packet_undecided(port_id, packet.frame, ingress)
        elif packet.table == MISS.number:
            self._listener.packet_missed(port_id, packet.frame)
        elif packet.table == UNROUTED.number:
            self._listener.packet_for_router(port_id, packet.frame)
        else:
            self._listener.packet_punted(port_id, packet.frame)

    def _flow_idle(self, flow: RemovedFlow) -> None:
        field = _IDLING.get((flow.table, flow.priority)) if cookies.is_ours(flow.cookie) else None
        if field is None or self._listener is None:
            return
        values = {each.name: each.value for each in flow.fields}
        vni = values.get("metadata", 0)
        value = values.get(field, 0)
        is_ipv6 = field == "xxreg2"
        about: Address = value.to_bytes(16) if is_ipv6 else value
        if flow.table == UNDECIDED.number and not is_ipv6:
            about = value.to_bytes(4)
        if self._renewals.cover((flow.table, vni), about):
            return
        if flow.table == NEXT_HOP.number:
            self._listener.next_hop_idle(vni, about)
        elif isinstance(about, bytes):
            self._listener.stranger_idle(vni, about)
        else:
            self._listener.remote_idle(vni, value)

    def _live_session(self) -> Session:
        if self._session is None or self._session.lost():
            raise DataPlaneUnavailable(_LOST)
        return self._session

    def _live_programmer(self) -> Programmer:
        self._live_session()
        assert self._programmer is not None, "a session comes with its programmer"
        return self._programmer

    async def _connect(self) -> None:
        socket = self._run_directory / f"{self._settings.integration_bridge}.mgmt"
        self._session = await open_session(socket, self._settings, Handlers(self._packet_in, self._flow_idle))
        zones = ConnectionZones(self._commands, self._database.datapath_type)
        await zones.limit(self._settings.connections)
        await zones.make_room_for_fragments()
        self._programmer = Programmer(self._session, self._generation, self._revalidation, zones, self._clients)

    async def _keep_connected(self) -> None:
        """Reconnect whenever ovs-vswitchd goes away, and say so."""
        while True:
            if self._session is not None:
                await self._session.wait_lost()
                log.warning("%s", _LOST)
                if self._listener is not None:
                    self._listener.lost(_LOST)
                await self._session.close()
            self._session = self._programmer = None
            pause, longest = _RECONNECT_SECONDS
            while self._session is None:
                try:
                    await self._connect()
                except (OSError, Refused) as error:
                    log.debug("ovs-vswitchd is not back yet: %s", error)
                    await asyncio.sleep(pause)
                    pause = min(longest, pause * 2)
            log.info("connected to ovs-vswitchd again")
            if self._neighbours is not None:
                self._neighbours.restarted()
            if self._listener is not None:
                self._listener.restarted()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _idling(
    learned: Mapping[int, Collection[int]],
    next_hops: Mapping[int, Collection[Address]],
    strangers: Mapping[int, Collection[bytes]],
) -> Learned:
    """What goes when idle, by the table in which it is and the VNI."""
    return (
        {(TO_LEARNED.table.number, vni): macs for vni, macs in learned.items()}
        | {(NEXT_HOP.number, vni): addresses for vni, addresses in next_hops.items()}
        | {(UNDECIDED.number, vni): set(map(int.from_bytes, addresses)) for vni, addresses in strangers.items()}
    )


@contextlib.contextmanager
def _unavailable_when_lost() -> Iterator[None]:
    try:
        yield
    except ConnectionError as error:
        raise DataPlaneUnavailable(f"the connection to Open vSwitch was lost ({error}); it is tried again") from error
    except Refused as error:
        raise DataPlaneUnavailable(f"Open vSwitch does not do what every host needs: {error}") from error
