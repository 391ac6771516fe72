"""Goal states of any shape, for property tests."""

import ipaddress

from hypothesis import strategies as st

from alcor.model.goal_state import (
    Feed,
    GoalStateDelta,
    Membership,
    NeighbourDelta,
    NetworkAcl,
    Port,
    Router,
    RouterDelta,
    RouterInterface,
    SecurityGroup,
    Subnet,
    Vpc,
    VpcNeighbours,
)
from alcor.model.ipv6_modes import IPV6_MODES
from alcor.model.records import NetworkAclRule, SecurityRule

ids = st.binary(min_size=16, max_size=16)
vnis = st.integers(0, (1 << 24) - 1)
macs = st.integers(0, (1 << 48) - 1)
numbers = st.integers(0, (1 << 32) - 1)
ipv6 = st.binary(min_size=16, max_size=16)
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
cidrs = st.builds(
    lambda number, length: str(ipaddress.ip_network((number, length), strict=False)), numbers, st.integers(0, 32)
)
texts = st.text(max_size=8)


def tuples_of(*parts: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(st.tuples(*parts), max_size=2).map(tuple)


vpcs = st.builds(Vpc, ids, vnis, numbers, texts, st.booleans(), st.booleans())
subjects = st.one_of(vnis, ids)
feeds = st.builds(Feed, st.booleans(), st.integers(0, (1 << 64) - 1), numbers)
subnets = st.builds(
    Subnet,
    ids,
    vnis,
    cidrs,
    st.one_of(st.just(""), addresses),
    st.booleans(),
    st.lists(addresses, max_size=2).map(tuple),
    tuples_of(cidrs, addresses),
    st.sampled_from(("", *IPV6_MODES)),
    st.sampled_from(("", *IPV6_MODES)),
    st.sampled_from((b"", b"a" * 16)),
)
ports = st.builds(
    Port,
    ids,
    vnis,
    macs,
    tuples_of(ids, addresses),
    st.booleans(),
    st.booleans(),
    tuples_of(cidrs, macs),
    tuples_of(texts, texts, st.sampled_from([4, 6])),
    texts,
    st.sampled_from([(), (b"g" * 16,), (b"g" * 16, b"h" * 16)]),
    texts,
    texts,
)
_remotes = st.one_of(
    st.just({}),
    st.builds(lambda remote: {"remote_group": remote}, ids),
    st.builds(lambda remote: {"remote_address_group": remote}, ids),
)
_port_numbers = st.one_of(st.none(), st.integers(0, 65535))
_rules = st.one_of(
    st.builds(
        lambda ingress, ipv6, protocol, least, most, remote: SecurityRule(
            ingress, ipv6, protocol, least, most, **remote
        ),
        st.booleans(),
        st.booleans(),
        st.one_of(st.none(), st.integers(0, 255)),
        _port_numbers,
        _port_numbers,
        _remotes,
    ),
    st.builds(lambda cidr: SecurityRule(True, False, remote_prefix=cidr), cidrs),
)
security_groups = st.builds(
    SecurityGroup,
    ids,
    st.booleans(),
    st.lists(_rules, max_size=2).map(tuple),
    st.sampled_from([(), ((b"a" * 16, ("10.0.0.0/8", "fd00::/8")),)]),
    st.booleans(),
)
_bytes = st.one_of(st.none(), st.integers(0, 255))
network_acls = st.builds(
    NetworkAcl,
    ids,
    st.lists(
        st.builds(
            lambda cidr, *rest: NetworkAclRule(*rest[:3], ":" in cidr, cidr, *rest[3:]),
            st.one_of(cidrs, st.just("2001:db8::/32")),
            st.integers(0, 32767),
            st.booleans(),
            st.booleans(),
            _bytes,
            _port_numbers,
            _port_numbers,
            _bytes,
            _bytes,
        ),
        max_size=2,
    ).map(tuple),
)
memberships = st.sampled_from(
    [
        Membership((b"g" * 16,)),
        Membership((b"g" * 16, b"h" * 16), ("10.0.0.0/8",)),
        Membership((), ("fd00::/8", "10.1.2.3/32")),
    ]
)
routes = tuples_of(cidrs, st.one_of(st.just(""), addresses))
router_interfaces = st.builds(RouterInterface, ids, vnis, macs, tuples_of(cidrs, addresses), routes, numbers)
routers = st.builds(Router, ids, st.lists(router_interfaces, max_size=2).map(tuple), routes)
router_deltas = st.builds(
    RouterDelta,
    st.lists(router_interfaces, max_size=2).map(tuple),
    st.frozensets(ids, max_size=2),
    st.one_of(st.none(), routes),
)
neighbour_deltas = st.builds(
    NeighbourDelta,
    st.builds(
        VpcNeighbours,
        st.dictionaries(macs, numbers, max_size=9),
        st.dictionaries(numbers, macs, max_size=9),
        st.dictionaries(ipv6, macs, max_size=9),
        st.dictionaries(macs, memberships, max_size=4),
    ),
    st.sets(macs, max_size=3),
    st.sets(numbers, max_size=3),
    st.sets(ipv6, max_size=3),
    st.sets(macs, max_size=3),
).filter(lambda delta: not delta.is_empty())


def _delta(revisions: tuple[int, int], snapshot: bool, resources: tuple[list[object], ...], **rest: object) -> object:
    base, revision = sorted(revisions)
    some_vpcs, some_subnets, some_ports = resources
    return GoalStateDelta(
        revision=revision,
        base_revision=base,
        snapshot=snapshot,
        vpcs={vpc.vni: vpc for vpc in some_vpcs},
        subnets={subnet.id: subnet for subnet in some_subnets},
        ports={port.id: port for port in some_ports},
        **rest,
    )


deltas = st.builds(
    _delta,
    st.tuples(st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 64) - 1)),
    st.booleans(),
    st.tuples(st.lists(vpcs, max_size=3), st.lists(subnets, max_size=3), st.lists(ports, max_size=3)),
    vteps=st.dictionaries(numbers, numbers, max_size=3),
    neighbours=st.dictionaries(vnis, neighbour_deltas, max_size=2),
    feeds=st.dictionaries(subjects, feeds, max_size=3),
    removed_vpcs=st.sets(vnis, max_size=3),
    removed_subnets=st.sets(ids, max_size=3),
    removed_ports=st.sets(ids, max_size=3),
    removed_vteps=st.sets(numbers, max_size=3),
    routers=st.dictionaries(ids, routers, max_size=2).map(
        lambda chosen: {key: Router(key, router.interfaces, router.routes) for key, router in chosen.items()}
    ),
    router_deltas=st.dictionaries(ids, router_deltas, max_size=2),
    removed_routers=st.sets(ids, max_size=3),
    security_groups=st.lists(security_groups, max_size=1).map(lambda some: {group.id: group for group in some}),
    removed_security_groups=st.sets(ids, max_size=3),
    network_acls=st.lists(network_acls, max_size=2).map(lambda some: {acl.id: acl for acl in some}),
    removed_network_acls=st.sets(ids, max_size=3),
)

