"""Bringing a switch's flows to what they should be, and knowing whose flow was refused."""

import itertools
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

import msgspec

from alcor.dataplane.ovs import cookies
from alcor.dataplane.ovs.openflow import message
from alcor.dataplane.ovs.openflow.connection import PAUSE, OpenFlowConnection
from alcor.dataplane.ovs.openflow.errors import SwitchError
from alcor.dataplane.ovs.openflow.flows import (
    decode_statistics,
    delete_flow,
    delete_flows_with_cookie,
    statistics_request,
)
from alcor.dataplane.ovs.pipeline import DELIVER
from alcor.dataplane.ovs.rendering import Flow
from alcor.dataplane.ovs.security_rules import GUARD_INGRESS
from alcor.model.identifiers import Id

_COMPARISONS_BETWEEN_PAUSES = 256
_PLACES = (DELIVER, GUARD_INGRESS)

log = logging.getLogger(__name__)


class OfGroup(msgspec.Struct, frozen=True):
    """Whose a flow is: a security group's, or that of a group which rules name."""

    id: Id


class OfAcl(msgspec.Struct, frozen=True):
    """Whose a flow is: a network ACL's."""

    id: Id


Owner = Id | int | OfGroup | OfAcl | None
"""Whose a flow is: a port's (its id), a VPC's (its VNI), a group's, an ACL's or the host's."""

Modifications = Iterable[tuple[Owner, bytes]]
"""Flow-mods with their owners."""


class Inventory(NamedTuple):
    """The flows a switch has."""

    ours: dict[int, int]  # digest → cookie
    foreign: list[bytes]  # the flow-mods that remove flows somebody else put on our bridge


async def read_inventory(connection: OpenFlowConnection) -> Inventory:
    """Read every flow. Of ours only the cookies are kept: a million flows take some 100 MB."""
    inventory = Inventory({}, [])

    def take(part: bytes) -> None:
        for flow in decode_statistics(part):
            if cookies.is_ours(flow.cookie):
                inventory.ours[cookies.digest_of(flow.cookie)] = flow.cookie
            else:
                inventory.foreign.append(delete_flow(flow.table, flow.priority, flow.match))

    await connection.multipart(message.MULTIPART_FLOW, statistics_request(), take)
    return inventory


class Difference:
    """What it takes to come from an inventory to the wanted flows. Iterate once; then the counts are right.

    Additions come before the removal of stale flows: an addition that takes the place of a stale flow leaves nothing
    to remove, and the removal goes by the exact old cookie.
    """

    def __init__(self, inventory: Inventory, wanted: Iterable[tuple[Owner, Flow]], generation: int) -> None:
        self._inventory = inventory
        self._wanted = wanted
        self._generation = generation
        self.kept = self.added = self.removed = 0
        self.newcomers: set[Owner] = set()
        """Owners of what was not delivered to this port number before."""

    def __iter__(self) -> Iterator[tuple[Owner, bytes]]:
        present = self._inventory.ours
        for body in self._inventory.foreign:
            self.removed += 1
            yield None, body
        for owner, flow in self._wanted:
            digest = flow.digest()
            if present.pop(digest, None) is None:
                self.added += 1
                if flow.compiled.rule in _PLACES:
                    self.newcomers.add(owner)
                yield owner, flow.addition(cookies.cookie(self._generation, digest))
            else:
                self.kept += 1
                if self.kept % _COMPARISONS_BETWEEN_PAUSES == 0:
                    yield owner, PAUSE
        for old in present.values():
            self.removed += 1
            yield None, delete_flows_with_cookie(old)


class Programmed(NamedTuple):
    """What came of modifications."""

    refused: dict[Owner, SwitchError]
    """The owners of what was refused, and why."""
    changed: bool
    """There was something to modify."""


async def program(connection: OpenFlowConnection, prepare: Callable[[], Awaitable[Modifications]]) -> Programmed:
    """Carry out modifications as one; if any is refused, those of each port as one and all others one by one.

    ``prepare`` is called once for each of the two attempts.
    """
    changed = False

    def bodies(modifications: Modifications) -> Iterator[bytes]:
        nonlocal changed
        for _, body in modifications:
            changed = changed or body != PAUSE
            yield body

    errors = await connection.modify_as_one(bodies(await prepare()))
    if not errors:
        return Programmed({}, changed)
    log.warning("Open vSwitch refused %d flow changes and with them the bundle; now port by port", len(errors))
    refusals: dict[Owner, SwitchError] = {}
    for owner, group in itertools.groupby(await prepare(), key=itemgetter(0)):
        modify = connection.modify_as_one if isinstance(owner, bytes) else connection.modify_each
        errors = await modify(body for _, body in group)
        if errors:
            refusals.setdefault(owner, errors[0])
    return Programmed(refusals, changed)
