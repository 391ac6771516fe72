"""Random histories of a small cloud."""

import ipaddress
from collections.abc import Iterator

from hypothesis import strategies as st

from alcor.model.records import (
    AddressGroupRecord,
    NetworkAclRule,
    PortRecord,
    RouterInterfaceRecord,
    SecurityGroupRecord,
    SecurityRule,
)
from tests.unit.dpm.cloud import (
    ACLS,
    ADDRESS_GROUPS,
    ADDRESSES,
    GROUPS,
    HOSTS,
    INTERFACES,
    MACS,
    PORTS,
    ROUTERS,
    SUBNETS,
    VPCS,
)

_interfaces = st.builds(
    RouterInterfaceRecord,
    st.sampled_from(INTERFACES),
    st.sampled_from(ROUTERS),
    st.sampled_from(VPCS),
    st.integers(1, 4),
    st.sampled_from(MACS),
    st.lists(st.tuples(st.sampled_from(SUBNETS), st.just("10.0.0.0/24"), st.sampled_from(ADDRESSES)), max_size=2).map(
        tuple
    ),
    st.sampled_from([True, True, True, False]),
)
_rules = st.one_of(
    st.builds(lambda least: SecurityRule(True, False, 6, least, least), st.integers(1, 3)),
    st.builds(lambda group: SecurityRule(True, False, remote_group=group), st.sampled_from(GROUPS)),
    st.builds(lambda group: SecurityRule(False, False, remote_address_group=group), st.sampled_from(ADDRESS_GROUPS)),
)
_groups = st.builds(
    SecurityGroupRecord, st.sampled_from(GROUPS), st.booleans(), st.lists(_rules, max_size=2).map(tuple), st.booleans()
)
_address_groups = st.builds(
    AddressGroupRecord, st.sampled_from(ADDRESS_GROUPS), st.sampled_from([(), ("10.0.0.0/8",), ("10.1.0.0/16",)])
)
_acl_rules = st.builds(
    lambda number, allow: (NetworkAclRule(number, True, allow, False, "10.0.0.0/8"),), st.integers(1, 2), st.booleans()
)
_destinations = st.sampled_from(["0.0.0.0/0", "192.0.2.0/24", "fd01::/64"])
_next_hops = st.sampled_from([str(ipaddress.ip_address(address)) for address in ADDRESSES])
_routes = st.lists(st.tuples(_destinations, _next_hops), max_size=2).map(tuple)
_table_routes = st.lists(
    st.tuples(_destinations, st.one_of(st.just(""), _next_hops), st.sampled_from([0, 100])),
    max_size=2,
    unique_by=lambda route: route[0],
).map(tuple)
_ports = st.builds(
    PortRecord,
    st.sampled_from(PORTS),
    st.sampled_from(VPCS),
    st.sampled_from(MACS),
    st.lists(
        st.tuples(st.sampled_from(SUBNETS), st.sampled_from(ADDRESSES)), max_size=2, unique_by=lambda pair: pair[1]
    ).map(tuple),
    st.sampled_from(["", *HOSTS]),
    st.sampled_from([True, True, True, False]),
    allowed_address_pairs=st.sampled_from([(), (), (("10.0.0.9/32", MACS[0]),)]),
    hostname=st.sampled_from(["a", "b"]),
    security_groups=st.sampled_from([(), (GROUPS[0],), (GROUPS[0], GROUPS[1]), (GROUPS[2],)]),
    device_id=st.sampled_from(["", "server"]),
    project_id=st.sampled_from(["", "project"]),
)
operations = st.one_of(
    st.tuples(
        st.just("put_vpc"),
        st.sampled_from(VPCS),
        st.integers(1, 4),
        st.sampled_from([1450, 9000]),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    st.tuples(st.just("delete_vpc"), st.sampled_from(VPCS)),
    st.tuples(
        st.just("put_subnet"),
        st.sampled_from(SUBNETS),
        st.sampled_from(VPCS),
        st.booleans(),
        st.sampled_from([None, 0, 0, 1]),
    ),
    st.tuples(st.just("put_acl"), st.sampled_from(ACLS), _acl_rules),
    st.tuples(st.just("delete_acl"), st.sampled_from(ACLS)),
    st.tuples(st.just("delete_subnet"), st.sampled_from(SUBNETS)),
    st.tuples(st.just("put_node"), st.sampled_from(HOSTS), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("delete_node"), st.sampled_from(HOSTS)),
    *[st.tuples(st.just("put_port"), _ports)] * 4,
    *[st.tuples(st.just("put_router"), st.sampled_from(ROUTERS), st.sampled_from([True, True, False]), _routes)] * 2,
    st.tuples(st.just("delete_router"), st.sampled_from(ROUTERS)),
    *[st.tuples(st.just("put_interface"), _interfaces)] * 2,
    st.tuples(st.just("put_table"), st.sampled_from([*VPCS, *SUBNETS]), st.sampled_from(VPCS), _table_routes),
    st.tuples(st.just("delete_table"), st.sampled_from([*VPCS, *SUBNETS])),
    st.tuples(st.just("delete_interface"), st.sampled_from(INTERFACES)),
    st.tuples(st.just("put_group"), _groups),
    st.tuples(st.just("delete_group"), st.sampled_from(GROUPS)),
    st.tuples(st.just("put_address_group"), _address_groups),
    st.tuples(st.just("delete_address_group"), st.sampled_from(ADDRESS_GROUPS)),
    st.tuples(st.just("delete_port"), st.sampled_from(PORTS)),
    st.tuples(st.just("swap_ports"), st.sampled_from(PORTS), st.sampled_from(PORTS)),
)
"""A transaction: the name of a method of Cloud and its arguments."""


def _furnished() -> Iterator[tuple[object, ...]]:
    for number, vpc_id in enumerate(VPCS, 1):
        yield "put_vpc", vpc_id, number, 1450, True, False
    for number, host_id in enumerate(HOSTS, 1):
        yield "put_node", host_id, number, False
    for number, acl_id in enumerate(ACLS):
        yield "put_acl", acl_id, (NetworkAclRule(number, True, True, False, "10.0.0.0/8"),)
    for number, subnet_id in enumerate(SUBNETS):
        yield "put_subnet", subnet_id, VPCS[number % 2], True, 0
    yield "put_group", SecurityGroupRecord(GROUPS[0], True, (SecurityRule(True, False, remote_group=GROUPS[1]),))
    yield "put_router", ROUTERS[0], True
    for number in range(2):
        places = ((SUBNETS[number], "10.0.0.0/24", ADDRESSES[3]),)
        yield (
            "put_interface",
            RouterInterfaceRecord(INTERFACES[number], ROUTERS[0], VPCS[number], number + 1, MACS[number], places),
        )
    for number in range(4):
        fixed_ips = ((SUBNETS[number], ADDRESSES[number // 2]),)
        yield (
            "put_port",
            PortRecord(
                PORTS[number],
                VPCS[number % 2],
                MACS[number],
                fixed_ips,
                HOSTS[number // 2],
                hostname="a",
                security_groups=(GROUPS[0],),
            ),
        )


FURNISHED = tuple(_furnished())
"""Transactions after which there is one of everything, so that those that follow change what is there."""
entries = st.builds(
    lambda furnished, rest: [list(FURNISHED), *rest] if furnished else rest,
    st.booleans(),
    st.lists(st.lists(operations, min_size=1, max_size=4), max_size=25),
)
"""Log entries, each of some transactions committed together."""
