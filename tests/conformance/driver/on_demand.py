"""What every data plane driver promises of VPCs on demand, checked with frames; goes together with the suite."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint, RemoteDelta, State
from tests.conformance.driver import packets
from tests.conformance.driver.cloud import (
    ABSENT_MAC,
    EVERYONE,
    OPENED,
    OTHER_VNI,
    VNI,
    A,
    B,
    C,
    Cloud,
    endpoint,
    frame,
    has_received,
    state,
)
from tests.conformance.driver.harness import Host

ABSENT = msgspec.structs.replace(endpoint(99), mac=ABSENT_MAC)


def on_demand_state(cloud: Cloud, learned: Iterable[Endpoint] = (), vnis: Iterable[int] = (VNI,)) -> State:
    """What the first host should do that has learned of these on the second."""
    wanted = State(
        security_groups=OPENED,
        endpoints={port.port_id: port for port in (A, B)},
        vteps={cloud.second.vtep},
        on_demand=set(vnis),
    )
    for port in learned:
        wanted.learned.setdefault(port.vni, {})[port.mac] = cloud.second.vtep
    return wanted


def learning(cloud: Cloud, *ports: Endpoint) -> Change:
    """That these are on the second host."""
    put = RemoteDelta(put={port.mac: cloud.second.vtep for port in ports})
    return Change(learned={VNI: put}, vteps={cloud.second.vtep})


def misses(host: Host, sent: bytes) -> list[bytes]:
    """The ids of the ports that were said to have sent this and missed."""
    return [port_id for port_id, missed in host.events.missed if missed == sent]


@pytest.fixture
async def learner(cloud: Cloud) -> Cloud:
    """The cloud, with a first host that learns on demand and has not learned of anybody yet."""
    assert await cloud.first.driver.replace(on_demand_state(cloud)) == {}
    return cloud


async def test_a_packet_to_an_unknown_mac_is_a_miss_of_its_port_once(learner: Cloud) -> None:
    sent = {port.port_id: [frame(port, C), frame(port, C), frame(port, ABSENT)] for port in (A, B)}
    for port_id, frames in sent.items():
        for each in frames:
            await learner.first.inject(port_id, each)
    await learner.fabric.settle()
    assert sorted(learner.first.events.missed) == sorted(
        (port_id, each) for port_id, frames in sent.items() for each in frames
    )
    assert learner.first.events.punted == []
    assert not any(has_received(learner.second, C, each) for frames in sent.values() for each in frames)


async def test_ipv6_misses_as_well(learner: Cloud) -> None:
    sent = packets.ipv6_frame(C.mac, A.mac, A.ipv6[0], C.ipv6[0], b"six" + bytes(20))
    await learner.first.inject(A.port_id, sent)
    await learner.fabric.settle()
    assert misses(learner.first, sent) == [A.port_id]


async def test_local_workloads_and_remotes_are_not_missed(learner: Cloud) -> None:
    await learner.first.driver.apply(Change(remotes={VNI: RemoteDelta(put={C.mac: learner.second.vtep})}))
    assert await learner.reached() == EVERYONE
    assert learner.first.events.missed == []


async def test_what_the_agent_answers_is_no_miss(learner: Cloud) -> None:
    for request in (packets.arp_request(A.mac, A.ipv4[0], C.ipv4[0]), packets.dhcp_discover(A.mac, 0x11111111)):
        await learner.first.inject(A.port_id, request)
    await learner.fabric.settle()
    assert len(learner.first.events.punted) == 2
    assert learner.first.events.missed == []


async def test_broadcast_and_multicast_are_not_missed(learner: Cloud) -> None:
    for mac in (packets.BROADCAST, 0x01005E0000FB, 0x333300000001):
        await learner.first.inject(A.port_id, packets.udp_frame(mac, A.mac, A.ipv4[0], 0x0A0000FF, b"to %x" % mac))
    await learner.fabric.settle()
    assert learner.first.events.missed == []


async def test_packets_from_another_host_are_not_missed(learner: Cloud) -> None:
    second = learner.second
    await second.driver.apply(Change(on_demand={VNI}))
    await learner.first.driver.apply(learning(learner, ABSENT))
    await learner.first.inject(A.port_id, frame(A, ABSENT))
    await learner.fabric.settle()
    assert learner.first.events.missed == second.events.missed == []
    sent = frame(C, ABSENT)
    await second.inject(C.port_id, sent)
    await learner.fabric.settle()
    assert misses(second, sent) == [C.port_id]


async def test_what_a_workload_sends_as_somebody_else_is_not_missed(learner: Cloud) -> None:
    stranger = endpoint(77)
    spoofed = (
        packets.udp_frame(C.mac, stranger.mac, A.ipv4[0], C.ipv4[0], b"spoofed MAC"),
        packets.udp_frame(C.mac, A.mac, stranger.ipv4[0], C.ipv4[0], b"spoofed IPv4"),
        packets.ipv6_frame(C.mac, A.mac, stranger.ipv6[0], C.ipv6[0], b"spoofed IPv6"),
        packets.arp_reply(A.mac, stranger.ipv4[0], C.mac, C.ipv4[0]),
    )
    for sent in spoofed:
        await learner.first.inject(A.port_id, sent)
    await learner.fabric.settle()
    assert learner.first.events.missed == []


async def test_an_endpoint_administratively_down_misses_nothing(learner: Cloud) -> None:
    await learner.first.driver.apply(Change(endpoints={A.port_id: msgspec.structs.replace(A, admin_state_up=False)}))
    await learner.first.inject(A.port_id, frame(A, C))
    await learner.fabric.settle()
    assert learner.first.events.missed == []


async def test_each_vpc_is_on_demand_or_not_by_itself(learner: Cloud) -> None:
    other = endpoint(1, OTHER_VNI)
    await learner.attach(learner.first, other)
    await learner.first.driver.apply(Change(endpoints={other.port_id: other}))
    await learner.first.driver.apply(learning(learner, C))
    for target in (C, ABSENT):
        await learner.first.inject(other.port_id, frame(other, target))
    await learner.fabric.settle()
    assert learner.first.events.missed == []
    await learner.first.driver.apply(Change(on_demand={OTHER_VNI}))
    sent = frame(other, C)
    await learner.first.inject(other.port_id, sent)
    await learner.fabric.settle()
    assert learner.first.events.missed == [(other.port_id, sent)]


async def test_what_is_learned_is_reached_as_any_remote(learner: Cloud) -> None:
    assert await learner.first.driver.apply(learning(learner, C)) == {}
    await learner.fabric.settle()
    assert await learner.reached() == EVERYONE
    assert learner.first.events.missed == []


async def test_a_held_packet_is_forwarded_to_whom_was_learned(learner: Cloud) -> None:
    held = frame(A, C)
    await learner.first.inject(A.port_id, held)
    await learner.fabric.settle()
    await learner.first.driver.apply(learning(learner, C))
    await learner.first.driver.forward(A.port_id, held)
    await learner.fabric.settle()
    assert sum(received.startswith(held) for received in learner.second.received(C.port_id)) == 1
    assert misses(learner.first, held) == [A.port_id]


async def test_a_held_packet_is_forwarded_to_a_workload_that_came_here(learner: Cloud) -> None:
    newcomer = endpoint(4)
    held = frame(A, newcomer)
    await learner.first.inject(A.port_id, held)
    await learner.attach(learner.first, newcomer)
    await learner.first.driver.apply(Change(endpoints={newcomer.port_id: newcomer}))
    await learner.first.driver.forward(A.port_id, held)
    await learner.fabric.settle()
    assert has_received(learner.first, newcomer, held)


async def test_a_packet_forwarded_to_nobody_misses_again(learner: Cloud) -> None:
    held = frame(A, C)
    await learner.first.inject(A.port_id, held)
    await learner.fabric.settle()
    await learner.first.driver.forward(A.port_id, held)
    await learner.fabric.settle()
    assert misses(learner.first, held) == [A.port_id] * 2


async def test_all_rules_apply_to_a_forwarded_packet(learner: Cloud) -> None:
    await learner.first.driver.apply(learning(learner, C))
    spoofed = frame(endpoint(77), C)
    await learner.first.driver.forward(A.port_id, spoofed)
    down = msgspec.structs.replace(B, admin_state_up=False)
    await learner.first.driver.apply(Change(endpoints={B.port_id: down}))
    from_down = frame(B, C)
    await learner.first.driver.forward(B.port_id, from_down)
    await learner.fabric.settle()
    assert not has_received(learner.second, C, spoofed) and not has_received(learner.second, C, from_down)
    assert learner.first.events.missed == []


async def test_forwarding_for_a_workload_that_is_gone_is_nothing(learner: Cloud) -> None:
    await learner.first.driver.apply(learning(learner, C))
    await learner.first.detach(B.port_id)
    held = frame(B, C)
    await learner.first.driver.forward(B.port_id, held)
    await learner.first.driver.forward(endpoint(99).port_id, held)
    assert await learner.passes(learner.first, A, learner.second, C)
    assert not has_received(learner.second, C, held)


async def test_what_is_unlearned_is_missed_again_and_was_not_idle(learner: Cloud) -> None:
    await learner.first.driver.apply(learning(learner, C, ABSENT))
    assert await learner.passes(learner.first, A, learner.second, C)
    await learner.first.driver.apply(Change(learned={VNI: RemoteDelta(removed={C.mac})}))
    sent = frame(A, C)
    await learner.first.inject(A.port_id, sent)
    await learner.fabric.settle()
    assert misses(learner.first, sent) == [A.port_id]
    assert await learner.first.driver.replace(on_demand_state(learner)) == {}
    assert learner.first.events.idle == []


async def test_what_moved_is_reached_where_it_is_now(learner: Cloud) -> None:
    """A move is said by removing and putting; packets notice before the change is confirmed."""
    nowhere = 0x01020304
    there = Change(learned={VNI: RemoteDelta(put={C.mac: nowhere})})
    assert await learner.first.driver.apply(there) == {}
    assert not await learner.passes(learner.first, A, learner.second, C)
    moved = Change(learned={VNI: RemoteDelta(put={C.mac: learner.second.vtep}, removed={C.mac})})
    assert await learner.first.driver.apply(moved) == {}
    assert await learner.passes(learner.first, A, learner.second, C)
    assert learner.first.events.missed == learner.first.events.idle == []


async def test_a_mac_passes_from_remote_to_learned_and_back(learner: Cloud) -> None:
    there = learner.second.vtep
    put, removed = {VNI: RemoteDelta(put={C.mac: there})}, {VNI: RemoteDelta(removed={C.mac})}
    for change in (
        Change(remotes=put, vteps={there}),
        Change(remotes=removed, learned=put),
        Change(remotes=put, learned=removed),
    ):
        assert await learner.first.driver.apply(change) == {}
        assert await learner.reached() == EVERYONE
    assert learner.first.events.missed == learner.first.events.idle == []


async def test_a_vpc_becomes_on_demand_and_ceases_to_be(cloud: Cloud) -> None:
    first, there = cloud.first, cloud.second.vtep
    to_demand = Change(on_demand={VNI}, remotes={VNI: RemoteDelta(removed={C.mac})})
    to_push = Change(removed_on_demand={VNI}, remotes={VNI: RemoteDelta(put={C.mac: there})})
    for _ in range(2):
        assert await first.driver.apply(to_demand) == {}
        sent = frame(A, C)
        await first.inject(A.port_id, sent)
        await cloud.fabric.settle()
        assert misses(first, sent) == [A.port_id]
        assert await first.driver.apply(to_push) == {}
        assert await cloud.reached() == EVERYONE
        unknown = frame(A, ABSENT)
        await first.inject(A.port_id, unknown)
        await cloud.fabric.settle()
        assert misses(first, unknown) == []


async def test_a_port_that_comes_to_a_vpc_on_demand_misses_too(learner: Cloud) -> None:
    newcomer = endpoint(4)
    await learner.attach(learner.first, newcomer)
    await learner.first.driver.apply(Change(endpoints={newcomer.port_id: newcomer}))
    sent = frame(newcomer, C)
    await learner.first.inject(newcomer.port_id, sent)
    await learner.fabric.settle()
    assert misses(learner.first, sent) == [newcomer.port_id]


async def test_replacing_forgets_what_is_no_longer_on_demand_or_learned(learner: Cloud) -> None:
    await learner.first.driver.apply(learning(learner, C))
    await learner.first.driver.replace(state((A, B), (), learner.second.vtep))
    assert await learner.reached() == EVERYONE - {(1, 3), (2, 3)}
    assert learner.first.events.missed == learner.first.events.idle == []


async def test_what_was_learned_outlives_the_driver(learner: Cloud) -> None:
    await learner.first.driver.apply(learning(learner, C))
    await learner.first.restart_driver()
    assert await learner.reached() == EVERYONE
    assert await learner.first.driver.replace(on_demand_state(learner, [C])) == {}
    assert await learner.reached() == EVERYONE
    sent = frame(A, ABSENT)
    await learner.first.inject(A.port_id, sent)
    await learner.fabric.settle()
    assert learner.first.events.missed == [(A.port_id, sent)]
    assert learner.first.events.idle == []


async def test_what_was_learned_comes_back_with_a_restarted_data_plane(learner: Cloud) -> None:
    await learner.first.driver.apply(learning(learner, C))
    await learner.first.restart_data_plane()
    assert await learner.first.driver.replace(on_demand_state(learner, [C])) == {}
    assert await learner.reached() == EVERYONE
    sent = frame(A, ABSENT)
    await learner.first.inject(A.port_id, sent)
    await learner.fabric.settle()
    assert misses(learner.first, sent) == [A.port_id]


async def test_what_is_learned_goes_when_it_is_idle_and_is_missed_again(learner: Cloud) -> None:
    first = learner.first
    await first.hasten_idleness()
    await first.driver.replace(on_demand_state(learner))
    for _ in range(2):
        await first.driver.apply(learning(learner, C))
        await first.until_idle(VNI, C.mac)
        assert first.events.idle == [(VNI, C.mac)]
        first.events.idle.clear()
        sent = frame(A, C)
        await first.inject(A.port_id, sent)
        await learner.fabric.settle()
        assert misses(first, sent) == [A.port_id]


@contextlib.asynccontextmanager
async def traffic(host: Host, source: Endpoint, target: Endpoint) -> AsyncIterator[None]:
    """Datagrams for as long as the block takes, at least one."""

    async def send() -> None:
        while True:
            await asyncio.sleep(0.02)
            await host.inject(source.port_id, frame(source, target))

    await host.inject(source.port_id, frame(source, target))
    sending = asyncio.create_task(send())
    try:
        yield
    finally:
        sending.cancel()


async def test_traffic_keeps_alive_what_is_learned(learner: Cloud) -> None:
    first = learner.first
    await first.hasten_idleness()
    await first.driver.replace(on_demand_state(learner, [C]))
    for _ in range(3):
        async with traffic(first, A, C):
            await first.driver.apply(learning(learner, ABSENT))
            await first.until_idle(VNI, ABSENT_MAC)
        first.events.idle.remove((VNI, ABSENT_MAC))
    assert first.events.idle == first.events.missed == []
    assert await learner.passes(first, A, learner.second, C)


async def test_being_told_again_does_not_keep_alive_what_is_learned(learner: Cloud) -> None:
    first = learner.first
    await first.hasten_idleness()
    await first.driver.replace(on_demand_state(learner, [C]))

    async def tell_again() -> None:
        while True:
            await first.driver.apply(learning(learner, C))
            await asyncio.sleep(0.05)

    telling = asyncio.create_task(tell_again())
    await first.until_idle(VNI, C.mac)
    telling.cancel()


async def test_remotes_do_not_idle(learner: Cloud) -> None:
    first = learner.first
    await first.hasten_idleness()
    wanted = on_demand_state(learner, [ABSENT])
    wanted.remotes[VNI] = {C.mac: learner.second.vtep}
    await first.driver.replace(wanted)
    await first.until_idle(VNI, ABSENT_MAC)
    assert first.events.idle == [(VNI, ABSENT_MAC)]
    assert await learner.reached() == EVERYONE
