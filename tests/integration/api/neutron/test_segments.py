"""Segments: what networks are made of, and which subnets are on which."""

from typing import Any

import pytest

from tests.integration.api.neutron.requests import Json, Neutron

TYPE, PHYSICAL, NUMBER = "provider:network_type", "provider:physical_network", "provider:segmentation_id"


def what(segment: Json) -> tuple[Any, ...]:
    return segment["network_type"], segment["physical_network"], segment["segmentation_id"]


async def test_a_network_begins_with_the_segment_that_it_is(neutron: Neutron) -> None:
    network = await neutron.create("network", project_id="blue")
    (main,) = await neutron.list("segment", f"network_id={network['id']}")
    assert what(main) == ("vxlan", None, network[NUMBER])
    assert "segments" not in network
    changed = await neutron.update("segment", main["id"], name="rack", description="of racks")
    assert (changed["name"], changed["description"], changed["revision_number"]) == ("rack", "of racks", 2)
    refused = await neutron.refused("DELETE", f"segments/{main['id']}")
    assert refused[:2] == (409, "SegmentInUse")
    await neutron.delete("network", network["id"])
    assert await neutron.list("segment") == []


async def test_segments_are_added_and_removed(neutron: Neutron) -> None:
    network = await neutron.create("network")
    said = {"network_id": network["id"], "network_type": "vlan", "physical_network": "fabric"}
    first, second = await neutron.create("segment", **said), await neutron.create("segment", **said)
    assert [what(each) for each in (first, second)] == [("vlan", "fabric", 1), ("vlan", "fabric", 2)]
    vxlan = await neutron.create("segment", network_id=network["id"], network_type="vxlan")
    shown = (await neutron.show("network", network["id"]))["segments"]
    assert [each[NUMBER] for each in shown] == [network[NUMBER], 1, 2, vxlan["segmentation_id"]]
    for wrong, status, kind in (
        ({"segmentation_id": 2}, 409, "VlanIdInUse"),
        ({"segmentation_id": 5000}, 400, "InvalidInput"),
        ({"physical_network": None}, 400, "InvalidInput"),
        ({"network_type": "vxlan"}, 400, "InvalidInput"),
        ({"network_type": "vxlan", "physical_network": None, "segmentation_id": network[NUMBER]}, 409, "TunnelIdInUse"),
        ({"network_type": "gre"}, 400, "InvalidInput"),
        ({"network_type": "stt"}, 400, "HTTPBadRequest"),
        ({"network_id": first["id"]}, 404, "NetworkNotFound"),
    ):
        assert (await neutron.refused("POST", "segments", {"segment": said | wrong}))[:2] == (status, kind), wrong
    for each in (first, second, vxlan):
        await neutron.delete("segment", each["id"])
    assert "segments" not in await neutron.show("network", network["id"])
    again = await neutron.create(
        "segment", network_id=network["id"], network_type="vxlan", segmentation_id=vxlan["segmentation_id"]
    )
    await neutron.delete("network", network["id"])
    free = await neutron.create("network", **{NUMBER: again["segmentation_id"]})
    assert free[NUMBER] == again["segmentation_id"]


@pytest.mark.parametrize("kind", ["geneve", "gre"])
async def test_tunnels_of_every_type_have_numbers_of_their_own(neutron: Neutron, kind: str) -> None:
    vxlan = await neutron.create("network", **{NUMBER: 1})
    first, second = [await neutron.create("network", **{TYPE: kind}) for _ in range(2)]
    assert [(each[TYPE], each[PHYSICAL], each[NUMBER]) for each in (first, second)] == [
        (kind, None, 1),
        (kind, None, 2),
    ]
    chosen = await neutron.create("segment", network_id=vxlan["id"], network_type=kind, segmentation_id=4)
    assert what(chosen) == (kind, None, 4)
    for wrong, status, error in (
        ({NUMBER: 1}, 409, "TunnelIdInUse"),
        ({NUMBER: 4}, 409, "TunnelIdInUse"),
        ({NUMBER: 2**24}, 400, "HTTPBadRequest"),
        ({PHYSICAL: "fabric"}, 400, "InvalidInput"),
    ):
        assert (await neutron.refused("POST", "networks", {"network": {TYPE: kind} | wrong}))[:2] == (status, error)
    change = await neutron.refused("PUT", f"networks/{first['id']}", {"network": {NUMBER: 9}})
    assert change == (400, "InvalidInput", "Invalid input for operation: Only VLAN type networks can be updated..")
    for network in (first, vxlan):
        await neutron.delete("network", network["id"])
    for number in (1, 4):
        assert (await neutron.create("network", **{TYPE: kind, NUMBER: number}))[NUMBER] == number


