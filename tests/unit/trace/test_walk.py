"""Each step of a trace says what decides it, and which resource to change."""

import itertools

import msgspec
import pytest

from alcor.model.addresses import ip_text, link_local
from alcor.model.records import SecurityRule
from alcor.trace.steps import Verdict
from tests.unit.trace.cloud import ALL_IN, ALL_OUT, PORTS, Site, named, some_id, text_of

PASSES, STOPS, UNKNOWN = Verdict.PASSES, Verdict.STOPS, Verdict.UNKNOWN
NEIGHBOUR, ROUTED = "10.0.0.11", "10.1.0.13"
TCP = {"protocol": "tcp", "port": 443}
GROUPS = ("224.0.0.1", "255.255.255.255", "ff02::1")


@pytest.fixture
def site() -> Site:
    return Site()


def stopped_at(site: Site, sender: str, to: str, **packet: object) -> tuple[str, str]:
    """The name of the one step that stops a packet, and what it says to change."""
    found = site.trace(sender, to, **packet)
    stops = [each for each in found.steps if each.verdict is STOPS]
    assert found.verdict() is STOPS and len(stops) == 1, text_of(found)
    assert stops[0].advice
    return stops[0].name, f"{stops[0].thing.kind} {stops[0].thing.id}" if stops[0].thing else ""


def passes(site: Site, sender: str, to: str, **packet: object) -> bool:
    return site.trace(sender, to, **packet).verdict() is PASSES


@pytest.mark.parametrize("packet", [{}, TCP, {"protocol": "udp", "port": 53}, {"protocol": "132", "port": 5}])
def test_everybody_reaches_everybody(site: Site, packet: dict[str, object]) -> None:
    for name, peer in itertools.permutations(PORTS, 2):
        for address in PORTS[peer][1].values():
            if ":" not in address or any(":" in own for own in PORTS[name][1].values()):
                found = site.trace(name, address, **packet)
                assert found.verdict() is PASSES, f"{name} to {address}\n{text_of(found)}"


def test_what_is_answered_is_traced_back(site: Site) -> None:
    found = site.trace("a", ROUTED)
    assert any(each.is_answer for each in found.steps)
    assert named(found, "route", is_answer=True).thing == site.routers["router"].thing
    assert not any(each.is_answer for each in site.trace("a", ROUTED, icmp_type=13).steps)


# The ports


def test_a_port_that_is_down_sends_and_receives_nothing(site: Site) -> None:
    site.change_port("a", admin_state_up=False)
    assert stopped_at(site, "a", NEIGHBOUR) == ("sender", "port a")
    assert stopped_at(site, "b", "10.0.0.10") == ("receiver", "port a")


def test_a_network_that_is_down_takes_its_ports_down(site: Site) -> None:
    site.change_vpc("second", admin_state_up=False)
    assert stopped_at(site, "a", ROUTED) == ("receiver", "network second")


def test_a_port_needs_a_host_that_is_a_node(site: Site) -> None:
    site.set_port("b", node=None)
    assert stopped_at(site, "a", NEIGHBOUR) == ("receiver", "port b")
    site.change_port("b", host_id="")
    assert stopped_at(site, "a", NEIGHBOUR) == ("receiver", "port b")


def test_of_a_port_that_its_host_does_not_confirm_nothing_is_sure(site: Site) -> None:
    site.set_port("b", status="DOWN")
    found = site.trace("a", NEIGHBOUR)
    assert (found.verdict(), named(found, "receiver").verdict) == (UNKNOWN, UNKNOWN)


def test_an_address_that_is_not_the_ports_is_spoofed(site: Site) -> None:
    assert stopped_at(site, "a", NEIGHBOUR, from_="10.0.0.99", icmp_type=13) == ("source", "port a")
    site.change_port("a", allowed_address_pairs=(("10.0.0.96/28", site.ports["a"].record.mac),))
    assert named(site.trace("a", NEIGHBOUR, from_="10.0.0.99"), "source").verdict is PASSES
    site.change_port("a", allowed_address_pairs=(("10.0.0.96/28", 1),))
    assert named(site.trace("a", NEIGHBOUR, from_="10.0.0.99"), "source").verdict is STOPS
    site.change_port("a", allowed_address_pairs=(), port_security=False)
    assert named(site.trace("a", NEIGHBOUR, from_="10.0.0.99"), "source").verdict is PASSES


