"""The connections that the switch tracks, one zone for each workload: the zone has the number of its port.

A zone that changes hands is emptied, so that nobody answers on what somebody else began; and none may grow so far that
there is no room for those of others.
"""

import logging
from collections.abc import Iterable

from alcor.dataplane.ovs.control_socket import ControlSocket
from alcor.dataplane.ovs.jsonrpc import RpcError

_MOST_FRAGMENTS = 5000  # what Open vSwitch allows
"""Of workloads that finish no packet each holds 16 times fragment_rate: those of 15 s, and a burst."""

log = logging.getLogger(__name__)


class ConnectionZones:
    """The zones of one datapath ("system" or "netdev")."""

    def __init__(self, commands: ControlSocket, datapath_type: str) -> None:
        self._commands = commands
        self._datapath = f"{datapath_type}@ovs-{datapath_type}"

    async def empty(self, zones: Iterable[int]) -> None:
        """Forget every connection in these zones. Where that fails it is logged: connections end by themselves."""
        for zone in sorted(zones):
            try:
                await self._flush(f"zone={zone}")
            except (OSError, RpcError) as error:
                log.warning("connections of zone %d are not forgotten: %s", zone, error)

    async def _flush(self, zone: str) -> None:
        """Where there is one datapath its name may be left out, and must be with Open vSwitch 3.1."""
        try:
            await self._commands.call("dpctl/flush-conntrack", zone)
        except RpcError:
            await self._commands.call("dpctl/flush-conntrack", self._datapath, zone)

    async def make_room_for_fragments(self) -> None:
        """Let as many fragments wait for the rest of their packets as the datapath can.

        The kernel has its own settings, which are the host's (net.ipv4.ipfrag_high_thresh); there this does nothing.
        """
        if self._datapath.startswith("netdev"):
            try:
                await self._commands.call("dpctl/ipf-set-max-nfrags", self._datapath, str(_MOST_FRAGMENTS))
            except (OSError, RpcError) as error:
                log.warning("few workloads may use up the room for fragments of this host: %s", error)

    async def limit(self, connections: int) -> None:
        """Let no zone hold more connections than this. Where the datapath cannot, that is logged."""
        try:
            await self._commands.call("dpctl/ct-set-limits", self._datapath, f"default={connections}")
        except (OSError, RpcError) as error:
            log.warning("a workload may use up the room for connections of this host: %s", error)
