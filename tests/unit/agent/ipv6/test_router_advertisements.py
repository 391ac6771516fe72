"""Router advertisements say what workloads need, byte for byte, when they ask and when anything changes."""

import asyncio
import socket
import struct
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alcor.agent.ipv6.advertising import Advertising
from alcor.agent.ipv6.router_advertisements import router_solicitation
from alcor.model.addresses import link_local
from alcor.model.goal_state import GoalStateDelta, Port, Router, RouterDelta, RouterInterface, Subnet, Vpc
from alcor.testbed.waiting import until
from tests.conformance.driver import packets
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import SUBNET_ID, port_id

OWN_MAC, ROUTER_MAC, OTHER_ROUTER_MAC = 0xFA163E000001, 0xFA163E0000FE, 0xFA163E0000FD
PREFIX = bytes.fromhex("20010db8") + bytes(12)
OWN, OWN_LINK_LOCAL, GATEWAY = PREFIX[:15] + b"\1", link_local(OWN_MAC), PREFIX[:15] + b"\xfe"
UNSPECIFIED, ALL_NODES = bytes(16), b"\xff\x02" + bytes(13) + b"\x01"
PORT = Port(port_id(1), 1, OWN_MAC, ((SUBNET_ID, "2001:db8::1"),))
SUBNET = Subnet(
    SUBNET_ID, 1, "2001:db8::/64", "2001:db8::fe", True, ("2001:db8::53", "192.0.2.53"), (), "slaac", "slaac"
)
VPC = Vpc(bytes(16), 1, 1430, "a.test.")


def router(mac: int = ROUTER_MAC) -> Router:
    return Router(b"r".ljust(16), (RouterInterface(bytes(16), 1, mac, (("2001:db8::/64", "2001:db8::fe"),)),))


def solicitation(
    source: bytes = OWN_LINK_LOCAL, mac: int = OWN_MAC, stated: int | None = OWN_MAC, hop_limit: int = 255
) -> bytes:
    group = bytes.fromhex("ff02") + bytes(13) + b"\x02"
    body = bytes(4) + packets.mac_option(1, stated)
    return packets.ethernet(
        packets.group_mac(group), mac, 0x86DD, packets.icmpv6(source, group, 133, body, 0, hop_limit)
    )


def advertisement(flags: int = 0, prefix_flags: int = 0xC0, to: bytes = ALL_NODES, lifetime: int = 9000) -> bytes:
    body = struct.pack("!BBHII", 64, flags, lifetime, 0, 0) + packets.mac_option(1, ROUTER_MAC)
    body += bytes((5, 1, 0, 0)) + struct.pack("!I", 1430)
    body += struct.pack("!BBBBIII", 3, 4, 64, prefix_flags, 2592000, 604800, 0) + PREFIX
    body += struct.pack("!BBHI", 25, 3, 0, 9000) + socket.inet_pton(socket.AF_INET6, "2001:db8::53")
    body += struct.pack("!BBHI", 31, 2, 0, 9000) + b"\1a\4test\0"
    mac = OWN_MAC if to != ALL_NODES else packets.group_mac(ALL_NODES)
    return packets.ethernet(mac, ROUTER_MAC, 0x86DD, packets.icmpv6(link_local(ROUTER_MAC), to, 134, body))


@pytest.fixture
def core(tmp_path: Path) -> Core:
    return Core(tmp_path, punt_rate=1000)


async def begin(core: Core, port: Port = PORT, subnet: Subnet = SUBNET, with_router: bool = True) -> None:
    core.driver.attach(port.id)
    await core.deliver(
        GoalStateDelta(
            revision=1,
            snapshot=True,
            vpcs={1: VPC},
            subnets={SUBNET_ID: subnet},
            ports={port.id: port},
            routers={router().id: router()} if with_router else {},
        )
    )


async def heard(core: Core) -> list[bytes]:
    """The router advertisements since last asked."""
    while not core.punted._replies.empty():
        await core.driver.send(*core.punted._replies.get_nowait())
    frames = core.driver.received(PORT.id)
    core.switch.inboxes[PORT.id].clear()
    return [frame for frame in frames if frame[54] == 134]


async def test_a_workload_hears_of_its_router_when_both_are_there(core: Core) -> None:
    await begin(core)
    assert await heard(core) == [advertisement()]
    core.driver.detach(PORT.id)
    core.driver.attach(PORT.id)
    await core.reconciler.step()
    assert await heard(core) == [advertisement()]


@pytest.mark.parametrize(
    ("mode", "flags", "prefix_flags"),
    [("slaac", 0, 0xC0), ("dhcpv6-stateless", 0x40, 0xC0), ("dhcpv6-stateful", 0x80, 0x80)],
)
async def test_the_mode_of_the_subnet_says_how_addresses_are_made(
    core: Core, mode: str, flags: int, prefix_flags: int
) -> None:
    await begin(core, subnet=msgspec.structs.replace(SUBNET, ipv6_ra_mode=mode, ipv6_address_mode=mode))
    assert await heard(core) == [advertisement(flags, prefix_flags)]


async def test_who_asks_is_answered_alone_and_who_has_no_address_with_everybody(core: Core) -> None:
    await begin(core)
    await heard(core)
    core.driver.inject(PORT.id, solicitation())
    assert await heard(core) == [advertisement(to=OWN_LINK_LOCAL)]
    core.driver.inject(PORT.id, solicitation(UNSPECIFIED, stated=None))
    assert await heard(core) == [advertisement()]
    assert core.counters.values["router_solicitations_answered"] == 2


