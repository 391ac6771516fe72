"""A process that serves some hosts tells them what one that holds everything would, and holds no more than it must."""

import random
from collections.abc import Collection, Iterable
from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st

from alcor.dpm.compiler import Compiled, compile_entry
from alcor.dpm.digests import host_digest
from alcor.dpm.goal_states import snapshot
from alcor.dpm.holding import ServedHosts
from alcor.dpm.partial import missing_records, needed, relevant
from alcor.dpm.partial_reading import Batch
from alcor.dpm.read_model import ReadModel
from alcor.model.digest import digest_of
from alcor.model.goal_state import GoalState, apply_delta
from alcor.model.records import LogEntry, NetworkAclRecord, NodeRecord, PortRecord, Record, SubnetRecord, VpcRecord
from tests.unit.dpm.cloud import ACLS, ADDRESSES, HOSTS, MACS, PORTS, SUBNETS, VPCS, Cloud
from tests.unit.dpm.expected import goal_state
from tests.unit.dpm.histories import FURNISHED, operations
from tests.unit.dpm.test_compiler import fresh, transaction, without_revision


class CloudTables:
    """The tables of a cloud as they are now: a dpm.partial.Tables."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def vpcs(self, vpc_ids: Collection[bytes]) -> Iterable[VpcRecord | SubnetRecord | NetworkAclRecord]:
        subnets = [subnet for subnet in self.cloud.subnets.values() if subnet.vpc_id in vpc_ids]
        acls = [acl for acl in self.cloud.acls.values() if acl.vpc_id in vpc_ids]
        return [*(self.cloud.vpcs[vpc_id] for vpc_id in vpc_ids if vpc_id in self.cloud.vpcs), *subnets, *acls]

    def ports_of_vpcs(self, vpc_ids: Collection[bytes]) -> Iterable[PortRecord]:
        return [port for port in self.cloud.ports.values() if port.host_id and port.vpc_id in vpc_ids]

    def ports_of_hosts(self, host_ids: Collection[str]) -> Iterable[PortRecord]:
        return [port for port in self.cloud.ports.values() if port.host_id in host_ids]


class Process:
    """Serves some hosts, whose goal states are kept as their agents would."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.holding = ServedHosts()
        self.model = ReadModel(served=set())
        self.hosts: dict[str, GoalState] = {}

    def read_on(self, entries: list[LogEntry], arriving: set[str]) -> None:
        """Take in what is new, all at once, and serve hosts that have come."""
        newcomers = arriving - self.hosts.keys()
        missing = needed(self.model, entries, newcomers)
        records = missing_records(CloudTables(self.cloud), self.model, missing, newcomers)
        loaded = tuple(records) if missing or newcomers else ()
        batch = Batch(self.model.revision + len(entries), entries, loaded, newcomers)
        for position, compiled in self.holding.take_in(self.model, batch):
            self._tell(position, compiled)
        for host_id in newcomers:
            self.hosts[host_id] = GoalState()
            apply_delta(self.hosts[host_id], snapshot(self.model, host_id))

    def _tell(self, position: int, compiled: Compiled) -> None:
        assert compiled.deltas.keys() <= self.hosts.keys(), "nobody else is told anything"
        assert compiled.resync <= self.hosts.keys()
        for host_id, delta in compiled.deltas.items():
            assert delta.revision == position
            apply_delta(self.hosts[host_id], delta)
        for host_id in compiled.resync:
            apply_delta(self.hosts[host_id], snapshot(self.model, host_id))

    def let_go(self, hosts: set[str]) -> None:
        """Hosts go to other processes."""
        self.holding.release(self.model, hosts)
        for host_id in hosts:
            self.hosts.pop(host_id, None)

    def check(self) -> None:
        for host_id, state in self.hosts.items():
            expected = goal_state(self.cloud, host_id)
            assert without_revision(state) == expected
            assert fresh(self.model, host_id) == expected
            assert host_digest(self.model, host_id) == digest_of(expected)
        own = [port for port in self.cloud.ports.values() if port.host_id in self.hosts]
        vpcs = {port.vpc_id for port in own}
        told_ahead = {vpc_id for vpc_id in vpcs if not self.cloud.vpcs[vpc_id].on_demand}
        others = {port.id for port in self.cloud.ports.values() if port.vpc_id in told_ahead and port.host_id}
        assert self.model.vpcs.keys() == vpcs
        bound = {port_id for port_id in self.model.ports if self.cloud.ports[port_id].host_id}
        assert bound == {port.id for port in own} | others