async def test_local_networks_have_no_number(neutron: Neutron) -> None:
    networks = [await neutron.create("network", **{TYPE: "local"}) for _ in range(2)]
    assert [(each[TYPE], each[PHYSICAL], each[NUMBER]) for each in networks] == [("local", None, None)] * 2
    for wrong in ({NUMBER: 7}, {PHYSICAL: "fabric"}):
        refused = await neutron.refused("POST", "networks", {"network": {TYPE: "local"} | wrong})
        assert refused[:2] == (400, "InvalidInput") and "prohibited for local provider network" in refused[2]
    for each in networks:
        await neutron.create("port", network_id=each["id"])
    said = [{TYPE: "local", PHYSICAL: "", NUMBER: 0}]  # as Terraform's provider says what it is not told
    assert (await neutron.create("network", segments=said))[NUMBER] is None
    segment = await neutron.create("segment", network_id=networks[0]["id"], network_type="local")
    assert what(segment) == ("local", None, None)
    await neutron.delete("segment", segment["id"])


async def test_a_network_is_made_of_several_segments_at_once(neutron: Neutron) -> None:
    segments = [{TYPE: "vlan", PHYSICAL: "fabric", NUMBER: 7}, {TYPE: "vxlan", NUMBER: 4242}]
    network = await neutron.create("network", segments=segments)
    assert (network[TYPE], network[NUMBER]) == ("vxlan", 4242)
    assert network["segments"] == [segments[1] | {PHYSICAL: None}, segments[0]]
    assert len(await neutron.list("segment", f"network_id={network['id']}")) == 2
    for wrong, status, kind in (
        ({"segments": segments, NUMBER: 9}, 400, "SegmentsSetInConjunctionWithProviders"),
        ({"segments": [segments[1], segments[1]]}, 400, "SegmentsContainDuplicateEntry"),
        ({"segments": segments[:1]}, 409, "VlanIdInUse"),
        ({"segments": [{TYPE: "vxlan"}, segments[0]]}, 409, "VlanIdInUse"),
        ({"segments": [{}]}, 400, "HTTPBadRequest"),
        ({"segments": [{TYPE: "vxlan", NUMBER: -1}]}, 400, "HTTPBadRequest"),
    ):
        assert (await neutron.refused("POST", "networks", {"network": wrong}))[:2] == (status, kind), wrong


async def test_all_subnets_of_a_network_are_on_segments_or_none_is(neutron: Neutron) -> None:
    network, other = await neutron.create("network"), await neutron.create("network")
    (main,) = await neutron.list("segment", f"network_id={network['id']}")
    first = await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24")
    path = f"subnets/{first['id']}"
    on_it = await neutron.update("subnet", first["id"], segment_id=main["id"])
    assert on_it["segment_id"] == main["id"]
    assert [each["id"] for each in await neutron.list("subnet", f"segment_id={main['id']}")] == [first["id"]]
    assert (await neutron.refused("DELETE", f"segments/{main['id']}"))[:2] == (409, "SegmentInUse")
    second = await neutron.create(
        "segment", network_id=network["id"], network_type="vlan", physical_network="fabric", name="second"
    )
    change = {"subnet": {"segment_id": second["id"]}}
    assert (await neutron.refused("PUT", path, change))[:2] == (400, "SubnetSegmentAssociationChangeNotAllowed")
    said = {"network_id": network["id"], "cidr": "10.0.1.0/24"}
    absent = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    for wrong, status, kind in (
        ({}, 400, "SubnetsNotAllAssociatedWithSegments"),
        ({"segment_id": main["id"], "network_id": other["id"]}, 400, "NetworkIdsDontMatch"),
        ({"segment_id": absent}, 404, "SegmentNotFound"),
    ):
        assert (await neutron.refused("POST", "subnets", {"subnet": said | wrong}))[:2] == (status, kind), wrong
    await neutron.create("subnet", **said, segment_id=second["id"])
    whole = await neutron.create("network")
    its_subnet = await neutron.create("subnet", network_id=whole["id"], cidr="10.0.0.0/24")
    (its_main,) = await neutron.list("segment", f"network_id={whole['id']}")
    await neutron.create("segment", network_id=whole["id"], network_type="vxlan")
    refused = await neutron.refused("PUT", f"subnets/{its_subnet['id']}", {"subnet": {"segment_id": its_main["id"]}})
    assert refused[:2] == (400, "NoUpdateSubnetWhenMultipleSegmentsOnNetwork")


