"""What both are asked of collections: filters by each attribute, each as the order, each as all that is shown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tests.conformance.beside.requests import Kind
from tests.conformance.beside.sides import NEUTRON, Answer, Request, Side

_TEXTS = ("", "x", "true", "False", "0", "4", "1.5", "ACTIVE", "{network}", "{value}")
"""What is looked for; the last is what one resource has."""


def listed(sides: Mapping[str, Side], kind: Kind, caller: str) -> Iterator[tuple[Request, dict[str, Answer]]]:
    """Each request for lists of a kind, and what both answer."""
    for attribute in _attributes(sides[NEUTRON], kind):
        for side in sides.values():
            side.remember("value", quote(_text(_one(side, kind).get(attribute))))
        for text in _TEXTS:
            yield _asked(sides, Request(caller, "GET", f"/{kind.path}?{attribute}={_quoted(text)}"))
        yield _asked(sides, Request(caller, "GET", f"/{kind.path}?fields={attribute}"))
        for direction in ("asc", "desc", "up"):
            request = Request(caller, "GET", f"/{kind.path}?sort_key={attribute}&sort_dir={direction}")
            yield request, {side: _in_order(answer, attribute) for side, answer in _asked(sides, request)[1].items()}


def _attributes(side: Side, kind: Kind) -> Sequence[str]:
    return sorted({*kind.attributes.split(), *_one(side, kind), "tenant_id", "nothing"})


def _one(side: Side, kind: Kind) -> Mapping[str, Any]:
    """The resource of the kind that is there, if one is."""
    return side.shown(f"/{kind.made}", kind.name) if kind.made else {}


def _asked(sides: Mapping[str, Side], request: Request) -> tuple[Request, dict[str, Answer]]:
    return request, {name: side.ask(request) for name, side in sides.items()}


def _in_order(answer: Answer, attribute: str) -> Answer:
    """The values that a list is in the order of, as one text: lists are compared without regard to order."""
    if answer.status != 200:
        return answer
    (resources,) = (each for each in answer.body.values() if isinstance(each, list))
    return Answer(200, {"order": " ".join(str(each.get(attribute)) for each in resources)})


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _quoted(text: str) -> str:
    return text if text.startswith("{") else quote(text)
