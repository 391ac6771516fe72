"""Makes the flows of a switch what a State or Change says, in as few steps as it takes."""

import itertools
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from alcor.dataplane.driver import Change, DataPlaneUnavailable, Endpoint, Failures, Router, State
from alcor.dataplane.host_services import ClientAddresses
from alcor.dataplane.ovs import pipeline as rules
from alcor.dataplane.ovs.connection_zones import ConnectionZones
from alcor.dataplane.ovs.cookies import cookie
from alcor.dataplane.ovs.endpoint_flows import endpoint_flows
from alcor.dataplane.ovs.flood_flows import FloodFlows, StagedFloods, staged_floods
from alcor.dataplane.ovs.flow_programming import (
    Difference,
    Modifications,
    OfAcl,
    OfGroup,
    Owner,
    program,
    read_inventory,
)
from alcor.dataplane.ovs.openflow.errors import SwitchError
from alcor.dataplane.ovs.rendering import CompiledRule, Flow, host_flows
from alcor.dataplane.ovs.renewals import Renewal
from alcor.dataplane.ovs.revalidation import Revalidation
from alcor.dataplane.ovs.router_flows import next_hop_flows, next_hop_removals, router_flows
from alcor.dataplane.ovs.security_flows import member_flows, stranger_flows
from alcor.dataplane.ovs.service_flows import service_flows
from alcor.dataplane.ovs.session import Session
from alcor.dataplane.ovs.shared_flows import (
    Shared,
    SharedFlows,
    StagedShared,
    removed_shared,
    shared_by,
    staged_shared,
)
from alcor.dataplane.security_groups import ANY_VPC
from alcor.model.identifiers import Id, id_text

log = logging.getLogger(__name__)

PortNumbers = Mapping[Id, int]
"""The OpenFlow port number of each workload interface that is there."""


class OwnPorts(NamedTuple):
    """The port numbers of what every host has."""

    tunnel_port: int = 0
    service_port: int = 0


class _PortFlows(NamedTuple):
    """What was programmed for a port of this host."""

    vni: int
    number: int
    shared: tuple[Shared, ...]
    flows: tuple[Flow, ...]

    def by_digest(self) -> dict[int, Flow]:
        return {flow.digest(): flow for flow in self.flows}


_RouterFlows = dict[int, tuple[int, Flow]]
"""What was programmed for a router, by digest: flows, each with the VNI it is about."""


