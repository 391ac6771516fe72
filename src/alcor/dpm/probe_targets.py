"""Telling hosts whom to probe, and who may lead them to a controller: when they come, and when that changes."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from alcor.channels.interface import HostConnection
from alcor.channels.messages import ProbeTargets, RelayCandidate, RelayCandidates
from alcor.channels.rescue import handshake
from alcor.dpm.probe_rings import MOST_IN_VPC, VPCS, ProbeRings
from alcor.dpm.read_model import ReadModel
from alcor.model.identifiers import Id

_HOUR = 3600
_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 600.0  # after which everybody's VPCs are looked at again
_SHARE = 100  # of the time that a round took, to rest after it
_TOLD_AT_ONCE = 100
_NEVER_SECONDS = 3600.0  # between two probes of nobody
_NO_HOUR = -1  # relays are kept on disk, and do not change with the hour


class ProbeTargeting:
    """Of the hosts connected to one controller. One that comes is told of its VPCs' hosts in the next round."""

    def __init__(
        self,
        connections: Mapping[str, HostConnection],
        model: Callable[[], ReadModel],
        interval: float,
        packet_bytes: int,
        relay_secret: Callable[[], bytes],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Hosts probe each other every ``interval`` seconds (0 for never), with IP packets of ``packet_bytes``, too.
        From ``relay_secret`` follows by what hosts know those that they may relay.

        ``connections`` are those of the hosts, by their ids; ``clock`` is in seconds since the epoch, alike on all
        controllers.
        """
        self._connections, self._model = connections, model
        self._interval, self._packet_bytes, self._clock = interval, packet_bytes, clock
        self._relay_secret = relay_secret
        self._rings = self._relays = ProbeRings((), 0)
        self._seen = (-1, 0)  # revision and hour of the rings
        self._has_rings = False
        self._told: dict[str, int] = {}  # host → hash of whom it was told to probe
        self._told_relays: dict[str, int] = {}  # host → hash of the relays it was told of

    def connected(self, host_id: str) -> None:
        """A host has come: tell it."""
        self.disconnected(host_id)
        self._tell(host_id, ())

    def disconnected(self, host_id: str) -> None:
        """A host has gone."""
        self._told.pop(host_id, None)
        self._told_relays.pop(host_id, None)

    def host_id(self, index: int) -> str | None:
        """The host of an index; None where no host is probed under it."""
        return self._rings.host_id(index)

    async def run(self) -> None:
        """Go on for ever."""
        again_at = 0.0
        while True:
            began = time.monotonic()
            changed = await self.look()
            if changed or began >= again_at:
                again_at = began + _AGAIN_SECONDS
                await self._tell_all()
            await asyncio.sleep(max(_LOOK_SECONDS, _SHARE * (time.monotonic() - began)))

    async def look(self) -> bool:
        """Make the rings anew if hosts or the hour may have changed; returns whether they did."""
        model, hour = self._model(), int(self._clock() // _HOUR)
        if (model.revision, hour) == self._seen:
            return False
        self._seen = (model.revision, hour)
        hosts = [(node.host_index, host_id) for host_id, node in model.nodes.items()]
        rings, relays = await asyncio.to_thread(lambda: (ProbeRings(hosts, hour), ProbeRings(hosts, _NO_HOUR)))
        if self._has_rings and rings.is_like(self._rings):
            return False
        self._rings, self._relays, self._has_rings = rings, relays, True
        return True

    async def _tell_all(self) -> None:
        vpcs = _RingsOfVpcs(self._model(), self._rings)
        for count, host_id in enumerate(list(self._connections), 1):
            self._tell(host_id, vpcs.members(host_id))
            if count % _TOLD_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _tell(self, host_id: str, vpcs: Iterable[list[int]]) -> None:
        connection = self._connections.get(host_id)
        if connection is None or not self._has_rings:
            return  # before there are rings, no target would mean to forget what is known of them
        self._tell_relays(host_id, connection)
        if connection.hello.takes_probe_targets:
            self._tell_targets(host_id, connection, vpcs)

    def _tell_targets(self, host_id: str, connection: HostConnection, vpcs: Iterable[list[int]]) -> None:
        chosen = self._targets(host_id, vpcs) if self._interval else {}  # without any, hosts still say how they do
        targets = ProbeTargets(chosen, self._interval or _NEVER_SECONDS, self._packet_bytes)
        told = hash(tuple(targets.targets.items()))
        if self._told.get(host_id) != told:
            self._told[host_id] = told
            connection.tell(targets)

    def _tell_relays(self, host_id: str, connection: HostConnection) -> None:
        nodes = self._model().nodes
        own = nodes.get(host_id)
        if own is None or not connection.hello.takes_relays:
            return
        found = ((each, self._relays.host_id(each)) for each in self._relays.targets(own.host_index))
        relays = {each: nodes[each].local_ip for _, each in found if each is not None and each in nodes}
        told = hash(tuple(relays.items()))
        if self._told_relays.get(host_id) == told:
            return
        self._told_relays[host_id] = told
        secret = self._relay_secret()
        candidates = (
            RelayCandidate(each, ipv4, handshake.token(handshake.relay_key(secret, each), host_id))
            for each, ipv4 in relays.items()
        )
        connection.tell(RelayCandidates(handshake.relay_key(secret, host_id), tuple(candidates)))

    def _targets(self, host_id: str, vpcs: Iterable[list[int]]) -> dict[int, int]:
        nodes = self._model().nodes
        own = nodes.get(host_id)
        if own is None:
            return {}
        found = ((index, self._rings.host_id(index)) for index in self._rings.targets(own.host_index, vpcs))
        return {index: nodes[each].local_ip for index, each in found if each is not None and each in nodes}


class _RingsOfVpcs:
    """Who is on the rings of VPCs, worked out once for a round: a VPC may go meanwhile."""

    def __init__(self, model: ReadModel, rings: ProbeRings) -> None:
        self._model, self._rings = model, rings
        self._on: dict[str, list[Id]] = {}  # host → VPCs

    def members(self, host_id: str) -> Iterator[list[int]]:
        """The indexes of the hosts on each ring on which this host is."""
        nodes = self._model.nodes
        for vpc_id in self._vpcs_of(host_id):
            vpc = self._model.vpcs.get(vpc_id)
            hosts = () if vpc is None else vpc.hosts.keys() & nodes.keys()
            yield [nodes[each].host_index for each in hosts if vpc_id in self._vpcs_of(each)]

    def _vpcs_of(self, host_id: str) -> list[Id]:
        known = self._on.get(host_id)
        if known is None:
            vpcs = (self._model.vpcs[vpc_id] for vpc_id in self._model.host_vpcs.get(host_id, ()))
            ranked = sorted(
                (self._rings.rank(vpc.record.vni), vpc.id)
                for vpc in vpcs
                if vpc.record is not None and 1 < len(vpc.hosts) <= MOST_IN_VPC
            )
            known = self._on[host_id] = [vpc_id for _, vpc_id in ranked[:VPCS]]
        return known