async def test_subnets_on_segments_have_routes_to_each_other(neutron: Neutron) -> None:
    network = await neutron.create("network")
    said = {"network_id": network["id"], "network_type": "vlan", "physical_network": "fabric"}
    segments = [(await neutron.list("segment"))[0], *[await neutron.create("segment", **said) for _ in range(2)]]

    async def subnet(number: int, segment: Json, **more: Any) -> str:
        cidr = f"10.0.{number}.0/24"
        made = await neutron.create("subnet", network_id=network["id"], cidr=cidr, segment_id=segment["id"], **more)
        return str(made["id"])

    async def routes(subnet_id: str) -> set[tuple[str, str]]:
        found = (await neutron.show("subnet", subnet_id))["host_routes"]
        return {(route["destination"], route["nexthop"]) for route in found}

    first = await subnet(1, segments[0], allocation_pools=[{"start": "10.0.1.10", "end": "10.0.1.99"}])
    assert await routes(first) == set()
    second, beside = await subnet(2, segments[1]), await subnet(12, segments[1])
    assert await routes(first) == {("10.0.2.0/24", "10.0.1.1"), ("10.0.12.0/24", "10.0.1.1")}
    assert await routes(second) == {("10.0.1.0/24", "10.0.2.1")}
    assert await routes(beside) == {("10.0.1.0/24", "10.0.12.1")}
    own = {"destination": "10.0.0.0/20", "nexthop": "10.0.3.9"}
    covered = await subnet(3, segments[2], host_routes=[own])
    assert await routes(covered) == {("10.0.0.0/20", "10.0.3.9")}
    without = await subnet(4, segments[2], gateway_ip=None)
    assert await routes(without) == set()
    assert await routes(second) == {(f"10.0.{number}.0/24", "10.0.2.1") for number in (1, 3, 4)}
    before = await neutron.show("subnet", second)
    await neutron.delete("subnet", covered)
    await neutron.delete("subnet", without)
    assert await routes(second) == {("10.0.1.0/24", "10.0.2.1")}
    assert (await neutron.show("subnet", second))["revision_number"] == before["revision_number"] + 2
    await neutron.update("subnet", first, gateway_ip="10.0.1.254")
    assert await routes(first) == {("10.0.2.0/24", "10.0.1.254"), ("10.0.12.0/24", "10.0.1.254")}
    said_routes = [{"destination": "192.0.2.0/24", "nexthop": "10.0.1.7"}]
    await neutron.update("subnet", first, host_routes=said_routes)
    assert await routes(first) == {
        ("192.0.2.0/24", "10.0.1.7"), ("10.0.2.0/24", "10.0.1.254"), ("10.0.12.0/24", "10.0.1.254")
    }  # fmt: skip
    await neutron.update("subnet", first, gateway_ip=None)
    assert await routes(first) == {("192.0.2.0/24", "10.0.1.7")}


async def test_subnets_of_other_versions_and_networks_without_segments_get_no_routes(neutron: Neutron) -> None:
    network = await neutron.create("network")
    for number in (1, 2):
        made = await neutron.create("subnet", network_id=network["id"], cidr=f"10.0.{number}.0/24")
        assert made["host_routes"] == []
    other = await neutron.create("network")
    (main,) = await neutron.list("segment", f"network_id={other['id']}")
    more = await neutron.create("segment", network_id=other["id"], network_type="vxlan")
    for cidr, segment in (("10.0.1.0/24", main), ("fd00::/64", more)):
        await neutron.create("subnet", network_id=other["id"], cidr=cidr, ip_version=6 if ":" in cidr else 4,
                             segment_id=segment["id"])  # fmt: skip
    assert [each["host_routes"] for each in await neutron.list("subnet", f"network_id={other['id']}")] == [[], []]
