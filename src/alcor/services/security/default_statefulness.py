"""Whether new security groups are stateful that do not say: one setting for a project, and one for any other."""

from sqlalchemy import Connection, bindparam, or_, select

from alcor.model.context import Context
from alcor.model.errors import conflict
from alcor.model.resources.default_statefulness import DEFAULT_STATEFULNESS
from alcor.services.access import Access, owned
from alcor.services.manager import Values
from alcor.services.plain import Plain, plain_manager
from alcor.store.tables import security_group_default_statefulness as table
from alcor.store.transaction import Transaction

_SETTINGS = select(table.c.project_id, table.c.stateful).where(
    or_(table.c.project_id == bindparam("project_id"), table.c.project_id.is_(None))
)


def default_of(connection: Connection, project_id: str) -> bool:
    """Whether new groups of a project are stateful: as is set for it, else for all, else they are."""
    found: dict[str | None, bool] = {
        row.project_id: row.stateful for row in connection.execute(_SETTINGS, {"project_id": project_id})
    }
    return found.get(project_id, found.get(None, True))


def _prepare(transaction: Transaction, values: Values, _context: Context) -> Values:
    project_id = values["project_id"]
    # Writers take turns, so that nobody sets the one for all meanwhile: no constraint could see that it is there.
    same = table.c.project_id.is_(None) if project_id is None else table.c.project_id == project_id
    if transaction.connection.execute(select(table.c.id).where(same)).first() is not None:
        raise conflict(
            "SecurityGroupDefaultStatefulnessAlreadyExists",
            "A security group default statefulness setting already exists for project "
            f"'{project_id or 'system-wide'}'.",
        )
    return values


DEFAULT_STATEFULNESSES = plain_manager(
    Plain(access=Access(DEFAULT_STATEFULNESS, table, owned(table)), prepare=_prepare)
)
