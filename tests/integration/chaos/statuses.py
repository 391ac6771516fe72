"""When ports became ACTIVE, as the database saw it, held to what the hosts' data planes had then."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import psycopg

from tests.integration.chaos.host import Host, Noted
from tests.integration.chaos.memory_host import PUT, STARTED

_WATCH = """
CREATE TABLE became_active (port_id text, host_id text, at double precision);
CREATE FUNCTION note_active() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO became_active VALUES (NEW.id, NEW.host_id, extract(epoch FROM clock_timestamp()));
    RETURN NULL;
END $$;
CREATE TRIGGER made_active AFTER INSERT ON port FOR EACH ROW WHEN (NEW.status = 'ACTIVE')
    EXECUTE FUNCTION note_active();
CREATE TRIGGER becomes_active AFTER UPDATE ON port FOR EACH ROW
    WHEN (NEW.status = 'ACTIVE' AND (OLD.status <> 'ACTIVE' OR OLD.host_id IS DISTINCT FROM NEW.host_id))
    EXECUTE FUNCTION note_active();
"""


def watch(connection: psycopg.Connection[Any]) -> None:
    """Have the database note from now on when a port becomes ACTIVE, and where it is bound then."""
    connection.execute(_WATCH)


def too_early(connection: psycopg.Connection[Any], hosts: Mapping[str, Host]) -> tuple[int, list[str]]:
    """How many times a port became ACTIVE, and those times when its host did not have it."""
    found = connection.execute("SELECT port_id, host_id, at FROM became_active ORDER BY at").fetchall()
    told = {name: _by_port(host.journal()) for name, host in hosts.items()}
    wrong = []
    for port_id, host_id, at in found:
        noted = told[host_id][port_id]
        before = noted[: bisect_left(noted, at, key=lambda each: each.at)]
        if not before or before[-1].what != PUT:
            wrong.append(f"{port_id} on {host_id} at {at:.6f}; its data plane: {noted}")
    return len(found), wrong


def _by_port(journal: Iterable[Noted]) -> Mapping[str, list[Noted]]:
    """What was told of each port. Starts are left out: what was reported before may be on its way."""
    by_port: dict[str, list[Noted]] = defaultdict(list)
    for noted in journal:
        if noted.what != STARTED:
            by_port[noted.port_id].append(noted)
    return by_port
