"""What was programmed for what ports of a host share, security groups and network ACLs: a change of one costs its
difference."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from alcor.dataplane.driver import Change, Endpoint
from alcor.dataplane.network_acls import NetworkAcl
from alcor.dataplane.ovs.acl_flows import acl_flows
from alcor.dataplane.ovs.cookies import cookie
from alcor.dataplane.ovs.flow_programming import OfAcl, OfGroup, Owner
from alcor.dataplane.ovs.rendering import Flow
from alcor.dataplane.ovs.security_flows import group_flows, remote_groups
from alcor.dataplane.security_groups import SecurityGroup

Shared = OfGroup | OfAcl
_NAMES = {OfGroup: "a security group", OfAcl: "a network ACL"}


class Staged(NamedTuple):
    """What a group or an ACL needs."""

    flows: Mapping[int, Flow]  # by digest
    named: Collection[Shared] = ()  # the groups that its rules name
    problem: str = ""  # why it cannot be programmed


StagedShared = Mapping[Shared, Staged]

_NOTHING = Staged({})


class SharedFlows:
    """The groups and ACLs of one switch."""

    def __init__(self) -> None:
        self._programmed: dict[Shared, Staged] = {}
        self._problems: dict[Shared, str] = {}  # why flows of one are missing

    def replace(self, staged: StagedShared) -> None:
        """These, and no others, have been programmed."""
        self._programmed, self._problems = {}, {}
        self.apply((), staged)

    def apply(self, removed: Iterable[Shared], staged: StagedShared) -> None:
        """These have been programmed in place of what they were, those removed."""
        for key in removed:
            self._programmed.pop(key, None)
            self._problems.pop(key, None)
        for key, each in staged.items():
            self._programmed[key] = each
            self._problems.pop(key, None)
            if each.problem:
                self._problems[key] = each.problem

    def modifications(
        self, removed: Collection[Shared], staged: StagedShared, generation: int
    ) -> Iterator[tuple[Owner, bytes]]:
        """The flow-mods that make them what they should be: removals first, then additions."""
        touched = [
            (key, self._programmed.get(key, _NOTHING).flows, staged.get(key, _NOTHING).flows)
            for key in {*removed, *staged}
        ]
        for key, old, new in touched:
            for digest in old.keys() - new.keys():
                yield key, old[digest].removal()
        for key, old, new in touched:
            for digest in new.keys() - old.keys():
                yield key, new[digest].addition(cookie(generation, digest))

    def fail(self, key: Shared, problem: str) -> None:
        """Flows of a group or an ACL were refused: its own, or those of a group's members."""
        self._problems[key] = problem

    def failure(self, keys: Iterable[Shared]) -> str | None:
        """Why a port that has these is not all it should be."""
        if not self._problems:
            return None
        for key in keys:
            for named in (key, *self._programmed.get(key, _NOTHING).named):
                if (problem := self._problems.get(named)) is not None:
                    return f"{_NAMES[type(named)]} is not programmed: {problem}"
        return None


def staged_shared(groups: Iterable[SecurityGroup], acls: Iterable[NetworkAcl]) -> StagedShared:
    """What these groups and ACLs need."""
    return {OfGroup(each.id): _staged_group(each) for each in groups} | {
        OfAcl(each.id): _staged_acl(each) for each in acls
    }


def removed_shared(change: Change) -> set[Shared]:
    """The groups and ACLs that a change removes."""
    return {*map(OfGroup, change.removed_security_groups), *map(OfAcl, change.removed_network_acls)}


def shared_by(endpoint: Endpoint) -> tuple[Shared, ...]:
    """The groups and ACLs that a port has."""
    acls = (each.acl for each in endpoint.network_acls)
    return (*map(OfGroup, endpoint.security_groups), *(OfAcl(acl) for acl in acls if acl is not None))


def _staged_group(group: SecurityGroup) -> Staged:
    named = tuple(map(OfGroup, remote_groups(group)))
    try:
        return Staged(group_flows(group), named)
    except OverflowError as error:
        return Staged({}, named, str(error))


def _staged_acl(acl: NetworkAcl) -> Staged:
    try:
        return Staged(acl_flows(acl))
    except OverflowError as error:
        return Staged({}, problem=str(error))
