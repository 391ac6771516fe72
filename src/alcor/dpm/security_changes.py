"""Which hosts have other security groups after a log entry than before. Pure.

The cost is that of the hosts of groups that are touched, and of the ports that came, went or changed.
"""

from collections.abc import Iterator

from alcor.dpm.changes import Before
from alcor.dpm.read_model import ReadModel
from alcor.model.goal_state import SecurityGroup
from alcor.model.identifiers import Id


def changed_security_groups(model: ReadModel, before: Before) -> Iterator[tuple[str, Id, SecurityGroup | None]]:
    """Hosts that are served and what they have of a security group from now on; None for nothing any more."""
    touched = set(before.group_ports)
    for group_id in before.security_groups:
        touched.update((group_id, host_id) for host_id in model.security.hosts.get(group_id, ()))
    states = {group_id: model.security.state(group_id) for group_id, _ in touched}
    for group_id, host_id in touched:
        if not model.serves(host_id):
            continue
        now = states[group_id] if host_id in model.nodes and model.security.on_host(group_id, host_id) else None
        was = _state_before(model, before, group_id, host_id)
        if now != was:
            yield host_id, group_id, now


def _state_before(model: ReadModel, before: Before, group_id: Id, host_id: str) -> SecurityGroup | None:
    was_node = before.nodes[host_id] is not None if host_id in before.nodes else host_id in model.nodes
    ports = before.group_ports.get((group_id, host_id), model.security.on_host(group_id, host_id))
    if not was_node or not ports:
        return None
    if group_id in before.security_groups:
        return before.security_groups[group_id]
    return model.security.state(group_id)
