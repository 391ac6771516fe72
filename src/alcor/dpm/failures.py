"""The dead letters: ports that hosts could not program, and why, kept until they work or are gone.

Hosts try again by themselves, ever less often; operators can see what failed, and have it tried at once.
"""

import itertools
import logging
import time
from collections.abc import Callable, Iterable

import msgspec

from alcor.channels.messages import PortReport, State
from alcor.dpm.metrics import DpmMetrics
from alcor.model.identifiers import Id, id_text

log = logging.getLogger(__name__)


class Failure(msgspec.Struct):
    """One port that its host could not program."""

    host_id: str
    port_id: Id
    reason: str  # the last that was given
    since: float  # when it failed first, seconds since the epoch
    reports: int = 0  # how often the host has said so: once for each attempt


class Failures:
    """What hosts could not program, until they have."""

    def __init__(
        self, metrics: DpmMetrics, is_bound: Callable[[Id, str], bool], clock: Callable[[], float] = time.time
    ) -> None:
        """``is_bound`` says whether a port is a host's: what a host says of others, perhaps too late, is not kept.

        ``clock`` gives the seconds since the epoch.
        """
        self._metrics = metrics
        self._is_bound = is_bound
        self._clock = clock
        self._all: dict[tuple[str, Id], Failure] = {}  # in the order in which they failed first
        self._by_host: dict[str, dict[Id, Failure]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def oldest(self, limit: int) -> list[Failure]:
        """Those that failed first, so many at most."""
        return list(itertools.islice(self._all.values(), limit))

    def of_host(self, host_id: str) -> dict[Id, str]:
        """Port id → reason."""
        return {failure.port_id: failure.reason for failure in self._by_host.get(host_id, {}).values()}

    def acknowledged(self, host_id: str, failures: dict[Id, str]) -> None:
        """The host has taken a goal state, but for these ports (id → reason)."""
        for port_id, reason in failures.items():
            self._failed(host_id, port_id, reason)
        self._count()

    def reported(self, host_id: str, report: PortReport) -> None:
        """Keep what failed and forget what works."""
        failed = {port.id: port.reason for port in report.ports if port.state is State.FAILED}
        known = self._by_host.get(host_id)
        if known is not None:
            named = known if report.complete else (port.id for port in report.ports)
            self.forget(host_id, [port_id for port_id in named if port_id not in failed])
        for port_id, reason in failed.items():
            failure = self._failed(host_id, port_id, reason)
            if failure is not None:
                failure.reports += 1
        self._count()

    def forget(self, host_id: str, port_ids: Iterable[Id]) -> None:
        """The host need not have these any more, or has them."""
        known = self._by_host.get(host_id)
        if known is None:
            return
        for port_id in port_ids:
            if known.pop(port_id, None) is not None:
                del self._all[host_id, port_id]
        if not known:
            del self._by_host[host_id]
        self._count()

    def forget_host(self, host_id: str) -> None:
        """The host is gone, or speaks to another controller."""
        self.forget(host_id, list(self._by_host.get(host_id, ())))

    def _failed(self, host_id: str, port_id: Id, reason: str) -> Failure | None:
        failure = self._all.get((host_id, port_id))
        if failure is None and not self._is_bound(port_id, host_id):
            return None
        if failure is None or failure.reason != reason:
            log.error("host %s could not program %s: %s", host_id, id_text(port_id), reason or "no reason given")
        if failure is None:
            failure = self._all[host_id, port_id] = Failure(host_id, port_id, reason, self._clock())
            self._by_host.setdefault(host_id, {})[port_id] = failure
        failure.reason = reason
        return failure

    def _count(self) -> None:
        self._metrics.failures.set(len(self._all))
