"""Routes of routers and route tables: what hosts are told of them, and of routers that are next hops."""

import pytest

from alcor.dpm.compiler import compile_entry
from alcor.dpm.loading import load
from alcor.dpm.read_model import ReadModel
from alcor.model.addresses import ip_bytes
from alcor.model.records import (
    LogEntry,
    PortDeleted,
    PortRecord,
    Record,
    RouterDeleted,
    RouterInterfaceDeleted,
    RouterInterfaceRecord,
    RouterRecord,
    RouteTableDeleted,
    RouteTableRecord,
    SubnetRecord,
    VpcRecord,
)
from tests.unit.dpm.cloud import HOSTS, MACS, PORTS, ROUTERS, VPCS, some_id
from tests.unit.dpm.test_compiler import NODES

NEAR, SHARED, FAR = (some_id("subnet", number) for number in range(3))
CIDRS = {NEAR: "10.0.0.0/24", SHARED: "10.0.1.0/24", FAR: "10.0.2.0/24"}
VPC_OF = {NEAR: VPCS[0], SHARED: VPCS[0], FAR: VPCS[1]}
FIRST, SECOND = ROUTERS[:2]
TO_FAR = (("10.0.2.0/24", "10.0.1.2"),)


def interface(number: int, router: bytes, subnet: bytes, address: str) -> RouterInterfaceRecord:
    vpc_id = VPC_OF[subnet]
    addresses = ((subnet, CIDRS[subnet], ip_bytes(address)),)
    return RouterInterfaceRecord(
        some_id("interface", number), router, vpc_id, 7 + VPCS.index(vpc_id), 100 + number, addresses
    )


def port(number: int, subnet: bytes, host: int) -> PortRecord:
    fixed_ip = (subnet, ip_bytes(CIDRS[subnet].replace("0/24", f"{50 + number}")))
    return PortRecord(PORTS[number], VPC_OF[subnet], MACS[number], (fixed_ip,), HOSTS[host])


FIRST_NEAR, FIRST_SHARED = interface(0, FIRST, NEAR, "10.0.0.1"), interface(1, FIRST, SHARED, "10.0.1.1")
SECOND_SHARED, SECOND_FAR = interface(2, SECOND, SHARED, "10.0.1.2"), interface(3, SECOND, FAR, "10.0.2.2")


def cloud(*more: Record) -> ReadModel:
    """A router in two subnets, one of which it shares with another, which is in a second VPC; a host in each."""
    subnets = [SubnetRecord(subnet, VPC_OF[subnet], CIDRS[subnet], "", True) for subnet in CIDRS]
    return load(
        1,
        [
            VpcRecord(VPCS[0], 7, 1450),
            VpcRecord(VPCS[1], 8, 1450),
            *subnets,
            *NODES,
            RouterRecord(FIRST),
            RouterRecord(SECOND),
            *(FIRST_NEAR, FIRST_SHARED, SECOND_SHARED, SECOND_FAR),
            *more,
            *(port(0, NEAR, 0), port(1, SHARED, 1), port(2, FAR, 2)),
        ],
    )


def told(model: ReadModel, *records: Record) -> dict[str, tuple[set[bytes], set[bytes]]]:
    """By host, the routers that it is told of, and those that are taken from it."""
    deltas = compile_entry(model, LogEntry(model.revision + 1, records)).deltas
    return {
        host_id: ({*delta.routers, *delta.router_deltas}, delta.removed_routers) for host_id, delta in deltas.items()
    }


def test_a_route_is_told_to_the_hosts_of_its_router() -> None:
    model = cloud()
    routed = RouterRecord(SECOND, routes=(("192.0.2.0/24", "10.0.2.9"),))
    assert told(model, routed) == {HOSTS[1]: ({SECOND}, set()), HOSTS[2]: ({SECOND}, set())}
    assert model.routers.state(SECOND).routes == routed.routes


def test_a_router_that_is_a_next_hop_comes_along_and_goes_with_the_route() -> None:
    model = cloud()
    assert told(model, RouterRecord(FIRST, routes=TO_FAR)) == {
        HOSTS[0]: ({FIRST, SECOND}, set()),
        HOSTS[1]: ({FIRST}, set()),
    }
    assert told(model, RouterRecord(FIRST)) == {HOSTS[0]: ({FIRST}, {SECOND}), HOSTS[1]: ({FIRST}, set())}


