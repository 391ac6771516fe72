"""What hosts say of their health, handed on to be kept when it changes."""

from collections import Counter
from collections.abc import Callable

from alcor.channels.messages import HostHealth
from alcor.dpm.host_writer import HostWriter
from alcor.dpm.metrics import DpmMetrics
from alcor.model.node_health import WORKS
from alcor.services.hosts.node_health import Told

_GOOD = Told()  # shared by all hosts of which there is nothing to tell


class HostsHealth:
    """The health of the hosts connected to one controller, as each said it last."""

    def __init__(self, writer: HostWriter, metrics: DpmMetrics, host_named: Callable[[int], str | None]) -> None:
        """``host_named`` knows hosts by their indexes."""
        self._writer, self._metrics, self._host_named = writer, metrics, host_named
        self._known: dict[str, Told] = {}
        self._data_planes: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._troubled = 0

    def heard(self, host_id: str, health: HostHealth) -> None:
        """A host says how it does. What it says of hosts that are there no more is passed over."""
        self._metrics.health_reports.inc()
        told = _GOOD if health.is_good() else self._told(health)
        if self._known.get(host_id) == told:
            return
        self._metrics.health_changes.inc()
        self._count(host_id, told)
        self._writer.health({host_id: told})

    def write_again(self, host_id: str) -> None:
        """What was written of a host may have been given up."""
        if (told := self._known.get(host_id)) is not None:
            self._writer.health({host_id: told})

    def gone(self, host_id: str) -> None:
        """A host is not connected here any more."""
        self._count(host_id, None)

    def _told(self, health: HostHealth) -> Told:
        named = ((self._host_named(index), fault) for index, fault in health.unreached.items())
        unreached = {host_id: fault.name.lower() for host_id, fault in named if host_id is not None}
        told = Told(health.data_plane.name.lower(), health.trouble, health.probed, unreached)
        return _GOOD if told.is_good() else told

    def _count(self, host_id: str, told: Told | None) -> None:
        if (before := self._known.pop(host_id, None)) is not None:
            self._add(before, -1)
        if told is not None:
            self._known[host_id] = told
            self._add(told, 1)
        for state, hosts in self._data_planes.items():
            self._metrics.data_planes.labels(state).set(hosts)
        for fault, pairs in self._faults.items():
            self._metrics.unreached_hosts.labels(fault).set(pairs)
        self._metrics.troubled_hosts.set(self._troubled)

    def _add(self, told: Told, sign: int) -> None:
        if told.data_plane != WORKS:
            self._data_planes[told.data_plane] += sign
        for fault in told.unreached.values():
            self._faults[fault] += sign
        self._troubled += 0 if told.is_good() else sign
