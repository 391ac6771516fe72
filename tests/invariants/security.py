"""Security groups and their rules."""

from collections import Counter
from collections.abc import Iterator

from alcor.model import security_rules
from alcor.model.programming import is_queued
from alcor.services.access import row_values
from alcor.store.tables import (
    port,
    port_security_group,
    security_group,
    security_group_default_statefulness,
    security_group_rule,
    security_group_size,
)
from tests.invariants.database import Database


def projects_have_one_default_group(database: Database) -> Iterator[str]:
    """At most: an administrator may delete it."""
    count = Counter(row.project_id for row in database.rows(security_group) if row.is_default)
    yield from (f"project {each} has {times}" for each, times in count.items() if times > 1)


def one_setting_is_for_any_project(database: Database) -> Iterator[str]:
    """At most, of whether new groups are stateful; no constraint sees that."""
    count = sum(row.project_id is None for row in database.rows(security_group_default_statefulness))
    if count > 1:
        yield f"{count} settings say of any project whether its new groups are stateful"


def members_know_whether_their_group_is_anothers(database: Database) -> Iterator[str]:
    """A member of a group says its project where that is not the group's, and nothing else."""
    ports, groups = database.by_id(port), database.by_id(security_group)
    for row in database.rows(port_security_group):
        if row.port_id in ports and row.security_group_id in groups:
            project_id = ports[row.port_id].project_id
            guest = None if project_id == groups[row.security_group_id].project_id else project_id
            if row.guest != guest:
                yield f"member {row.port_id} of group {row.security_group_id} is a guest of project {row.guest}"


def bound_ports_of_groups_are_counted(database: Database) -> Iterator[str]:
    """A group says how many of its ports are bound, and is queued as this number says."""
    bound = {row.id for row in database.rows(port) if row.host_id}
    counted = Counter(row.security_group_id for row in database.rows(port_security_group) if row.port_id in bound)
    sizes = {row.security_group_id: row for row in database.rows(security_group_size)}
    for group_id in counted.keys() | sizes.keys():
        said = sizes[group_id].bound_ports if group_id in sizes else 0
        if said != counted[group_id]:
            yield f"group {group_id} says {said} ports, but {counted[group_id]} are bound"
    above = database.choices.queue_groups_above
    for row in sizes.values():
        if row.queued not in {is_queued(row.bound_ports, was, above) for was in (False, True)}:
            yield f"group {row.security_group_id} with {row.bound_ports} ports says that it is queued: {row.queued}"


def rules_know_whether_their_group_is_the_default(database: Database) -> Iterator[str]:
    """A rule says of its group whether it is the default one."""
    groups = database.by_id(security_group)
    for row in database.rows(security_group_rule):
        group = groups.get(row.security_group_id)
        if group is not None and group.is_default != row.belongs_to_default_sg:
            yield f"rule {row.id} says of group {group.id} that it is the default one: {row.belongs_to_default_sg}"


def rules_are_not_repeated(database: Database) -> Iterator[str]:
    """No group has two rules that say the same."""
    for group_id, rows in database.grouped(security_group_rule.c.security_group_id).items():
        count = Counter(security_rules.identity(row_values(row)) for row in rows)
        yield from (f"group {group_id} says {each} {times} times" for each, times in count.items() if times > 1)
