"""The Open vSwitch data plane driver."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from alcor.dataplane.driver import Change, DataPlaneUnavailable, Endpoint, Failures, Listener, State
from alcor.dataplane.ovs import pipeline as rules
from alcor.dataplane.ovs.cookies import cookie
from alcor.dataplane.ovs.database import SwitchDatabase
from alcor.dataplane.ovs.description import describe_flows
from alcor.dataplane.ovs.endpoint_flows import endpoint_flows
from alcor.dataplane.ovs.flow_programming import Difference, Modifications, Owner, program, read_inventory
from alcor.dataplane.ovs.openflow import connection as openflow
from alcor.dataplane.ovs.openflow import message, meters
from alcor.dataplane.ovs.openflow.errors import Refused, SwitchError
from alcor.dataplane.ovs.openflow.flows import FlowStatistics, decode_statistics, statistics_request
from alcor.dataplane.ovs.openflow.packets import packet_out
from alcor.dataplane.ovs.rendering import Flow, Pipeline, compile_pipeline
from alcor.dataplane.ovs.settings import OvsSettings
from alcor.dataplane.ovs.tunnel_neighbours import TunnelNeighbours
from alcor.model.identifiers import Id, id_text

_NEIGHBOUR_WAIT_SECONDS = 0.1
_RECONNECT_SECONDS = (0.05, 1.0)  # first and longest pause
_MAXIMUM_FRAME = 65000

log = logging.getLogger(__name__)


class _Session(NamedTuple):
    """The connections to a running ovs-vswitchd. Packets travel apart from flows so that neither wait for the other."""

    flows: openflow.OpenFlowConnection
    packets: openflow.OpenFlowConnection
    pipeline: Pipeline
    meters: set[int] | None  # those there are; None when the switch has no meters

    async def close(self) -> None:
        await self.flows.close()
        await self.packets.close()


class OvsDataPlane:
    """A DataPlane on Open vSwitch.

    Of what it programmed it remembers the flows of this host's own ports, so that they can be changed one port at a
    time; everything else it reads back from the switch.
    """

    def __init__(self, settings: OvsSettings) -> None:
        self._settings = settings
        self._run_directory = Path(settings.run_directory)
        self._database = SwitchDatabase(settings, self._switch_changed)
        self._listener: Listener | None = None
        self._session: _Session | None = None
        self._neighbours: TunnelNeighbours | None = None
        self._lock = asyncio.Lock()
        self._ports: dict[Id, int] = {}
        self._port_ids: dict[int, Id] = {}
        self._tunnel_port = 0
        self._generation = 0
        self._programmed: dict[Id, tuple[Endpoint, tuple[Flow, ...]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, listener: Listener) -> None:
        """See DataPlane."""
        try:
            found = await self._database.start()
            self._generation = found.generation
            self._session = await self._connect()
        except (OSError, Refused) as error:
            await self.stop()
            raise DataPlaneUnavailable(
                f"Open vSwitch does not answer in {self._run_directory} ({error}): start ovsdb-server and ovs-vswitchd,"
                " or set run_directory to where their sockets are"
            ) from error
        except DataPlaneUnavailable:
            await self.stop()
            raise
        if self._database.datapath_type == "netdev":
            self._neighbours = TunnelNeighbours(self._run_directory, self._settings.vtep_ip)
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
        await self._database.stop()

    def interfaces(self) -> frozenset[Id]:
        """See DataPlane."""
        return frozenset(self._ports)

    async def send(self, port_id: Id, frame: bytes) -> None:
        """See DataPlane."""
        number = self._ports.get(port_id)
        if number is None or self._session is None or not 14 <= len(frame) <= _MAXIMUM_FRAME:
            return
        with contextlib.suppress(ConnectionError):
            self._session.packets.send(message.PACKET_OUT, packet_out(number, frame))

    async def replace(self, state: State) -> Failures:
        """See DataPlane."""
        if self._neighbours is not None:
            self._neighbours.replace(state.vteps)
        async with self._lock:
            session = self._live_session()
            with _unavailable_when_lost():
                return await self._replace(session, state)

    async def apply(self, change: Change) -> Failures:
        """See DataPlane."""
        if self._neighbours is not None:
            self._neighbours.remove(change.removed_vteps)
            self._neighbours.add(change.vteps)
        async with self._lock:
            session = self._live_session()
            with _unavailable_when_lost():
                failures = await self._apply(session, change)
        if self._neighbours is not None and change.vteps:
            await self._neighbours.wait_known(change.vteps, _NEIGHBOUR_WAIT_SECONDS)
        return failures

    async def describe(self) -> list[str]:
        """See DataPlane."""
        session = self._live_session()
        flows: list[FlowStatistics] = []
        names = {number: f"port:{id_text(port_id)}" for port_id, number in self._ports.items()}
        names[self._tunnel_port] = "tunnel"
        with _unavailable_when_lost():
            await session.flows.multipart(
                message.MULTIPART_FLOW, statistics_request(), lambda part: flows.extend(decode_statistics(part))
            )
        return describe_flows(flows, names)

    async def _replace(self, session: _Session, state: State) -> Failures:
        failures: Failures = {}
        staged = self._stage(session, state.endpoints.values(), failures)
        await self._read_meters(session)
        await self._add_meters(session, [self._ports[port_id] for port_id in staged])
        difference: Difference | None = None

        async def prepare() -> Modifications:
            nonlocal difference
            inventory = await read_inventory(session.flows)
            difference = Difference(inventory, self._wanted(session, state, staged), self._generation)
            return difference

        refused = await program(session.flows, prepare)
        self._programmed = staged
        await self._take_refusals(session, refused, failures)
        await self._remove_meters(session, (session.meters or set()) - set(self._ports.values()))
        if difference is not None:
            log.info("flows: %d kept, %d added, %d removed", difference.kept, difference.added, difference.removed)
        return failures

    def _wanted(
        self, session: _Session, state: State, staged: dict[Id, tuple[Endpoint, tuple[Flow, ...]]]
    ) -> Iterator[tuple[Owner, Flow]]:
        values = {"tunnel_port": self._tunnel_port}
        for rule in rules.HOST_RULES:
            yield None, session.pipeline[rule].flow(values)
        for port_id, (_, flows) in staged.items():
            for flow in flows:
                yield port_id, flow
        for vni, remotes in state.remotes.items():
            for flow in _remote_flows(session.pipeline, vni, remotes.items()):
                yield vni, flow

    async def _apply(self, session: _Session, change: Change) -> Failures:
        failures: Failures = {}
        staged = self._stage(session, change.endpoints.values(), failures)
        await self._add_meters(session, [self._ports[port_id] for port_id in staged])
        touched = {*change.removed_endpoints, *change.endpoints}
        before = {port_id: self._programmed[port_id][1] for port_id in touched if port_id in self._programmed}

        async def prepare() -> Modifications:
            return self._modifications(session, change, before, {key: flows for key, (_, flows) in staged.items()})

        refused = await program(session.flows, prepare)
        for port_id in before:
            self._programmed.pop(port_id, None)
        self._programmed |= staged
        await self._take_refusals(session, refused, failures)
        return failures

    def _modifications(
        self,
        session: _Session,
        change: Change,
        before: dict[Id, tuple[Flow, ...]],
        after: dict[Id, tuple[Flow, ...]],
    ) -> Iterator[tuple[Owner, bytes]]:
        digests = {port_id: {flow.digest() for flow in flows} for port_id, flows in after.items()}
        for port_id, flows in before.items():
            kept = digests.get(port_id, set())
            for flow in flows:
                if (digest := flow.digest()) not in kept:
                    yield port_id, flow.removal()
                else:
                    kept.remove(digest)
        to_host = session.pipeline[rules.TO_HOST]
        for vni, remotes in change.remotes.items():
            for mac in remotes.removed:
                yield vni, to_host.flow({"vni": vni, "mac": mac, "vtep": 0}).removal_of_any()
        for port_id, flows in after.items():
            for flow in flows:
                if (digest := flow.digest()) in digests[port_id]:
                    yield port_id, flow.addition(cookie(self._generation, digest))
        for vni, remotes in change.remotes.items():
            for flow in _remote_flows(session.pipeline, vni, remotes.put.items()):
                yield vni, flow.addition(cookie(self._generation, flow.digest()))

    def _stage(
        self, session: _Session, endpoints: Iterable[Endpoint], failures: Failures
    ) -> dict[Id, tuple[Endpoint, tuple[Flow, ...]]]:
        """The flows of those endpoints whose interface is there."""
        staged = {}
        for endpoint in endpoints:
            number = self._ports.get(endpoint.port_id)
            if number is None:
                continue
            try:
                staged[endpoint.port_id] = endpoint, endpoint_flows(session.pipeline, endpoint, number)
            except (ValueError, OverflowError) as error:
                failures[endpoint.port_id] = f"not programmed: {error}"
        return staged

    async def _take_refusals(self, session: _Session, refused: dict[Owner, SwitchError], failures: Failures) -> None:
        """Turn refusals into failures, and take back what was installed of the ports that failed."""
        leftovers: list[bytes] = []
        for owner, error in refused.items():
            if owner is None:
                raise DataPlaneUnavailable(f"Open vSwitch refused a flow every host needs: {error}")
            if isinstance(owner, int):
                log.error("Open vSwitch refused flows to other hosts of VNI %d: %s", owner, error)
                reason = f"other hosts may be out of reach: {error}"
                failures.update(
                    (port_id, reason)
                    for port_id, (endpoint, _) in self._programmed.items()
                    if endpoint.vni == owner and port_id not in failures
                )
                continue
            failures[owner] = str(error)
            if owner in self._programmed:
                leftovers += [flow.removal() for flow in self._programmed.pop(owner)[1]]
        if leftovers:
            await session.flows.modify_each(leftovers)

    async def _read_meters(self, session: _Session) -> None:
        """Learn which meters there are, and set right those that differ."""
        if session.meters is None:
            return
        found: list[bytes] = []
        await session.flows.multipart(
            message.MULTIPART_METER_CONFIG,
            meters.configuration_request(),
            lambda part: found.extend(meters.decode_configurations(part)),
        )
        session.meters.clear()
        for configuration in found:
            number = meters.meter_number(configuration)
            session.meters.add(number)
            if configuration != self._meter(number):
                await session.flows.command(message.METER_MOD, meters.modify_meter(self._meter(number)))

    def _meter(self, number: int) -> bytes:
        return meters.add_meter(number, self._settings.punt_rate, self._settings.punt_rate)

    async def _add_meters(self, session: _Session, numbers: Iterable[int]) -> None:
        if session.meters is None:
            return
        for number in set(numbers) - session.meters:
            try:
                await session.flows.command(message.METER_MOD, self._meter(number))
                session.meters.add(number)
            except Refused as error:  # the flows that use it will be refused, and their port will say so
                log.error("meter %d: %s", number, error)

    async def _remove_meters(self, session: _Session, numbers: Iterable[int]) -> None:
        if session.meters is None:
            return
        for number in numbers:
            with contextlib.suppress(Refused):
                await session.flows.command(message.METER_MOD, meters.delete_meter(number))
            session.meters.discard(number)

    def _switch_changed(self) -> None:
        """Something changed in the database: compare the bridge's ports with what was known."""
        if self._listener is None:
            return
        found = self._database.switch()
        gone = {key: number for key, number in self._ports.items() if found.workloads.get(key) != number}
        new = [key for key, number in found.workloads.items() if self._ports.get(key) != number]
        self._ports = found.workloads
        self._port_ids = {number: port_id for port_id, number in found.workloads.items()}
        for port_id, number in gone.items():
            if (programmed := self._programmed.pop(port_id, None)) is not None:
                self._spawn(self._withdraw(port_id, number, programmed[1]))
            self._listener.interface_vanished(port_id)
        for port_id in new:
            self._listener.interface_appeared(port_id)
        if found.tunnel is not None and found.tunnel != self._tunnel_port:
            moved = self._tunnel_port != 0
            self._tunnel_port = found.tunnel
            if moved:
                self._listener.restarted()

    async def _withdraw(self, port_id: Id, number: int, flows: tuple[Flow, ...]) -> None:
        """Remove the flows of a port whose interface is gone, before its port number can mean another."""
        async with self._lock:
            if self._session is None:
                return
            again = {flow.digest() for flow in self._programmed[port_id][1]} if port_id in self._programmed else set()
            with contextlib.suppress(ConnectionError, Refused):
                await self._session.flows.modify_each(flow.removal() for flow in flows if flow.digest() not in again)
                if number not in self._port_ids:
                    await self._remove_meters(self._session, [number])

    def _packet_punted(self, number: int, frame: bytes) -> None:
        port_id = self._port_ids.get(number)
        if port_id is not None and self._listener is not None:
            self._listener.packet_punted(port_id, frame)

    def _live_session(self) -> _Session:
        if self._session is None or self._session.flows.closed.done():
            raise DataPlaneUnavailable("the connection to Open vSwitch is lost; it is tried again")
        return self._session

    async def _connect(self) -> _Session:
        socket = self._run_directory / f"{self._settings.integration_bridge}.mgmt"
        flows = await openflow.connect(socket)
        try:
            packets = await openflow.connect(socket, self._packet_punted)
        except (OSError, Refused):
            await flows.close()
            raise
        metered = await _has_meters(flows)
        session = _Session(flows, packets, compile_pipeline(metered), set() if metered else None)
        await packets.enable_packets()
        return session

    async def _keep_connected(self) -> None:
        """Reconnect whenever ovs-vswitchd goes away, and say so."""
        while True:
            session = self._session
            if session is not None:
                await asyncio.wait((session.flows.closed, session.packets.closed), return_when=asyncio.FIRST_COMPLETED)
                log.warning("the connection to ovs-vswitchd is lost")
                await session.close()
            self._session = None
            pause, longest = _RECONNECT_SECONDS
            while self._session is None:
                try:
                    self._session = await self._connect()
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


def _remote_flows(pipeline: Pipeline, vni: int, remotes: Iterable[tuple[int, int]]) -> Iterator[Flow]:
    to_host = pipeline[rules.TO_HOST]
    for mac, vtep in remotes:
        yield to_host.flow({"vni": vni, "mac": mac, "vtep": vtep})


async def _has_meters(connection: openflow.OpenFlowConnection) -> bool:
    maxima: list[int] = []
    try:
        await connection.multipart(
            message.MULTIPART_METER_FEATURES, b"", lambda part: maxima.append(meters.decode_maximum(part))
        )
    except Refused:
        return False
    return max(maxima) > 0


@contextlib.contextmanager
def _unavailable_when_lost() -> Iterator[None]:
    try:
        yield
    except ConnectionError as error:
        raise DataPlaneUnavailable(f"the connection to Open vSwitch was lost ({error}); it is tried again") from error
    except Refused as error:
        raise DataPlaneUnavailable(f"Open vSwitch does not do what every host needs: {error}") from error
