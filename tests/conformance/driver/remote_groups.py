"""What every data plane driver promises of members of remote groups, and of strangers; goes together with the suite."""

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint, State
from alcor.dataplane.security_groups import ANY_VPC, MembersDelta, Prefix, SecurityRule, StrangersDelta
from tests.conformance.driver.cloud import OPENED, OTHER_VNI, VNI, A, B, C, Cloud, endpoint, has_received
from tests.conformance.driver.connections import EXCHANGES, exchanged, later
from tests.conformance.driver.guarded import (
    GROUP_ID,
    REMOTE_ID,
    any_peer,
    arrived,
    arrives,
    both_ways,
    ends,
    group,
    guard,
    host_of,
    lets,
    rule,
    stateful_or_not,
    undecided,
    whole,
)
from tests.conformance.driver.probes import TCP, UDP, Probe, addresses, tcp, udp


async def put_members(cloud: Cloud, put: set[Prefix], removed: set[Prefix] | None = None, vni: int = VNI) -> None:
    delta = MembersDelta(put, removed or set())
    assert await cloud.first.driver.apply(Change(members={(vni, REMOTE_ID): delta})) == {}


@stateful_or_not
@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
@any_peer
@both_ways
async def test_the_agent_is_asked_who_the_other_end_is_until_it_says_that_it_is_a_member(
    cloud: Cloud, ingress: bool, peer: Endpoint, ipv6: bool, stateful: bool
) -> None:
    of_remote = SecurityRule(ingress, ipv6, UDP, 53, 53, remote_group=REMOTE_ID)
    await guard(cloud, group(of_remote, stateful=stateful))
    source, target = ends(peer, ingress)
    sent, another, too_much = (udp(port, ipv6=ipv6)(source, target) for port in (53, 53, 54))
    assert not any(await arrived(cloud, [(source, target, sent), (source, target, too_much)]))
    assert (undecided(cloud.first, sent), undecided(cloud.first, too_much)) == ([ingress], [])

    member = whole(addresses(peer, B, ipv6)[0])
    await put_members(cloud, {member})
    give_back = cloud.first.driver.deliver if ingress else cloud.first.driver.forward
    await give_back(B.port_id, sent)
    await cloud.fabric.settle()
    assert has_received(host_of(cloud, target), target, sent)
    assert await until_passes(cloud, source, target, udp(53, ipv6=ipv6))

    await put_members(cloud, set(), {member})
    assert not any(await arrived(cloud, [(source, target, another)]))
    assert undecided(cloud.first, another) == [ingress]


async def until_passes(cloud: Cloud, source: Endpoint, target: Endpoint, probe: Probe) -> bool:
    """For some milliseconds after a member was put, packets may still be undecided."""
    return any([await arrives(cloud, source, target, probe) for _ in range(2)])


@any_peer
@both_ways
async def test_a_connection_ends_when_the_other_end_is_no_member_any_more(
    cloud: Cloud, ingress: bool, peer: Endpoint
) -> None:
    exchange = EXCHANGES["TCP"]
    of_remote = msgspec.structs.replace(exchange.rule(ingress), remote_group=REMOTE_ID)
    await put_members(cloud, {whole(addresses(peer, B, False)[0])})
    await guard(cloud, group(of_remote))
    source, target = ends(peer, ingress)
    assert all(await exchanged(cloud, exchange, source, target))
    await put_members(cloud, set(), {whole(addresses(peer, B, False)[0])})
    there, back = later(exchange)
    assert not await arrives(cloud, source, target, there)
    assert not await arrives(cloud, target, source, back)


@both_ways
async def test_a_member_of_a_group_in_another_vpc_is_none(cloud: Cloud, ingress: bool) -> None:
    await put_members(cloud, {whole(addresses(A, B, False)[0])}, vni=OTHER_VNI)
    await guard(cloud, group(SecurityRule(ingress, False, remote_group=REMOTE_ID)))
    assert not any(await lets(cloud, ingress, [udp(53)]))
    await put_members(cloud, {whole(addresses(A, B, False)[0])})
    assert await until_passes(cloud, *ends(A, ingress), udp(53))
    assert not await arrives(cloud, *ends(C, ingress), udp(53))


