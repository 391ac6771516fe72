"""Solicitations reach the agent and are answered with what goal states, managers and routers say."""

from pathlib import Path

import pytest

from alcor.model.addresses import link_local
from alcor.model.goal_state import GoalStateDelta, NeighbourDelta, Port, Router, RouterInterface, Vpc, VpcNeighbours
from tests.conformance.driver.packets import neighbour_advertisement, neighbour_solicitation
from tests.unit.agent.core import Core
from tests.unit.agent.goal_states import SUBNET_ID, VTEPS, port_id
from tests.unit.agent.on_demand.test_on_demand import Manager

PREFIX = bytes.fromhex("20010db8") + bytes(8)
OWN, HERE, THERE, GATEWAY, ABSENT = (PREFIX + number.to_bytes(4) for number in (1, 2, 3, 0xFE, 99))
OWN_MAC, HERE_MAC, THERE_MAC, GATEWAY_MAC, ABSENT_MAC = (0xFA163E000000 + number for number in (1, 2, 3, 0xFE, 99))
PORT = Port(port_id(1), 1, OWN_MAC, ((SUBNET_ID, "2001:db8::1"),))
NEIGHBOUR = Port(port_id(2), 1, HERE_MAC, ((SUBNET_ID, "2001:db8::2"),))
INTERFACE = RouterInterface(bytes(16), 1, GATEWAY_MAC, (("2001:db8::/64", "2001:db8::fe"),))
ROUTER = Router(b"router".ljust(16, b"."), (INTERFACE,))


async def begin(directory: Path, on_demand: bool) -> Core:
    core = Core(directory, punt_rate=1000)
    core.driver.attach(PORT.id)
    goal = GoalStateDelta(
        revision=1,
        snapshot=True,
        vpcs={1: Vpc(bytes(16), 1, 1450, on_demand=on_demand)},
        ports={PORT.id: PORT, NEIGHBOUR.id: NEIGHBOUR},
        routers={ROUTER.id: ROUTER},
    )
    if not on_demand:
        goal.vteps[1] = VTEPS[1]
        goal.neighbours[1] = NeighbourDelta(put=VpcNeighbours(forwarding={THERE_MAC: 1}, ipv6={THERE: THERE_MAC}))
    await core.deliver(goal)
    await heard(core)  # the gateway is announced
    return core


async def asked(core: Core, target: bytes) -> list[bytes]:
    """What the workload hears when it asks for an address."""
    core.driver.inject(PORT.id, neighbour_solicitation(OWN_MAC, OWN, target, OWN_MAC))
    return await heard(core)


async def heard(core: Core) -> list[bytes]:
    before = len(core.driver.received(PORT.id))
    while not core.punted._replies.empty():
        await core.driver.send(*core.punted._replies.get_nowait())
    return core.driver.received(PORT.id)[before:]


def advertised(target: bytes, mac: int, flags: int = 0x60) -> bytes:
    return neighbour_advertisement((mac, OWN_MAC), (target, OWN), target, mac, flags)


@pytest.mark.parametrize(
    ("target", "mac", "flags"),
    [
        (HERE, HERE_MAC, 0x60),
        (THERE, THERE_MAC, 0x60),
        (link_local(HERE_MAC), HERE_MAC, 0x60),
        (link_local(THERE_MAC), THERE_MAC, 0x60),
        (GATEWAY, GATEWAY_MAC, 0xE0),
        (link_local(GATEWAY_MAC), GATEWAY_MAC, 0xE0),
    ],
)
async def test_peers_and_gateways_are_answered_for(tmp_path: Path, target: bytes, mac: int, flags: int) -> None:
    core = await begin(tmp_path, on_demand=False)
    assert await asked(core, target) == [advertised(target, mac, flags)]


async def test_nobody_is_not_answered_for(tmp_path: Path) -> None:
    core = await begin(tmp_path, on_demand=False)
    for absent in (ABSENT, link_local(ABSENT_MAC)):
        assert await asked(core, absent) == []
    assert core.counters.values["neighbour_solicitations_for_unknown_addresses"] == 2


async def test_a_neighbour_that_goes_is_answered_for_no_longer(tmp_path: Path) -> None:
    core = await begin(tmp_path, on_demand=False)
    gone = {1: NeighbourDelta(removed_macs={THERE_MAC}, removed_ipv6={THERE})}
    await core.deliver(GoalStateDelta(revision=2, base_revision=1, neighbours=gone))
    assert await asked(core, THERE) == await asked(core, link_local(THERE_MAC)) == []


@pytest.mark.parametrize("target", [THERE, link_local(THERE_MAC)], ids=["its address", "its link-local address"])
async def test_on_demand_the_manager_is_asked(tmp_path: Path, target: bytes) -> None:
    core = await begin(tmp_path, on_demand=True)
    manager = Manager(core)
    manager.forwarding, manager.addresses = {THERE_MAC: 1}, {THERE: THERE_MAC}
    core.on_demand.give(1, manager.at_hand)
    assert await asked(core, target) == []
    await manager.answer()
    assert await heard(core) == [advertised(target, THERE_MAC)]
    assert await asked(core, target) == [advertised(target, THERE_MAC)]
    assert not manager.is_asked()


async def test_on_demand_nobody_is_not_answered_for(tmp_path: Path) -> None:
    core = await begin(tmp_path, on_demand=True)
    manager = Manager(core)
    core.on_demand.give(1, manager.at_hand)
    for absent in (ABSENT, link_local(ABSENT_MAC)):
        assert await asked(core, absent) == []
        await manager.answer()
        assert await heard(core) == await asked(core, absent) == []
        assert not manager.is_asked()
