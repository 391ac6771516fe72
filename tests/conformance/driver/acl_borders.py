"""What every data plane driver promises of where network ACLs count, checked with frames; goes with the suite."""

import msgspec
import pytest

from alcor.dataplane.driver import Change, Endpoint
from alcor.dataplane.network_acls import SubnetAcl
from alcor.dataplane.security_groups import Prefix
from tests.conformance.driver.cloud import A, B, C, Cloud, has_received
from tests.conformance.driver.flooding import hears, to_group
from tests.conformance.driver.guarded import arrived, arrives, lets, whole
from tests.conformance.driver.judged import (
    ACL_ID,
    OTHER_ACL,
    OWN,
    OWN_IPV4,
    SHARED,
    about,
    acl,
    everything,
    judge,
)
from tests.conformance.driver.kinds import ALL_IPV4, ALL_IPV6
from tests.conformance.driver.probes import TCP, UDP, tcp, udp
from tests.conformance.driver.routes import BEYOND, as_sent_to, route_by, via
from tests.conformance.driver.routing import (
    MASK,
    NEAR,
    OTHER,
    OTHER_VPC_THERE,
    SAME,
    SAME_VPC_HERE,
    SAME_VPC_THERE,
    TARGETS,
    echo_request,
    reached,
    to_router,
)
from tests.conformance.driver.routing import A as ROUTED


async def test_what_stays_in_its_subnet_is_not_judged(cloud: Cloud) -> None:
    await judge(cloud, acl(), subnets=SHARED)
    for ingress in (True, False):
        assert all(await lets(cloud, ingress, (*ALL_IPV4, *ALL_IPV6)))


async def test_of_two_subnets_of_a_port_each_has_its_own_acl_or_none(cloud: Cloud) -> None:
    second = msgspec.structs.replace(B, ipv4=(0x0A080001,))
    port = msgspec.structs.replace(B, ipv4=(*B.ipv4, *second.ipv4), ipv6=())
    subnets = (OWN_IPV4, SubnetAcl(4, 0x0A080000, 0xFFFFFF00, OTHER_ACL))
    acls = [
        acl(*(about(protocol)(1, ingress, True) for ingress in (True, False)), acl_id=acl_id)
        for acl_id, protocol in ((ACL_ID, TCP), (OTHER_ACL, UDP))
    ]

    async def pass_by(own: Endpoint) -> list[bool]:
        pairs = [(own, C), (C, own), (own, A), (A, own)]
        probes = [probe(*pair) for pair in pairs for probe in (tcp(80), udp(80))]
        ends = [pair for pair in pairs for _ in range(2)]
        return await arrived(cloud, [(*pair, probe) for pair, probe in zip(ends, probes, strict=True)])

    await judge(cloud, *acls, subnets=subnets, port=port)
    assert await pass_by(B) == [True, False] * 4
    assert await pass_by(second) == [False, True] * 4
    for told in ((subnets[0], msgspec.structs.replace(subnets[1], acl=None)), (subnets[0],)):
        await judge(cloud, subnets=told, port=port)
        assert await pass_by(B) == [True, False] * 4
        assert await pass_by(second) == ([True, True] if len(told) == 2 else [True, False]) * 4
    await judge(cloud, subnets=(msgspec.structs.replace(subnets[0], acl=None), subnets[1]), port=port)
    assert await pass_by(B) == [True, True] * 4
    assert await pass_by(second) == [False, True] * 4


async def test_between_two_subnets_of_a_port_the_border_is_judged(cloud: Cloud) -> None:
    """A is in B's second subnet: from there it is inside, from B's first address it is not."""
    second = msgspec.structs.replace(B, ipv4=(A.ipv4[0] - 1,))
    port = msgspec.structs.replace(B, ipv4=(*B.ipv4, *second.ipv4))
    subnets = (OWN_IPV4, SubnetAcl(4, second.ipv4[0], 0xFFFFFFFE, OTHER_ACL))
    await judge(cloud, acl(), acl(acl_id=OTHER_ACL), subnets=subnets, port=port)
    assert await arrives(cloud, second, A, udp(1)) and await arrives(cloud, A, second, udp(1))
    assert not await arrives(cloud, B, A, udp(1)) and not await arrives(cloud, A, B, udp(1))


async def test_an_address_in_none_of_a_ports_subnets_goes_by_the_first(cloud: Cloud) -> None:
    virtual = msgspec.structs.replace(B, ipv4=(0x0A080001,))
    port = msgspec.structs.replace(B, allowed_address_pairs=(("10.8.0.1/32", B.mac),))
    await judge(cloud, acl(about(TCP)(1, True, True), about(TCP)(1, False, True)), port=port)
    for ends in ((virtual, C), (C, virtual)):
        assert await arrives(cloud, *ends, tcp(80))
        assert not await arrives(cloud, *ends, udp(80))
    await judge(cloud, subnets=SHARED, port=port)
    for ends in ((virtual, C), (C, virtual)):
        assert await arrives(cloud, *ends, udp(80))