@both_ways
async def test_members_of_an_address_group_are_known_in_full(cloud: Cloud, ingress: bool) -> None:
    """Nobody is asked about others."""
    await guard(cloud, group(SecurityRule(ingress, False, UDP, remote_address_group=REMOTE_ID)))
    assert not any(await lets(cloud, ingress, [udp(53)]))
    await put_members(cloud, {whole(addresses(C, B, False)[0])}, vni=ANY_VPC)
    assert await lets(cloud, ingress, [udp(53), tcp(53)]) == [False, True, False, False]
    network = Prefix(bytes((10, 0, 0, 0)), 24)
    await put_members(cloud, {network}, {whole(addresses(C, B, False)[0])}, vni=ANY_VPC)
    assert await lets(cloud, ingress, [udp(53)]) == [True, True]
    await put_members(cloud, set(), {network}, vni=ANY_VPC)
    assert not any(await lets(cloud, ingress, [udp(53)]))
    assert cloud.first.events.undecided == []


async def put_strangers(cloud: Cloud, put: set[bytes], removed: set[bytes] | None = None) -> None:
    delta = StrangersDelta(put, removed or set())
    assert await cloud.first.driver.apply(Change(strangers={VNI: delta})) == {}


@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
@any_peer
@both_ways
async def test_nobody_is_asked_about_a_stranger(cloud: Cloud, ingress: bool, peer: Endpoint, ipv6: bool) -> None:
    of_remote = SecurityRule(ingress, ipv6, UDP, remote_group=REMOTE_ID)
    stranger = addresses(peer, B, ipv6)[0]
    assert (
        await cloud.first.driver.replace(
            State(
                endpoints={A.port_id: A, B.port_id: msgspec.structs.replace(B, security_groups=(GROUP_ID,))},
                remotes={VNI: {C.mac: cloud.second.vtep}},
                vteps={cloud.second.vtep},
                security_groups=OPENED | {GROUP_ID: group(of_remote, rule(TCP, ipv6=ipv6)(ingress))},
                strangers={VNI: {stranger}},
            )
        )
        == {}
    )
    source, target = ends(peer, ingress)
    sent, later, allowed = udp(1, ipv6=ipv6)(source, target), udp(1, ipv6=ipv6)(source, target), tcp(1, ipv6=ipv6)
    assert not any(await arrived(cloud, [(source, target, sent)]))
    assert undecided(cloud.first, sent) == []
    assert await arrives(cloud, source, target, allowed)
    await put_strangers(cloud, set(), {stranger})
    assert not any(await arrived(cloud, [(source, target, later)]))
    assert undecided(cloud.first, later) == [ingress]


@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
async def test_a_stranger_that_nothing_comes_from_goes(cloud: Cloud, ipv6: bool) -> None:
    await cloud.first.hasten_idleness()
    await guard(cloud, group(SecurityRule(True, ipv6, remote_group=REMOTE_ID)))
    stranger = addresses(C, B, ipv6)[0]
    await put_strangers(cloud, {stranger})
    await cloud.first.until_stranger_idle(VNI, stranger)
    sent = udp(1, ipv6=ipv6)(C, B)
    assert not any(await arrived(cloud, [(C, B, sent)]))
    assert undecided(cloud.first, sent) == [True]


async def test_giving_back_a_packet_of_a_port_that_is_gone_is_nothing(cloud: Cloud) -> None:
    sent = udp(1)(A, B)
    await cloud.first.detach(B.port_id)
    await cloud.first.driver.deliver(B.port_id, sent)
    await cloud.first.driver.deliver(endpoint(99).port_id, sent)
    assert await arrives(cloud, A, C, udp(1))
