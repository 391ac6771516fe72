"""The policy: oslo.policy's rules, of which operators may override any in a file.

Rules are asked again and again with the same few callers and owners, so answers are kept: by rule, by caller, and by
what the rule looks at of its target. A rule that looks at something else than attributes is asked anew each time.
"""

import logging
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from oslo_config import cfg
from oslo_policy import _checks, policy

from alcor.model.context import NO_PROJECT, Context, Target
from alcor.model.resource import Resource
from alcor.model.rules import BASE

log = logging.getLogger(__name__)

_NAMED = re.compile(r"%\(([^)]+)\)s")
_MOST_KEPT = 50_000
_LOOK_AGAIN_SECONDS = 5.0
_NOTHING = object()


class PolicyError(RuntimeError):
    """The policy file cannot be used; the message says why."""


def default_rules(resources: Iterable[Resource]) -> dict[str, str]:
    """The rules that hold where operators say nothing else, by name."""
    rules = dict(BASE)
    for resource in resources:
        rules |= resource.policy_rules
    return rules


class RulePolicy:
    """The rules of the definitions, and of a file."""

    def __init__(self, rules: Mapping[str, str], path: Path | None = None) -> None:
        self._defaults, self._path = rules, path
        self._enforcer = _enforcer(rules, path)
        self._names = {name: _looked_at(self._enforcer.rules, check) for name, check in self._enforcer.rules.items()}
        self._kept: dict[Any, tuple[str, ...]] = {}
        self._together: dict[tuple[str, ...], tuple[str, ...] | None] = {}
        self._changed_at = _modified(path)
        self.version = 0
        """Another one whenever the rules are."""
        self._look_again = time.monotonic() + _LOOK_AGAIN_SECONDS

    def allows(self, rule: str, context: Context, target: Target) -> bool:
        """Whether the rule lets the caller act on the target; a rule that is not known refuses nobody."""
        return not self.refused((rule,), context, target)

    def refused(self, rules: tuple[str, ...], context: Context, target: Target) -> tuple[str, ...]:
        """Those of the rules that do not let the caller act on the target."""
        names = self._names_of(rules)
        if names is None:
            return self._ask_all(rules, context, target)
        key = (rules, context, *[_looked(target, name) for name in names])
        try:
            answer = self._kept.get(key)
        except TypeError:  # an attribute that cannot be a key
            return self._ask_all(rules, context, target)
        if answer is None:
            answer = self._ask_all(rules, context, target)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = answer
        return answer

    def looks_at(self, *rules: str) -> tuple[str, ...] | None:
        """The attributes of a target that the rules depend on, or None when that cannot be told."""
        return self._names_of(rules)

    def _names_of(self, rules: tuple[str, ...]) -> tuple[str, ...] | None:
        """What the rules look at together."""
        try:
            return self._together[rules]
        except KeyError:
            each = [self._names.get(rule, ()) for rule in rules]
            known = None if None in each else tuple(sorted({name for names in each for name in names or ()}))
            self._together[rules] = known
            return known

    def is_admin(self, context: Context) -> bool:
        """Whether the caller is shown the resources of every project."""
        rules = ("context_is_admin", "context_with_global_access", "context_is_advsvc")
        return any(self.allows(rule, context, {}) for rule in rules)

    def refresh(self) -> None:
        """Read the file again if it was changed; a file that cannot be used leaves things as they are."""
        now = time.monotonic()
        if self._path is None or now < self._look_again:
            return
        self._look_again = now + _LOOK_AGAIN_SECONDS
        changed_at = _modified(self._path)
        if changed_at == self._changed_at:
            return
        self._changed_at = changed_at
        try:
            enforcer = _enforcer(self._defaults, self._path)
        except PolicyError as error:
            log.error("%s; the rules stay as they were", error)
            return
        self._enforcer = enforcer
        self._names = {name: _looked_at(enforcer.rules, check) for name, check in enforcer.rules.items()}
        self._kept.clear()
        self._together.clear()
        self.version += 1
        log.info("policy read anew from %s", self._path)

    def _ask_all(self, rules: tuple[str, ...], context: Context, target: Target) -> tuple[str, ...]:
        checks = self._enforcer.rules
        return tuple(rule for rule in rules if rule in self._names and not self._ask(checks[rule], context, target))

    def _ask(self, check: Any, context: Context, target: Target) -> bool:
        project_id = None if context.project_id == NO_PROJECT else context.project_id
        credentials = {
            "roles": sorted(context.roles),
            "project_id": project_id,
            "tenant_id": project_id,
            "user_id": context.user_id,
            "system_scope": context.system_scope or None,
            "system": {"all": True} if context.system_scope == "all" else None,
            "domain_id": context.domain_id or None,
            "user_domain_id": context.user_domain_id or None,
            "project_domain_id": context.project_domain_id or None,
            "service_roles": sorted(context.service_roles),
            "is_admin": context.is_admin,
        }
        return bool(_checks._check(check, target, credentials, self._enforcer, None))


