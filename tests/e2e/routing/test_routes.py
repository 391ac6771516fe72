"""Extra routes, route tables and routers behind routers, over Open vSwitch, proven with packets."""

from typing import Any

import pytest

from alcor.testbed.waiting import wait_until
from tests.e2e.routing.site import Site, echo_requests, time_to_live
from tests.e2e.two_hosts import lose_nothing_to_restarts

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

BEHIND, BEYOND = "192.0.2.0/24", "192.0.2.1"
SPREAD_OVER = {"x": ("same", 1), "y": ("other", 0)}


@pytest.mark.parametrize(("subnet", "host"), [("same", 0), ("other", 1)])
async def test_an_appliance_gets_what_a_route_leads_to_it_and_its_answers_come_back(
    site: Site, subnet: str, host: int
) -> None:
    client = await site.add("a", "near", 0)
    appliance = await site.add_appliance("x", subnet, host, BEHIND)
    appliance.namespace.ip("address", "add", f"{BEYOND}/24", "dev", "lo")
    assert client.ping(BEYOND, timeout=0.5) is None
    await site.route((BEHIND, site.address("x")))
    listener = appliance.listen()
    wait_until(lambda: client.ping(BEYOND, timeout=0.5) is not None, "the route to be taken")
    request = echo_requests(listener.heard())[0]
    assert request[6:12] == await site.gateway_mac(subnet)
    assert time_to_live(request) == 63
    listener.close()


async def test_a_route_that_is_removed_ends_what_went_by_it_and_others_notice_nothing(site: Site) -> None:
    client = await site.add("a", "near", 0)
    appliance = await site.add_appliance("x", "same", 1, BEHIND)
    appliance.namespace.ip("address", "add", f"{BEYOND}/24", "dev", "lo")
    await site.route((BEHIND, site.address("x")))
    wait_until(lambda: client.ping(BEYOND, timeout=0.5) is not None, "the route to be taken")
    beyond, direct = client.keep_pinging(BEYOND), client.keep_pinging(site.address("x"))
    for ping in (beyond, direct):
        ping.wait_for_answers(20)
    before = site.flows(0)
    await site.cloud.act("router", site.router["id"], "remove_extraroutes", router={"routes": [_route(site, "x")]})
    beyond.wait_for_silence()
    direct.wait_for_answers(50)
    assert direct.lost() == 0
    gone = [flow for flow in before if flow not in site.flows(0)]
    assert len(gone) == 1 and gone[0].startswith("route/to_route:")
    await site.cloud.act("router", site.router["id"], "add_extraroutes", router={"routes": [_route(site, "x")]})
    beyond.wait_for_answers(20)
    for ping in (beyond, direct):
        ping.stop()


def _route(site: Site, name: str) -> dict[str, Any]:
    return {"destination": BEHIND, "nexthop": site.address(name)}


async def test_an_appliance_passes_on_what_others_sent_only_where_its_port_may(site: Site) -> None:
    client = await site.add("a", "near", 0)
    for name, host, attributes in (("x", 0, {}), ("y", 1, {"port_security_enabled": False})):
        appliance = await site.add(name, "same", host, **attributes)
        appliance.namespace.ip("address", "add", f"{BEYOND}/32", "dev", "lo")
    await site.route((BEHIND, site.address("x")))
    listener = site.workloads["x"].listen()
    wait_until(lambda: client.ping(BEYOND, timeout=0.3) is None and echo_requests(listener.heard()), "a request")
    listener.close()
    assert client.ping(BEYOND, timeout=0.5) is None, "the answer is not from an address of the port"
    await site.route((BEHIND, site.address("y")))
    wait_until(lambda: client.ping(BEYOND, timeout=0.5) is not None, "the other route to be taken")


