"""A resource of the API as data: its attributes, what may be said of them, and where they are kept.

Everything the API does with a resource (checking bodies, defaults, filters, sorting, rendering) follows from its
definition; alcor.model.resources has one for each resource.
"""

import enum
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from alcor.model.errors import AlcorError, bad_request
from alcor.model.extension import Extension
from alcor.model.rules import ADMIN_OR_PROJECT_MEMBER, ADMIN_OR_PROJECT_READER
from alcor.model.values import Convert, shown


class Kept(enum.Enum):
    """Where an attribute's value is."""

    COLUMN = "in a column of its own: can be filtered and sorted by"
    ATTRIBUTES = "in the column ``attributes``, when it is not the default"
    COMPUTED = "nowhere: worked out from others when rendered, or input that the service turns into something else"
    CONSTANT = "nowhere: it is always the default"


class Unset(enum.Enum):
    """What stands for a default where there is none."""

    REQUIRED = "a create request must say it"
    ABSENT = "left out of the request when not given: the service decides"


class Attribute:
    """One attribute of a resource.

    ``convert`` checks a value that a request gives and brings it into the form that views show; ``to_column`` and
    ``to_view`` translate between that form and the column. ``parse_filter`` reads a value from a query string.

    ``set_by`` is the rule that lets callers give a value (``update_by`` for updates, where it is another one), and
    ``seen_by`` the one that lets them see it; without any, those that may create, update or see the resource.
    A ``hidden`` one is for rules and paths, and shown to nobody; what is not in a column, its service leaves out of
    views. Lists can be in the order of what is in a column, of
    what is always the same (which changes nothing), and of others that are ``sortable``: their service says how.
    ``parts_set_by`` are the rules for members of a value that is an object, or of a list of such. Whoever creates a
    resource may always say what it would be anyway, unless ``set_by`` is asked ``even_default``.
    """

    def __init__(
        self,
        name: str,
        convert: Convert | None = None,
        default: Any = Unset.ABSENT,
        *,
        create: bool = True,
        update: bool = True,
        kept: Kept = Kept.ATTRIBUTES,
        column: str = "",
        to_column: Callable[[Any], Any] | None = None,
        to_view: Callable[[Any], Any] | None = None,
        parse_filter: Callable[[str], Any] | None = None,
        alias_of: str = "",
        implied: Any = Unset.ABSENT,
        set_by: str = "",
        update_by: str = "",
        seen_by: str = "",
        parts_set_by: Mapping[str, str] | None = None,
        even_default: bool = False,
        hidden: bool = False,
        sortable: bool = False,
    ) -> None:
        self.name = name
        self.convert = convert
        self.default = default
        self.create = create and convert is not None
        self.update = update and convert is not None
        self.kept = Kept.COLUMN if column else kept
        self.column = column
        self.to_column = to_column
        self.to_view = to_view
        self.parse_filter = parse_filter
        self.alias_of = alias_of
        self.implied = default if isinstance(implied, Unset) else implied
        self.set_by = set_by
        self.update_by = update_by or set_by
        self.seen_by = seen_by
        self.parts_set_by: Mapping[str, str] = parts_set_by or {}
        self.even_default = even_default
        self.hidden = hidden
        self.sortable = sortable or self.kept in (Kept.COLUMN, Kept.CONSTANT)

    def converted(self, value: Any) -> Any:
        """The value in its kept form. Raises AlcorError, naming the attribute, for one that it cannot have."""
        assert self.convert is not None, self.name
        try:
            return self.convert(value)
        except ValueError as error:
            raise _invalid(self.name, str(error)) from error


_RULES = {
    "create": ADMIN_OR_PROJECT_MEMBER,
    "get": ADMIN_OR_PROJECT_READER,
    "update": ADMIN_OR_PROJECT_MEMBER,
    "delete": ADMIN_OR_PROJECT_MEMBER,
}


