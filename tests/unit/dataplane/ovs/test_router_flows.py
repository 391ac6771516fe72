"""The flow that a packet meets first in the table of routes is that of the longest prefix, as routers choose it."""

import struct

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from alcor.dataplane.driver import Route, Router, RouterInterface
from alcor.dataplane.ovs.openflow.fields import decode_match
from alcor.dataplane.ovs.rendering import Flow, compile_pipeline
from alcor.dataplane.ovs.router_flows import router_flows
from alcor.dataplane.ovs.tables import ROUTE

PIPELINE = compile_pipeline(metered=True, idle_seconds=60)
ID = b"router".ljust(16, b".")
BY_PREFIX = {"to_subnet", "to_route_of_interface", "nowhere_of_interface", "to_route", "nowhere"}
FIRST, SECOND = 0x0A000000, 0x0A000100
INTERFACES = (
    RouterInterface(7, 0xFA163E000001, FIRST + 1, FIRST, 0xFFFFFF00),
    RouterInterface(8, 0xFA163E000002, SECOND + 1, SECOND, 0xFFFFFF00),
)


def prefix(address: int, bits: int) -> tuple[int, int]:
    mask = 0xFFFFFFFF << (32 - bits) & 0xFFFFFFFF
    return address & mask, mask


addresses = st.sampled_from([FIRST + 9, FIRST + 200, SECOND + 9, SECOND + 200, 0xC0000201, 0xC00002C8])
routes = st.builds(
    lambda address, bits, by, arriving, next_hop: Route(
        *prefix(address, bits), by.vni if by else 0, by.mac if by else 0, next_hop if by else 0, arriving
    ),
    addresses,
    st.sampled_from([0, 8, 16, 23, 24, 25, 31, 32]),
    st.sampled_from([*INTERFACES, None]),
    st.sampled_from([None, *((each.vni, each.mac) for each in INTERFACES)]),
    st.integers(1, 0xFFFFFFFF),
)
routers = st.lists(routes, max_size=8, unique_by=lambda route: (route.network, route.mask, route.arriving)).map(
    lambda chosen: Router(ID, INTERFACES, tuple(chosen))
)


def meets(flow: Flow, arriving: RouterInterface, address: int) -> bool:
    packet = {"ipv4_dst": address, "metadata": arriving.vni, "xreg3": arriving.mac}
    fields = (field for field in decode_match(flow.match())[0] if field.name in packet)
    return all(packet[each.name] & (-1 if each.mask is None else each.mask) == each.value for each in fields)


def chosen_by_hand(router: Router, arriving: RouterInterface, address: int) -> bytes | None:
    """What the flow of the best way holds: its VNI and MAC address as they are written, or None for nowhere."""
    best, found = -1, None
    for each in router.interfaces:
        if address & each.mask == each.network and each.mask * 4 + 3 > best:
            best, found = each.mask * 4 + 3, (each.vni, each.mac)
    for route in router.routes:
        if address & route.mask != route.network or route.arriving not in (None, (arriving.vni, arriving.mac)):
            continue
        rank = route.mask * 4 + (2 if route.arriving else 1)
        if rank > best:
            best, found = rank, (route.vni, route.mac) if route.vni else None
    return None if found is None else struct.pack("!Q", found[0]) + found[1].to_bytes(8)


@given(routers, st.sampled_from(INTERFACES), addresses)
def test_the_longest_prefix_goes_first(router: Router, arriving: RouterInterface, address: int) -> None:
    flows = [flow for _, flow in router_flows(PIPELINE, router) if flow.compiled.rule.table is ROUTE]
    candidates = [each for each in flows if each.compiled.rule.name in BY_PREFIX and meets(each, arriving, address)]
    expected = chosen_by_hand(router, arriving, address)
    if not candidates:
        assert expected is None
        return
    first = max(candidates, key=lambda flow: flow.priority)
    assert [flow.priority for flow in candidates].count(first.priority) == 1
    steps = first.body[len(first.match()) :]
    if expected is None:
        assert first.compiled.rule.name.startswith("nowhere")
    else:
        assert expected[:8] in steps and expected[8:] in steps


@given(routers)
def test_a_change_of_one_route_is_one_flow(router: Router) -> None:
    def digests(of: Router) -> set[int]:
        return {flow.digest() for _, flow in router_flows(PIPELINE, of)}

    whole = digests(router)
    for number in range(len(router.routes)):
        less = msgspec.structs.replace(router, routes=router.routes[:number] + router.routes[number + 1 :])
        assert len(whole - digests(less)) == 1 and not digests(less) - whole