async def test_a_route_to_nobody_is_a_black_hole_that_says_so(site: Site) -> None:
    client = await site.add("a", "near", 0)
    await site.route((BEHIND, "10.1.1.200"))
    told = client.namespace.run("ping", "-n", "-c", "3", "-i", "0.3", "-W", "1", BEYOND, check=False)
    assert "Destination Host Unreachable" in told
    await site.cloud.set_route_table(site.subnets["near"]["id"], [{"destination": "192.0.2.0/25", "target": "nowhere"}])
    wait_until(lambda: any("nowhere_of_interface" in flow for flow in site.flows(0)), "the route that leads nowhere")
    assert "Destination Net Unreachable" in client.namespace.run(
        "ping", "-n", "-c", "1", "-W", "5", BEYOND, check=False
    )


async def test_the_longest_prefix_decides(site: Site) -> None:
    client = await site.add("a", "near", 0)
    for name, host in (("x", 0), ("y", 1)):
        appliance = await site.add_appliance(name, "same", host, BEHIND)
        appliance.namespace.ip("address", "add", f"{BEYOND}/32", "dev", "lo")
        appliance.namespace.ip("address", "add", "192.0.2.200/32", "dev", "lo")
    await site.route((BEHIND, site.address("x")), ("192.0.2.128/25", site.address("y")))
    listeners = {name: site.workloads[name].listen() for name in ("x", "y")}
    for address in (BEYOND, "192.0.2.200"):
        wait_until(lambda address=address: client.ping(address, timeout=0.5) is not None, "an answer")  # type: ignore[misc]
    for name, its in (("x", BEYOND), ("y", "192.0.2.200")):
        destinations = {".".join(map(str, frame[30:34])) for frame in echo_requests(listeners[name].heard())}
        assert destinations == {its}
        listeners[name].close()


async def test_packets_are_spread_over_routes_to_the_same_destination(site: Site) -> None:
    client = await site.add("a", "near", 0)
    appliances = {name: await site.add_appliance(name, *place, BEHIND) for name, place in SPREAD_OVER.items()}
    for appliance in appliances.values():
        appliance.namespace.ip("route", "add", "local", BEHIND, "dev", "lo")
    site.testbed.wait_steady()
    await site.route(*((BEHIND, site.address(name)) for name in appliances))
    beyond = [BEYOND.replace(".1", f".{number}") for number in range(1, 31)]

    def all_answer() -> bool:
        return all(client.ping(address, timeout=1) is not None for address in beyond)

    wait_until(all_answer, "all to be answered", timeout=60)
    listeners = [appliance.listen() for appliance in appliances.values()]
    assert all_answer()
    heard = [{request[30:34] for request in echo_requests(listener.heard())} for listener in listeners]
    assert all(heard) and not heard[0] & heard[1], "each address goes by one of them"
    await site.route((BEHIND, site.address("x")))
    wait_until(all_answer, "all to go by the one that is left", timeout=60)
    for listener in listeners:
        listener.close()


async def test_a_subnets_table_sends_its_packets_through_an_appliance_to_another_subnet(site: Site) -> None:
    """Only what comes from that subnet: what the appliance sends on goes to the other subnet at once."""
    client, peer = await site.add("a", "near", 0), await site.add("e", "other", 1)
    appliance = await site.add_appliance("x", "same", 1, "10.1.0.0/24")
    assert client.ping(site.address("e")) is not None
    through = {"destination": "10.2.0.0/25", "nexthop": site.address("x")}
    await site.cloud.set_route_table(site.subnets["near"]["id"], [through])
    wait_until(lambda: any("to_route_of_interface" in flow for flow in site.flows(0)), "the table's route")
    listeners = [workload.listen() for workload in (appliance, peer)]
    assert client.ping(site.address("e")) is not None
    (first,), (last,) = (echo_requests(listener.heard())[:1] for listener in listeners)
    assert time_to_live(first) == 63
    assert time_to_live(last) == 61, "the router, the appliance, and the router again"
    assert last[6:12] == await site.gateway_mac("other")
    for listener in listeners:
        listener.close()
    await site.cloud.set_route_table(site.subnets["near"]["id"], [])
    wait_until(lambda: not any("to_route_of_interface" in flow for flow in site.flows(0)), "the table's route to go")
    assert client.ping(site.address("e")) is not None


