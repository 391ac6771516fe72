"""Tables of pairs: which resources belong to which others. What one has is told by two columns of such a table."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection

from alcor.store import bulk


def linked(connection: Connection, owner: Column[Any], member: Column[Any], ids: Sequence[str]) -> dict[str, list[str]]:
    """The members of each of these owners that has some, in the order of their ids."""
    found: dict[str, list[str]] = {}
    pairs: list[Any] = bulk.select_by(connection, [owner, member], owner, ids)
    for owner_id, member_id in pairs:
        found.setdefault(owner_id, []).append(member_id)
    return {owner_id: sorted(members) for owner_id, members in found.items()}


def link(
    connection: Connection, owner: Column[Any], member: Column[Any], owner_id: str, member_ids: Sequence[str]
) -> None:
    """Have exactly these be the members of an owner. The table has no other columns."""
    table = owner.table
    bulk.delete_by(connection, table, owner.name, [owner_id])
    pairs = [{owner.name: owner_id, member.name: member_id} for member_id in member_ids]
    if pairs:
        bulk.insert_rows(connection, table, [[pair[column.name] for column in table.columns] for pair in pairs])