def test_who_has_no_address_of_the_version_sends_nothing(site: Site) -> None:
    assert stopped_at(site, "c", "fd00:1::13") == ("source", "port c")


# The host's services


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::a9fe:a9fe"])
def test_the_host_answers_metadata_and_names_whatever_groups_say(site: Site, address: str) -> None:
    site.put_in("a")
    assert passes(site, "a", address, protocol="tcp", port=80)
    assert passes(site, "a", address, protocol="udp", port=53)
    assert stopped_at(site, "a", address, protocol="tcp", port=22) == ("host service", "")
    assert stopped_at(site, "a", address) == ("host service", "")


# Security groups


@pytest.mark.parametrize("to", [NEIGHBOUR, ROUTED, "fd00::11", "fd00:1::13"])
def test_the_senders_groups_say_what_leaves(site: Site, to: str) -> None:
    https = [SecurityRule(False, ":" in to, 6, 443, 443)]
    site.put_in("a", site.group("strict", *ALL_IN, *https))
    assert passes(site, "a", to, **TCP)
    assert named(site.trace("a", to, **TCP), "security groups of sender").detail.endswith("(rule strict-2)")
    assert stopped_at(site, "a", to, protocol="tcp", port=80) == ("security groups of sender", "security_group strict")
    assert stopped_at(site, "a", to) == ("security groups of sender", "security_group strict")


@pytest.mark.parametrize(("sender", "to"), [("a", NEIGHBOUR), ("d", NEIGHBOUR), ("a", "fd00::11"), ("d", "fd00::11")])
def test_the_receivers_groups_say_what_comes_in(site: Site, sender: str, to: str) -> None:
    is_ipv6 = ":" in to
    site.put_in(
        "b", site.group("web", SecurityRule(True, is_ipv6, 6, 400, 500), SecurityRule(True, is_ipv6, 17, 53, 53))
    )
    assert passes(site, sender, to, **TCP)
    for packet in ({"protocol": "tcp", "port": 501}, {"protocol": "udp", "port": 443}, {}):
        assert stopped_at(site, sender, to, **packet) == ("security groups of receiver", "security_group web")


def test_who_is_in_no_group_hears_nothing_and_without_port_security_everything(site: Site) -> None:
    site.put_in("b")
    assert stopped_at(site, "a", NEIGHBOUR) == ("security groups of receiver", "port b")
    site.change_port("b", port_security=False)
    assert passes(site, "a", NEIGHBOUR)


@pytest.mark.parametrize(
    ("prefix", "comes_in"), [("10.0.0.0/28", True), ("10.0.0.0/29", False), ("10.1.0.0/16", False)]
)
def test_a_rule_names_remote_addresses(site: Site, prefix: str, comes_in: bool) -> None:
    site.put_in("b", site.group("web", SecurityRule(True, False, remote_prefix=prefix)))
    assert passes(site, "a", NEIGHBOUR) is comes_in


def test_a_rule_names_the_members_of_a_group(site: Site) -> None:
    friends = site.group("friends", *ALL_OUT, *ALL_IN)
    site.put_in("b", site.group("web", SecurityRule(True, False, remote_group=friends)))
    for sender in ("a", "d"):
        assert stopped_at(site, sender, NEIGHBOUR) == ("security groups of receiver", "security_group web")
        site.put_in(sender, friends)
        assert passes(site, sender, NEIGHBOUR)


