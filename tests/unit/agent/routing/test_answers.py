"""What gateways say: that there is no way on, that nobody listens, and where they are."""

import msgspec
import pytest

from alcor.model.goal_state import Router
from tests.conformance.driver.packets import arp_request, udp_frame
from tests.conformance.driver.routing import with_ttl
from tests.unit.agent.goal_states import MACS, port_id
from tests.unit.agent.routing.routing_host import (
    FAR_ADDRESS,
    GATEWAY,
    LOCAL,
    NEAR_MAC,
    OWN,
    OWN_ADDRESS,
    ROUTER,
    ROUTER_ID,
    RoutingHost,
    reply,
)


@pytest.mark.parametrize(
    ("address", "ttl", "kind", "code"),
    [(FAR_ADDRESS, 1, 11, 0), (0x08080808, 64, 3, 0), (0x0A0001C8, 64, 3, 1)],
    ids=["expired", "no route", "nobody"],
)
async def test_what_is_not_routed_is_answered_from_the_gateway(
    host: RoutingHost, address: int, ttl: int, kind: int, code: int
) -> None:
    await host.send(address, ttl)
    (error,) = await host.received()
    assert error[:12] == MACS[OWN].to_bytes(6) + NEAR_MAC.to_bytes(6)
    assert error[26:34] == GATEWAY.to_bytes(4) + OWN_ADDRESS.to_bytes(4)
    assert tuple(error[34:36]) == (kind, code)
    assert error[42 + 16 : 42 + 20] == address.to_bytes(4)


async def test_that_nobody_has_an_address_elsewhere_is_said_when_it_is_known(host: RoutingHost) -> None:
    await host.send(0x0A0900C8)
    assert await host.received() == []
    await host.manager.answer()
    (error,) = await host.received()
    assert tuple(error[34:36]) == (3, 1)


async def test_an_error_is_not_answered_with_an_error(host: RoutingHost) -> None:
    sent = udp_frame(NEAR_MAC, MACS[OWN], OWN_ADDRESS, 0x08080808, b"data")
    sent = with_ttl(sent[:23] + b"\x01" + sent[24:34] + b"\x03\x01" + sent[36:], 64)
    host.core.routing.packet(port_id(OWN), sent)
    assert await host.received() == []
    assert host.counter("packets_not_routed") == 1


@pytest.mark.parametrize("ttl", [1, 64])
async def test_nobody_listens_at_a_gateways_addresses(host: RoutingHost, ttl: int) -> None:
    for address in (GATEWAY, 0x0A0900FE):
        await host.send(address, ttl)
        (error,) = await host.received()
        assert error[26:34] == address.to_bytes(4) + OWN_ADDRESS.to_bytes(4)
        assert tuple(error[34:36]) == (3, 3)


async def test_what_workloads_send_to_gateways_is_answered_within_their_rate(host: RoutingHost) -> None:
    for _ in range(200):
        await host.send(GATEWAY)
    assert 0 < len(await host.received()) <= 100
    assert host.counter("punted_over_port_rate") >= 100


async def test_gateways_have_their_macs(host: RoutingHost) -> None:
    host.core.driver.inject(port_id(OWN), arp_request(MACS[OWN], OWN_ADDRESS, GATEWAY))
    (answer,) = await host.received()
    assert answer[22:32] == NEAR_MAC.to_bytes(6) + GATEWAY.to_bytes(4)


async def test_a_gateway_with_another_mac_is_announced_to_its_subnet(host: RoutingHost) -> None:
    other = msgspec.structs.replace(ROUTER.interfaces[0], mac=0xFA163EFF0009)
    await host.change(routers={ROUTER_ID: Router(ROUTER_ID, (other, *ROUTER.interfaces[1:]))})
    await reply(host.core)
    assert host.core.driver.received(port_id(LOCAL)) == []
    (announced,) = await host.received()
    assert announced[:6] == b"\xff" * 6
    assert announced[22:32] == other.mac.to_bytes(6) + GATEWAY.to_bytes(4)


async def test_frames_that_are_cut_short_do_no_harm(host: RoutingHost) -> None:
    whole = udp_frame(NEAR_MAC, MACS[OWN], OWN_ADDRESS, FAR_ADDRESS, b"data")
    for length in range(len(whole)):
        host.core.reconciler.packet_for_router(port_id(OWN), whole[:length])
    await host.core.reconciler.step()
    assert host.next_hops() == {}