async def second_router(site: Site) -> Any:
    """A router in a subnet of the first one, and in a VPC where that is not."""
    network = await site.cloud.create("network", name="third")
    site.subnets["far"] = await site.cloud.create("subnet", network_id=network["id"], ip_version=4, cidr="10.3.0.0/24")
    shared = site.subnets["same"]
    address = [{"subnet_id": shared["id"], "ip_address": "10.1.1.253"}]
    port = await site.cloud.create("port", network_id=shared["network_id"], fixed_ips=address)
    router = await site.cloud.create("router", name="second")
    await site.cloud.act("router", router["id"], "add_router_interface", port_id=port["id"])
    await site.cloud.act("router", router["id"], "add_router_interface", subnet_id=site.subnets["far"]["id"])
    return router


async def test_a_packet_goes_through_two_routers_on_the_host_that_sends_it(site: Site) -> None:
    second = await second_router(site)
    client, peer = await site.add("a", "near", 0), await site.add("f", "far", 1)
    await site.route(("10.3.0.0/24", "10.1.1.253"))
    await site.route(("10.1.0.0/24", "10.1.1.1"), router=second)
    wait_until(lambda: client.ping(site.address("f"), timeout=0.5) is not None, "the way through both routers")
    assert site.host(0).status()["vpcs"] == 1
    listener = peer.listen()
    assert client.ping(site.address("f")) is not None
    (request,) = echo_requests(listener.heard())
    listener.close()
    assert time_to_live(request) == 62
    assert request[6:12] == await site.gateway_mac("far")
    run = client.namespace.run
    traced = [run("ping", "-n", "-c", "1", "-W", "5", "-t", str(ttl), site.address("f"), check=False) for ttl in (1, 2)]
    assert "From 10.1.0.1" in traced[0] and "Time to live exceeded" in traced[0]
    assert "From 10.1.1.253" in traced[1] and "Time to live exceeded" in traced[1]
    ping = client.keep_pinging(site.address("f"))
    ping.wait_for_answers(20)
    await site.route(router=second)
    ping.wait_for_silence()
    await site.route(("10.1.0.0/24", "10.1.1.1"), router=second)
    ping.wait_for_answers(20)
    await site.route()
    ping.wait_for_silence()
    ping.stop()


async def test_what_two_routers_send_to_each_other_ends(site: Site) -> None:
    second = await second_router(site)
    client = await site.add("a", "near", 0)
    await site.route((BEHIND, "10.1.1.253"))
    await site.route((BEHIND, "10.1.1.1"), router=second)
    wait_until(lambda: len([flow for flow in site.flows(0) if "route/to_route:" in flow]) == 2, "both routes")
    told = client.namespace.run("ping", "-n", "-c", "1", "-W", "5", BEYOND, check=False)
    assert "Time to live exceeded" in told
    assert client.ping("10.1.0.1") is not None


async def test_what_goes_through_appliances_and_routers_notices_no_restart(site: Site) -> None:
    second = await second_router(site)
    client = await site.add("a", "near", 0)
    appliance = await site.add_appliance("x", "other", 1, BEHIND)
    appliance.namespace.ip("address", "add", f"{BEYOND}/24", "dev", "lo")
    await site.add("f", "far", 1)
    await site.route((BEHIND, site.address("x")), ("10.3.0.0/24", "10.1.1.253"))
    await site.route(("10.1.0.0/24", "10.1.1.1"), router=second)
    for address in (BEYOND, site.address("f")):
        wait_until(lambda address=address: client.ping(address, timeout=0.5) is not None, f"the way to {address}")  # type: ignore[misc]
    site.testbed.wait_steady()
    pings = [client.keep_pinging(address) for address in (BEYOND, site.address("f"))]
    lose_nothing_to_restarts(site.testbed, site.testbed.hosts, pings)