def test_a_member_is_known_by_its_addresses_and_pairs(site: Site) -> None:
    friends = site.group("friends", *ALL_OUT)
    site.put_in("b", site.group("web", SecurityRule(True, False, remote_group=friends)))
    site.change_port("a", port_security=False, security_groups=(friends,))
    found = site.trace("a", NEIGHBOUR, from_="10.0.0.99")
    assert named(found, "security groups of receiver").verdict is STOPS
    site.change_port("a", allowed_address_pairs=(("10.0.0.99", 1),))
    found = site.trace("a", NEIGHBOUR, from_="10.0.0.99")
    assert named(found, "security groups of receiver").verdict is PASSES


def test_a_rule_names_an_address_group(site: Site) -> None:
    partners = some_id("partners")
    rule = SecurityRule(True, False, remote_address_group=partners)
    site.put_in("b", site.group("web", rule, ranges={partners: ("10.0.0.11/32",)}))
    assert not passes(site, "a", NEIGHBOUR)
    site.group("web", rule, ranges={partners: ("10.0.0.11/32", "10.0.0.10/32")})
    assert passes(site, "a", NEIGHBOUR)


def test_a_stateless_group_is_asked_about_the_answer_too(site: Site) -> None:
    site.put_in("b", site.group("stateless", SecurityRule(True, False, 6, 443, 443), stateful=False))
    found = site.trace("a", NEIGHBOUR, **TCP)
    assert named(found, "security groups of receiver").verdict is PASSES
    assert named(found, "security groups of sender", is_answer=True).verdict is STOPS
    site.group("stateless", SecurityRule(True, False, 6, 443, 443), *ALL_OUT, stateful=False)
    assert passes(site, "a", NEIGHBOUR, **TCP)
    site.put_in("a", site.group("deaf", *ALL_OUT, stateful=False))
    found = site.trace("a", NEIGHBOUR, **TCP)
    assert named(found, "security groups of receiver", is_answer=True).verdict is STOPS


def test_a_stateful_group_lets_answers_pass(site: Site) -> None:
    site.put_in("a", site.group("client", *ALL_OUT))
    site.put_in("b", site.group("server", *ALL_IN))
    for packet in ({}, TCP, {"protocol": "udp", "port": 53}):
        assert passes(site, "a", NEIGHBOUR, **packet)
    assert not passes(site, "b", "10.0.0.10")


def test_an_error_passes_as_part_of_a_connection_only(site: Site) -> None:
    assert not passes(site, "a", NEIGHBOUR, icmp_type=3)
    stateless = site.group("stateless", *ALL_IN, *ALL_OUT, stateful=False)
    for name in ("a", "b"):
        site.put_in(name, stateless)
    assert passes(site, "a", NEIGHBOUR, icmp_type=3)


def test_what_is_essential_to_ipv6_passes_whatever_groups_say(site: Site) -> None:
    site.put_in("a")
    site.put_in("b")
    assert passes(site, "a", "fd00::11", icmp_type=135)
    assert not passes(site, "a", "fd00::11", icmp_type=128)


def test_everything_in_the_way_is_told_not_only_the_first(site: Site) -> None:
    site.change_port("a", admin_state_up=False)
    site.put_in("a")
    site.put_in("b")
    stops = [each.name for each in site.trace("a", NEIGHBOUR).steps if each.verdict is STOPS]
    assert stops == ["sender", "security groups of sender", "security groups of receiver"]


# Neighbours and gateways


def test_nobody_has_an_address(site: Site) -> None:
    assert stopped_at(site, "a", "10.0.0.77") == ("receiver", "")
    assert stopped_at(site, "a", "10.1.0.77") == ("receiver", "")


def test_of_an_address_that_neighbours_share_it_is_not_known_who_has_it(site: Site) -> None:
    site.change_port("b", allowed_address_pairs=(("10.0.0.77", 1), ("10.1.0.77", 1)))
    found = site.trace("a", "10.0.0.77")
    assert (found.verdict(), named(found, "receiver").thing) == (UNKNOWN, site.ports["b"].thing)
    assert stopped_at(site, "a", "10.1.0.77") == ("receiver", ""), "routers find no such address"
    site.change_vpc("first", on_demand=True)
    assert stopped_at(site, "a", "10.0.0.77") == ("receiver", ""), "nobody is asked by all"