def may_happen(cloud: Cloud, operation: tuple[object, ...]) -> bool:
    """The tables have no ports, subnets and network ACLs of VPCs that are not there."""
    name, arguments = operation[0], operation[1:]
    if name == "put_acl":
        return VPCS[ACLS.index(bytes(arguments[0])) // 2] in cloud.vpcs
    if name == "put_port":
        assert isinstance(arguments[0], PortRecord)
        return arguments[0].vpc_id in cloud.vpcs
    return name != "put_subnet" or arguments[1] in cloud.vpcs


some_hosts = st.sets(st.sampled_from(HOSTS), max_size=2)
turns = st.builds(
    lambda furnished, hosts, rest: [([list(FURNISHED)], hosts, set(), True), *rest] if furnished else rest,
    st.booleans(),
    some_hosts,
    st.lists(
        st.tuples(
            st.lists(st.lists(operations, min_size=1, max_size=3), max_size=4), some_hosts, some_hosts, st.booleans()
        ),
        max_size=12,
    ),
)
"""Entries, hosts that come to the first process, hosts that leave it, and whether the second reads on, too."""


@settings(max_examples=400, deadline=None)
@given(turns, st.randoms(use_true_random=False))
def test_hosts_are_told_the_same_by_processes_that_hold_only_what_concerns_their_hosts(
    turns: list[tuple[list[list[tuple[object, ...]]], set[str], set[str], bool]], shuffle: random.Random
) -> None:
    cloud = Cloud()
    one, other = Process(cloud), Process(cloud)
    position = 0
    waiting: list[LogEntry] = []  # that the second has not read
    for batches, coming, leaving, reads in turns:
        entries = []
        for batch in batches:
            position += 1
            records = [
                record
                for operation in batch
                if may_happen(cloud, operation)
                for record in transaction(cloud, operation, shuffle)
            ]
            entries.append(LogEntry(position, tuple(records)))
        waiting += entries
        one.read_on(entries, coming)
        one.check()
        one.let_go(leaving)
        one.check()
        if reads:
            other.read_on(waiting, set(HOSTS) - one.hosts.keys())
            waiting = []
            other.check()
            other.let_go(set(one.hosts))


def test_a_host_comes_while_a_vpc_that_is_held_is_made_anew() -> None:
    cloud = Cloud()
    process = Process(cloud)
    vpc, subnet = VPCS[0], SUBNETS[0]
    position = 0

    def entry(*records: Iterable[Record]) -> LogEntry:
        nonlocal position
        position += 1
        return LogEntry(position, tuple(chain.from_iterable(records)))

    def port(number: int, host_id: str) -> Iterable[Record]:
        fixed_ips = ((subnet, ADDRESSES[number]),)
        return cloud.put_port(PortRecord(PORTS[number], vpc, MACS[number], fixed_ips, host_id))

    nodes = [cloud.put_node(host_id, number, False) for number, host_id in enumerate(HOSTS, 1)]
    there = [cloud.put_vpc(vpc, 1, 1450, True, False), cloud.put_subnet(subnet, vpc, True, 0), port(0, HOSTS[0])]
    process.read_on([entry(*nodes), entry(*there)], {HOSTS[0]})
    process.check()
    gone = entry(cloud.delete_vpc(vpc))
    again = entry(cloud.put_vpc(vpc, 2, 1450, True, False), cloud.put_subnet(subnet, vpc, True, 0))
    process.read_on([gone, again, entry(port(1, HOSTS[1]))], {HOSTS[1]})
    process.check()


def test_a_moved_host_is_known_without_being_served() -> None:
    cloud = Cloud()
    process = Process(cloud)
    entries = [LogEntry(1, tuple(cloud.put_node(HOSTS[0], 77, False)))]
    process.read_on(entries, set())
    assert process.model.nodes[HOSTS[0]] == NodeRecord(HOSTS[0], 1, 77)


def test_what_an_entry_brings_and_takes_away_again_is_not_held() -> None:
    cloud, model = Cloud(), ReadModel(served=set())
    compile_entry(model, LogEntry(1, tuple(cloud.put_vpc(VPCS[0], 1, 1450, True, False))))
    port = PortRecord(PORTS[0], VPCS[0], MACS[0], (), HOSTS[0])
    records = [
        *cloud.put_port(port),
        *cloud.delete_port(port.id),
        *cloud.put_subnet(SUBNETS[0], VPCS[0], True),
        *cloud.delete_subnet(SUBNETS[0]),
    ]
    compile_entry(model, LogEntry(2, relevant(model, records)))
    assert not model.ports and not model.subnet_vpcs
