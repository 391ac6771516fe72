"""Tags of resources (Neutron's standard-attr-tag): kept with the resource to be shown, in a table to be looked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import orjson
from sqlalchemy import Connection, bindparam, select

from alcor.model.context import OPERATOR, Context
from alcor.model.errors import AlcorError, not_found
from alcor.model.resources.standard import MOST_TAGS
from alcor.services.access import Access
from alcor.services.manager import Repeated
from alcor.store import bulk
from alcor.store import tables as store_tables
from alcor.store.transaction import Transaction

Tags = list[str]


class TagChange(msgspec.Struct, frozen=True):
    """Change the tags of a resource: what they are now gives what they shall be.

    ``action`` is create, update or delete, as the rule about it is called; ``scope`` is as in Update.
    """

    id: str
    change: Callable[[Tags], Tags]
    action: str = "update"
    context: Context = OPERATOR
    scope: Mapping[str, str] = {}


def replaced_by(tags: Sequence[str]) -> Callable[[Tags], Tags]:
    """These and no others."""
    return lambda _old: list(tags)


def with_more(tags: Sequence[str]) -> Callable[[Tags], Tags]:
    """These, too."""
    return lambda old: [*old, *(tag for tag in tags if tag not in old)]


def without(tag: str) -> Callable[[Tags], Tags]:
    """Not this one, which must be there: raises AlcorError (404)."""

    def change(old: Tags) -> Tags:
        check_present(tag, old)
        return [each for each in old if each != tag]

    return change


def check_present(tag: str, tags: Iterable[str]) -> None:
    """Raises AlcorError (404) unless the tag is among them."""
    if tag not in tags:
        raise AlcorError(404, "TagNotFound", f"Tag {tag} could not be found.")


def check_number(tags: Sequence[str]) -> None:
    """Raises AlcorError (400) for more tags than a resource can have."""
    if len(tags) > MOST_TAGS:
        raise AlcorError(400, "BadRequest", f"The number of tags exceed the per-resource limit of {MOST_TAGS}")


def changing(
    access: Access, repeated: Repeated
) -> Callable[[Transaction, Sequence[TagChange]], Sequence[Tags | Exception]]:
    """The handler (Store.write_batch) of changes to the tags of one kind of resource."""
    table, resource = access.table, access.resource
    locked = select(table).where(table.c.id == bindparam("id")).with_for_update()

    def change_one(transaction: Transaction, change: TagChange) -> Tags:
        row = transaction.connection.execute(locked, {"id": change.id}).first()
        if row is None or any(getattr(row, column) != value for column, value in change.scope.items()):
            raise not_found(resource.name, change.id)
        rule = f"{change.action}_{resource.policy_name}:tags"
        access.require_rules(transaction.connection, row, change.context, [rule])
        attributes = orjson.loads(row.attributes)
        old: Tags = attributes.pop("tags", [])
        new = change.change(old)
        check_number(new)
        if set(new) == set(old):
            return old
        attributes |= {"tags": new} if new else {}
        changes = {
            "attributes": orjson.dumps(attributes).decode(),
            "revision_number": row.revision_number + 1,
            "updated_at": transaction.now,
        }
        changes |= repeated(row, changes)
        bulk.update_rows(transaction.connection, table, "id", tuple(changes), [(*changes.values(), row.id)])
        forget(transaction.connection, [row.id])
        remember(transaction.connection, {row.id: new})
        return new

    def change_all(transaction: Transaction, changes: Sequence[TagChange]) -> Sequence[Tags | Exception]:
        outcomes: list[Tags | Exception] = []
        for change in changes:
            try:
                outcomes.append(change_one(transaction, change))
            except AlcorError as error:
                outcomes.append(error)
        return outcomes

    return change_all


def tags_of(row: Any) -> Tags:
    """The tags of a row of any resource that has some."""
    tags: Tags = orjson.loads(row.attributes).get("tags", []) if '"tags"' in row.attributes else []
    return tags


def remember(connection: Connection, tags: dict[str, Tags]) -> None:
    """Have resources found by their tags (id → tags)."""
    rows = [(resource_id, tag) for resource_id, its in tags.items() for tag in its]
    if rows:
        bulk.insert_rows(connection, store_tables.tag, rows)


def forget(connection: Connection, ids: Sequence[str]) -> None:
    """The resources have no tags any more."""
    if ids:
        bulk.delete_by(connection, store_tables.tag, "resource_id", ids)
