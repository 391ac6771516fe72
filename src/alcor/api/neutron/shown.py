"""What of the resources that were read a caller is shown, by the rules of the policy.

Rules are asked once about all resources that are alike in what the rules look at: most of a list's are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection

from alcor.model.context import Context
from alcor.model.json_bytes import json_bytes
from alcor.services.access import LOOKED_FOR, Access
from alcor.services.remembered import RememberedView
from alcor.services.rows import ReadView, View, without
from alcor.services.stored_views import StoredView
from alcor.store import bulk
from alcor.store.tables import network

Answer = TypeVar("Answer")

_NOTHING = object()
_WITH_JSON = (RememberedView, StoredView)


class Shown:
    """The rules about getting one kind of resource, and its attributes."""

    def __init__(self, access: Access) -> None:
        self._access = access
        resource = access.resource
        self._rule = f"get_{resource.policy_name}"
        self._attributes = {f"{self._rule}:{each.name}": each.name for each in resource.seen_by_some}
        self._attribute_rules = tuple(self._attributes)
        self._hidden = tuple(name for name, each in resource.attributes.items() if each.hidden and each.column)

    def never(self, context: Context) -> bool:
        """Whether the caller may get none, whatever it is like."""
        policy = context.policy
        return policy is not None and policy.looks_at(self._rule) == () and not context.may(self._rule, {})

    def those(self, connection: Connection, views: Sequence[ReadView], context: Context) -> list[ReadView]:
        """Those that the caller may get."""
        policy = context.policy
        if policy is None:
            return list(views)
        access, names = self._access, policy.looks_at(self._rule)
        allowed = _asked(views, names, lambda view: context.may(self._rule, access.target(None, view, context)))
        if all(allowed):
            return list(views)
        doubted = [view for view, its in zip(views, allowed, strict=True) if not its]
        owners = _network_owners(connection, doubted)
        told = [_with_network_owner(view, owners) for view in doubted]
        looked_at = None if names is None or access.parent_owner is not None else (*names, *LOOKED_FOR)
        known = _asked(told, looked_at, lambda view: context.may(self._rule, access.target(connection, view, context)))
        hidden = {id(view) for view, its in zip(doubted, known, strict=True) if not its}
        return [view for view in views if id(view) not in hidden]

    def part(self, context: Context, view: ReadView) -> View:
        """The attributes that the caller may see."""
        return self.parts(context, [view])[0]

    def encoded(self, context: Context, views: Sequence[ReadView]) -> Any:
        """The same, to be encoded as JSON: what is at hand of it is taken as it is."""
        each = [_json(view, unseen) for view, unseen in zip(views, self.unseen(context, views), strict=True)]
        return orjson.Fragment(b"[%b]" % b",".join(each))

    def parts(self, context: Context, views: Sequence[ReadView]) -> list[View]:
        """The attributes that the caller may see of each."""
        return [without(view, unseen) for view, unseen in zip(views, self.unseen(context, views), strict=True)]

    def unseen(self, context: Context, views: Sequence[ReadView]) -> Sequence[tuple[str, ...]]:
        """The attributes of each that the caller may not see."""
        policy = context.policy
        if policy is None or not self._attributes:
            return [self._hidden] * len(views)

        def hidden(view: ReadView) -> tuple[str, ...]:
            target = self._access.target(None, view, context)
            refused = policy.refused(self._attribute_rules, context, target)
            return (*self._hidden, *(self._attributes[rule] for rule in refused))

        return _asked(views, policy.looks_at(*self._attribute_rules), hidden)


def _asked(views: Sequence[ReadView], names: Sequence[str] | None, ask: Callable[[ReadView], Answer]) -> list[Answer]:
    """The answers for all resources: one for those that are alike in the attributes of these names."""
    if len(views) == 1 or (names == () and views):
        return [ask(views[0])] * len(views)
    kinds: Sequence[Any] = range(len(views))  # without names each is one of its own
    if names is not None and views:
        wanted = tuple(["project_id" if name == "tenant_id" else name for name in names])
        kinds = [_looked(view, wanted) for view in views]
        if kinds.count(kinds[0]) == len(kinds):
            return [ask(views[0])] * len(views)
    try:
        examples = dict(zip(kinds, views, strict=True))
    except TypeError:  # an attribute that cannot be a key
        kinds = range(len(views))
        examples = dict(zip(kinds, views, strict=True))
    answers = {kind: ask(view) for kind, view in examples.items()}
    return [answers[kind] for kind in kinds]


def _looked(view: ReadView, names: tuple[str, ...]) -> Any:
    if isinstance(view, _WITH_JSON):
        return view.looked(names)
    return tuple([view.get(name, _NOTHING) for name in names])


def encoded(view: ReadView, unseen: tuple[str, ...]) -> Any:
    """The resource without these attributes, to be encoded as JSON: what is at hand of it is taken as it is."""
    return orjson.Fragment(_json(view, unseen))


def _json(view: ReadView, unseen: tuple[str, ...]) -> bytes:
    return view.json(unseen) if isinstance(view, _WITH_JSON) else json_bytes(without(view, unseen))


def _network_owners(connection: Connection, views: Iterable[ReadView]) -> Mapping[str, str]:
    ids = sorted({view["network_id"] for view in views if view.get("network_id")})
    found = bulk.select_by(connection, [network.c.id, network.c.project_id], network.c.id, ids) if ids else ()
    return {row.id: row.project_id for row in found}


def _with_network_owner(view: ReadView, owners: Mapping[str, str]) -> ReadView:
    owner = owners.get(view.get("network_id", ""))
    return view if owner is None else {**view, "network:project_id": owner, "network:tenant_id": owner}
