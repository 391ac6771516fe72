"""Whether the stacks have every type of the network service that Heat has, every property of it, and every change."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.exclusions import reason_for
from tests.conformance.heat.cases import Changes, cases
from tests.conformance.heat.site import Site
from tests.conformance.neutron.outcome import EXCLUDED, FAILED, PASSED, Outcome

_EXCLUSIONS = Path(__file__).with_name("exclusions.toml")
_NAME = "coverage"


def outcomes(site: Site, regex: str) -> list[Outcome]:
    """What of Heat's types is in no stack and on no list; one has passed when all of its own is in some."""
    if not re.search(regex, _NAME):
        return []
    done = _done()
    found = []
    for name, properties in site.stacks(_NAME, "admin").types().items():
        wanted = [name, *_wanted(name, properties)]
        of_type = [_missing(each) for each in wanted if each not in done]
        if not any(each.status == FAILED or each.test == f"{_NAME}.{name}" for each in of_type):
            of_type.append(Outcome(f"{_NAME}.{name}", PASSED))
        found += of_type
    return found


def _wanted(name: str, properties: dict[str, dict[str, object]]) -> Iterator[str]:
    if reason_for(_EXCLUSIONS, name):
        return
    for each in properties:
        yield f"{name}.{each} is said"
        yield f"{name}.{each} is changed"


def _missing(what: str) -> Outcome:
    reason = reason_for(_EXCLUSIONS, what)
    return Outcome(f"{_NAME}.{what}", EXCLUDED if reason else FAILED, reason or "no stack has it")


def _done() -> set[str]:
    done: set[str] = set()
    for _, case in cases():
        types = {name: each["type"] for name, each in case.resources.items()}
        done |= set(types.values())
        for state in (case.resources, case.updated(), case.replaced()):
            done |= {f"{each['type']}.{name} is said" for each in state.values() for name in each.get("properties", {})}
        for changes in (case.update, case.replace):
            done |= set(_changed(types, changes))
    return done


def _changed(types: dict[str, str], changes: Changes) -> Iterator[str]:
    for name, properties in changes.items():
        for each in properties:
            yield f"{types[name]}.{each} is changed"
