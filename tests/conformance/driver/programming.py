"""What every data plane driver promises of being told: states, changes, interfaces that come and go; with the suite."""

import msgspec

from alcor.dataplane.driver import Change, RemoteDelta, State
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
    was_punted,
)
from tests.conformance.driver.harness import Fabric


async def test_replacing_by_the_same_changes_nothing(cloud: Cloud) -> None:
    await cloud.replace((A, B), (C,))
    assert await cloud.reached() == EVERYONE


async def test_interfaces_names_what_is_attached(cloud: Cloud) -> None:
    assert cloud.first.driver.interfaces() == {A.port_id, B.port_id}
    await cloud.first.detach(A.port_id)
    assert cloud.first.driver.interfaces() == {B.port_id}


async def test_describe_names_the_endpoints(cloud: Cloud) -> None:
    assert await cloud.first.driver.describe()


async def test_replacing_by_nothing_silences_everyone(cloud: Cloud) -> None:
    await cloud.replace((), ())
    assert await cloud.reached() == set()


async def test_changes_end_where_replacing_would(cloud: Cloud) -> None:
    await cloud.replace((), ())
    first, second = cloud.first.driver, cloud.second.driver
    there, here = cloud.second.vtep, cloud.first.vtep
    steps = (
        (first, Change(endpoints={A.port_id: A})),
        (first, Change(remotes={VNI: RemoteDelta(put={C.mac: there, ABSENT_MAC: there})}, vteps={there})),
        (second, Change(endpoints={C.port_id: C}, remotes={VNI: RemoteDelta(put={A.mac: here})}, vteps={here})),
        (first, Change(endpoints={B.port_id: B}, remotes={VNI: RemoteDelta(removed={ABSENT_MAC})})),
        (second, Change(remotes={VNI: RemoteDelta(put={B.mac: here})})),
    )
    for driver, change in steps:
        assert await driver.apply(change) == {}
        assert await driver.apply(change) == {}
    assert await cloud.reached() == EVERYONE
    await first.apply(Change(removed_endpoints={A.port_id}, remotes={VNI: RemoteDelta(removed={C.mac})}))
    by_changes = await cloud.reached()
    assert await first.replace(State(security_groups=OPENED, endpoints={B.port_id: B}, vteps={there})) == {}
    assert await cloud.reached() == by_changes == {(3, 2)}


async def test_within_a_change_removals_come_first(cloud: Cloud) -> None:
    there = cloud.second.vtep
    change = Change(
        endpoints={A.port_id: A},
        removed_endpoints={A.port_id},
        remotes={VNI: RemoteDelta(put={C.mac: there}, removed={C.mac})},
        vteps={there},
        removed_vteps={there},
    )
    assert await cloud.first.driver.apply(change) == {}
    assert await cloud.reached() == EVERYONE


async def test_an_endpoint_may_come_before_its_interface(fabric: Fabric) -> None:
    cloud = Cloud(fabric)
    await cloud.attach(cloud.first, A)
    await cloud.replace((A, B), ())
    await cloud.attach(cloud.first, B)
    assert cloud.first.events.appeared == [A.port_id, B.port_id]
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: B})) == {}
    assert await cloud.passes(cloud.first, A, cloud.first, B)
    assert await cloud.passes(cloud.first, B, cloud.first, A)


async def test_an_interface_without_endpoint_is_mute_and_deaf(fabric: Fabric) -> None:
    cloud = Cloud(fabric)
    await cloud.attach(cloud.first, A, B)
    await cloud.replace((A,), ())
    assert not await cloud.passes(cloud.first, A, cloud.first, B)
    assert not await cloud.passes(cloud.first, B, cloud.first, A)


async def test_an_interface_may_go_and_come_back(cloud: Cloud) -> None:
    await cloud.first.detach(B.port_id)
    assert cloud.first.events.vanished == [B.port_id]
    await cloud.attach(cloud.first, B)
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: B})) == {}
    assert await cloud.reached() == EVERYONE


async def test_a_port_moves_to_another_host_and_back(cloud: Cloud) -> None:
    first, second, here, there = cloud.first, cloud.second, cloud.first.vtep, cloud.second.vtep
    await first.detach(B.port_id)
    await first.driver.apply(
        Change(removed_endpoints={B.port_id}, remotes={VNI: RemoteDelta(put={B.mac: there})}, vteps={there})
    )
    await second.attach(B.port_id)
    await second.driver.apply(Change(endpoints={B.port_id: B}, remotes={VNI: RemoteDelta(removed={B.mac})}))
    assert await cloud.passes(first, A, second, B)
    assert await cloud.passes(second, B, first, A)
    assert await cloud.passes(second, C, second, B)

    await second.detach(B.port_id)
    await second.driver.apply(
        Change(removed_endpoints={B.port_id}, remotes={VNI: RemoteDelta(put={B.mac: here})}, vteps={here})
    )
    await first.attach(B.port_id)
    await first.driver.apply(Change(endpoints={B.port_id: B}, remotes={VNI: RemoteDelta(removed={B.mac})}))
    assert await cloud.reached() == EVERYONE


async def test_a_changed_endpoint_replaces_the_old_one(cloud: Cloud) -> None:
    renumbered = msgspec.structs.replace(B, mac=ABSENT_MAC, ipv4=(0x0A0000C8,))
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: renumbered})) == {}
    assert await cloud.passes(cloud.first, A, cloud.first, renumbered)
    assert await cloud.passes(cloud.first, renumbered, cloud.first, A)
    assert not await cloud.passes(cloud.first, A, cloud.first, B)
    assert not await cloud.passes(cloud.first, B, cloud.first, A)


async def test_an_endpoint_administratively_down_passes_nothing(cloud: Cloud) -> None:
    down = msgspec.structs.replace(B, admin_state_up=False)
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: down})) == {}
    assert await cloud.reached() == {(1, 3), (3, 1)}
    request = packets.arp_request(B.mac, B.ipv4[0], A.ipv4[0])
    await cloud.first.inject(B.port_id, request)
    await cloud.fabric.settle()
    assert not was_punted(cloud.first, B, request)
    assert await cloud.first.driver.apply(Change(endpoints={B.port_id: B})) == {}
    assert await cloud.reached() == EVERYONE


async def test_a_removed_endpoint_is_silent(cloud: Cloud) -> None:
    assert await cloud.first.driver.apply(Change(removed_endpoints={B.port_id})) == {}
    assert await cloud.reached() == {(1, 3), (3, 1)}
    request = packets.arp_request(B.mac, B.ipv4[0], A.ipv4[0])
    await cloud.first.inject(B.port_id, request)
    await cloud.fabric.settle()
    assert not was_punted(cloud.first, B, request)


async def test_a_removed_remote_is_not_sent_to(cloud: Cloud) -> None:
    await cloud.first.driver.apply(
        Change(remotes={VNI: RemoteDelta(removed={C.mac})}, removed_vteps={cloud.second.vtep})
    )
    assert await cloud.reached() == EVERYONE - {(1, 3), (2, 3)}


async def test_removing_what_is_not_there_is_nothing(cloud: Cloud) -> None:
    change = Change(
        removed_endpoints={endpoint(99).port_id},
        remotes={VNI: RemoteDelta(removed={ABSENT_MAC}), OTHER_VNI: RemoteDelta(removed={ABSENT_MAC})},
        removed_vteps={0x01020304},
    )
    assert await cloud.first.driver.apply(change) == {}
    assert await cloud.reached() == EVERYONE
