"""QoS policies and what has them."""

from collections import Counter
from collections.abc import Iterator

from alcor.store.tables import floating_ip, network, port, qos_attachment, qos_policy, qos_rule, router
from tests.invariants.database import Database, attributes_of

_KINDS = {"network": network, "port": port, "floatingip": floating_ip, "router": router}


def attachments_are_what_resources_say(database: Database) -> Iterator[str]:
    """The row of a resource names its policy, and so does the table by which those of a policy are found."""
    attached = {(row.object_type, row.object_id, row.policy_id) for row in database.rows(qos_attachment)}
    said = {
        (kind, row.id, policy_id)
        for kind, table in _KINDS.items()
        for row in database.rows(table)
        if (policy_id := attributes_of(row).get("qos_policy_id"))
    }
    yield from (f"{each} is found and not said" for each in attached - said)
    yield from (f"{each} is said and not found" for each in said - attached)


def projects_have_one_default_policy(database: Database) -> Iterator[str]:
    """At most."""
    count = Counter(row.project_id for row in database.rows(qos_policy) if row.is_default)
    yield from (f"project {each} has {times}" for each, times in count.items() if times > 1)


def rules_of_policies_are_not_repeated(database: Database) -> Iterator[str]:
    """A policy has one rule of a type for a direction."""
    count = Counter((row.qos_policy_id, row.type, row.direction) for row in database.rows(qos_rule))
    yield from (f"there are {times} rules {each}" for each, times in count.items() if times > 1)