class Programmer:
    """Programs the switch of one session, for one caller at a time.

    Of what it programmed it remembers the flows of this host's own ports and of their routers, security groups and
    network ACLs, so that they can be changed one at a time; everything else it reads back from the switch.

    Methods raise ConnectionError when the session is lost, Refused or DataPlaneUnavailable when the switch does not
    do what every host needs.
    """

    def __init__(
        self,
        session: Session,
        generation: int,
        revalidation: Revalidation,
        zones: ConnectionZones,
        clients: ClientAddresses,
    ) -> None:
        self._session = session
        self._clients = clients
        self._generation = generation
        self._revalidation = revalidation
        self._zones = zones
        self._programmed: dict[Id, _PortFlows] = {}
        self._routers: dict[Id, _RouterFlows] = {}
        self._shared = SharedFlows()
        self._floods = FloodFlows()
        self._always_there = next(host_flows(session.pipeline, {}))
        self.replaced = 0
        """Flows that the last replace() added or removed."""
        self.changes = 0
        """How often flows were changed."""

    async def replace(self, state: State, ports: PortNumbers, own_ports: OwnPorts, renewal: Renewal) -> Failures:
        """See DataPlane.replace. The renewal is of all that the state says is learned."""
        failures: Failures = {}
        staged = self._stage(state.endpoints.values(), ports, failures)
        if self._session.meters is not None:
            await self._session.meters.read()
            await self._session.meters.add(port.number for port in staged.values())
        routers = self._stage_routers(state.routers.values())
        shared = staged_shared(state.security_groups.values(), state.network_acls.values())
        floods = staged_floods(state.flooded, _numbers(staged.values()))
        had = {port.number for port in self._programmed.values()}
        difference: Difference | None = None

        async def prepare() -> Modifications:
            nonlocal difference
            inventory = await read_inventory(self._session.flows)
            renewal.end()  # what was there is kept: when it goes now, it is gone
            wanted = self._wanted(state, staged, routers, shared, floods, own_ports)
            difference = Difference(inventory, wanted, self._generation)
            return difference

        refused, changed = await program(self._session.flows, prepare)
        self.changes += 1
        self._programmed, self._routers = staged, routers
        self._shared.replace(shared)
        self._floods.replace(state.flooded, floods)
        await self._take_refusals(refused, failures)
        await self._keep_meters()
        if changed:
            await self._revalidation.wait(self._start_pass)
        if difference is not None:
            await self._zones.empty(self._changed_hands(had, difference))
            self.replaced = difference.added + difference.removed
            log.info("flows: %d kept, %d added, %d removed", difference.kept, difference.added, difference.removed)
        return failures

    async def apply(self, change: Change, ports: PortNumbers, renewal: Renewal) -> Failures:
        """See DataPlane.apply. The renewal is of what the change says is learned."""
        failures: Failures = {}
        staged = self._stage(change.endpoints.values(), ports, failures)
        if self._session.meters is not None:
            await self._session.meters.add(port.number for port in staged.values())
        touched = change.removed_endpoints | change.endpoints.keys()
        before = {port_id: self._programmed[port_id] for port_id in touched if port_id in self._programmed}

        routers = self._stage_routers(change.routers.values())
        shared = staged_shared(change.security_groups.values(), change.network_acls.values())
        flooded = self._floods.after(change)
        reached = {port.vni for port in (*before.values(), *staged.values())} | change.removed_flooded
        reached |= change.flooded.keys()
        after = {port_id: port for port_id, port in self._programmed.items() if port_id not in touched} | staged
        floods = staged_floods({vni: flooded[vni] for vni in reached & flooded.keys()}, _numbers(after.values()))

        async def prepare() -> Modifications:
            changed = self._modifications(change, before, staged, routers, shared)
            return itertools.chain(changed, self._floods.modifications(reached, floods, self._generation))

        refused, changed = await program(self._session.flows, prepare)
        self.changes += 1
        renewal.end()
        self._programmed = after
        self._floods.apply(reached, flooded, floods)
        for router_id in change.removed_routers:
            self._routers.pop(router_id, None)
        self._routers |= routers
        self._shared.apply(removed_shared(change), shared)
        await self._take_refusals(refused, failures)
        if before:
            await self._keep_meters()
        if changed and not _only_learns(change):
            await self._revalidation.wait(self._start_pass)
        numbers = {port.number for port in self._programmed.values()}
        await self._zones.empty({port.number for port in before.values()} - numbers)
        return failures

    def vni_of(self, port_id: Id) -> int | None:
        """The VPC of a port that is programmed."""
        port = self._programmed.get(port_id)
        return None if port is None else port.vni

    async def withdraw_absent(self, ports: PortNumbers) -> None:
        """Remove the flows of ports whose interface is gone, before its port number can mean another."""
        absent = [port_id for port_id, port in self._programmed.items() if ports.get(port_id) != port.number]
        if absent:
            numbers = {self._programmed[port_id].number for port_id in absent}
            await self._session.flows.modify_each(self._removals(absent))
            await self._keep_meters()
            await self._zones.empty(numbers)

    def _changed_hands(self, had: set[int], difference: Difference) -> set[int]:
        """The port numbers that mean nobody any more, or perhaps another than when the agent last ran."""
        numbers = {port_id: port.number for port_id, port in self._programmed.items()}
        newcomers = {numbers[owner] for owner in difference.newcomers if isinstance(owner, bytes) and owner in numbers}
        return (had - set(numbers.values())) | (newcomers - had if difference.kept else set())

    def _removals(self, port_ids: Iterable[Id]) -> list[bytes]:
        return [flow.removal() for port_id in port_ids for flow in self._programmed.pop(port_id).flows]

    async def _start_pass(self) -> None:
        """Have the switch go over its cache, as it does when it is told what a flow does, even if it is what it did."""
        await self._session.flows.modify_each((self._always_there.repetition(),))

    async def _keep_meters(self) -> None:
        if self._session.meters is not None:
            await self._session.meters.keep(port.number for port in self._programmed.values())

    def _stage(self, endpoints: Iterable[Endpoint], ports: PortNumbers, failures: Failures) -> dict[Id, _PortFlows]:
        """The flows of those endpoints whose interface is there."""
        staged = {}
        for endpoint in endpoints:
            number = ports.get(endpoint.port_id)
            if number is None:
                continue
            try:
                flows = self._endpoint_flows(endpoint, number)
            except (ValueError, OverflowError) as error:
                failures[endpoint.port_id] = f"not programmed: {error}"
            else:
                staged[endpoint.port_id] = _PortFlows(endpoint.vni, number, shared_by(endpoint), flows)
        return staged

    def _endpoint_flows(self, endpoint: Endpoint, number: int) -> tuple[Flow, ...]:
        pipeline, session = self._session.pipeline, self._session
        meters = session.meters_of(number)
        services = service_flows(pipeline, endpoint, number, meters.services, self._clients)
        return (*endpoint_flows(pipeline, endpoint, number, meters), *services)

    def _stage_routers(self, routers: Iterable[Router]) -> dict[Id, _RouterFlows]:
        pipeline = self._session.pipeline
        return {
            router.id: {flow.digest(): (vni, flow) for vni, flow in router_flows(pipeline, router)}
            for router in routers
        }

    def _wanted(
        self,
        state: State,
        staged: Mapping[Id, _PortFlows],
        routers: Mapping[Id, _RouterFlows],
        shared: StagedShared,
        floods: StagedFloods,
        own_ports: OwnPorts,
    ) -> Iterator[tuple[Owner, Flow]]:
        values = own_ports._asdict() | {"host_address": self._clients.host}
        for flow in host_flows(self._session.pipeline, values):
            yield None, flow
        for port_id, port in staged.items():
            for flow in port.flows:
                yield port_id, flow
        for rule, by_vni in ((rules.TO_HOST, state.remotes), (rules.TO_LEARNED, state.learned)):
            for vni, remotes in by_vni.items():
                for flow in _remote_flows(self._session.pipeline[rule], vni, remotes.items()):
                    yield vni, flow
        for vni in state.on_demand:
            yield vni, self._session.pipeline[rules.ON_DEMAND].flow({"vni": vni})
        for vni, copies in floods.items():
            for flow in copies.values():
                yield vni, flow
        for flows in routers.values():
            yield from flows.values()
        for vni, next_hops in state.next_hops.items():
            for flow in next_hop_flows(self._session.pipeline, vni, next_hops.items()):
                yield vni, flow
        for key, each in shared.items():
            for flow in each.flows.values():
                yield key, flow
        for (vni, group_id), members in state.members.items():
            for flow in member_flows(self._session.pipeline, vni, group_id, members):
                yield OfGroup(group_id), flow
        for vni, strangers in state.strangers.items():
            for flow in stranger_flows(self._session.pipeline, vni, strangers):
                yield vni, flow

    def _modifications(
        self,
        change: Change,
        before: Mapping[Id, _PortFlows],
        after: Mapping[Id, _PortFlows],
        routers: Mapping[Id, _RouterFlows],
        shared: StagedShared,
    ) -> Iterator[tuple[Owner, bytes]]:
        missing = {port_id: port.by_digest() for port_id, port in after.items()}
        for port_id, port in before.items():
            for digest, flow in port.by_digest().items():
                if missing.get(port_id, {}).pop(digest, None) is None:
                    yield port_id, flow.removal()
        yield from self._vpc_removals(change)
        yield from self._router_modifications(change, routers)
        yield from self._group_removals(change)
        yield from self._shared.modifications(removed_shared(change), shared, self._generation)
        for port_id, flows in missing.items():
            for digest, flow in flows.items():
                yield port_id, flow.addition(cookie(self._generation, digest))
        for owner, flow in itertools.chain(self._vpc_additions(change), self._group_additions(change)):
            yield owner, flow.addition(cookie(self._generation, flow.digest()))

    def _router_modifications(self, change: Change, routers: Mapping[Id, _RouterFlows]) -> Iterator[tuple[int, bytes]]:
        for router_id in change.removed_routers | change.routers.keys():
            old, new = self._routers.get(router_id, {}), routers.get(router_id, {})
            for vni, flow in (old[digest] for digest in old.keys() - new.keys()):
                yield vni, flow.removal()
            for digest in new.keys() - old.keys():
                vni, flow = new[digest]
                yield vni, flow.addition(cookie(self._generation, digest))

    def _vpc_removals(self, change: Change) -> Iterator[tuple[int, bytes]]:
        for rule, by_vni in ((rules.TO_HOST, change.remotes), (rules.TO_LEARNED, change.learned)):
            for vni, delta in by_vni.items():
                for flow in _remote_flows(self._session.pipeline[rule], vni, ((mac, 0) for mac in delta.removed)):
                    yield vni, flow.removal_of_any()
        for vni, hops in change.next_hops.items():
            for removal in next_hop_removals(self._session.pipeline, vni, hops.removed):
                yield vni, removal
        for vni in change.removed_on_demand:
            yield vni, self._session.pipeline[rules.ON_DEMAND].flow({"vni": vni}).removal_of_any()

    def _vpc_additions(self, change: Change) -> Iterator[tuple[int, Flow]]:
        for rule, by_vni in ((rules.TO_HOST, change.remotes), (rules.TO_LEARNED, change.learned)):
            for vni, delta in by_vni.items():
                for flow in _remote_flows(self._session.pipeline[rule], vni, delta.put.items()):
                    yield vni, flow
        for vni, hops in change.next_hops.items():
            for flow in next_hop_flows(self._session.pipeline, vni, hops.put.items()):
                yield vni, flow
        for vni in change.on_demand:
            yield vni, self._session.pipeline[rules.ON_DEMAND].flow({"vni": vni})

    def _group_removals(self, change: Change) -> Iterator[tuple[Owner, bytes]]:
        for (vni, group_id), members in change.members.items():
            for flow in member_flows(self._session.pipeline, vni, group_id, members.removed):
                yield OfGroup(group_id), flow.removal_of_any()
        for vni, strangers in change.strangers.items():
            for flow in stranger_flows(self._session.pipeline, vni, strangers.removed):
                yield vni, flow.removal_of_any()

    def _group_additions(self, change: Change) -> Iterator[tuple[Owner, Flow]]:
        for (vni, group_id), members in change.members.items():
            for flow in member_flows(self._session.pipeline, vni, group_id, members.put):
                yield OfGroup(group_id), flow
        for vni, strangers in change.strangers.items():
            for flow in stranger_flows(self._session.pipeline, vni, strangers.put):
                yield vni, flow

    async def _take_refusals(self, refused: Mapping[Owner, SwitchError], failures: Failures) -> None:
        """Turn refusals into failures, and take back what was installed of the ports that failed."""
        leftovers: list[bytes] = []
        for owner, error in refused.items():
            if owner is None:
                raise DataPlaneUnavailable(f"Open vSwitch refused a flow every host needs: {error}")
            if isinstance(owner, OfGroup | OfAcl):
                kind = "group" if isinstance(owner, OfGroup) else "network ACL"
                log.error("Open vSwitch refused flows of %s %s: %s", kind, id_text(owner.id), error)
                self._shared.fail(owner, str(error))
                continue
            if isinstance(owner, int):
                log.error("Open vSwitch refused flows to other hosts of VNI %d: %s", owner, error)
                reason = f"other hosts may be out of reach: {error}"
                failures |= {
                    port_id: reason
                    for port_id, port in self._programmed.items()
                    if port.vni == owner and port_id not in failures
                }
                continue
            failures[owner] = str(error)
            if owner in self._programmed:
                leftovers += self._removals([owner])
        if leftovers:
            await self._session.flows.modify_each(leftovers)
        for port_id, port in self._programmed.items():
            missing = self._shared.failure(port.shared)
            if missing is not None:
                failures.setdefault(port_id, missing)


def _numbers(ports: Iterable[_PortFlows]) -> Iterator[tuple[int, int]]:
    """The VNI and number of each port that is up."""
    return ((port.vni, port.number) for port in ports if port.flows)


def _only_learns(change: Change) -> bool:
    """True when no packet goes wrong that does not notice at once: it is missed once more, and given back.

    Waiting would hold up the packets that missed, by milliseconds where many MAC addresses are learned in a row, by
    tens of them where thousands of connections are cached.
    """
    removes = any(delta.removed for delta in change.learned.values())
    removes = removes or any(hops.removed for hops in change.next_hops.values())
    removes = removes or any(members.removed or vni == ANY_VPC for (vni, _), members in change.members.items())
    removes = removes or any(strangers.removed for strangers in change.strangers.values())
    learns = Change(
        learned=change.learned,
        next_hops=change.next_hops,
        vteps=change.vteps,
        members=change.members,
        strangers=change.strangers,
    )
    return not removes and change == learns


def _remote_flows(rule: CompiledRule, vni: int, remotes: Iterable[tuple[int, int]]) -> Iterator[Flow]:
    for mac, vtep in remotes:
        yield rule.flow({"vni": vni, "mac": mac, "vtep": vtep})
