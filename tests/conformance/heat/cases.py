"""The stacks that are made: each a file with resources, and what then changes of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

_DIRECTORY = Path(__file__).with_name("stacks")

Resources = dict[str, Any]
Changes = dict[str, dict[str, Any]]
"""Properties of resources by the names of these."""


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Resources, as templates have them; properties that change and leave their resources, and those that do not.

    One that changes to null is said no more. ``role`` is what its owner has in the project.
    """

    resources: Resources
    update: Changes = {}
    replace: Changes = {}
    role: str = "member"

    def updated(self) -> Resources:
        """The resources after the changes that they survive."""
        return _changed(self.resources, self.update)

    def replaced(self) -> Resources:
        """The resources after all changes."""
        return _changed(self.updated(), self.replace)


def cases() -> Iterator[tuple[str, Case]]:
    """All of them, by name."""
    for path in sorted(_DIRECTORY.glob("*.yaml")):
        yield path.stem, msgspec.yaml.decode(path.read_bytes(), type=Case)


def _changed(resources: Resources, changes: Changes) -> Resources:
    changed = dict(resources)
    for name, properties in changes.items():
        said = resources[name].get("properties", {}) | properties
        changed[name] = resources[name] | {"properties": {key: each for key, each in said.items() if each is not None}}
    return changed
