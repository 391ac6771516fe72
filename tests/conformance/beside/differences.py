"""In what two answers differ, as far as a client could mind, and what is known of it."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from tests.conformance.beside.sides import Answer, Request


class Excuse(msgspec.Struct, frozen=True):
    """A difference that is known: patterns of the request and of the difference, and the reason."""

    reason: str
    request: str = ""
    difference: str = ""

    def covers(self, request: Request, difference: str) -> bool:
        """Whether it speaks of this."""
        return bool(re.search(self.request, str(request)) and re.search(self.difference, difference))


def excuses() -> Sequence[Excuse]:
    """Those in excuses.toml."""
    text = Path(__file__).with_name("excuses.toml").read_text()
    return msgspec.convert(tomllib.loads(text)["excuse"], list[Excuse])


def differences(neutron: Answer, own: Answer) -> list[str]:
    """Each in a line: statuses, the type of an error, or what is shown of a resource."""
    if neutron.status != own.status:
        return [f"status {neutron.status}, and {own.status} here: {_short(neutron.body)}; here {_short(own.body)}"]
    if neutron.status >= 400:
        kinds = neutron.kind, own.kind
        return [] if kinds[0] == kinds[1] else [f"type {kinds[0]}, and {kinds[1]} here"]
    return list(_shown(neutron.body, own.body, ""))


def _shown(theirs: Any, own: Any, path: str) -> Iterator[str]:
    """What Neutron shows must be shown; it may be more."""
    if isinstance(theirs, dict) and isinstance(own, dict):
        for name, value in theirs.items():
            if name in own:
                yield from _shown(value, own[name], f"{path}.{name}")
            else:
                yield f"{path}.{name} is missing"
    elif isinstance(theirs, list) and isinstance(own, list) and len(theirs) == len(own):
        place = partial(_place, {name for each in theirs if isinstance(each, dict) for name in each})
        for one, other in zip(sorted(theirs, key=place), sorted(own, key=place), strict=True):
            yield from _shown(one, other, f"{path}[]")
    elif theirs != own:
        yield f"{path} is {_short(theirs)}, and {_short(own)} here"


def _place(names: set[str], value: Any) -> str:
    """Where something stands in a list that has no order: of these names, and only by what says something of it."""
    shown = {name: value[name] for name in names & value.keys() if value[name]} if isinstance(value, dict) else value
    return msgspec.json.encode(shown, order="deterministic").decode()


def _short(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()[:200]
