"""The data plane is told exactly who is in the groups that rules name, whatever changes, at the cost of the change."""

import copy
import ipaddress
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alcor.agent.on_demand.learned import Learned
from alcor.agent.security.members import Members
from alcor.agent.security.peers import Peers
from alcor.agent.wanted import Wanted
from alcor.dataplane.security_groups import ANY_VPC, Prefix, prefix_of
from alcor.model.goal_state import (
    GoalState,
    GoalStateDelta,
    Membership,
    NeighbourDelta,
    Port,
    Router,
    RouterInterface,
    SecurityGroup,
    Vpc,
    VpcNeighbours,
)
from alcor.model.records import SecurityRule
from tests.unit.agent.goal_states import IPV4, MACS, SUBNET_ID, VNIS, VTEPS, port_id

GROUPS = [bytes([number]) * 16 for number in range(1, 4)]
ADDRESS_GROUP = b"a" * 16
ROUTER = b"r" * 16
Told = dict[tuple[int, bytes], set[Prefix]]

vnis, ipv4 = st.sampled_from(VNIS), st.sampled_from(IPV4)
numbers = st.integers(0, 2)
_some = [(GROUPS[0],), (GROUPS[1],), (GROUPS[0], GROUPS[2])]
some_groups = st.sampled_from([(), *_some])
pairs = st.sampled_from([(), (), ("10.9.0.0/16",)])
peer_macs = st.sampled_from(MACS[3:])
ports = st.builds(
    lambda number, vni, address, groups, secure: Port(
        port_id(number),
        vni,
        MACS[number],
        ((SUBNET_ID, str(ipaddress.ip_address(address))),),
        port_security=secure,
        security_groups=groups,
    ),
    numbers,
    vnis,
    ipv4,
    some_groups,
    st.sampled_from([True, True, False]),
)
memberships = st.builds(Membership, st.sampled_from(_some), pairs)
neighbours = st.builds(
    NeighbourDelta,
    put=st.builds(
        VpcNeighbours,
        forwarding=st.dictionaries(peer_macs, st.just(2), max_size=3),
        ipv4=st.dictionaries(ipv4, peer_macs, max_size=3),
        memberships=st.dictionaries(peer_macs, memberships, max_size=3),
    ),
    removed_macs=st.sets(peer_macs, max_size=2),
    removed_ipv4=st.sets(ipv4, max_size=2),
    removed_memberships=st.sets(peer_macs, max_size=2),
)
rules = st.one_of(
    st.builds(lambda remote: SecurityRule(True, False, remote_group=remote), st.sampled_from(GROUPS)),
    st.just(SecurityRule(False, False, remote_address_group=ADDRESS_GROUP)),
    st.just(SecurityRule(True, False, protocol=6)),
)
groups = st.builds(
    lambda group_id, its, addresses: SecurityGroup(group_id, True, its, ((ADDRESS_GROUP, addresses),)),
    st.sampled_from(GROUPS),
    st.lists(rules, max_size=2).map(tuple),
    st.sampled_from([("10.1.0.0/16",), ("10.1.0.0/16",), ("10.1.0.0/16", "10.2.0.0/16")]),
)
routers = st.lists(vnis, max_size=2).map(
    lambda joined: Router(ROUTER, tuple(RouterInterface(bytes([vni]) * 16, vni, 9, ()) for vni in joined))
)
deltas = st.builds(
    GoalStateDelta,
    vpcs=st.lists(vnis, max_size=2).map(lambda some: {vni: Vpc(bytes([vni]) * 16, vni, 1450) for vni in some}),
    ports=st.lists(ports, max_size=2).map(lambda some: {port.id: port for port in some}),
    neighbours=st.dictionaries(vnis, neighbours, max_size=2),
    security_groups=st.lists(groups, max_size=2).map(lambda some: {group.id: group for group in some}),
    routers=st.lists(routers, max_size=1).map(lambda some: {router.id: router for router in some}),
    removed_vpcs=st.sets(vnis, max_size=1),
    removed_ports=st.sets(numbers.map(port_id), max_size=1),
    removed_security_groups=st.sets(st.sampled_from(GROUPS), max_size=1),
    removed_routers=st.sets(st.just(ROUTER), max_size=1),
)
learnings = st.builds(
    GoalStateDelta, vteps=st.just({2: VTEPS[2]}), neighbours=st.dictionaries(vnis, neighbours, max_size=1)
)


def who_is(goal: GoalState, learned: Learned, vni: int) -> dict[int, tuple[set[bytes], set[Prefix]]]:
    """Of each MAC of a VPC its groups and what it may send from."""
    found: dict[int, tuple[set[bytes], set[Prefix]]] = {}
    told = goal.neighbours.get(vni)
    if told is not None:
        known, addresses = told.memberships, told.ipv4
    else:
        known = dict(learned.memberships(vni))
        addresses = {address: mac for mac in known for address in learned.addresses(vni, mac)}  # type: ignore[misc]
    for mac, membership in {**learned.memberships(vni), **known}.items():
        if told is not None and mac not in told.memberships:
            continue
        own = {prefix_of(str(ipaddress.ip_address(address))) for address, owner in addresses.items() if owner == mac}
        found[mac] = set(membership.security_groups), own | set(map(prefix_of, membership.address_pairs))
    for port in goal.ports.values():
        if port.vni == vni:
            found[port.mac] = set(port.security_groups), {prefix_of(address) for _, address in port.fixed_ips}
    return found


