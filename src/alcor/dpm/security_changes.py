"""Which hosts have other security groups after a log entry than before. Pure.

The cost is that of the hosts of groups that are touched, but for those that are told by topic, and of the ports that
came, went or changed.
"""

from collections.abc import Iterator, Set

from alcor.dpm.changes import Before
from alcor.dpm.read_model import ReadModel
from alcor.model.goal_state import SecurityGroup
from alcor.model.identifiers import Id


def changed_security_groups(model: ReadModel, before: Before) -> Iterator[tuple[str, Id, SecurityGroup | None]]:
    """Hosts that are served and what they have of a security group from now on; None for nothing any more.

    Of what stays queued, hosts that are told by its topic are none of them.
    """
    states = {group_id: model.security.state(group_id) for group_id in before.security_groups}
    states.update((group_id, model.security.state(group_id)) for group_id, _ in before.group_ports)
    touched = set(before.group_ports)
    for group_id in before.security_groups:
        hosts = model.security.hosts.get(group_id, {})
        touched.update((group_id, host_id) for host_id in hosts.keys() - _by_topic(model, group_id, states[group_id]))
    for group_id, host_id in touched:
        if not model.serves(host_id):
            continue
        now = states[group_id] if host_id in model.nodes and model.security.on_host(group_id, host_id) else None
        was = _state_before(model, before, group_id, host_id)
        if now != was and host_id not in _by_topic(model, group_id, now):
            yield host_id, group_id, now


def _by_topic(model: ReadModel, group_id: Id, now: SecurityGroup | None) -> Set[str]:
    """The hosts that are told by its topic how a security group is now."""
    return model.fed.of(group_id).keys() if now is not None and now.queued else set()


def shared_security_groups(model: ReadModel, before: Before) -> Iterator[tuple[Id, SecurityGroup, bool]]:
    """Those that are other than before and are queued, and whether they have been until now."""
    for group_id, was in before.security_groups.items():
        now = model.security.state(group_id)
        if now is not None and now.queued and now != was:
            yield group_id, now, was is not None and was.queued


def _state_before(model: ReadModel, before: Before, group_id: Id, host_id: str) -> SecurityGroup | None:
    was_node = before.nodes[host_id] is not None if host_id in before.nodes else host_id in model.nodes
    ports = before.group_ports.get((group_id, host_id), model.security.on_host(group_id, host_id))
    if not was_node or not ports:
        return None
    if group_id in before.security_groups:
        return before.security_groups[group_id]
    return model.security.state(group_id)
