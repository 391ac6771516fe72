"""Who sees which rows of a table, and who may do what with them.

A caller is shown the resources of its own project, what others share with it, and nothing else: what it cannot see does
not exist for it, not even in an error's text. What it may do with those it sees, the policy says.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import BindParameter, ColumnElement, Connection, Row, String, Table, and_, bindparam, or_, select

from alcor.model.context import Context, Target
from alcor.model.errors import not_found
from alcor.model.resource import Resource
from alcor.store import bulk, sql
from alcor.store.tables import network, rbac_policy, security_group

Project = str | BindParameter[str]
"""The project of a caller, or the parameter that stands for it."""

Visible = Callable[[Project], ColumnElement[bool]]
"""The condition for rows of a table that callers of a project are shown who are no administrators; of alternatives,
their own first.
"""

Known = dict[tuple[str, ...], Any]
"""What was looked up of networks: whose they are, and whether they are shared with a project."""

LOOKED_FOR = ("network_id", "security_group_id")
"""What resources name of which targets are looked for: whose it is, and whether it is shared."""

_CALLER: BindParameter[str] = bindparam("caller", type_=String())

EVERYBODY = "*"
SHARED = "access_as_shared"
EXTERNAL = "access_as_external"

_NETWORK_OWNER = sql.Prepared(select(network.c.project_id).where(network.c.id == bindparam("id")))
_SHARED_NETWORK = sql.Prepared(
    select(rbac_policy.c.id).where(
        rbac_policy.c.object_id == bindparam("id"),
        rbac_policy.c.object_type == "network",
        rbac_policy.c.action == SHARED,
        rbac_policy.c.target_project.in_((EVERYBODY, bindparam("project", type_=String()))),
    )
)


def owned(table: Table) -> Visible:
    """Rows of the caller's project."""
    return lambda project: table.c.project_id == project


def shareable(table: Table, object_type: str, actions: Sequence[str] = (SHARED,)) -> Visible:
    """Rows of the caller's project, and those that others share with it."""

    def visible(project: Project) -> ColumnElement[bool]:
        shared = table.c.id.in_(shared_ids(object_type, project, actions))
        return or_(table.c.project_id == project, shared)

    return visible


def shared_ids(object_type: str, project: Project, actions: Sequence[str] = (SHARED,)) -> Any:
    """The subquery of the ids of what others share with the project or with everybody."""
    return select(rbac_policy.c.object_id).where(
        rbac_policy.c.target_project.in_((EVERYBODY, project)),
        rbac_policy.c.object_type == object_type,
        rbac_policy.c.action.in_(actions),
    )


visible_networks = shareable(network, "network", actions=(SHARED, EXTERNAL))
"""Networks that a caller is shown: its own, and those shared with it or external to it."""


visible_security_groups = shareable(security_group, "security_group")
"""Security groups that a caller is shown: its own, and those shared with it."""


def everybody(_project: Project) -> ColumnElement[bool]:
    """All rows."""
    return and_(True)


def network_reads(connection: Connection, network_ids: Iterable[str], context: Context) -> Iterator[sql.Read]:
    """What rules look for about these networks."""
    for network_id in network_ids:
        yield _NETWORK_OWNER.read(connection, {"id": network_id})
        yield _SHARED_NETWORK.read(connection, {"id": network_id, "project": context.project_id})


