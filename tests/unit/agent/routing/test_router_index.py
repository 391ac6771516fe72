"""Routers of a goal state become what a data plane is told, of either version of IP."""

from alcor.agent.routing.next_hops import NextHops
from alcor.agent.routing.router_index import RouterIndex
from alcor.dataplane.driver import NextHop, Route
from alcor.dataplane.routers import data_plane_router
from alcor.model.addresses import address_of, link_local
from alcor.model.goal_state import Router, RouterInterface

VNI, MAC = 7, 0xFA163E0000FE
BOTH = (("10.0.0.0/24", "10.0.0.254"), ("2001:db8::/64", "2001:db8::fe"))
ROUTES = (("0.0.0.0/0", "10.0.0.9"), ("::/0", "2001:db8::9"), ("2001:db8:9::/48", ""))
ROUTER = Router(b"r".ljust(16), (RouterInterface(bytes(16), VNI, MAC, BOTH),), ROUTES)


def test_routes_of_both_versions_stand_side_by_side() -> None:
    ipv6 = address_of("2001:db8::9")
    assert data_plane_router(ROUTER).routes == (
        Route(0, 0, VNI, MAC, 0x0A000009),
        Route(0, 0, VNI, MAC, ipv6, version=6),
        Route(0x20010DB80009 << 80, ((1 << 48) - 1) << 80, version=6),
    )


def test_an_interface_is_found_by_its_mac_in_either_version_and_by_its_addresses() -> None:
    index = RouterIndex([ROUTER])
    for version, (_, address) in zip((4, 6), BOTH, strict=True):
        found = index.at_mac(VNI, MAC, version)
        assert found is not None and found[1].address == address_of(address)
        assert index.owner_of(VNI, address_of(address)) == MAC
    assert index.is_reached(VNI, address_of("2001:db8::77"))
    assert not index.is_reached(VNI, address_of("2001:db8:1::77"))
    assert index.at_mac(VNI, MAC + 1, 6) is None


def test_a_router_has_a_link_local_address_over_ipv6_only() -> None:
    ipv4, ipv6 = data_plane_router(ROUTER).interfaces
    assert ipv4.own_addresses() == (0x0A0000FE,)
    assert ipv6.own_addresses() == (address_of("2001:db8::fe"), link_local(MAC))


def test_next_hops_of_both_versions_are_taken_up_by_a_later_life() -> None:
    used = {1: (0x0A000001, 0xC0000201), 2: (0x0A000001, address_of("2001:db8::1"), address_of("::1"))}
    before, after = (NextHops(lambda vni, address: NextHop(MAC)) for _ in range(2))
    for vni, addresses in used.items():
        for address in addresses:
            before.use(vni, address)
    whole = before.whole()
    assert {vni: set(hops) for vni, hops in whole.items()} == {vni: set(each) for vni, each in used.items()}
    after.restore(before.dump())
    assert after.whole() == whole