def test_a_link_local_address_is_a_neighbours(site: Site) -> None:
    address = ip_text(link_local(site.ports["b"].record.mac))
    assert passes(site, "a", address)
    assert not passes(site, "d", address)


def test_what_a_workload_sends_itself_goes_nowhere_and_nothing_is_flooded_on_demand(site: Site) -> None:
    site.put_in("a")
    assert passes(site, "a", "10.0.0.10")
    site.change_vpc("first", on_demand=True)
    for address in GROUPS:
        assert stopped_at(site, "a", address) == ("delivery", "network first")


def test_what_is_flooded_in_a_small_vpc_may_reach_its_workloads(site: Site) -> None:
    for address in GROUPS:
        assert site.trace("a", address).verdict() is UNKNOWN


def test_a_subnet_without_a_gateway_leads_nowhere_else(site: Site) -> None:
    site.change_subnet("near", gateway_ip="")
    assert passes(site, "a", NEIGHBOUR)
    assert stopped_at(site, "a", ROUTED) == ("gateway", "subnet near")


def test_a_gateway_that_no_router_has(site: Site) -> None:
    site.change_subnet("near", gateway_ip="10.0.0.2")
    assert stopped_at(site, "a", ROUTED) == ("gateway", "subnet near")


def test_a_subnet_of_ipv6_without_a_gateway_has_one_that_advertises_itself(site: Site) -> None:
    site.change_subnet("near6", gateway_ip="")
    assert stopped_at(site, "a", "fd00:1::13") == ("gateway", "subnet near6")
    site.change_subnet("near6", ipv6_ra_mode="slaac")
    assert passes(site, "a", "fd00:1::13")


def test_a_router_answers_pings_at_its_own_addresses_and_nothing_else(site: Site) -> None:
    for address in ("10.0.0.1", "10.1.0.1", "fd00::1", "fd00:1::1"):
        assert passes(site, "a", address), address
        assert stopped_at(site, "a", address, **TCP) == ("router", "router router")


# Routers and routes


def test_a_router_that_is_down_does_not_route(site: Site) -> None:
    site.change_router("router", admin_state_up=False)
    assert stopped_at(site, "a", ROUTED) == ("router", "router router")


def test_an_interface_that_is_down_does_not_route(site: Site) -> None:
    model = site.routers["router"].model
    interface = next(iter(model.interfaces.values()))
    model.interfaces[interface.id] = msgspec.structs.replace(interface, admin_state_up=False)
    name, thing = stopped_at(site, "a", ROUTED)
    assert (name, thing.partition(" ")[0]) == ("router", "port")


def test_a_router_without_a_route(site: Site) -> None:
    assert stopped_at(site, "a", "192.0.2.1") == ("route", "router router")


def test_of_routes_to_the_same_destination_the_first_is_followed_and_all_are_told(site: Site) -> None:
    site.change_router("router", routes=(("192.0.2.0/24", "10.1.0.13"), ("192.0.2.0/24", "10.0.0.11")))
    step = named(site.trace("a", "192.0.2.1"), "route")
    assert (step.verdict, step.detail) == (Verdict.UNKNOWN, "192.0.2.0/24 via 10.1.0.13, 10.0.0.11")


def test_the_longest_prefix_decides(site: Site) -> None:
    site.change_router("router", routes=(("10.1.0.0/16", "10.0.0.11"), ("192.0.2.0/24", "10.1.0.13")))
    assert named(site.trace("a", ROUTED), "route").detail == "10.1.0.0/24"
    assert named(site.trace("a", "192.0.2.1"), "route").detail == "192.0.2.0/24 via 10.1.0.13"


@pytest.mark.parametrize("owner", ["near", "first"])
def test_a_route_table_is_for_what_comes_from_its_subnet_or_vpc(site: Site, owner: str) -> None:
    site.route_table(owner, "first", ("192.0.2.0/24", "", 0))
    assert stopped_at(site, "a", "192.0.2.1") == ("route", f"routetable table-of-{owner}")
    assert stopped_at(site, "d", "192.0.2.1") == ("route", "router router")


