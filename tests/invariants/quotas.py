"""How much projects have."""

from collections import Counter
from collections.abc import Iterator

from alcor.services.quota import LIMITED, UNLIMITED
from alcor.store.tables import quota, quota_reservation, quota_usage
from tests.invariants.database import Database


def projects_have_no_more_than_they_may(database: Database) -> Iterator[str]:
    """What they have and what is set aside for them is within their limits, where they have any."""
    set_for = {(row.project_id, row.resource): row.most for row in database.rows(quota)}
    has: Counter[tuple[str, str]] = Counter()
    for row in database.rows(quota_reservation):
        has[row.project_id, row.resource] += row.amount
    for resource, table in LIMITED.items():
        has.update((row.project_id, resource) for row in database.rows(table) if row.project_id)
    for (project_id, resource), number in has.items():
        default = database.choices.default_limits.get(resource, UNLIMITED)
        most = set_for.get((project_id, resource), default)
        if UNLIMITED < most < number:
            yield f"project {project_id} may have {most} of {resource} and has {number}"


def what_projects_have_is_counted(database: Database) -> Iterator[str]:
    """Of each kind that can be limited, the number that is kept is that of the rows there are."""
    kept = Counter({(row.project_id, row.resource): row.used for row in database.rows(quota_usage)})
    has = Counter((row.project_id, resource) for resource, table in LIMITED.items() for row in database.rows(table))
    for project_id, resource in kept.keys() | has.keys():
        if kept[project_id, resource] != has[project_id, resource]:
            yield (
                f"project {project_id} has {has[project_id, resource]} of {resource}, not {kept[project_id, resource]}"
            )