def expected(goal: GoalState, learned: Learned) -> Told:
    """The oracle: everything, looked up anew."""
    told: Told = {}
    for vni in {port.vni for port in goal.ports.values()}:
        joined = {
            each.vni
            for router in goal.routers.values()
            for each in router.interfaces
            if vni in {its.vni for its in router.interfaces}
        }
        named = {
            rule.remote_group
            for port in goal.ports.values()
            if port.vni == vni and port.port_security
            for group_id in port.security_groups
            if group_id in goal.security_groups
            for rule in goal.security_groups[group_id].rules
            if rule.remote_group
        }
        for source in {vni, *joined}:
            for its, prefixes in who_is(goal, learned, source).values():
                for group_id in its & named:
                    told.setdefault((vni, group_id), set()).update(prefixes)
    for group in goal.security_groups.values():
        for group_id, addresses in group.address_groups:
            told[ANY_VPC, group_id] = set(map(prefix_of, addresses))
    return {key: prefixes for key, prefixes in told.items() if prefixes}


def apply(told: Told, members: Members, goal: GoalState) -> None:
    for key, delta in members.change(goal).items():
        now = told.setdefault(key, set())
        assert delta.removed <= now
        assert not delta.put & now
        now -= delta.removed
        now |= delta.put
        if not now:
            del told[key]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.one_of(deltas, st.tuples(learnings)), st.booleans()), max_size=8))
def test_changes_lead_where_the_whole_leads(
    steps: list[tuple[GoalStateDelta | tuple[GoalStateDelta], bool]],
) -> None:
    wanted, learned = Wanted(Path("/nonexistent")), Learned()
    wanted.apply(GoalStateDelta(snapshot=True), b"log")
    peers = Peers(wanted, learned)
    members, told = Members(peers), Told()
    for step, is_told in steps:
        if isinstance(step, tuple):
            news = copy.deepcopy(step[0])
            members.touch_learned(learned.take(news, VNIS, 0.0))
        else:
            delta = copy.deepcopy(step)
            members.touch(wanted.state, delta)
            peers.before(wanted.state, delta)
            wanted.apply(delta, b"log")
        if is_told:
            apply(told, members, wanted.state)
    apply(told, members, wanted.state)
    assert told == expected(wanted.state, learned)
    assert {key: some for key, some in members.whole(wanted.state).items() if some} == told


def test_a_member_more_of_a_large_group_is_told_alone(tmp_path: Path) -> None:
    wanted, learned = Wanted(tmp_path), Learned()
    peers = Peers(wanted, learned)
    members = Members(peers)
    group = SecurityGroup(GROUPS[0], True, (SecurityRule(True, False, remote_group=GROUPS[0]),))
    macs = range(0xFA163E100000, 0xFA163E100000 + 1000)
    known = VpcNeighbours(
        forwarding=dict.fromkeys(macs, 2),
        ipv4={0x0B000000 + number: mac for number, mac in enumerate(macs)},
        memberships=dict.fromkeys(macs, Membership((GROUPS[0],))),
    )
    own = Port(port_id(1), 1, MACS[1], ((SUBNET_ID, "10.0.0.1"),), security_groups=(GROUPS[0],))
    wanted.apply(
        GoalStateDelta(
            snapshot=True,
            vpcs={1: Vpc(bytes(16), 1, 1450)},
            ports={own.id: own},
            neighbours={1: NeighbourDelta(put=known)},
            security_groups={group.id: group},
        ),
        b"log",
    )
    assert len(members.whole(wanted.state)[1, GROUPS[0]]) == 1001
    newcomer = GoalStateDelta(
        neighbours={
            1: NeighbourDelta(put=VpcNeighbours({9: 2}, {0x0C000001: 9}, memberships={9: Membership((GROUPS[0],))}))
        }
    )
    members.touch(wanted.state, newcomer)
    peers.before(wanted.state, newcomer)
    wanted.apply(newcomer, b"log")
    (delta,) = members.change(wanted.state).values()
    assert (delta.put, delta.removed) == ({prefix_of("12.0.0.1")}, set())


def test_groups_of_ports_without_port_security_name_nobody(tmp_path: Path) -> None:
    wanted = Wanted(tmp_path)
    members = Members(Peers(wanted, Learned()))
    group = SecurityGroup(GROUPS[0], True, (SecurityRule(True, False, remote_group=GROUPS[0]),))
    own = Port(port_id(1), 1, MACS[1], ((SUBNET_ID, "10.0.0.1"),), security_groups=(GROUPS[0],))
    for secure, told in ((True, {(1, GROUPS[0]): {prefix_of("10.0.0.1")}}), (False, {})):
        port = msgspec.structs.replace(own, port_security=secure)
        wanted.apply(GoalStateDelta(snapshot=True, ports={port.id: port}, security_groups={group.id: group}), b"log")
        members = Members(Peers(wanted, Learned()))
        assert members.whole(wanted.state) == told
