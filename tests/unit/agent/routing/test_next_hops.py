"""Next hops are found when they are used, follow what changes, and are forgotten when nobody uses them."""

from pathlib import Path

import pytest

from alcor.dataplane.driver import NextHop
from alcor.model.goal_state import (
    GoalStateDelta,
    NeighbourDelta,
    Router,
    VpcNeighbours,
)
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import MACS, VTEPS, port_id
from tests.unit.agent.routing.routing_host import (
    AHEAD_ADDRESS,
    AHEAD_VTEP,
    FAR_ADDRESS,
    FAR_VNI,
    FAR_VTEP,
    LOCAL,
    LOCAL_ADDRESS,
    NEAR_VNI,
    ROUTER,
    ROUTER_ID,
    SAME_MAC,
    RoutingHost,
)


async def test_a_next_hop_on_this_host_is_found_and_the_packet_arrives(host: RoutingHost) -> None:
    await host.send(LOCAL_ADDRESS)
    assert host.next_hops() == {NEAR_VNI: {LOCAL_ADDRESS: NextHop(MACS[LOCAL])}}
    (arrived,) = host.core.driver.received(port_id(LOCAL))[-1:]
    assert arrived[:12] == MACS[LOCAL].to_bytes(6) + SAME_MAC.to_bytes(6)
    assert arrived[22] == 63


async def test_a_next_hop_told_ahead_is_programmed_when_it_is_used(host: RoutingHost) -> None:
    assert host.next_hops() == {}
    await host.send(AHEAD_ADDRESS)
    assert host.next_hops() == {NEAR_VNI: {AHEAD_ADDRESS: NextHop(MACS[3], AHEAD_VTEP)}}
    assert host.counter("held_packets_sent") == 1


async def test_a_next_hop_in_a_vpc_without_ports_here_is_asked_for(host: RoutingHost) -> None:
    await host.send(FAR_ADDRESS)
    assert host.next_hops() == {}
    await host.manager.answer()
    assert [set(asked) for asked in host.manager.asked] == [{FAR_VNI}]
    assert host.next_hops() == {FAR_VNI: {FAR_ADDRESS: NextHop(MACS[4], FAR_VTEP)}}
    assert FAR_VTEP in host.core.switch.vteps
    assert host.counter("held_packets_sent") == 1
    assert not host.core.switch.learned, "nothing is sent to it within its VPC"


async def test_next_hops_follow_their_peers(host: RoutingHost) -> None:
    await host.send(AHEAD_ADDRESS)
    moved = NeighbourDelta(put=VpcNeighbours({MACS[3]: 1}))
    await host.change(neighbours={NEAR_VNI: moved}, vteps={1: VTEPS[1]})
    assert host.next_hops() == {NEAR_VNI: {AHEAD_ADDRESS: NextHop(MACS[3], VTEPS[1])}}
    await host.change(neighbours={NEAR_VNI: NeighbourDelta(put=VpcNeighbours({MACS[5]: 1}, {AHEAD_ADDRESS: MACS[5]}))})
    assert host.next_hops() == {NEAR_VNI: {AHEAD_ADDRESS: NextHop(MACS[5], VTEPS[1])}}
    await host.change(neighbours={NEAR_VNI: NeighbourDelta(removed_ipv4={AHEAD_ADDRESS})})
    assert host.next_hops() == {}


async def test_next_hops_follow_what_was_learned(host: RoutingHost) -> None:
    await host.send(FAR_ADDRESS)
    await host.manager.answer()
    gone = NeighbourDelta(removed_ipv4={FAR_ADDRESS})
    await host.manager.tell(GoalStateDelta(neighbours={FAR_VNI: gone}))
    assert host.next_hops() == {}


async def test_a_router_that_goes_takes_its_next_hops_along(host: RoutingHost) -> None:
    await host.send(FAR_ADDRESS)
    await host.manager.answer()
    await host.send(AHEAD_ADDRESS)
    less = Router(ROUTER_ID, ROUTER.interfaces[:2])
    await host.change(routers={ROUTER_ID: less})
    assert host.next_hops().keys() == {NEAR_VNI}
    assert len(host.core.switch.routers[ROUTER_ID].interfaces) == 2
    assert host.core.on_demand.learned.count() == 0
    await host.change(removed_routers={ROUTER_ID})
    assert host.next_hops() == {}
    assert host.core.switch.routers == {}


async def test_what_nobody_uses_is_forgotten(host: RoutingHost) -> None:
    await host.send(FAR_ADDRESS)
    await host.manager.answer()
    host.core.driver.let_idle()
    assert host.next_hops()[FAR_VNI], "it was used a moment ago"
    host.core.driver.let_idle()
    assert not host.next_hops().get(FAR_VNI)
    assert host.core.on_demand.learned.count() == 0
    await host.send(FAR_ADDRESS)
    await host.manager.answer()
    assert host.next_hops()[FAR_VNI]


async def test_a_new_agent_has_the_data_plane_keep_what_is_used(host: RoutingHost, tmp_path: Path) -> None:
    await host.send(AHEAD_ADDRESS)
    before = {vni: dict(hops) for vni, hops in host.next_hops().items()}
    data = host.core.routing.next_hops.dump()
    second = Core(tmp_path, host.core.switch)
    second.routing.next_hops.restore(data)
    await second.reconciler.step()
    assert second.switch.next_hops == before
    assert second.driver.operations["next_hop"] == 0


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x81\x01\x02", b"\x80\x80"])
async def test_a_damaged_file_of_next_hops_is_refused(host: RoutingHost, data: bytes) -> None:
    with pytest.raises(ValueError):
        host.core.routing.next_hops.restore(data)
