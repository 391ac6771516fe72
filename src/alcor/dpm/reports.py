"""What hosts say of their ports, as statuses of ports."""

from collections.abc import Callable

from alcor.channels.messages import PortReport, State
from alcor.dpm.read_model import ReadModel
from alcor.model.identifiers import Id, id_text
from alcor.services.hosts.host_session import HostSession
from alcor.services.ports.port_status import ACTIVE, DOWN, UNCLAIMED, PortStatus


def reported_statuses(
    model: ReadModel, session: HostSession, report: PortReport, as_of: Callable[[int], int]
) -> list[PortStatus]:
    """The statuses a report means. A complete one says of every port it does not name that it is not there.

    ``as_of`` gives the revision for which what is said of one holds.
    """

    def status(port_id: Id, is_so: str, revision: int = 0) -> PortStatus:
        return PortStatus(id_text(port_id), session.host_id, session.session_id, is_so, revision)

    statuses = []
    for port in report.ports:
        if port.state is State.UP:
            statuses.append(status(port.id, ACTIVE, as_of(port.revision)))
        else:
            statuses.append(status(port.id, UNCLAIMED if port.unclaimed else DOWN))
    if report.complete:
        named = {port.id for port in report.ports}
        missing = (port_id for port_id in model.host_ports(session.host_id) if port_id not in named)
        statuses.extend(status(port_id, DOWN) for port_id in missing)
    return statuses
