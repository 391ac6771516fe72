"""Who is trusted."""

from collections.abc import Iterator
from itertools import pairwise

from alcor.store.tables import authority, join_token, node
from tests.invariants.database import Database


def authorities_follow_one_another(database: Database) -> Iterator[str]:
    """Each signs after the one before it, which is trusted until some time after that; the last one has no end."""
    found = sorted(database.rows(authority), key=lambda row: row.number)
    for before, after in pairwise(found):
        if before.trusted_until is None or not before.signs_from <= after.signs_from <= before.trusted_until:
            yield f"authority {before.number} does not end after {after.number} begins"
    if found and found[-1].trusted_until is not None:
        yield f"authority {found[-1].number} ends, and none follows"


def hosts_with_tokens_are_nodes(database: Database) -> Iterator[str]:
    """Nobody is invited to join that a certificate cannot be issued for."""
    nodes = database.values(node.c.id)
    for row in database.rows(join_token):
        if row.kind == "host" and row.name not in nodes:
            yield f"there is a token for {row.name}, which is no node"