class Resource:
    """A kind of resource: ``name`` in the singular, ``collection`` in the plural, as request bodies have them.

    A ``lenient`` one is for clients that send whole resources, as they were shown or as they hold them: null is the
    same as nothing said; what the server sets, and the names ``without_effect``, are passed over; and an update may
    repeat what cannot change.

    ``rules`` say who may create, get, update and delete it, where not the members (to get: the readers) of its project,
    and who may carry out other actions on it, each by its own name (``add_router_interface``); ``policy_name`` is what
    they call the resource, when not its name. ``extensions`` are those that are here when the resource is.
    """

    def __init__(
        self,
        name: str,
        collection: str,
        attributes: tuple[Attribute, ...],
        *,
        lenient: bool = False,
        without_effect: tuple[str, ...] = (),
        rules: Mapping[str, str] | None = None,
        policy_name: str = "",
        extensions: tuple[Extension, ...] = (),
    ) -> None:
        self.name = name
        self.collection = collection
        self.attributes: Mapping[str, Attribute] = {attribute.name: attribute for attribute in attributes}
        self.lenient = lenient
        self.fixed = frozenset(each.name for each in attributes if each.create and not each.update and not each.hidden)
        self.rules = _RULES | dict(rules or {})
        self.policy_name = policy_name or name
        self.extensions = extensions
        self._passed_over = {each.name for each in attributes if each.convert is None} | set(without_effect)

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        return {
            name: attribute.default
            for name, attribute in self.attributes.items()
            if attribute.create and not isinstance(attribute.default, Unset)
        }

    @cached_property
    def _required(self) -> tuple[str, ...]:
        return tuple(name for name, each in self.attributes.items() if each.default is Unset.REQUIRED)

    @cached_property
    def seen_by_some(self) -> tuple[Attribute, ...]:
        """The attributes that not everybody sees who sees the resource."""
        return tuple(each for each in self.attributes.values() if each.seen_by)

    @cached_property
    def policy_rules(self) -> dict[str, str]:
        """All rules about the resource and its attributes, by the names that operators override them by."""
        rules = {self.rule_name(action): rule for action, rule in self.rules.items()}
        if "tags" in self.attributes:
            changing = dict.fromkeys(("create", "update", "delete"), self.rules["update"])
            rules |= {f"{action}_{self.policy_name}:tags": rule for action, rule in changing.items()}
            rules[f"get_{self.policy_name}:tags"] = self.rules["get"]
        for name, each in self.attributes.items():
            per_action = (("create", each.set_by), ("update", each.update_by), ("get", each.seen_by))
            for action, rule in per_action:
                if rule:
                    rules[f"{action}_{self.policy_name}:{name}"] = rule
            for action in ("create", "update"):
                for part, rule in each.parts_set_by.items():
                    rules[f"{action}_{self.policy_name}:{name}:{part}"] = rule
        return rules

    def rule_name(self, action: str) -> str:
        """What the rule about an action is called: ``create_port``, ``add_router_interface``."""
        return f"{action}_{self.policy_name}" if action in _RULES else action

    def check_create(self, body: Any) -> dict[str, Any]:
        """The attributes of a create request, checked, with defaults. Raises AlcorError naming what is wrong."""
        given = self._check(body, "POST")
        for name in self._required:
            if name not in given:
                raise bad_request(f"Failed to parse request. Required attribute '{name}' not specified")
        return self._defaults | given

    def is_told_anew(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether what a create request says of an attribute is more than its default; ``values`` are checked ones."""
        attribute = self.attributes.get(name)
        return attribute is None or attribute.even_default or values.get(name, Unset.ABSENT) != attribute.default

    def check_update(self, body: Any) -> dict[str, Any]:
        """The attributes of an update request, checked. Raises AlcorError naming what is wrong.

        Those of a lenient resource may have some of the ``fixed`` attributes: they must be as they are.
        """
        return self._check(body, "PUT")

    def _check(self, body: Any, method: str) -> dict[str, Any]:
        if not isinstance(body, dict):
            raise bad_request(f"Object '{self.name}' contains invalid data: it must be a dictionary")
        result: dict[str, Any] = {}
        for name, value in body.items():
            if self.lenient and (value is None or name in self._passed_over):
                continue
            attribute = self.attributes.get(name)
            if attribute is None:
                raise bad_request(f"Unrecognized attribute(s) {_unknown(body, self.attributes)}")
            if not self._may_be_given(attribute, method) or attribute.convert is None:
                raise bad_request(
                    f"Attribute '{name}' not allowed in POST"
                    if method == "POST"
                    else f"Cannot update read-only attribute {name}"
                )
            converted = attribute.converted(value)
            kept_as = attribute.alias_of or name
            if result.setdefault(kept_as, converted) != converted:
                raise bad_request(f"{self._names_of(kept_as)} do not match")
        return result

    def _names_of(self, name: str) -> str:
        return " and ".join(f"'{each}'" for each, its in self.attributes.items() if name in (each, its.alias_of))

    def _may_be_given(self, attribute: Attribute, method: str) -> bool:
        if method == "POST":
            return attribute.create
        return attribute.update or (self.lenient and attribute.name in self.fixed)


def _unknown(body: Mapping[str, Any], attributes: Mapping[str, Attribute]) -> str:
    return shown(", ".join(name for name in body if name not in attributes))


def _invalid(name: str, reason: str) -> AlcorError:
    return bad_request(f"Invalid input for {name}. Reason: {reason}.")
