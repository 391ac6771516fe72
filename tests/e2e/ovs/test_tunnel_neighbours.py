"""ovs-vswitchd knows the way to other hosts when the driver says that packets notice."""

import asyncio
import threading

import pytest

from alcor.dataplane.driver import Change, RemoteDelta, State
from alcor.dataplane.ovs import driver
from alcor.dataplane.ovs.neighbour_table import Neighbour
from alcor.dataplane.ovs.tunnel_neighbours import TunnelNeighbours
from alcor.testbed.waiting import until
from tests.conformance.driver.cloud import A, C, frame, has_received, state
from tests.e2e.ovs.fabric import OvsFabric

pytestmark = [pytest.mark.root, pytest.mark.timeout(120)]

PATIENCE, MOMENT = 60.0, 0.1  # seconds


@pytest.mark.parametrize("at_once", [True, False], ids=["replace", "apply"])
async def test_what_is_programmed_waits_for_the_way_there(
    fabric: OvsFabric, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    near, far = fabric.hosts
    await near.attach(A.port_id)
    await far.attach(C.port_id)
    await far.driver.replace(state([C], [A], near.vtep))
    told, tell = threading.Event(), TunnelNeighbours._tell

    async def tell_later(neighbours: TunnelNeighbours, neighbour: Neighbour) -> None:
        await until(told.is_set, "the test to let the switch be told")
        await tell(neighbours, neighbour)

    monkeypatch.setattr(TunnelNeighbours, "_tell", tell_later)
    monkeypatch.setattr(driver, "_NEIGHBOUR_WAIT_SECONDS", PATIENCE)
    await near.restart_driver()
    whole = state([A], [C], far.vtep)
    if at_once:
        programming = asyncio.create_task(near.driver.replace(whole))
    else:
        await near.driver.replace(State(security_groups=whole.security_groups, endpoints=whole.endpoints))
        change = Change(vteps=whole.vteps, remotes={vni: RemoteDelta(put=macs) for vni, macs in whole.remotes.items()})
        programming = asyncio.create_task(near.driver.apply(change))
    await until(lambda: any("set_field:198.18.0.2->tun_dst" in flow for flow in near.switch.flows()), "the flow")
    await asyncio.sleep(MOMENT)
    assert not programming.done()
    told.set()
    assert await programming == {}
    sent = frame(A, C)
    await near.inject(A.port_id, sent)
    await fabric.settle()
    assert has_received(far, C, sent)
