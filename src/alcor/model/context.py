"""Who asks, and what they may: the caller of a request, as services see it."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from alcor.model.errors import AlcorError

DEFAULT_PROJECT = "default"
"""Whose resources are when nobody says."""

NO_PROJECT = "-"
"""The project of a caller who works in none: no project has this id."""

Target = Mapping[str, Any]
"""What a rule is asked about: the attributes of a resource."""


class Policy(Protocol):
    """Which rules let whom do what."""

    def allows(self, rule: str, context: "Context", target: Target) -> bool:
        """Whether the rule of this name lets the caller; a rule that is not known refuses nobody."""

    def refused(self, rules: tuple[str, ...], context: "Context", target: Target) -> tuple[str, ...]:
        """Those of the rules that do not let the caller."""

    def looks_at(self, *rules: str) -> tuple[str, ...] | None:
        """The attributes of a target that the rules depend on, or None when that cannot be told."""


class Context(msgspec.Struct, frozen=True):
    """The caller of a request: a user who works in a project, with roles there.

    One ``is_admin`` is shown the resources of every project. Without a policy everything is allowed.
    """

    project_id: str = DEFAULT_PROJECT
    user_id: str = ""
    roles: frozenset[str] = frozenset()
    is_admin: bool = True
    system_scope: str = ""  # "all" for a token of the whole system
    domain_id: str = ""
    project_domain_id: str = ""
    user_domain_id: str = ""
    service_roles: frozenset[str] = frozenset()  # of the service that asks on the user's behalf
    policy: Policy | None = None
    project_name: str = ""
    user_name: str = ""

    def may(self, rule: str, target: Target) -> bool:
        """Whether a rule of the policy lets the caller act on the target."""
        return self.policy is None or self.policy.allows(rule, self, target)

    def require(self, rules: list[str], target: Target) -> None:
        """Raises AlcorError (403), as Neutron words it, unless all the rules let the caller act on the target."""
        if self.policy is None or all(self.policy.allows(rule, self, target) for rule in rules):
            return
        named = " and ".join(f"rule:{rule}" for rule in rules)
        shown = f"({named})" if len(rules) > 1 else named
        raise AlcorError(403, "PolicyNotAuthorized", f"{shown} is disallowed by policy")


OPERATOR = Context()
"""Who may everything: the controller itself, and everybody where nobody is asked who they are."""
