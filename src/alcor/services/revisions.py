"""Revisions of resources whose parts change: whoever insists on what was seen of a whole insists on its parts, too."""

from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, update

from alcor.store.transaction import Transaction


def revise(transaction: Transaction, table: Table, resource_id: str) -> None:
    """Have a resource be a revision later because a part of it came, changed or went."""
    transaction.connection.execute(_later(table), {"resource": resource_id, "now": transaction.now})


@cache
def _later(table: Table) -> Any:
    values = {"revision_number": table.c.revision_number + 1, "updated_at": bindparam("now")}
    return update(table).where(table.c.id == bindparam("resource")).values(values)
