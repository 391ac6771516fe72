"""The meters that bound how many packets of each workload go to the agent and to the host's own programs.

Meter n is that of port number n, and meter 65,536 + n that of its packets which are undecided: those come from
strangers, and must not use up what the workload has for ARP and DHCP. Nor must what is for the host's programs, which
is whole connections: meter 131,072 + n lets ten times as much pass. Meter 196,608 + n is that of broadcast and
multicast, five times as much, for others hear it. A switch with fewer meters has one for several of these.
"""

import contextlib
import logging
from collections.abc import Iterable

from alcor.dataplane.ovs.openflow import message, meters
from alcor.dataplane.ovs.openflow.connection import OpenFlowConnection
from alcor.dataplane.ovs.openflow.errors import Refused

_UNDECIDED = 0x10000
_SERVICES = 0x20000
_FLOODS = 0x30000
_KINDS = 3
_FACTORS = {_SERVICES: 10, _FLOODS: 5}

log = logging.getLogger(__name__)


class PuntMeters:
    """The meters of one switch."""

    def __init__(self, connection: OpenFlowConnection, packets_per_second: int, highest: int) -> None:
        self._connection = connection
        self._has_kinds = highest >= _KINDS * _UNDECIDED
        self._has_floods = highest >= _FLOODS + _UNDECIDED
        self._rate = packets_per_second
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

    def undecided(self, port: int) -> int:
        """The meter of what is undecided of a port number."""
        return port + _UNDECIDED if self._has_kinds else port

    def services(self, port: int) -> int:
        """The meter of what a port number sends to the host's programs."""
        return port + _SERVICES if self._has_kinds else port

    def floods(self, port: int) -> int:
        """The meter of what a port number sends to all."""
        return port + _FLOODS if self._has_floods else self.services(port)

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
        kinds = (self.undecided, self.services, self.floods)
        return {number for port in ports for number in (port, *(kind(port) for kind in kinds))}

    def _addition(self, number: int) -> bytes:
        rate = self._rate * _FACTORS.get(number // _UNDECIDED * _UNDECIDED, 1)
        return meters.add_meter(number, rate, rate)


async def punt_meters(connection: OpenFlowConnection, packets_per_second: int) -> PuntMeters | None:
    """The meters of the switch; None when it has none."""
    maxima: list[int] = []
    try:
        await connection.multipart(
            message.MULTIPART_METER_FEATURES, b"", lambda part: maxima.append(meters.decode_maximum(part))
        )
    except Refused:
        return None
    highest = max(maxima)
    return PuntMeters(connection, packets_per_second, highest) if highest > 0 else None