class RowTarget(Target):
    """A row as rules see it: by the names of attributes.

    Who owns its network or security group, and whether the network is shared with the caller, is looked for when asked
    about.
    """

    def __init__(
        self,
        connection: Connection | None,
        values: Mapping[str, Any],
        context: Context,
        parent: str = "",
        known: Known | None = None,
    ) -> None:
        self._connection, self._values, self._context, self._parent = connection, values, context, parent
        self._known: Known = {} if known is None else known

    def __getitem__(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        if name in ("tenant_id", "project_id"):
            return self._values["project_id"]
        if name in ("network:project_id", "network:tenant_id") and self._connection is not None:
            return self._network_owner(self._connection, self._values["network_id"])
        if name in ("security_group:project_id", "security_group:tenant_id") and self._connection is not None:
            return self._security_group_owner(self._connection, self._values["security_group_id"])
        if name == "shared" and "network_id" in self._values and self._connection is not None:
            return self._is_network_shared(self._connection)
        if name in ("ext_parent:project_id", "ext_parent:tenant_id") and self._parent:
            return self._parent
        raise KeyError(name)

    def _network_owner(self, connection: Connection, network_id: str) -> str:
        """Raises AlcorError (404) for a network that the caller is not shown."""
        key = "owner", network_id
        if key not in self._known:
            found = _NETWORK_OWNER(connection, {"id": network_id})
            self._known[key] = found[0].project_id if found else None
        owner: str | None = self._known[key]
        if owner is not None and owner != self._context.project_id and not self._context.is_admin:
            visible = select(network.c.project_id).where(
                network.c.id == network_id, visible_networks(self._context.project_id)
            )
            owner = connection.execute(visible).scalar()
        if owner is None:
            raise not_found("network", network_id)
        return owner

    def _security_group_owner(self, connection: Connection, group_id: str) -> str:
        """Raises AlcorError (404) for a group that the caller is not shown."""
        statement = select(security_group.c.project_id).where(security_group.c.id == group_id)
        if not self._context.is_admin:
            statement = statement.where(visible_security_groups(self._context.project_id))
        owner: str | None = connection.execute(statement).scalar()
        if owner is None:
            raise not_found("security_group", group_id)
        return owner

    def _is_network_shared(self, connection: Connection) -> bool:
        asked = {"id": self._values["network_id"], "project": self._context.project_id}
        key = "shared", asked["id"], asked["project"]
        if key not in self._known:
            self._known[key] = bool(_SHARED_NETWORK(connection, asked))
        return bool(self._known[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Access(msgspec.Struct, frozen=True):
    """One kind of resource, where it is kept, and who is shown it.

    ``parent_owner`` finds the project of the resource that a row is a part of, for rules about that
    (``ext_parent:project_id``). ``computed`` works out attributes that are not in the table, as a caller is shown them:
    rules are asked about them, too.
    """

    resource: Resource
    table: Table
    visible: Visible
    parent_owner: Callable[[Connection, Mapping[str, Any]], str] | None = None
    computed: Callable[[Connection, Sequence[Any], Context], Sequence[Mapping[str, Any]]] | None = None

    def condition(self, context: Context) -> ColumnElement[bool] | None:
        """What rows must fulfil to be shown to the caller, the same for each with ``parameters``; None for all rows."""
        return None if context.is_admin else _condition(self.visible)

    def parameters(self, context: Context) -> Mapping[str, str]:
        """What a statement with the condition must be told of the caller."""
        return {} if context.is_admin else {_CALLER.key: context.project_id}

    def sees(self, connection: Connection, row: Any, context: Context) -> bool:
        """Whether the caller is shown the row."""
        if context.is_admin or getattr(row, "project_id", None) == context.project_id:
            return True
        key = self.table.primary_key.columns.values()[0]
        statement = select(key).where(key == getattr(row, key.name), self.visible(context.project_id))
        return connection.execute(statement).first() is not None

    def target(
        self,
        connection: Connection | None,
        values: Mapping[str, Any],
        context: Context,
        known: Known | None = None,
    ) -> RowTarget:
        """A resource's attributes, or its row's columns, as rules see them.

        ``known`` keeps what was looked up for other targets that are asked about on the same snapshot.
        """
        parent = ""
        if self.parent_owner is not None and connection is not None:
            parent = self.parent_owner(connection, values)
        return RowTarget(connection, values, context, parent, known)

    def require(
        self, connection: Connection, row: Row[Any] | Any, context: Context, action: str, given: Mapping[str, Any]
    ) -> None:
        """Raises AlcorError: 404 when the caller is not shown the row, 403 when it may not act so on it."""
        rules = [self.resource.rule_name(action), *attribute_rules(self.resource, action, given)]
        self.require_rules(connection, row, context, rules, given)

    def require_rules(
        self,
        connection: Connection,
        row: Row[Any] | Any,
        context: Context,
        rules: list[str],
        given: Mapping[str, Any] | None = None,
    ) -> None:
        """The same for rules by their names."""
        if context.policy is None and context.is_admin:
            return
        if not self.sees(connection, row, context):
            raise not_found(self.resource.name, row[0])
        values = row_values(row)
        if self.computed is not None:
            values = {**values, **self.computed(connection, [row], context)[0]}
        name = self.resource.policy_name
        may_see = context.may(f"get_{name}", self.target(connection, values, context))
        if not may_see and values.get("project_id") != context.project_id:
            raise not_found(self.resource.name, row[0])
        context.require(rules, self.target(connection, {**values, **(given or {})}, context))

    def visible_ids(self, connection: Connection, ids: Iterable[str], context: Context) -> set[str]:
        """Those of the ids that are resources which the caller is shown."""
        wanted = sorted(set(ids))
        if not wanted:
            return set()
        statement = select(self.table.c.id).where(self.table.c.id.in_(wanted))
        condition = self.condition(context)
        if condition is not None:
            statement = statement.where(condition)
        return set(connection.execute(statement, self.parameters(context)).scalars())

    def check_visible(self, connection: Connection, ids: Iterable[str], context: Context) -> None:
        """Raises AlcorError (404) for the first of the ids that the caller is not shown."""
        wanted = list(ids)
        seen = self.visible_ids(connection, wanted, context)
        for each in wanted:
            if each not in seen:
                raise not_found(self.resource.name, each)

    def rows(self, connection: Connection, ids: Sequence[str], context: Context) -> dict[str, Row[Any]]:
        """The rows of those of the ids that the caller is shown, by id."""
        found = bulk.select_by(connection, list(self.table.c), self.table.c.id, ids)
        return {row.id: row for row in found if self.sees(connection, row, context)}


@cache
def _condition(visible: Visible) -> ColumnElement[bool]:
    return visible(_CALLER)


def row_values(row: Any) -> Mapping[str, Any]:
    """The columns of a row by name."""
    mapping: Mapping[str, Any] = row._mapping if hasattr(row, "_mapping") else row._asdict()
    return mapping


def attribute_rules(resource: Resource, action: str, given: Mapping[str, Any]) -> list[str]:
    """The names of the rules about the attributes that a request gives, beyond that about the resource."""
    rules = []
    for name, value in given.items():
        attribute = resource.attributes.get(name)
        if attribute is None:
            continue
        if attribute.set_by if action == "create" else attribute.update_by:
            rules.append(f"{action}_{resource.policy_name}:{name}")
        if attribute.parts_set_by:
            parts = _parts(value)
            rules += [
                f"{action}_{resource.policy_name}:{name}:{part}" for part in attribute.parts_set_by if part in parts
            ]
    return rules


def _parts(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value)
    if isinstance(value, list):
        return {part for item in value if isinstance(item, dict) for part in item}
    return set()
