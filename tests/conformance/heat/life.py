"""A stack's life: it is made, looked at, changed where it stands and by replacement, and deleted; nothing is left."""

from collections.abc import Mapping

from tests.conformance.heat.cases import Case, Resources
from tests.conformance.heat.client import Resource, StackFailed, Stacks
from tests.conformance.heat.reflection import differences, path_of
from tests.conformance.heat.site import Site

_NAME = "stack"


def live(site: Site, project: str, case: Case) -> None:
    """Have a stack live through what its file says, in a project of this name. Raises StackFailed."""
    stacks = site.stacks(project, case.role)
    stacks.create(_NAME, case.resources)
    made = _look(site, stacks, case.resources)
    stacks.update(_NAME, case.resources, converge=True)  # Heat compares with what is there
    _check_kept(made, _look(site, stacks, case.resources))
    stacks.check(_NAME)
    if case.update:
        stacks.update(_NAME, case.updated())
        _check_kept(made, _look(site, stacks, case.updated()))
    if case.replace:
        stacks.update(_NAME, case.replaced())
        after = _look(site, stacks, case.replaced())
        for name in case.replace:
            if after[name].id == made[name].id:
                raise StackFailed(f"{name} was not replaced")
    stacks.check(_NAME)
    stacks.delete(_NAME)


def _look(site: Site, stacks: Stacks, resources: Resources) -> dict[str, Resource]:
    """The stack's resources, which must be as they are said to be."""
    found = stacks.resources(_NAME)
    ids = {name: each.id for name, each in found.items()}
    for name, resource in resources.items():
        said, its = resource.get("properties", {}), found[name]
        path = path_of(its.type, said, ids, its.id)
        if differing := differences(said, site.show(path) if path else its.live, ids):
            raise StackFailed(f"{name} ({its.type}) is not what was said: {differing}")
    return found


def _check_kept(before: Mapping[str, Resource], after: Mapping[str, Resource]) -> None:
    for name in before:
        if after[name].id != before[name].id:
            raise StackFailed(f"{name} ({after[name].type}) was replaced")
