"""The meters that bound how many packets each workload may send to the agent: meter n is that of port number n."""

import contextlib
import logging
from collections.abc import Iterable

from alcor.dataplane.ovs.openflow import message, meters
from alcor.dataplane.ovs.openflow.connection import OpenFlowConnection
from alcor.dataplane.ovs.openflow.errors import Refused

log = logging.getLogger(__name__)


class PuntMeters:
    """The meters of one switch."""

    def __init__(self, connection: OpenFlowConnection, packets_per_second: int) -> None:
        self._connection = connection
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

    async def add(self, numbers: Iterable[int]) -> None:
        """Have a meter for each of these port numbers."""
        for number in set(numbers) - self._present:
            try:
                await self._connection.command(message.METER_MOD, self._addition(number))
                self._present.add(number)
            except Refused as error:  # the flows that use it will be refused, and their port will say so
                log.error("meter %d: %s", number, error)

    async def keep(self, numbers: Iterable[int]) -> None:
        """Remove the meters of all other port numbers, and with them any flow that uses them."""
        for number in self._present - set(numbers):
            with contextlib.suppress(Refused):
                await self._connection.command(message.METER_MOD, meters.delete_meter(number))
            self._present.discard(number)

    def _addition(self, number: int) -> bytes:
        return meters.add_meter(number, self._rate, self._rate)


async def punt_meters(connection: OpenFlowConnection, packets_per_second: int) -> PuntMeters | None:
    """The meters of the switch; None when it has none."""
    maxima: list[int] = []
    try:
        await connection.multipart(
            message.MULTIPART_METER_FEATURES, b"", lambda part: maxima.append(meters.decode_maximum(part))
        )
    except Refused:
        return None
    return PuntMeters(connection, packets_per_second) if max(maxima) > 0 else None
