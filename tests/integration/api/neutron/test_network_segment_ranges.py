"""Ranges of VNIs that projects' networks are given."""

from typing import Any

from tests.integration.api.neutron.requests import Json, Neutron, shown

PATH = "/v2.0/network_segment_ranges"


async def a_range(neutron: Neutron, minimum: int, maximum: int, **attributes: Any) -> Json:
    said = {"minimum": minimum, "maximum": maximum, "network_type": "vxlan"} | attributes
    made: Json = shown(await neutron.http.post(PATH, json={"network_segment_range": said}), 201)[
        "network_segment_range"
    ]
    return made


async def vni(neutron: Neutron, project_id: str) -> int:
    return int((await neutron.create("network", project_id=project_id))["provider:segmentation_id"])


async def test_a_projects_networks_have_vnis_of_its_range_then_of_everybodys(neutron: Neutron) -> None:
    own = await a_range(neutron, 2, 4, shared=False, project_id="blue")
    assert [await vni(neutron, "red") for _ in range(2)] == [1, 5]
    assert sorted([await vni(neutron, "blue") for _ in range(3)]) == [2, 3, 4]
    assert await vni(neutron, "blue") not in (2, 3, 4)
    found = shown(await neutron.http.get(f"{PATH}/{own['id']}"))["network_segment_range"]
    assert (found["used"], found["available"]) == ({"2": "blue", "3": "blue", "4": "blue"}, [])


async def test_a_range_with_networks_stays_and_keeps_them(neutron: Neutron) -> None:
    own = await a_range(neutron, 10, 20, shared=False, project_id="blue")
    network = await neutron.create("network", project_id="blue")
    path, taken = f"network_segment_ranges/{own['id']}", network["provider:segmentation_id"]
    change = {"network_segment_range": {"minimum": taken + 1}}
    assert (await neutron.refused("PUT", path, change))[:2] == (409, "NetworkSegmentRangeReferencedByProject")
    assert (await neutron.refused("DELETE", path))[:2] == (409, "NetworkSegmentRangeReferencedByProject")
    wider = {"network_segment_range": {"minimum": taken, "maximum": 30, "name": "wide"}}
    assert shown(await neutron.http.put(f"/v2.0/{path}", json=wider))["network_segment_range"]["maximum"] == 30
    await neutron.delete("network", network["id"])
    assert (await neutron.http.delete(f"/v2.0/{path}")).status_code == 204


async def test_ranges_that_cannot_be_are_refused(neutron: Neutron) -> None:
    (default,) = shown(await neutron.http.get(PATH))["network_segment_ranges"]
    assert (default["default"], default["shared"], default["project_id"]) == (True, True, None)
    assert (default["minimum"], default["maximum"], default["available"][:2]) == (1, 2**24 - 1, [1, 2])
    read_only = await neutron.refused("DELETE", f"network_segment_ranges/{default['id']}")
    assert read_only[:2] == (400, "NetworkSegmentRangeDefaultReadOnly")
    await a_range(neutron, 10, 20)
    for minimum, maximum, kind, status, error in (
        (20, 30, "vxlan", 409, "NetworkSegmentRangeOverlaps"),
        (40, 30, "vxlan", 400, "NetworkTunnelRangeError"),
        (40, 2**24, "vxlan", 400, "NetworkTunnelRangeError"),
        (0, 5, "vxlan", 400, "HTTPBadRequest"),
        (40, 2**24, "geneve", 400, "NetworkTunnelRangeError"),
        (40, 50, "flat", 400, "HTTPBadRequest"),
        (40, 50, "vlan", 400, "InvalidInput"),
    ):
        said = {"minimum": minimum, "maximum": maximum, "network_type": kind}
        refused = await neutron.refused("POST", "network-segment-ranges", {"network_segment_range": said})
        assert refused[:2] == (status, error), said


async def test_other_tunnels_have_ranges_of_their_own(neutron: Neutron) -> None:
    own = await a_range(neutron, 10, 11, network_type="geneve", shared=False, project_id="blue")
    everybodys = await a_range(neutron, 20, 29, network_type="geneve")
    geneve = {"provider:network_type": "geneve"}

    async def number(project_id: str, **said: Any) -> Any:
        return (await neutron.create("network", project_id=project_id, **geneve | said))["provider:segmentation_id"]

    assert sorted([await number("blue") for _ in range(3)]) == [10, 11, 20]
    assert await number("red") == 21
    assert await number("red", **{"provider:segmentation_id": 4000}) == 4000
    found = shown(await neutron.http.get(f"{PATH}/{everybodys['id']}"))["network_segment_range"]
    assert (list(found["used"]), found["available"]) == (["20", "21"], list(range(22, 30)))
    assert (await neutron.refused("DELETE", f"network_segment_ranges/{own['id']}"))[0] == 409


async def test_vlans_of_a_physical_network_have_ranges_of_their_own(neutron: Neutron) -> None:
    on = {"network_type": "vlan", "physical_network": "fabric"}
    own = await a_range(neutron, 10, 11, shared=False, project_id="blue", **on)
    everybodys = await a_range(neutron, 20, 29, **on)
    await a_range(neutron, 10, 29, **on | {"physical_network": "other"})
    vlan = {"provider:network_type": "vlan", "provider:physical_network": "fabric"}

    async def number(project_id: str, **said: Any) -> Any:
        return (await neutron.create("network", project_id=project_id, **vlan | said))["provider:segmentation_id"]

    assert [await number("blue") for _ in range(3)] == [10, 11, 20]
    assert [await number("red") for _ in range(2)] == [21, 22]
    assert await number("red", **{"provider:segmentation_id": 4000}) == 4000
    anywhere = await neutron.create("network", **{"provider:network_type": "vlan"})
    assert (anywhere["provider:physical_network"], anywhere["provider:segmentation_id"]) == ("fabric", 23)
    found = shown(await neutron.http.get(f"{PATH}/{everybodys['id']}"))["network_segment_range"]
    assert (list(found["used"]), found["available"]) == (["20", "21", "22", "23"], [24, 25, 26, 27, 28, 29])
    assert (found["physical_network"], own["used"], own["available"]) == ("fabric", {}, [10, 11])
    for minimum, maximum, error in (
        (25, 40, (409, "NetworkSegmentRangeOverlaps")),
        (4000, 4095, (400, "NetworkVlanRangeError")),
    ):
        said = {"minimum": minimum, "maximum": maximum, **on}
        refused = await neutron.refused("POST", "network-segment-ranges", {"network_segment_range": said})
        assert refused[:2] == error, said
    assert (await neutron.refused("DELETE", f"network_segment_ranges/{own['id']}"))[0] == 409