class FieldCheck(_checks.Check):
    """``field:networks:shared=True``: an attribute has a value, or (``=~``) matches a pattern (Neutron's)."""

    def __init__(self, kind: str, match: str) -> None:
        super().__init__(kind, match)
        _, _, condition = match.partition(":")
        self.field, _, self.value = condition.rpartition("=")

    def __call__(self, target: Target, creds: Any, enforcer: Any, current_rule: Any = None) -> bool:
        """Whether the target's attribute is so."""
        found = target.get(self.field)
        if found is None:
            return False
        if self.value.startswith("~"):
            return re.match(self.value[1:], str(found)) is not None
        return str(found) == self.value


def _enforcer(rules: Mapping[str, str], path: Path | None) -> policy.Enforcer:
    conf = cfg.ConfigOpts()
    conf([], project="alcor", default_config_files=[])
    _checks.registered_checks["field"] = FieldCheck
    enforcer = policy.Enforcer(conf, policy_file=str(path) if path else "", use_conf=False)
    overrides: dict[str, str] = {}
    if path is not None:
        try:
            overrides = policy.parse_file_contents(path.read_text())
        except OSError as error:
            raise PolicyError(f"cannot read the policy file {path}: {error.strerror}") from error
        except ValueError as error:
            raise PolicyError(f"the policy file {path} is neither YAML nor JSON: {error}") from error
    if not isinstance(overrides, dict):
        raise PolicyError(f"the policy file {path} must hold rules by name")
    enforcer.set_rules(policy.Rules.from_dict(dict(rules) | overrides), overwrite=True, use_conf=False)
    return enforcer


def _modified(path: Path | None) -> float:
    try:
        return path.stat().st_mtime if path is not None else 0.0
    except OSError:
        return 0.0


def _looked_at(rules: Mapping[str, Any], check: Any) -> tuple[str, ...] | None:
    """The attributes of a target that a check looks at, in order; None when it looks at something else."""
    found: set[str] = set()
    for leaf in _leaves(rules, check, set()):
        match leaf:
            case _checks.TrueCheck() | _checks.FalseCheck():
                continue
            case FieldCheck():
                found.add(leaf.field)
            case _checks.RoleCheck() | _checks.GenericCheck():
                found.update(_NAMED.findall(f"{leaf.kind}:{leaf.match}"))
            case _:
                return None
    return tuple(sorted(found))


def _leaves(rules: Mapping[str, Any], check: Any, seen: set[str]) -> Iterator[Any]:
    if isinstance(check, _checks.RuleCheck):
        if check.match not in seen and check.match in rules:
            yield from _leaves(rules, rules[check.match], seen | {check.match})
    elif isinstance(check, _checks.NotCheck):
        yield from _leaves(rules, check.rule, seen)
    elif isinstance(check, _checks.AndCheck | _checks.OrCheck):
        for each in check.rules:
            yield from _leaves(rules, each, seen)
    else:
        yield check


def _looked(target: Target, name: str) -> Any:
    try:
        return target[name]
    except KeyError:
        return _NOTHING