async def test_ipv6_of_a_port_in_subnets_of_ipv4_only_goes_by_their_acl(cloud: Cloud) -> None:
    links = [bytes.fromhex(f"fe80000000000000f8163efffe00000{number}") for number in (2, 3)]
    own, peer = (msgspec.structs.replace(each, ipv6=(link,)) for each, link in zip((B, C), links, strict=True))
    await judge(
        cloud, acl(about(UDP, ipv6=True)(1, True, True), about(UDP, ipv6=True)(1, False, True)), subnets=OWN[:1]
    )
    for ends in ((own, peer), (peer, own)):
        assert await arrives(cloud, *ends, udp(80, ipv6=True))
        assert not await arrives(cloud, *ends, tcp(80, ipv6=True))


def in_subnet(port: Endpoint, network: int) -> Endpoint:
    return msgspec.structs.replace(port, network_acls=(SubnetAcl(4, network, MASK, ACL_ID),))


async def test_what_is_routed_is_judged_where_it_leaves_its_subnet(routed: Cloud) -> None:
    sender = in_subnet(ROUTED, NEAR.network)
    denies = about(prefix=Prefix(SAME.network.to_bytes(4), 24))(1, False, False)
    change = Change(endpoints={sender.port_id: sender}, network_acls={ACL_ID: acl(denies, *everything(2))})
    assert await routed.first.driver.apply(change) == {}
    assert await reached(routed) == [target for target in TARGETS if target not in (SAME_VPC_HERE, SAME_VPC_THERE)]
    assert routed.first.events.for_routers == []


@pytest.mark.parametrize("target", TARGETS[:2], ids=["here", "elsewhere"])
async def test_what_is_routed_is_judged_where_it_enters_a_subnet(routed: Cloud, target: Endpoint) -> None:
    judged = in_subnet(target, SAME.network)
    driver = (routed.second if target is SAME_VPC_THERE else routed.first).driver
    change = Change(endpoints={judged.port_id: judged}, network_acls={ACL_ID: acl()})
    assert await driver.apply(change) == {}
    assert await reached(routed) == [each for each in TARGETS if each is not target]
    allows = about(prefix=whole(ROUTED.ipv4[0].to_bytes(4)))(5, True, True)
    assert await driver.apply(Change(network_acls={ACL_ID: acl(allows)})) == {}
    assert await reached(routed) == list(TARGETS)


async def test_the_routers_address_in_the_own_subnet_answers_whatever_the_acl_says(routed: Cloud) -> None:
    sender = in_subnet(ROUTED, NEAR.network)
    assert (
        await routed.first.driver.apply(Change(endpoints={sender.port_id: sender}, network_acls={ACL_ID: acl()})) == {}
    )
    for address in (NEAR.address, SAME.address):
        await routed.first.inject(sender.port_id, echo_request(address))
    await routed.fabric.settle()
    answers = [frame[26:30] for frame in routed.first.received(sender.port_id) if frame[34:35] == b"\0"]
    assert NEAR.address.to_bytes(4) in answers and SAME.address.to_bytes(4) not in answers


async def test_what_goes_by_an_appliance_enters_its_subnet(routed: Cloud) -> None:
    judged = in_subnet(OTHER_VPC_THERE, OTHER_VPC_THERE.ipv4[0] & MASK)
    change = Change(endpoints={judged.port_id: judged}, network_acls={ACL_ID: acl()})
    assert await routed.second.driver.apply(change) == {}
    await route_by(routed, via(OTHER_VPC_THERE, BEYOND))

    async def is_taken() -> bool:
        sent = to_router(BEYOND + 7)
        await routed.first.inject(ROUTED.port_id, sent)
        await routed.fabric.settle()
        return has_received(routed.second, judged, as_sent_to(sent, judged, OTHER.mac))

    assert not await is_taken()
    assert await routed.second.driver.apply(Change(network_acls={ACL_ID: acl(*everything())})) == {}
    assert await is_taken()


async def test_a_copy_of_what_is_for_everybody_enters_a_subnet_unless_it_comes_from_inside(flooded: Cloud) -> None:
    await judge(flooded, acl())
    assert await hears(flooded, flooded.first, A, to_group(A)) == {"C": 1, "D": 1}
    assert await hears(flooded, flooded.second, C, to_group(C)) == {"A": 1, "D": 1}
    await judge(flooded, acl(about(UDP)(1, True, True)))
    assert await hears(flooded, flooded.first, A, to_group(A)) == {"B": 1, "C": 1, "D": 1}
    await judge(flooded, acl(), subnets=SHARED)
    assert await hears(flooded, flooded.second, C, to_group(C)) == {"A": 1, "B": 1, "D": 1}
    assert await hears(flooded, flooded.first, B, to_group(B)) == {}
