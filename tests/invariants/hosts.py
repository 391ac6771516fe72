"""Hosts."""

from collections.abc import Iterator

from alcor.store.tables import agent, host_session, node, port
from tests.invariants.database import Database


def nodes_are_agents(database: Database) -> Iterator[str]:
    """Each node is shown as an agent, or kept as a deleted one."""
    yield from (f"node {each} is none" for each in database.values(node.c.id) - database.values(agent.c.host))


def active_ports_are_on_connected_hosts(database: Database) -> Iterator[str]:
    """A host with an ACTIVE port has a session, so that somebody sets its ports DOWN when it is lost."""
    connected = database.values(host_session.c.host_id)
    for row in database.rows(port):
        if row.host_id and row.status == "ACTIVE" and row.host_id not in connected:
            yield f"port {row.id} is ACTIVE on {row.host_id}, which has no session"
