"""Trunks: ports that carry others, told apart by segment, with Neutron's rules and refusals."""

from typing import Any

from tests.integration.api.neutron.requests import Json, Neutron, shown
from tests.integration.api.neutron.test_networks import NOWHERE


async def new_port(neutron: Neutron, **attributes: Any) -> str:
    """The id of a new port on a network of its own; ``mtu`` is the network's."""
    network = await neutron.create("network", mtu=attributes.pop("mtu", 1400))
    port = await neutron.create("port", network_id=network["id"], **attributes)
    return str(port["id"])


def vlan(port_id: str, number: Any) -> Json:
    return {"port_id": port_id, "segmentation_type": "vlan", "segmentation_id": number}


async def change(neutron: Neutron, trunk_id: str, action: str, *sub_ports: Json) -> Json:
    path = f"/v2.0/trunks/{trunk_id}/{action}"
    changed: Json = shown(await neutron.http.put(path, json={"sub_ports": sub_ports}))
    return changed


async def test_a_trunk_carries_ports_and_its_parent_says_which(neutron: Neutron) -> None:
    parent, first, second = [await new_port(neutron) for _ in range(3)]
    assert (await neutron.show("port", parent))["trunk_details"] is None
    trunk = await neutron.create("trunk", port_id=parent, name="t", sub_ports=[vlan(first, 5)])
    assert (trunk["status"], trunk["admin_state_up"], trunk["sub_ports"]) == ("DOWN", True, [vlan(first, 5)])
    added = await change(neutron, trunk["id"], "add_subports", vlan(second, 2))
    assert added["sub_ports"] == [vlan(second, 2), vlan(first, 5)]
    assert added["revision_number"] == trunk["revision_number"] + 1
    assert await neutron.list("trunk", "name=t") == [await neutron.show("trunk", trunk["id"])] == [added]
    found = shown(await neutron.http.get(f"/v2.0/trunks/{trunk['id']}/get_subports"))
    assert found == {"sub_ports": added["sub_ports"]}

    macs = {port: (await neutron.show("port", port))["mac_address"] for port in (first, second)}
    carried = [vlan(second, 2) | {"mac_address": macs[second]}, vlan(first, 5) | {"mac_address": macs[first]}]
    renamed = await neutron.update("port", parent, name="parent")
    assert renamed["trunk_details"] == {"trunk_id": trunk["id"], "sub_ports": carried}
    assert await neutron.list("port", f"id={parent}") == [renamed]

    left = await change(neutron, trunk["id"], "remove_subports", {"port_id": first})
    assert left["sub_ports"] == [vlan(second, 2)]
    await neutron.delete("trunk", trunk["id"])
    assert (await neutron.show("port", parent))["trunk_details"] is None
    for port in (parent, first, second):
        await neutron.delete("port", port)


async def test_ports_of_a_trunk_stay(neutron: Neutron) -> None:
    parent, carried = await new_port(neutron), await new_port(neutron)
    trunk = await neutron.create("trunk", port_id=parent, sub_ports=[vlan(carried, 2)])
    for port, kind in ((parent, "PortInUseAsTrunkParent"), (carried, "PortInUseAsSubPort")):
        status, refused_as, message = await neutron.refused("DELETE", f"ports/{port}")
        assert (status, refused_as) == (409, kind) and trunk["id"] in message


async def test_what_cannot_be_a_parent_is_refused(neutron: Neutron) -> None:
    parent, carried = await new_port(neutron), await new_port(neutron)
    await neutron.create("trunk", port_id=parent, sub_ports=[vlan(carried, 2)])
    bound = await new_port(neutron, **{"binding:host_id": "host-1"})
    for port, status, kind in (
        (NOWHERE, 404, "PortNotFound"),
        (parent, 409, "ParentPortInUse"),
        (carried, 409, "TrunkPortInUse"),
        (bound, 409, "ParentPortInUse"),
    ):
        refused = await neutron.refused("POST", "trunks", {"trunk": {"port_id": port}})
        assert refused[:2] == (status, kind)


async def test_what_cannot_be_a_sub_port_is_refused(neutron: Neutron) -> None:
    parent, carried, other, device = [
        await new_port(neutron, **attributes) for attributes in ({}, {}, {}, {"device_id": "vm"})
    ]
    large = await new_port(neutron, mtu=1450)
    trunk = await neutron.create("trunk", port_id=parent, sub_ports=[vlan(carried, 2)])
    refusals: list[tuple[list[Json] | Json, int, str]] = [
        ([vlan(NOWHERE, 3)], 404, "PortNotFound"),
        ([vlan(parent, 3)], 409, "ParentPortInUse"),
        ([vlan(carried, 3)], 409, "TrunkPortInUse"),
        ([vlan(device, 3)], 409, "PortInUse"),
        ([vlan(large, 3)], 409, "SubPortMtuGreaterThanTrunkPortMtu"),
        ([vlan(other, 2)], 409, "DuplicateSubPort"),
        ([vlan(other, 4095)], 400, "InvalidInput"),
        ([vlan(other, 3) | {"segmentation_type": "vxlan"}], 400, "InvalidInput"),
        ([{"port_id": other, "segmentation_type": "inherit"}], 400, "InvalidInput"),  # its network is a VXLAN
        ([{"port_id": other, "segmentation_type": "vlan"}], 400, "HTTPBadRequest"),
        ([vlan(other, 3), vlan(device, 3)], 400, "HTTPBadRequest"),
        ([vlan(other, 3), vlan(other, 4)], 400, "HTTPBadRequest"),
        (vlan(other, 3), 400, "HTTPBadRequest"),
    ]
    for sub_ports, status, kind in refusals:
        body = {"sub_ports": sub_ports}
        refused = await neutron.refused("PUT", f"trunks/{trunk['id']}/add_subports", body)
        assert refused[:2] == (status, kind), sub_ports
    assert (await neutron.show("trunk", trunk["id"]))["sub_ports"] == [vlan(carried, 2)]


async def test_a_disabled_trunk_cannot_be_managed(neutron: Neutron) -> None:
    parent, other = await new_port(neutron), await new_port(neutron)
    trunk = await neutron.create("trunk", port_id=parent, admin_state_up=False)
    path = f"trunks/{trunk['id']}"
    for method, below, body in (
        ("PUT", "/add_subports", {"sub_ports": [vlan(other, 2)]}),
        ("PUT", "/remove_subports", {"sub_ports": [vlan(other, 2)]}),
        ("DELETE", "", None),
    ):
        assert (await neutron.refused(method, path + below, body))[:2] == (409, "TrunkDisabled")
    await neutron.update("trunk", trunk["id"], admin_state_up=True)
    refused = await neutron.refused("PUT", f"{path}/remove_subports", {"sub_ports": [vlan(other, 2)]})
    assert refused[:2] == (404, "SubPortNotFound")


async def test_a_project_has_no_more_trunks_than_it_may(neutron: Neutron) -> None:
    await neutron.http.put("/v2.0/quotas/default", json={"quota": {"trunk": 1}})
    await neutron.create("trunk", port_id=await new_port(neutron))
    refused = await neutron.refused("POST", "trunks", {"trunk": {"port_id": await new_port(neutron)}})
    assert refused[:2] == (409, "OverQuota")
