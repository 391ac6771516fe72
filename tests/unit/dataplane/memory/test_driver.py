"""The memory driver counts what it is asked to do, and fails on request."""

import msgspec
import pytest

from alcor.dataplane.driver import Change, DataPlaneUnavailable, Endpoint, RemoteDelta, State
from alcor.dataplane.memory.driver import MemoryDataPlane
from alcor.dataplane.memory.switch import Fabric, MemorySwitch
from tests.conformance.driver.harness import Recorder

PORT = Endpoint(b"port".ljust(16, b"\0"), 7, 0xFA163E000001, ipv4=(0x0A000001,))
STATE = State(endpoints={PORT.port_id: PORT}, remotes={7: {1: 100, 2: 100}}, vteps={100})


@pytest.fixture
async def driver() -> MemoryDataPlane:
    driver = MemoryDataPlane(MemorySwitch(Fabric(), 99))
    await driver.start(Recorder())
    driver.attach(PORT.port_id)
    await driver.replace(STATE)
    driver.operations.clear()
    return driver


async def test_replacing_by_the_same_does_nothing(driver: MemoryDataPlane) -> None:
    await driver.replace(STATE)
    assert not +driver.operations
    assert driver.replaced() == 0


async def test_replacing_touches_only_what_differs(driver: MemoryDataPlane) -> None:
    await driver.replace(State(endpoints={PORT.port_id: PORT}, remotes={7: {2: 101, 3: 100}}, vteps={100, 101}))
    assert +driver.operations == {"remote": 3, "vtep": 1}
    assert driver.replaced() == 4
    assert driver.switch.remotes == {7: {2: 101, 3: 100}}


async def test_each_thing_put_or_removed_counts(driver: MemoryDataPlane) -> None:
    change = Change(removed_endpoints={PORT.port_id}, remotes={7: RemoteDelta(put={3: 100}, removed={1, 2})})
    await driver.apply(change)
    assert +driver.operations == {"endpoint": 1, "remote": 3}
    assert driver.switch.remotes == {7: {3: 100}}


async def test_what_is_learned_and_what_is_on_demand_counts(driver: MemoryDataPlane) -> None:
    change = Change(on_demand={7, 8}, removed_on_demand={9}, learned={7: RemoteDelta(put={3: 100}, removed={4})})
    await driver.apply(change)
    assert +driver.operations == {"on_demand": 3, "learned": 2}
    driver.operations.clear()
    wanted = msgspec.structs.replace(STATE, on_demand={8}, learned={7: {3: 100, 5: 100}})
    await driver.replace(wanted)
    assert +driver.operations == {"on_demand": 1, "learned": 1}
    assert (driver.switch.on_demand, driver.switch.learned) == ({8}, {7: {3: 100, 5: 100}})


async def test_a_refused_endpoint_is_a_failure_and_passes_nothing(driver: MemoryDataPlane) -> None:
    driver.refusals = {PORT.port_id: "no room"}
    assert await driver.apply(Change(endpoints={PORT.port_id: PORT})) == {PORT.port_id: "no room"}
    assert driver.switch.endpoints == {}


async def test_an_unavailable_data_plane_says_so(driver: MemoryDataPlane) -> None:
    driver.unavailable = "start it"
    with pytest.raises(DataPlaneUnavailable, match="start it"):
        await driver.replace(STATE)


async def test_what_was_dropped_is_counted_by_reason(driver: MemoryDataPlane) -> None:
    driver.inject(PORT.port_id, b"short")
    driver.inject(PORT.port_id, bytes(60))
    assert driver.switch.dropped == {"malformed": 1, "spoofed": 1}
