"""What the controller wants of this host: its goal state in memory and on disk.

On disk it is a journal (agent.journal) in the form it travels in: first the change log's id and a snapshot, then
deltas. It is rewritten as a snapshot when a snapshot comes or the deltas outgrow it.
"""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

from alcor.agent.journal import Journal
from alcor.agent.routing.router_index import RouterIndex
from alcor.channels.checks import MalformedMessage, parse
from alcor.channels.codec import GoalStateAssembler, goal_state_to_messages
from alcor.model.addresses import Address, address_of, ip_bytes
from alcor.model.dns import port_name
from alcor.model.goal_state import GoalState, GoalStateDelta, NeighbourDelta, apply_delta
from alcor.southbound.v1 import southbound_pb2 as pb

log = logging.getLogger(__name__)

FILE_NAME = "goal-state.journal"
_LOG_ID, _GOAL_STATE = b"L", b"G"
_COMPACTION_BYTES = 4 * 1024 * 1024


class Wanted:
    """The one copy of what is wanted.

    ``complete`` is False until a whole goal state is known: at first, and after the file was found damaged. What is
    in ``state`` then may serve to answer workloads, but the data plane must not be made to follow it.
    """

    def __init__(self, directory: Path) -> None:
        self.state = GoalState()
        self.log_id = b""
        self.complete = False
        self.saved_revision = 0
        self._journal = Journal(directory / FILE_NAME)
        self._saving = threading.Lock()
        self._unsaved: list[GoalStateDelta] = []
        self._rewrite = True
        self._snapshot_bytes = 0
        self._local_addresses: dict[tuple[int, Address], int] | None = None
        self._local_macs: set[tuple[int, int]] | None = None
        self._local_names: dict[tuple[int, str], tuple[bytes, ...]] | None = None
        self._names_of_addresses: dict[tuple[int, bytes], str] = {}
        self._routers: RouterIndex | None = None

    def load(self) -> None:
        """Take up what an earlier life left on disk. Whatever the file holds, this ends well."""
        try:
            contents = self._journal.read()
        except OSError as error:
            log.error("cannot read %s (%s): waiting for a snapshot from a controller", self._journal.path, error)
            return
        damaged, ends_whole = contents.damaged, False
        try:
            ends_whole = self._replay(contents.frames)
        except MalformedMessage as error:
            damaged = True
            log.error("%s holds what is no goal state: %s", self._journal.path, error)
        if damaged:
            self.complete = False
            log.error(
                "%s is damaged: the data plane is left as it is until a controller sends a snapshot", self._journal.path
            )
        self.saved_revision = self.state.revision if self.complete else 0
        self._rewrite = damaged or not contents.clean or not ends_whole
        self._snapshot_bytes = self._journal.size

    def applied(self) -> tuple[bytes, int]:
        """The change log and the revision in it from which a controller may go on; (b"", 0) for nothing."""
        return (self.log_id, self.state.revision) if self.complete else (b"", 0)

    def apply(self, delta: GoalStateDelta, log_id: bytes) -> None:
        """Take a goal state that follows on this one, in memory. The delta now belongs to the state."""
        if delta.snapshot:
            self.state = _adopt(delta)
            self._rewrite = True
            self._unsaved = []
        else:
            apply_delta(self.state, delta)
            self._unsaved.append(delta)
        if log_id != self.log_id:
            self.log_id = log_id
            self._rewrite = True
        self.complete = self.complete or delta.snapshot
        if delta.snapshot or delta.ports or delta.removed_ports:
            self._local_addresses = self._local_macs = self._local_names = None
        if delta.snapshot or delta.routers or delta.router_deltas or delta.removed_routers:
            self._routers = None

    def is_unsaved(self) -> bool:
        """Is there anything for save() to do?"""
        return self.complete and (self._rewrite or bool(self._unsaved))

    def save(self) -> None:
        """Bring the disk up to memory. Blocks; the state must not change meanwhile. Raises OSError.

        After an error it may be called again.
        """
        with self._saving:
            if self.is_unsaved():
                self._write()

    def _write(self) -> None:
        rewrite = self._rewrite or self._journal.size > 2 * self._snapshot_bytes + _COMPACTION_BYTES
        self._rewrite = True
        if rewrite:
            self._journal.rewrite(self._whole())
            self._snapshot_bytes = self._journal.size
        else:
            self._journal.append(payload for delta in self._unsaved for payload in _payloads(delta))
        self._rewrite = False
        self._unsaved = []
        self.saved_revision = self.state.revision

    def owner_of(self, vni: int, address: Address) -> int | None:
        """The MAC address that has an IP address in a VPC, as far as this host knows."""
        if self._local_addresses is None:
            self._local_addresses = {
                (port.vni, address_of(fixed)): port.mac
                for port in self.state.ports.values()
                for _, fixed in port.fixed_ips
            }
        mac = self._local_addresses.get((vni, address))
        if mac is None and (neighbours := self.state.neighbours.get(vni)) is not None:
            return neighbours.ipv4.get(address) if isinstance(address, int) else neighbours.ipv6.get(address)
        return mac

    def has_mac(self, vni: int, mac: int) -> bool:
        """Whether the MAC address is that of a port of the VPC, as far as this host knows."""
        neighbours = self.state.neighbours.get(vni)
        return self.has_local_mac(vni, mac) or (neighbours is not None and mac in neighbours.forwarding)

    def addresses_of_name(self, vni: int, name: str) -> tuple[bytes, ...]:
        """Those of this host's ports in a VPC that have a name (in lower case); none when there is no such port."""
        return self._names().get((vni, name), ())

    def name_of_address(self, vni: int, address: bytes) -> str | None:
        """The name of this host's port with an address in a VPC, if it has one."""
        self._names()
        return self._names_of_addresses.get((vni, address))

    def _names(self) -> dict[tuple[int, str], tuple[bytes, ...]]:
        if self._local_names is None:
            self._local_names, self._names_of_addresses = {}, {}
            for port in self.state.ports.values():
                if port.hostname:
                    name, addresses = port_name(port.hostname), [ip_bytes(fixed) for _, fixed in port.fixed_ips]
                    known = self._local_names.get((port.vni, name), ())
                    self._local_names[port.vni, name] = (*known, *addresses)
                    self._names_of_addresses.update({(port.vni, address): name for address in addresses})
        return self._local_names

    def routers(self) -> RouterIndex:
        """The routers of this host."""
        if self._routers is None:
            self._routers = RouterIndex(self.state.routers.values())
        return self._routers

    def has_local_mac(self, vni: int, mac: int) -> bool:
        """Whether the MAC address is that of a port of this host."""
        if self._local_macs is None:
            self._local_macs = {(port.vni, port.mac) for port in self.state.ports.values()}
        return (vni, mac) in self._local_macs

    def close(self) -> None:
        """Close the file, once a save() still going on elsewhere has ended."""
        with self._saving:
            self._journal.close()

    def _whole(self) -> Iterator[bytes]:
        state = self.state
        snapshot = GoalStateDelta(
            revision=state.revision,
            snapshot=True,
            vpcs=state.vpcs,
            subnets=state.subnets,
            ports=state.ports,
            vteps=state.vteps,
            neighbours={vni: NeighbourDelta(put=neighbours) for vni, neighbours in state.neighbours.items()},
            feeds=state.feeds,
            routers=state.routers,
            security_groups=state.security_groups,
            network_acls=state.network_acls,
        )
        yield _LOG_ID + self.log_id
        yield from _payloads(snapshot)

    def _replay(self, frames: list[memoryview]) -> bool:
        """Take the frames in; True when the last one ended a goal state."""
        assembler = GoalStateAssembler()
        delta = None
        for frame in frames:
            kind, body = bytes(frame[:1]), bytes(frame[1:])
            if kind == _LOG_ID:
                self.log_id = body
                continue
            if kind != _GOAL_STATE:
                raise MalformedMessage(f"frames of kind {kind!r} are unknown to this version")
            delta = assembler.add(parse(pb.GoalState, body))
            if delta is not None:
                self._replay_delta(delta)
        return delta is not None

    def _replay_delta(self, delta: GoalStateDelta) -> None:
        if delta.snapshot:
            self.state = _adopt(delta)
            self.complete = True
        elif self.complete and delta.base_revision == self.state.revision:
            apply_delta(self.state, delta)
        else:
            raise MalformedMessage(f"a delta on revision {delta.base_revision} stands after {self.state.revision}")


def _adopt(delta: GoalStateDelta) -> GoalState:
    return GoalState(
        revision=delta.revision,
        vpcs=delta.vpcs,
        subnets=delta.subnets,
        ports=delta.ports,
        vteps=delta.vteps,
        neighbours={vni: change.put for vni, change in delta.neighbours.items() if not change.put.is_empty()},
        feeds=delta.feeds,
        routers=delta.routers,
        security_groups=delta.security_groups,
        network_acls=delta.network_acls,
    )


def _payloads(delta: GoalStateDelta) -> Iterator[bytes]:
    return (_GOAL_STATE + part.SerializeToString() for part in goal_state_to_messages(delta))
