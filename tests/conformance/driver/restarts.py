"""What every data plane driver promises when it, or its data plane, is started again; goes with the suite."""

from alcor.dataplane.driver import Change
from tests.conformance.driver.cloud import EVERYONE, A, B, C, Cloud, state


async def test_a_restarted_driver_leaves_traffic_alone_and_finds_the_interfaces(cloud: Cloud) -> None:
    await cloud.first.restart_driver()
    assert await cloud.reached() == EVERYONE
    assert set(cloud.first.events.appeared) == {A.port_id, B.port_id}
    assert cloud.first.driver.interfaces() == {A.port_id, B.port_id}


async def test_replacing_after_a_driver_restart_removes_only_what_is_stale(cloud: Cloud) -> None:
    await cloud.first.restart_driver()
    wanted = state((A,), (C,), cloud.second.vtep)
    assert await cloud.first.driver.replace(wanted) == {}
    assert await cloud.reached() == {(1, 3), (3, 1)}
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: B})) == {}
    assert await cloud.reached() == EVERYONE


async def test_a_restarted_data_plane_is_reported_and_reprogrammed(cloud: Cloud) -> None:
    await cloud.first.restart_data_plane()
    assert cloud.first.events.restarts >= 1
    assert await cloud.first.driver.replace(state((A, B), (C,), cloud.second.vtep)) == {}
    assert await cloud.reached() == EVERYONE
