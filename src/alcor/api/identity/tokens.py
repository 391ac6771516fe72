"""What Keystone says of a token: whose it is, where it is valid, and until when."""

from datetime import datetime

import msgspec

from alcor.model.context import NO_PROJECT, Context


class Token(msgspec.Struct, frozen=True):
    """A valid token: its caller, who is no administrator until a policy says so, and its end, in seconds since 1970."""

    caller: Context
    expires_at: float


class _Domain(msgspec.Struct):
    id: str


class _Owned(msgspec.Struct):
    """A user or a project, in its domain."""

    id: str
    name: str = ""
    domain: _Domain | None = None


class _Role(msgspec.Struct):
    name: str


class _Described(msgspec.Struct):
    user: _Owned
    expires_at: datetime
    roles: list[_Role] = []
    project: _Owned | None = None
    domain: _Domain | None = None
    system: dict[str, bool] | None = None


class _Body(msgspec.Struct):
    token: _Described


def parse(body: bytes) -> Token:
    """The token that the body of Keystone's answer describes. Raises ValueError when it describes none."""
    token = msgspec.json.decode(body, type=_Body).token
    project = token.project
    caller = Context(
        project_id=project.id if project is not None else NO_PROJECT,
        user_id=token.user.id,
        roles=frozenset(role.name for role in token.roles),
        is_admin=False,
        system_scope="all" if (token.system or {}).get("all") else "",
        domain_id=token.domain.id if token.domain is not None else "",
        project_domain_id=_domain(project),
        user_domain_id=_domain(token.user),
        project_name=project.name if project is not None else "",
        user_name=token.user.name,
    )
    return Token(caller, token.expires_at.timestamp())


def _domain(owned: _Owned | None) -> str:
    return owned.domain.id if owned is not None and owned.domain is not None else ""
