"""What many hosts are told alike, and can be told at once by a topic. Pure.

It is the neighbours of a VPC, by its VNI, or a security group, by its id.

How each is told and named stands here, so that hardly anything else needs to know which it is.
"""

from alcor.model.goal_state import GoalState, GoalStateDelta, Subject, without_own
from alcor.model.identifiers import Id, id_text


def vpc_topic(vpc_id: Id) -> str:
    """The name of the topic of a VPC's neighbours."""
    return f"vpc-{id_text(vpc_id)}"


def security_group_topic(group_id: Id) -> str:
    """The name of the topic of a security group."""
    return f"security-group-{id_text(group_id)}"


def topics_in(told: GoalState | GoalStateDelta) -> dict[Subject, str]:
    """What is said to have a topic, and its name."""
    topics: dict[Subject, str] = {vni: vpc_topic(vpc.id) for vni, vpc in told.vpcs.items() if vpc.queued}
    topics.update((each.id, security_group_topic(each.id)) for each in told.security_groups.values() if each.queued)
    return topics


def without_topics_in(delta: GoalStateDelta) -> set[Subject]:
    """What a goal state says to have no topic, or to be there no more."""
    vnis = {vni for vni, vpc in delta.vpcs.items() if not vpc.queued}
    return {*removed_by(delta), *vnis, *(each.id for each in delta.security_groups.values() if not each.queued)}


def told_by(delta: GoalStateDelta) -> set[Subject]:
    """What changes by a goal state."""
    return {*delta.neighbours, *delta.security_groups}


def removed_by(delta: GoalStateDelta) -> set[Subject]:
    """What the host has no more."""
    return {*delta.removed_vpcs, *delta.removed_security_groups}


def take_out(delta: GoalStateDelta, subject: Subject) -> bool:
    """Have a goal state, in place, change nothing of it; returns whether it did."""
    if isinstance(subject, int):
        return delta.neighbours.pop(subject, None) is not None
    return delta.security_groups.pop(subject, None) is not None


def as_seen_by(host_index: int, shared: GoalStateDelta) -> GoalStateDelta:
    """What all hosts are told alike, as one of them sees it. Shares its parts."""
    return GoalStateDelta(
        revision=shared.revision,
        base_revision=shared.base_revision,
        neighbours={vni: without_own(change, host_index) for vni, change in shared.neighbours.items()},
        security_groups=shared.security_groups.copy(),
    )
