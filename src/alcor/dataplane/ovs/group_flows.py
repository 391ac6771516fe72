"""What was programmed for the security groups of a host, so that a change of one costs its difference."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from alcor.dataplane.ovs.cookies import cookie
from alcor.dataplane.ovs.flow_programming import OfGroup, Owner
from alcor.dataplane.ovs.rendering import Flow
from alcor.dataplane.ovs.security_flows import group_flows, remote_groups
from alcor.dataplane.security_groups import SecurityGroup
from alcor.model.identifiers import Id


class StagedGroup(NamedTuple):
    """What a group needs."""

    flows: Mapping[int, Flow]  # by digest
    remotes: Collection[Id]  # the groups that its rules name
    problem: str = ""  # why it cannot be programmed


StagedGroups = Mapping[Id, StagedGroup]

_NOTHING = StagedGroup({}, ())


class GroupFlows:
    """The groups of one switch."""

    def __init__(self) -> None:
        self._programmed: dict[Id, StagedGroup] = {}
        self._problems: dict[Id, str] = {}  # why flows of a group are missing

    def replace(self, groups: StagedGroups) -> None:
        """These, and no others, have been programmed."""
        self._programmed, self._problems = {}, {}
        self.apply((), groups)

    def apply(self, removed: Iterable[Id], groups: StagedGroups) -> None:
        """These have been programmed in place of what they were, those removed."""
        for group_id in removed:
            self._programmed.pop(group_id, None)
            self._problems.pop(group_id, None)
        for group_id, group in groups.items():
            self._programmed[group_id] = group
            self._problems.pop(group_id, None)
            if group.problem:
                self._problems[group_id] = group.problem

    def modifications(
        self, removed: Collection[Id], groups: StagedGroups, generation: int
    ) -> Iterator[tuple[Owner, bytes]]:
        """The flow-mods that make groups what they should be: removals first, then additions."""
        touched = [
            (key, self._programmed.get(key, _NOTHING).flows, groups.get(key, _NOTHING).flows)
            for key in {*removed, *groups}
        ]
        for group_id, old, new in touched:
            for digest in old.keys() - new.keys():
                yield OfGroup(group_id), old[digest].removal()
        for group_id, old, new in touched:
            for digest in new.keys() - old.keys():
                yield OfGroup(group_id), new[digest].addition(cookie(generation, digest))

    def fail(self, group_id: Id, problem: str) -> None:
        """Flows of a group were refused: its own, or those of its members."""
        self._problems[group_id] = problem

    def failure(self, group_ids: Iterable[Id]) -> str | None:
        """Why a port that has these groups is not all it should be."""
        if not self._problems:
            return None
        for group_id in group_ids:
            for named in (group_id, *self._programmed.get(group_id, _NOTHING).remotes):
                if (problem := self._problems.get(named)) is not None:
                    return f"a security group is not programmed: {problem}"
        return None


def staged_groups(groups: Iterable[SecurityGroup]) -> StagedGroups:
    """What these groups need."""
    return {group.id: _staged(group) for group in groups}


def _staged(group: SecurityGroup) -> StagedGroup:
    remotes = remote_groups(group)
    try:
        return StagedGroup(group_flows(group), remotes)
    except OverflowError as error:
        return StagedGroup({}, remotes, str(error))
