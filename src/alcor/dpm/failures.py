"""The dead letters: what hosts could not program, and why, kept until it works or is gone.

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

_KEPT_PER_HOST = 10_000  # a host may say of anything that it failed


class Failure(msgspec.Struct):
    """One resource that one host could not program."""

    host_id: str
    resource: Id
    reason: str  # the last that was given
    since: float  # when it failed first, seconds since the epoch
    reports: int = 0  # how often the host has said so: once for each attempt


class Failures:
    """What hosts could not program, until they have."""

    def __init__(self, metrics: DpmMetrics, clock: Callable[[], float] = time.time) -> None:
        """``clock`` gives the seconds since the epoch."""
        self._metrics = metrics
        self._clock = clock
        self._all: dict[tuple[str, Id], Failure] = {}  # in the order in which they failed first
        self._by_host: dict[str, dict[Id, Failure]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def oldest(self, limit: int) -> list[Failure]:
        """Those that failed first, so many at most."""
        return list(itertools.islice(self._all.values(), limit))

    def of_host(self, host_id: str) -> dict[Id, str]:
        """Resource id → reason."""
        return {failure.resource: failure.reason for failure in self._by_host.get(host_id, {}).values()}

    def acknowledged(self, host_id: str, failures: dict[Id, str]) -> None:
        """The host has taken a goal state, but for these resources (id → reason)."""
        for resource, reason in failures.items():
            self._failed(host_id, resource, reason)
        self._count()

    def reported(self, host_id: str, report: PortReport) -> None:
        """Keep what failed and forget what works."""
        failed = {port.id: port.reason for port in report.ports if port.state is State.FAILED}
        known = self._by_host.get(host_id)
        if known is not None:
            named = known if report.complete else (port.id for port in report.ports)
            self.forget(host_id, [resource for resource in named if resource not in failed])
        for resource, reason in failed.items():
            failure = self._failed(host_id, resource, reason)
            if failure is not None:
                failure.reports += 1
        self._count()

    def forget(self, host_id: str, resources: Iterable[Id]) -> None:
        """The host need not have these any more, or has them."""
        known = self._by_host.get(host_id)
        if known is None:
            return
        for resource in resources:
            if known.pop(resource, None) is not None:
                del self._all[host_id, resource]
        if not known:
            del self._by_host[host_id]
        self._count()

    def forget_host(self, host_id: str) -> None:
        """The host is gone, or speaks to another controller."""
        self.forget(host_id, list(self._by_host.get(host_id, ())))

    def _failed(self, host_id: str, resource: Id, reason: str) -> Failure | None:
        known = self._by_host.setdefault(host_id, {})
        failure = known.get(resource)
        if failure is None and len(known) >= _KEPT_PER_HOST:
            return None
        if failure is None or failure.reason != reason:
            log.error("host %s could not program %s: %s", host_id, id_text(resource), reason or "no reason given")
        if failure is None:
            failure = Failure(host_id, resource, reason, self._clock())
            known[resource] = self._all[host_id, resource] = failure
        failure.reason = reason
        return failure

    def _count(self) -> None:
        self._metrics.failures.set(len(self._all))