def test_a_next_hop_in_no_subnet_of_the_router_leads_nowhere(site: Site) -> None:
    site.change_router("router", routes=(("192.0.2.0/24", "10.99.0.1"),))
    assert stopped_at(site, "a", "192.0.2.1") == ("route", "router router")


def test_a_next_hop_may_be_another_router(site: Site) -> None:
    site.add_router("second")
    model = site.routers["router"].model
    del model.interfaces[list(model.interfaces)[-1]]
    site.add_interface("router", "first", {"far": "10.0.1.2"})
    site.add_interface("second", "first", {"far": "10.0.1.3"})
    site.add_interface("second", "second", {"other": "10.1.0.1"})
    assert stopped_at(site, "a", ROUTED) == ("route", "router router")
    site.change_router("router", routes=(("10.1.0.0/24", "10.0.1.3"),))
    found = site.trace("a", ROUTED)
    assert [each.thing.id for each in found.steps if each.name == "route" and each.thing][:2] == ["router", "second"]
    assert named(found, "route", is_answer=True).verdict is STOPS, "nothing leads back yet"
    site.change_router("second", routes=(("10.0.0.0/24", "10.0.1.2"),))
    assert passes(site, "a", ROUTED)
    site.change_router("second", routes=(("192.0.2.0/24", "10.0.1.2"),))
    site.change_router("router", routes=(("192.0.2.0/24", "10.0.1.3"),))
    name, _ = stopped_at(site, "a", "192.0.2.1")
    assert name == "route", "routes in a circle end"


def test_an_appliance_is_guarded_as_any_workload(site: Site) -> None:
    site.add_port("appliance", 1, {"far": "10.0.1.20"})
    site.route_table("near", "first", ("10.1.0.0/25", "10.0.1.20", 100))
    found = site.trace("a", ROUTED)
    assert named(found, "workload").verdict is UNKNOWN
    assert named(found, "workload").thing == site.ports["appliance"].thing
    assert stopped_at(site, "a", ROUTED) == ("source", "port appliance")
    mac = site.ports["appliance"].record.mac
    site.change_port("appliance", allowed_address_pairs=(("10.0.0.0/24", mac),))
    assert site.trace("a", ROUTED).verdict() is UNKNOWN
    site.put_in("appliance", site.group("inward", *ALL_IN))
    assert stopped_at(site, "a", ROUTED) == ("security groups of sender", "security_group inward")
    site.put_in("appliance", site.group("outward", *ALL_OUT))
    assert stopped_at(site, "a", ROUTED) == ("security groups of receiver", "security_group outward")


def test_an_appliance_with_a_port_in_the_receivers_subnet_sends_by_that(site: Site) -> None:
    site.add_port("outside", 1, {"far": "10.0.1.20"}, device_id="firewall", port_security=False)
    site.add_port("inside", 1, {"other": "10.1.0.20"}, device_id="firewall", port_security=False)
    site.route_table("near", "first", ("10.1.0.0/25", "10.0.1.20", 100))
    found = site.trace("a", ROUTED)
    assert named(found, "source").thing == site.ports["inside"].thing
    assert found.verdict() is UNKNOWN


def test_an_appliance_that_gets_back_what_it_sends_on_is_a_circle(site: Site) -> None:
    site.add_port("appliance", 1, {"near": "10.0.0.20"}, port_security=False)
    site.route_table("near", "first", ("10.1.0.0/25", "10.0.0.20", 100))
    assert stopped_at(site, "a", ROUTED) == ("workload", "port appliance")


def test_a_host_route_of_the_subnet_comes_before_its_gateway(site: Site) -> None:
    site.change_subnet("near", host_routes=(("10.1.0.0/16", "10.0.0.11"),))
    found = site.trace("a", ROUTED)
    assert named(found, "gateway").detail == "host route 10.1.0.0/16 via 10.0.0.11"
    assert named(found, "workload").thing == site.ports["b"].thing
    assert passes(site, "a", "10.0.1.12")
