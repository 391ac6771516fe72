"""What hosts say of their ports and of what they could not program."""

import logging
from collections.abc import Iterable

from alcor.channels.messages import PortReport, State
from alcor.dpm.metrics import DpmMetrics
from alcor.dpm.read_model import ReadModel
from alcor.model.identifiers import Id, id_text
from alcor.services.port_status import ACTIVE, DOWN, PortStatus

log = logging.getLogger(__name__)


def reported_statuses(model: ReadModel, host_id: str, report: PortReport) -> list[PortStatus]:
    """The statuses a report means. A complete one says of every port it does not name that it is not there."""
    statuses = [
        PortStatus(id_text(port.id), host_id, ACTIVE if port.state is State.UP else DOWN) for port in report.ports
    ]
    if report.complete:
        named = {port.id for port in report.ports}
        missing = (port_id for port_id in model.host_ports(host_id) if port_id not in named)
        statuses.extend(PortStatus(id_text(port_id), host_id, DOWN) for port_id in missing)
    return statuses


class Failures:
    """What hosts could not program and why, until they have."""

    def __init__(self, metrics: DpmMetrics) -> None:
        self._metrics = metrics
        self._by_host: dict[str, dict[Id, str]] = {}

    def failed(self, host_id: str, resource: Id, reason: str) -> None:
        """The host could not program a resource."""
        known = self._by_host.setdefault(host_id, {})
        if known.get(resource) != reason:
            log.error("host %s could not program %s: %s", host_id, id_text(resource), reason or "no reason given")
        known[resource] = reason
        self._count()

    def reported(self, host_id: str, report: PortReport) -> None:
        """Keep what failed and forget what works."""
        if report.complete:
            self.forget_host(host_id)
        for port in report.ports:
            if port.state is State.FAILED:
                self.failed(host_id, port.id, port.reason)
        self.forget(host_id, (port.id for port in report.ports if port.state is not State.FAILED))

    def forget(self, host_id: str, resources: Iterable[Id]) -> None:
        """The host need not have these any more."""
        known = self._by_host.get(host_id)
        if known:
            for resource in resources:
                known.pop(resource, None)
            self._count()

    def forget_host(self, host_id: str) -> None:
        """The host starts anew, or is gone."""
        self._by_host.pop(host_id, None)
        self._count()

    def of_host(self, host_id: str) -> dict[Id, str]:
        """Resource id → reason."""
        return dict(self._by_host.get(host_id, {}))

    def _count(self) -> None:
        self._metrics.failures.set(sum(map(len, self._by_host.values())))