_few = st.integers(1, 3)
_few_ids = st.sampled_from([bytes([number]) * 16 for number in range(3)])
_few_neighbours = st.builds(
    NeighbourDelta,
    st.builds(
        VpcNeighbours,
        st.dictionaries(_few, _few, max_size=3),
        st.dictionaries(_few, _few, max_size=3),
        st.dictionaries(_few_ids, _few, max_size=3),
        st.dictionaries(_few, memberships, max_size=2),
    ),
    st.sets(_few),
    st.sets(_few),
    st.sets(_few_ids),
    st.sets(_few),
)
_few_interfaces = st.lists(
    st.builds(RouterInterface, _few_ids, _few, _few, st.just(())), max_size=3, unique_by=lambda each: each.id
).map(lambda chosen: tuple(sorted(chosen, key=lambda each: each.id)))
_few_routes = st.sampled_from([(), (("192.0.2.0/24", ""),)])
_few_router_deltas = st.builds(RouterDelta, _few_interfaces, st.frozensets(_few_ids), st.one_of(st.none(), _few_routes))
_few_groups = st.sampled_from([SecurityGroup(b"g" * 16), SecurityGroup(b"g" * 16, False)])
_few_acls = st.sampled_from(
    [NetworkAcl(b"a" * 16), NetworkAcl(b"a" * 16, (NetworkAclRule(1, True, True, False, "10.0.0.0/8"),))]
)
colliding_deltas = st.builds(
    GoalStateDelta,
    revision=_few,
    base_revision=_few,
    snapshot=st.sampled_from([False, False, False, True]),
    vpcs=st.dictionaries(_few, vpcs, max_size=3),
    subnets=st.dictionaries(_few_ids, subnets, max_size=3),
    ports=st.dictionaries(_few_ids, ports, max_size=3),
    vteps=st.dictionaries(_few, numbers, max_size=3),
    neighbours=st.dictionaries(_few, _few_neighbours, max_size=3),
    removed_vpcs=st.sets(_few),
    removed_subnets=st.sets(_few_ids),
    removed_ports=st.sets(_few_ids),
    removed_vteps=st.sets(_few),
    routers=st.dictionaries(_few_ids, st.builds(Router, _few_ids, _few_interfaces, _few_routes), max_size=3),
    router_deltas=st.dictionaries(_few_ids, _few_router_deltas, max_size=3),
    removed_routers=st.sets(_few_ids),
    security_groups=st.dictionaries(_few_ids, _few_groups, max_size=3),
    removed_security_groups=st.sets(_few_ids),
    network_acls=st.dictionaries(_few_ids, _few_acls, max_size=3),
    removed_network_acls=st.sets(_few_ids),
)
