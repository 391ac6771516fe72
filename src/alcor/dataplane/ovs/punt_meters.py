"""The meters that bound how many packets of each workload go where all workloads of the host share something.

A port has one of each kind. What goes to the agent; what is undecided, for that comes from strangers, and must not use
up what the workload has for ARP and DHCP; what is for the host's programs, ten times as much, which is whole
connections; broadcast and multicast, five times as much, for others hear it; and fragments, at a rate of their own, for
what is never put together takes room that all share until it is given up.

The meters that a switch has are divided evenly among the kinds: where there are fewer for one than port numbers, some
ports share theirs. A switch with few has one for all kinds.
"""

import contextlib
import logging
from collections.abc import Iterable
from typing import NamedTuple

from alcor.dataplane.ovs.openflow import message, meters
from alcor.dataplane.ovs.openflow.connection import OpenFlowConnection
from alcor.dataplane.ovs.openflow.errors import Refused
from alcor.dataplane.ovs.settings import OvsSettings

_PUNTED, _UNDECIDED, _SERVICES, _FLOODS, _FRAGMENTS = _KINDS = range(5)
_FACTORS = {_SERVICES: 10, _FLOODS: 5}
_FEW = 0x4000  # for each kind: a host has not so many workloads, but port numbers go round

log = logging.getLogger(__name__)


class PortMeters(NamedTuple):
    """The meters of one port, by what they are for."""

    punted: int
    undecided: int
    services: int
    floods: int
    fragments: int


class PuntMeters:
    """The meters of one switch."""

    def __init__(self, connection: OpenFlowConnection, settings: OvsSettings, highest: int) -> None:
        self._connection = connection
        share = highest // len(_KINDS)
        self._kinds = _KINDS if share >= _FEW else (_PUNTED,)
        self._of_a_kind = share if share >= _FEW else highest
        self._rate, self._fragments = settings.punt_rate, settings.fragment_rate
        self._present: set[int] = set()

    async def read(self) -> None:
        """Learn which meters there are, and set right those that differ."""
        found: list[bytes] = []
        await self._connection.multipart(
            message.MULTIPART_METER_CONFIG,
            meters.configuration_request(),
            lambda part: found.extend(meters.decode_configurations(part)),
        )
        self._present.clear()
        for configuration in found:
            number = meters.meter_number(configuration)
            self._present.add(number)
            if configuration != self._addition(number):
                await self._connection.command(message.METER_MOD, meters.modify_meter(self._addition(number)))

    def of(self, port: int) -> PortMeters:
        """The meters of a port number."""
        return PortMeters(*(self._number(kind if kind in self._kinds else _PUNTED, port) for kind in _KINDS))

    def _number(self, kind: int, port: int) -> int:
        return kind * self._of_a_kind + (port - 1) % self._of_a_kind + 1

    async def add(self, ports: Iterable[int]) -> None:
        """Have the meters of each of these port numbers."""
        for number in self._of(ports) - self._present:
            try:
                await self._connection.command(message.METER_MOD, self._addition(number))
                self._present.add(number)
            except Refused as error:  # the flows that use it will be refused, and their port will say so
                log.error("meter %d: %s", number, error)

    async def keep(self, ports: Iterable[int]) -> None:
        """Remove the meters of all other port numbers, and with them any flow that uses them."""
        for number in self._present - self._of(ports):
            with contextlib.suppress(Refused):
                await self._connection.command(message.METER_MOD, meters.delete_meter(number))
            self._present.discard(number)

    def _of(self, ports: Iterable[int]) -> set[int]:
        return {number for port in ports for number in self.of(port)}

    def _addition(self, number: int) -> bytes:
        kind = (number - 1) // self._of_a_kind
        rate = self._fragments if kind == _FRAGMENTS else self._rate * _FACTORS.get(kind, 1)
        return meters.add_meter(number, rate, rate)


async def punt_meters(connection: OpenFlowConnection, settings: OvsSettings) -> PuntMeters | None:
    """The meters of the switch; None when it has none."""
    maxima: list[int] = []
    try:
        await connection.multipart(
            message.MULTIPART_METER_FEATURES, b"", lambda part: maxima.append(meters.decode_maximum(part))
        )
    except Refused:
        return None
    highest = max(maxima)
    return PuntMeters(connection, settings, highest) if highest > 0 else None
