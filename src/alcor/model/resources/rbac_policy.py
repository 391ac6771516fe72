"""The RBAC policy: what a project shares with another, or with everybody."""

from typing import Any

from alcor.model.extension import Extension
from alcor.model.resource import Attribute, Resource, Unset
from alcor.model.resources.standard import LONGEST_NAME, project_id
from alcor.model.values import takes, text, uuid

_LONGEST_WORD = 64
_word = text(_LONGEST_WORD)


def _object_type(value: Any) -> str:
    given: str = _word(value)
    return given.strip().lower()


@takes({"type": "string", "minLength": 1, "maxLength": LONGEST_NAME})
def _target(value: Any) -> str:
    """A project, or ``*`` for all."""
    given: str = project_id(value)
    if not given:
        raise ValueError("'' is not a valid target project ID; expected the id of a project or '*'")
    return given


RBAC_POLICY = Resource(
    "rbac_policy",
    "rbac_policies",
    (
        Attribute("id", column="id", parse_filter=str),
        Attribute("project_id", project_id, update=False, column="project_id", parse_filter=str),
        Attribute(
            "tenant_id", project_id, update=False, column="project_id", parse_filter=str, alias_of="project_id"
        ),
        Attribute(
            "object_type",
            takes({"type": "string", "maxLength": _LONGEST_WORD})(_object_type),
            Unset.REQUIRED,
            update=False,
            column="object_type",
            parse_filter=str,
        ),
        Attribute("object_id", uuid, Unset.REQUIRED, update=False, column="object_id", parse_filter=str),
        Attribute("action", _word, Unset.REQUIRED, update=False, column="action", parse_filter=str),
        Attribute(
            "target_tenant",
            _target,
            Unset.REQUIRED,
            column="target_project",
            parse_filter=str,
            set_by="rule:restrict_wildcard",
        ),
    ),
    extensions=(
        Extension("rbac-policies", "RBAC Policies", "Allows creation and modification of policies that control project access to resources."),  # noqa: E501
    ),
)  # fmt: skip
