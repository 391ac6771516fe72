"""Trunks: which ports they are of."""

from collections.abc import Iterator

from alcor.store.tables import port, sub_port, trunk
from tests.invariants.database import Database, attributes_of


def ports_are_of_one_trunk(database: Database) -> Iterator[str]:
    """A port that is carried carries none."""
    for port_id in database.values(trunk.c.port_id) & database.values(sub_port.c.port_id):
        yield f"port {port_id} is the parent of a trunk and a sub-port"


def parents_know_their_trunks(database: Database) -> Iterator[str]:
    """The parent's own row names its trunk, and no other port's does."""
    trunks = {row.port_id: row.id for row in database.rows(trunk)}
    for row in database.rows(port):
        details = attributes_of(row).get("trunk_details") or {}
        if details.get("trunk_id") != trunks.get(row.id):
            yield f"port {row.id} says {details} of its trunk, which is {trunks.get(row.id)}"
