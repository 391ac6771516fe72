"""What of the resources that were read a caller is shown, by the rules of the policy."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from alcor.model.context import Context
from alcor.services.access import Access
from alcor.services.rows import View
from alcor.store import bulk
from alcor.store.tables import network


class Shown:
    """The rules about getting one kind of resource, and its attributes."""

    def __init__(self, access: Access) -> None:
        self._access = access
        resource = access.resource
        self._rule = f"get_{resource.policy_name}"
        self._attributes = {f"{self._rule}:{each.name}": each.name for each in resource.seen_by_some}
        self._attribute_rules = tuple(self._attributes)
        self._hidden = {name for name, each in resource.attributes.items() if each.hidden and each.column}

    def never(self, context: Context) -> bool:
        """Whether the caller may get none, whatever it is like."""
        policy = context.policy
        return policy is not None and policy.looks_at(self._rule) == () and not context.may(self._rule, {})

    def those(self, connection: Connection, views: Sequence[View], context: Context) -> list[View]:
        """Those that the caller may get."""
        if context.policy is None:
            return list(views)
        access = self._access
        refused = [view for view in views if not context.may(self._rule, access.target(None, view, context))]
        if not refused:
            return list(views)
        owners = _network_owners(connection, refused)
        hidden = {
            id(view)
            for view in refused
            if not context.may(self._rule, access.target(connection, _with_network_owner(view, owners), context))
        }
        return [view for view in views if id(view) not in hidden]

    def part(self, context: Context, view: View) -> View:
        """The attributes that the caller may see."""
        refused: Sequence[str] = ()
        if context.policy is not None and self._attributes:
            target = self._access.target(None, view, context)
            refused = context.policy.refused(self._attribute_rules, context, target)
        if not refused and not self._hidden:
            return view
        shown = view.copy()
        for name in self._hidden:
            shown.pop(name, None)
        for rule in refused:
            shown.pop(self._attributes[rule], None)
        return shown


def _network_owners(connection: Connection, views: Sequence[View]) -> Mapping[str, str]:
    ids = sorted({view["network_id"] for view in views if view.get("network_id")})
    found = bulk.select_by(connection, [network.c.id, network.c.project_id], network.c.id, ids) if ids else ()
    return {row.id: row.project_id for row in found}


def _with_network_owner(view: View, owners: Mapping[str, str]) -> View:
    owner = owners.get(view.get("network_id", ""))
    return view if owner is None else view | {"network:project_id": owner, "network:tenant_id": owner}