def test_a_router_behind_routes_is_followed_in_what_it_becomes() -> None:
    model = cloud(RouterRecord(FIRST, routes=TO_FAR))
    assert HOSTS[0] in told(model, RouterRecord(SECOND, routes=(("192.0.2.0/24", "10.0.2.9"),)))
    assert told(model, RouterRecord(SECOND, admin_state_up=False))[HOSTS[0]] == (set(), {SECOND})
    assert told(model, RouterRecord(SECOND))[HOSTS[0]] == ({SECOND}, set())
    assert told(model, RouterInterfaceDeleted(SECOND_SHARED.id))[HOSTS[0]] == (set(), {SECOND})
    assert told(model, SECOND_SHARED)[HOSTS[0]] == ({SECOND}, set())
    assert told(model, RouterDeleted(SECOND))[HOSTS[0]] == (set(), {SECOND})


def test_a_host_that_comes_or_goes_has_or_loses_all_routers_of_the_way() -> None:
    model = cloud(RouterRecord(FIRST, routes=TO_FAR))
    assert told(model, port(3, NEAR, 3))[HOSTS[3]] == ({FIRST, SECOND}, set())
    assert told(model, PortDeleted(PORTS[3], VPCS[0]))[HOSTS[3]] == (set(), {FIRST, SECOND})


def test_routers_that_lead_to_each_other_are_told_once() -> None:
    back = RouterRecord(SECOND, routes=(("0.0.0.0/0", "10.0.1.1"),))
    model = cloud(RouterRecord(FIRST, routes=(("0.0.0.0/0", "10.0.1.2"),)))
    assert told(model, back) == {
        HOSTS[0]: ({SECOND}, set()),
        HOSTS[1]: ({SECOND}, set()),
        HOSTS[2]: ({FIRST, SECOND}, set()),
    }


def test_hosts_may_ask_about_vpcs_that_their_routers_lead_to_by_others() -> None:
    model = cloud()
    far = model.vpcs[VPCS[1]]
    assert not model.reaches(HOSTS[0], far)
    told(model, RouterRecord(FIRST, routes=TO_FAR))
    assert model.reaches(HOSTS[0], far)
    told(model, RouterRecord(FIRST))
    assert not model.reaches(HOSTS[0], far)


def table(owner: bytes, *routes: tuple[str, str, int]) -> RouteTableRecord:
    return RouteTableRecord(owner, VPCS[0], routes)


def test_a_table_is_told_to_hosts_of_the_routers_that_what_is_sent_comes_to() -> None:
    model = cloud()
    assert told(model, table(NEAR, ("192.0.2.0/24", "10.0.0.9", 100))) == {
        HOSTS[0]: ({FIRST}, set()),
        HOSTS[1]: ({FIRST}, set()),
    }
    near, shared = model.routers.state(FIRST).interfaces
    assert near.routes == (("192.0.2.0/24", "10.0.0.9"),)
    assert shared.routes == ()
    assert told(model, RouteTableDeleted(NEAR)).keys() == {HOSTS[0], HOSTS[1]}
    assert model.routers.state(FIRST).interfaces[0].routes == ()


def test_the_table_of_a_vpc_is_for_all_its_subnets_and_for_no_other_vpc() -> None:
    model = cloud()
    assert told(model, table(VPCS[0], ("192.0.2.0/24", "", 0))) == {
        HOSTS[0]: ({FIRST}, set()),
        HOSTS[1]: ({FIRST, SECOND}, set()),
        HOSTS[2]: ({SECOND}, set()),
    }
    assert [each.routes for each in model.routers.state(SECOND).interfaces] == [(("192.0.2.0/24", ""),), ()]


@pytest.mark.parametrize(
    ("of_subnet", "of_vpc", "chosen"), [(100, 0, "10.0.0.9"), (0, 0, "10.0.0.9"), (0, 1, "10.0.0.8")]
)
def test_of_two_tables_the_higher_priority_counts_and_of_equal_ones_the_subnets(
    of_subnet: int, of_vpc: int, chosen: str
) -> None:
    own = table(NEAR, ("192.0.2.0/24", "10.0.0.9", of_subnet))
    common = table(VPCS[0], ("192.0.2.0/24", "10.0.0.8", of_vpc), ("198.51.100.0/24", "10.0.0.8", 0))
    model = cloud(own, common)
    assert model.routers.state(FIRST).interfaces[0].routes == (
        ("192.0.2.0/24", chosen),
        ("198.51.100.0/24", "10.0.0.8"),
    )


def test_a_router_is_a_next_hop_of_tables_as_of_routes() -> None:
    model = cloud()
    assert told(model, table(NEAR, ("10.0.2.0/24", "10.0.1.2", 0)))[HOSTS[0]] == ({FIRST, SECOND}, set())
    assert told(model, RouteTableDeleted(NEAR))[HOSTS[0]] == ({FIRST}, {SECOND})