@pytest.mark.parametrize(
    ("frame", "counter"),
    [
        (solicitation(stated=ROUTER_MAC), "router_solicitations_spoofed"),
        (solicitation(UNSPECIFIED), "router_solicitations_malformed"),
        (solicitation(hop_limit=254), "router_solicitations_malformed"),
    ],
    ids=["another's MAC address in it", "a MAC address without an address", "from beyond a router"],
)
async def test_who_is_not_answered(core: Core, frame: bytes, counter: str) -> None:
    await begin(core)
    await heard(core)
    core.driver.inject(PORT.id, frame)
    assert await heard(core) == []
    assert core.counters.values[counter] == 1


async def test_without_a_router_or_a_mode_nothing_is_said(core: Core) -> None:
    await begin(core, with_router=False)
    core.driver.inject(PORT.id, solicitation())
    assert await heard(core) == []
    assert core.counters.values["router_solicitations_without_router"] == 1
    silent = msgspec.structs.replace(SUBNET, ipv6_ra_mode="")
    routers, subnets = {router().id: router()}, {SUBNET_ID: silent}
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, subnets=subnets, routers=routers))
    assert await heard(core) == []


async def test_a_router_that_comes_is_heard_of_and_one_that_goes_says_so(core: Core) -> None:
    await begin(core, with_router=False)
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, routers={router().id: router()}))
    assert await heard(core) == [advertisement()]
    await core.deliver(GoalStateDelta(revision=3, base_revision=2, removed_routers={router().id}))
    assert await heard(core) == [advertisement(lifetime=0)]
    core.driver.inject(PORT.id, solicitation())
    assert await heard(core) == []


async def test_a_router_that_leaves_one_of_its_subnets_says_so_there(core: Core) -> None:
    await begin(core)
    await heard(core)
    interface = router().interfaces[0].id
    left = {router().id: RouterDelta(removed_interfaces=frozenset({interface}))}
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, router_deltas=left))
    assert await heard(core) == [advertisement(lifetime=0)]
    back = {router().id: RouterDelta(interfaces=router().interfaces)}
    await core.deliver(GoalStateDelta(revision=3, base_revision=2, router_deltas=back))
    assert await heard(core) == [advertisement()]


async def test_what_changes_in_the_subnet_is_told_and_what_does_not_is_not(core: Core) -> None:
    await begin(core)
    await heard(core)
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, subnets={SUBNET_ID: SUBNET}))
    assert await heard(core) == []
    changed = msgspec.structs.replace(SUBNET, dns_nameservers=("::",))
    await core.deliver(GoalStateDelta(revision=3, base_revision=2, subnets={SUBNET_ID: changed}))
    (told,) = await heard(core)
    assert bytes((25, 3, 0, 0)) not in told


async def test_prefixes_of_subnets_in_which_the_port_has_no_address_are_not_told(core: Core) -> None:
    await begin(core)
    other = msgspec.structs.replace(SUBNET, id=bytes(16), cidr="2001:db8:1::/64")
    addresses = (("2001:db8::/64", "2001:db8::fe"), ("2001:db8:1::/64", "2001:db8:1::fe"))
    wide = Router(router().id, (RouterInterface(bytes(16), 1, ROUTER_MAC, addresses),))
    await heard(core)
    subnets, routers = {other.id: other}, {wide.id: wide}
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, subnets=subnets, routers=routers))
    assert await heard(core) == []
    both = msgspec.structs.replace(PORT, fixed_ips=(*PORT.fixed_ips, (other.id, "2001:db8:1::1")))
    await core.deliver(GoalStateDelta(revision=3, base_revision=2, ports={PORT.id: both}))
    (told,) = await heard(core)
    assert told.count(bytes((3, 4, 64, 0xC0))) == 2


async def test_everybody_is_told_now_and_then(core: Core) -> None:
    await begin(core)
    await heard(core)
    often = Advertising(core.wanted, core.driver, core.counters, interval=0.01)
    often.interface_appeared(PORT.id)
    await often.programmed()
    task = asyncio.create_task(often.run())
    await until(lambda: len(core.driver.received(PORT.id)) > 3, "several advertisements")
    task.cancel()
    assert set(await heard(core)) == {advertisement()}


async def test_a_gateway_with_another_mac_is_announced(core: Core) -> None:
    await begin(core)
    await heard(core)
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, routers={router().id: router(OTHER_ROUTER_MAC)}))
    expected = packets.neighbour_advertisement(
        (OTHER_ROUTER_MAC, packets.group_mac(ALL_NODES)), (GATEWAY, ALL_NODES), GATEWAY, OTHER_ROUTER_MAC, flags=0xA0
    )
    while not core.punted._replies.empty():
        await core.driver.send(*core.punted._replies.get_nowait())
    assert expected in core.driver.received(PORT.id)


async def test_a_name_that_cannot_be_looked_up_is_left_out(core: Core) -> None:
    await begin(core)
    for number, domain in enumerate(("x" * 70 + ".test", "a..b"), 1):
        vpc = msgspec.structs.replace(VPC, dns_domain=domain)
        await core.deliver(GoalStateDelta(revision=number + 1, base_revision=number, vpcs={1: vpc}))
    assert core.counters.values["goal_states_taken"] == 3
    assert bytes((31, 2, 0, 0)) not in (await heard(core))[-1]


@given(st.binary(max_size=120) | st.binary(max_size=60).map(lambda tail: solicitation()[:54] + tail))
def test_garbage_never_raises(frame: bytes) -> None:
    router_solicitation(frame)
