"""Which hosts have which routers, and who may ask about VPCs that these join."""

from alcor.dpm.compiler import compile_entry
from alcor.dpm.loading import load
from alcor.dpm.read_model import ReadModel
from alcor.model.goal_state import Router, RouterDelta, RouterInterface
from alcor.model.records import (
    LogEntry,
    PortDeleted,
    PortRecord,
    RouterDeleted,
    RouterInterfaceDeleted,
    RouterInterfaceRecord,
    RouterRecord,
    SubnetRecord,
    VpcRecord,
)
from tests.unit.dpm.cloud import ADDRESSES, HOSTS, INTERFACES, MACS, PORTS, ROUTERS, SUBNETS, VPCS, some_id
from tests.unit.dpm.test_compiler import NODES

ROUTER = RouterRecord(ROUTERS[0])
CIDRS = ("10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24")


def interface(number: int, vpc: int, subnet: int) -> RouterInterfaceRecord:
    addresses = ((SUBNETS[subnet], CIDRS[subnet], bytes((10, 0, subnet, 254))),)
    return RouterInterfaceRecord(INTERFACES[number], ROUTERS[0], VPCS[vpc], 7 + vpc, 100 + number, addresses)


def port(number: int, vpc: int, subnet: int, host: int) -> PortRecord:
    return PortRecord(PORTS[number], VPCS[vpc], MACS[number], ((SUBNETS[subnet], ADDRESSES[number]),), HOSTS[host])


def cloud() -> ReadModel:
    """Two subnets of the first VPC and one of the second; the router is in all but the second subnet."""
    places = [(0, 0), (0, 1), (1, 2)]
    return load(
        1,
        [
            VpcRecord(VPCS[0], 7, 1450),
            VpcRecord(VPCS[1], 8, 1450),
            *(SubnetRecord(SUBNETS[subnet], VPCS[vpc], CIDRS[subnet], "", True) for vpc, subnet in places),
            *NODES,
            ROUTER,
            interface(0, 0, 0),
            interface(1, 1, 2),
            port(0, 0, 0, host=0),
            port(1, 0, 1, host=1),
            port(2, 1, 2, host=2),
        ],
    )


STATE = Router(
    ROUTERS[0],
    (
        RouterInterface(INTERFACES[0], 7, 100, ((CIDRS[0], "10.0.0.254"),)),
        RouterInterface(INTERFACES[1], 8, 101, ((CIDRS[2], "10.0.2.254"),)),
    ),
)


def test_only_hosts_in_a_subnet_of_the_router_are_told_of_a_change() -> None:
    model = cloud()
    changed = interface(2, 0, 1)
    deltas = compile_entry(model, LogEntry(2, (changed,))).deltas
    assert deltas.keys() == {HOSTS[0], HOSTS[1], HOSTS[2]}
    assert len(deltas[HOSTS[1]].routers[ROUTERS[0]].interfaces) == 3
    for host_id in (HOSTS[0], HOSTS[2]):
        (put,) = deltas[host_id].router_deltas[ROUTERS[0]].interfaces
        assert put.id == changed.id and not deltas[host_id].routers
    deltas = compile_entry(model, LogEntry(3, (RouterInterfaceDeleted(changed.id),))).deltas
    assert deltas[HOSTS[1]].removed_routers == {ROUTERS[0]}
    gone = {ROUTERS[0]: RouterDelta(removed_interfaces=frozenset({changed.id}))}
    assert deltas[HOSTS[0]].router_deltas == deltas[HOSTS[2]].router_deltas == gone


def test_a_change_of_a_router_costs_its_difference_however_many_subnets_it_is_in() -> None:
    model = cloud()
    subnets = [some_id("more", number) for number in range(100)]
    for number, subnet_id in enumerate(subnets):
        addresses = ((subnet_id, f"10.9.{number}.0/24", bytes((10, 9, number, 254))),)
        record = RouterInterfaceRecord(some_id("i", number), ROUTERS[0], VPCS[0], 7, 1000 + number, addresses)
        deltas = compile_entry(model, LogEntry(2 + number, (record,))).deltas
        assert {delta.item_count() for delta in deltas.values()} == {2}
    routed = RouterRecord(ROUTERS[0], routes=(("192.0.2.0/24", "10.0.0.9"),))
    deltas = compile_entry(model, LogEntry(200, (routed,))).deltas
    assert {delta.item_count() for delta in deltas.values()} == {2}


def test_a_port_brings_the_routers_of_its_subnet_and_the_last_one_takes_them_along() -> None:
    model = cloud()
    deltas = compile_entry(model, LogEntry(2, (port(3, 0, 0, host=3),))).deltas
    assert deltas[HOSTS[3]].routers == {ROUTERS[0]: STATE}
    assert not any(delta.routers for host_id, delta in deltas.items() if host_id != HOSTS[3])
    more = compile_entry(model, LogEntry(3, (PortDeleted(PORTS[3], VPCS[0]),))).deltas
    assert more[HOSTS[3]].removed_routers == {ROUTERS[0]}


def test_a_router_that_is_down_or_gone_is_on_no_host() -> None:
    for record in (RouterRecord(ROUTERS[0], admin_state_up=False), RouterDeleted(ROUTERS[0])):
        model = cloud()
        deltas = compile_entry(model, LogEntry(2, (record,))).deltas
        assert deltas.keys() == {HOSTS[0], HOSTS[2]}
        assert all(delta.removed_routers == {ROUTERS[0]} for delta in deltas.values())
        assert compile_entry(model, LogEntry(3, (ROUTER,))).deltas[HOSTS[0]].routers == {ROUTERS[0]: STATE}


def test_a_host_may_ask_about_vpcs_that_a_router_joins_with_its_subnets() -> None:
    model = cloud()
    first, second = model.vpcs[VPCS[0]], model.vpcs[VPCS[1]]
    assert [model.reaches(host_id, second) for host_id in HOSTS] == [True, False, True, False]
    assert [model.reaches(host_id, first) for host_id in HOSTS] == [True, True, True, False]


def test_changes_of_a_vpc_that_is_joined_with_others_are_named_for_those_who_asked() -> None:
    model = cloud()
    compiled = compile_entry(model, LogEntry(2, (port(3, 1, 2, host=3),)))
    assert compiled.on_demand[8].new.forwarding == {MACS[3]: 4}
    compile_entry(model, LogEntry(3, (RouterInterfaceDeleted(INTERFACES[0]),)))
    compiled = compile_entry(model, LogEntry(4, (PortDeleted(PORTS[3], VPCS[1]),)))
    assert not compiled.on_demand
