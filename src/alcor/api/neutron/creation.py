"""Creating resources, as far as the policy lets who asks.

Whether it does often depends on what the database knows. That is asked in the transaction that creates, for all who
wait together, with what the creation itself begins with reading: an answer of its own beforehand would take longer.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from alcor.model.context import Context
from alcor.model.errors import AlcorError
from alcor.services.access import Known, attribute_rules, network_reads
from alcor.services.manager import Create, Manager, Values
from alcor.services.rows import View
from alcor.store.sql import Read, reading_ahead
from alcor.store.store import Store
from alcor.store.transaction import Transaction

_Rules = Sequence[list[str]]
"""Of each of some new resources, the rules that must let its creator; nothing where that is known already."""


class Creation:
    """What creates the resources of a manager."""

    def __init__(self, store: Store, manager: Manager) -> None:
        self._store = store
        self._manager = manager
        self._access = manager.access

    async def create(self, create: Create, items: Sequence[Any]) -> list[View]:
        """The new resources, of which the request's body had these items. Raises AlcorError (403) unless all may be."""
        rules = (
            []
            if create.context.policy is None
            else [self._rules(*each) for each in zip(items, create.items, strict=True)]
        )
        if self._lets(create, rules):
            rules = []
        views: list[View] = await self._store.write_batch(self._create_allowed, (create, rules))
        return views

    def _rules(self, item: Any, values: Values) -> list[str]:
        resource = self._access.resource
        wanted = {name: value for name, value in item.items() if resource.is_told_anew(name, values)}
        return [f"create_{resource.policy_name}", *attribute_rules(resource, "create", wanted)]

    def _lets(self, create: Create, rules: _Rules) -> bool:
        """Whether the rules let the caller for what stands in the request alone: else the database may know more."""
        wanted = list(zip(rules, create.items, strict=False))
        if not all(_stands_alone(create.context, named, values) for named, values in wanted):
            return False
        with contextlib.suppress(AlcorError):
            for named, values in wanted:
                create.context.require(named, self._access.target(None, values, create.context))
            return True
        return False

    def _create_allowed(
        self, transaction: Transaction, asked: Sequence[tuple[Create, _Rules]]
    ) -> Sequence[list[View] | Exception]:
        """Create what the rules let its creators create, and tell the others why not."""
        connection = transaction.connection
        with reading_ahead(connection, lambda: self._reads(connection, asked)):
            known: Known = {}  # of networks, which many new resources are in
            refused = [self._refused(connection, create, rules, known) for create, rules in asked]
            allowed = [create for (create, _), error in zip(asked, refused, strict=True) if error is None]
            created = iter(self._manager.create(transaction, allowed) if allowed else ())
            return [next(created) if error is None else error for error in refused]

    def _reads(self, connection: Connection, asked: Sequence[tuple[Create, _Rules]]) -> Iterator[Read]:
        for create, rules in asked:
            if rules:
                named = {values["network_id"] for values in create.items if "network_id" in values}
                yield from network_reads(connection, named, create.context)
        yield from self._manager.create_reads(connection, [create for create, _ in asked])

    def _refused(self, connection: Connection, create: Create, rules: _Rules, known: Known) -> AlcorError | None:
        """What the caller is told who may not create these, None who may."""
        parent, context = self._manager.parent, create.context
        try:
            for named, values in zip(rules, create.items, strict=False):
                if parent is None or not parent.refused_first:
                    self._check_above(connection, values, context)
                context.require(named, self._access.target(connection, values, context, known))
        except AlcorError as error:
            return error
        return None

    def _check_above(self, connection: Connection, values: Values, context: Context) -> None:
        """Raises AlcorError (404) when what a new resource is a part of is not shown to the caller."""
        parent = self._manager.parent
        if parent is not None:
            parent.access.check_visible(connection, [values[parent.attribute]], context)


def _stands_alone(context: Context, rules: Sequence[str], values: Values) -> bool:
    """Whether the rules about a new resource may let its creator for what stands in the request alone."""
    names = context.policy.looks_at(*rules) if context.policy is not None and not context.is_admin else ()
    return names is None or all(name in values or name == "tenant_id" for name in names)
