"""Hosts."""

from collections import Counter
from collections.abc import Iterator

from alcor.model.queue_slots import slot_of
from alcor.store.tables import agent, host_group, host_session, node, port
from tests.invariants.database import Database


def nodes_are_agents(database: Database) -> Iterator[str]:
    """Each node is shown as an agent, or kept as a deleted one."""
    yield from (f"node {each} is none" for each in database.values(node.c.id) - database.values(agent.c.host))


def groups_count_their_hosts(database: Database) -> Iterator[str]:
    """Each node is in one group, which knows how many hosts it has."""
    counted = Counter(row.group_topic for row in database.rows(node))
    for row in database.rows(host_group):
        if counted.pop(row.topic, 0) != row.hosts:
            yield f"group {row.topic} says that it has {row.hosts} hosts"
    yield from (f"group {topic} is not kept" for topic in counted)


def keys_have_slots_of_their_own(database: Database) -> Iterator[str]:
    """No two nodes of a topic are reached by one slot, and each by that of its key."""
    seen: set[tuple[str, int]] = set()
    for row in database.rows(node):
        if row.group_slot != slot_of(row.group_key):
            yield f"node {row.id} has not the slot of its key"
        if (place := (row.unicast_topic, row.group_slot)) in seen:
            yield f"node {row.id} shares slot {row.group_slot} of {row.unicast_topic}"
        seen.add(place)


def active_ports_are_on_connected_hosts(database: Database) -> Iterator[str]:
    """A host with an ACTIVE port has a session, so that somebody sets its ports DOWN when it is lost."""
    connected = database.values(host_session.c.host_id)
    for row in database.rows(port):
        if row.host_id and row.status == "ACTIVE" and row.host_id not in connected:
            yield f"port {row.id} is ACTIVE on {row.host_id}, which has no session"
