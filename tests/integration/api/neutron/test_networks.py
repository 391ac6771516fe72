"""Networks through the API: what is shown, what may be said, and how refusals look."""

from typing import Any

from tests.integration.api.neutron.requests import Json, Neutron, shown

NOWHERE = "11111111-1111-4111-8111-111111111111"
GENERATED = ("id", "created_at", "updated_at")


def settled(view: Json) -> Json:
    """A view without what differs from one resource to the next."""
    return {name: value for name, value in view.items() if name not in GENERATED}


async def test_a_network_has_neutrons_attributes_and_defaults(neutron: Neutron) -> None:
    assert settled(await neutron.create("network")) == {
        "name": "",
        "description": "",
        "project_id": "default",
        "tenant_id": "default",
        "admin_state_up": True,
        "status": "ACTIVE",
        "shared": False,
        "router:external": False,
        "mtu": 1450,
        "provider:network_type": "vxlan",
        "provider:physical_network": None,
        "provider:segmentation_id": 1,
        "port_security_enabled": True,
        "dns_domain": "",
        "is_default": False,
        "project_default": False,
        "availability_zone_hints": [],
        "availability_zones": [],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "vlan_transparent": False,
        "qinq": False,
        "qos_policy_id": None,
        "tags": [],
        "subnets": [],
        "l2_adjacency": True,
        "revision_number": 1,
    }


async def test_what_was_said_is_shown_until_it_is_deleted(neutron: Neutron) -> None:
    said: Json = {
        "name": "blue ☁",
        "description": "d" * 255,
        "project_id": "p1",
        "admin_state_up": False,
        "shared": True,
        "router:external": True,
        "mtu": 1300,
        "provider:network_type": "vxlan",
        "provider:segmentation_id": 4242,
        "port_security_enabled": False,
        "dns_domain": "example.org.",
    }
    created = await neutron.create("network", **said)
    assert {name: created[name] for name in said} == said
    assert await neutron.show("network", created["id"]) == created
    assert await neutron.list("network") == [created]
    changes: Json = {
        "name": "red", "description": "", "admin_state_up": True, "shared": False, "router:external": False,
        "mtu": 1400, "port_security_enabled": True, "dns_domain": "",
    }  # fmt: skip
    updated = await neutron.update("network", created["id"], **changes)
    assert settled(updated) == settled(created) | changes | {"revision_number": 2}
    assert await neutron.show("network", created["id"]) == updated
    await neutron.delete("network", created["id"])
    assert await neutron.list("network") == []
    for method in ("GET", "PUT", "DELETE"):
        body = {"network": {"name": "x"}} if method == "PUT" else None
        assert await neutron.refused(method, f"networks/{created['id']}", body) == (
            404,
            "NetworkNotFound",
            f"Network {created['id']} could not be found.",
        )


async def test_values_are_taken_in_the_forms_neutron_takes(neutron: Neutron) -> None:
    said: Json = {"admin_state_up": "False", "shared": "1", "mtu": "1300", "provider:segmentation_id": "99"}
    created = await neutron.create("network", **said)
    assert [created[name] for name in said] == [False, True, 1300, 99]
    assert (await neutron.create("network", mtu=0))["mtu"] == 1450


async def test_the_owner_is_named_or_comes_with_the_request(neutron: Neutron) -> None:
    assert (await neutron.create("network", tenant_id="t"))["project_id"] == "t"
    assert (await neutron.create("network", tenant_id="t", project_id="t"))["tenant_id"] == "t"
    refused = await neutron.refused("POST", "networks", {"network": {"tenant_id": "t", "project_id": "p"}})
    assert refused == (400, "HTTPBadRequest", "'project_id' and 'tenant_id' do not match")
    headers = {"X-Project-Id": "header"}
    for body, owner in (({}, "header"), ({"project_id": "body"}, "body")):
        response = await neutron.http.post("/v2.0/networks", json={"network": body}, headers=headers)
        assert response.json()["network"]["project_id"] == owner
    long = await neutron.refused("POST", "networks", {"network": {}}, headers={"X-Project-Id": "x" * 256})
    assert long[0] == 400


BAD_REQUESTS: list[tuple[Json, str]] = [
    ({"colour": "red", "name": "n"}, "Unrecognized attribute(s) 'colour'"),
    ({"colour": "red", "shape": "x"}, "Unrecognized attribute(s) 'colour, shape'"),
    ({"id": NOWHERE}, "Attribute 'id' not allowed in POST"),
    ({"status": "ACTIVE"}, "Attribute 'status' not allowed in POST"),
    ({"subnets": []}, "Attribute 'subnets' not allowed in POST"),
    ({"name": 7}, "Invalid input for name. Reason: '7' is not a valid string."),
    ({"name": " x"}, "Invalid input for name. Reason: ' x' is not a valid string."),
    ({"name": None}, "Invalid input for name. Reason: 'None' is not a valid string."),
    ({"name": "x" * 256}, f"Invalid input for name. Reason: '{'x' * 64}' exceeds maximum length of 255."),
    ({"name": "a\0b"}, "Invalid input for name. Reason: a string cannot hold the character NUL."),
    ({"admin_state_up": "maybe"}, "Invalid input for admin_state_up. Reason: 'maybe' cannot be converted to boolean."),
    ({"mtu": "x"}, "Invalid input for mtu. Reason: 'x' is not an integer."),
    ({"mtu": 10**30}, "Invalid input for mtu. Reason: '1e+30' is not between 0 and 65535."),
    ({"mtu": -(2**63)}, f"Invalid input for mtu. Reason: '{-(2**63)}' is not between 0 and 65535."),
    ({"provider:network_type": "stt"}, "Invalid input for provider:network_type. Reason: 'stt' is not in ['vxlan',"),
    (
        {"provider:segmentation_id": 2**24},
        "Invalid input for provider:segmentation_id. Reason: '16777216' is not between 1 and 16777215.",
    ),
    ({"dns_domain": "-x"}, "Invalid input for dns_domain. Reason: '-x' is not a valid domain name"),
]


async def test_a_bad_request_is_told_what_is_wrong_with_it(neutron: Neutron) -> None:
    for attributes, message in BAD_REQUESTS:
        status, kind, said = await neutron.refused("POST", "networks", {"network": attributes})
        assert (status, kind) == (400, "HTTPBadRequest"), attributes
        assert said.startswith(message), attributes
    assert await neutron.list("network") == []


async def test_what_cannot_change_is_read_only(neutron: Neutron) -> None:
    network = await neutron.create("network")
    read_only: dict[str, Any] = {
        "id": NOWHERE, "project_id": "p", "tenant_id": "p", "status": "DOWN", "revision_number": 7,
        "created_at": "2024-01-01T00:00:00Z", "availability_zone_hints": [],
    }  # fmt: skip
    for name, value in read_only.items():
        refused = await neutron.refused("PUT", f"networks/{network['id']}", {"network": {name: value}})
        assert refused == (400, "HTTPBadRequest", f"Cannot update read-only attribute {name}")
    assert await neutron.show("network", network["id"]) == network


async def test_conflicts_have_neutrons_names(neutron: Neutron) -> None:
    network = await neutron.create("network", **{"provider:segmentation_id": 7})
    assert await neutron.refused("POST", "networks", {"network": {"provider:segmentation_id": 7}}) == (
        409,
        "TunnelIdInUse",
        "Unable to create the network. The tunnel ID 7 is in use.",
    )
    port = await neutron.create("port", network_id=network["id"])
    status, kind, message = await neutron.refused("DELETE", f"networks/{network['id']}")
    assert (status, kind) == (409, "NetworkInUse")
    assert port["id"] in message


async def test_several_networks_are_created_together_or_not_at_all(neutron: Neutron) -> None:
    created = await neutron.create_bulk("network", {"name": "a"}, {"network": {"name": "b"}}, {})
    assert [network["name"] for network in created] == ["a", "b", ""]
    taken = {"provider:segmentation_id": created[0]["provider:segmentation_id"]}
    for bad, status in ((taken, 409), ({"colour": "red"}, 400), ("x", 400), (None, 400), ([], 400)):
        refused = await neutron.refused("POST", "networks", {"networks": [{"name": "c"}, bad]})
        assert refused[0] == status
    assert len(await neutron.list("network")) == 3


async def test_a_network_names_its_subnets(neutron: Neutron) -> None:
    networks = await neutron.create_bulk("network", {}, {})
    subnets = [
        await neutron.create("subnet", network_id=networks[number % 2]["id"], cidr=f"10.0.{number}.0/24", ip_version=4)
        for number in range(4)
    ]
    listed = {network["id"]: network["subnets"] for network in await neutron.list("network")}
    assert listed == {
        networks[0]["id"]: [subnets[0]["id"], subnets[2]["id"]],
        networks[1]["id"]: [subnets[1]["id"], subnets[3]["id"]],
    }
    await neutron.delete("network", networks[0]["id"])
    assert {subnet["id"] for subnet in await neutron.list("subnet")} == set(listed[networks[1]["id"]])


async def test_a_networks_mtu_is_what_its_subnets_need_and_the_underlay_leaves(neutron: Neutron) -> None:
    too_big = (400, "InvalidInput", "Invalid input for operation: Requested MTU is too big, maximum is 1450.")
    assert await neutron.refused("POST", "networks", {"network": {"mtu": 1451}}) == too_big
    for version, cidr, least in ((4, "10.0.0.0/24", 68), (6, "2001:db8::/64", 1280)):
        network = await neutron.create("network", mtu=least - 1)
        path, subnet = f"networks/{network['id']}", {"network_id": network["id"], "cidr": cidr, "ip_version": version}
        too_narrow = (
            409,
            "NetworkMTUSubnetConflict",
            f"MTU of {network['id']} is not valid, subnet requires a minimum of {least}",
        )
        assert await neutron.refused("POST", "subnets", {"subnet": subnet}) == too_narrow
        assert (await neutron.update("network", network["id"], mtu=least))["mtu"] == least
        await neutron.create("subnet", **subnet)
        assert await neutron.refused("PUT", path, {"network": {"mtu": least - 1}}) == too_narrow
        assert await neutron.refused("PUT", path, {"network": {"mtu": 9000}}) == too_big
        assert (await neutron.update("network", network["id"], mtu=0))["mtu"] == 1450


async def test_subnets_on_segments_are_not_adjacent(neutron: Neutron) -> None:
    network = await neutron.create("network")
    (main,) = await neutron.list("segment", f"network_id={network['id']}")
    await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", segment_id=main["id"])
    assert (await neutron.show("network", network["id"]))["l2_adjacency"] is False


TYPE, PHYSICAL, NUMBER = "provider:network_type", "provider:physical_network", "provider:segmentation_id"


async def test_networks_are_vlans_of_a_physical_network_and_one_flat_one(neutron: Neutron) -> None:
    vlan = {TYPE: "vlan", PHYSICAL: "fabric"}
    many = await neutron.create_bulk("network", vlan, vlan, vlan | {NUMBER: 3}, {}, vlan | {PHYSICAL: "other"})
    assert [each[NUMBER] for each in many] == [1, 2, 3, 1, 1]
    flat = await neutron.create("network", **{TYPE: "flat", PHYSICAL: "fabric"})
    assert (flat[TYPE], flat[PHYSICAL], flat[NUMBER], flat["mtu"]) == ("flat", "fabric", None, 1450)
    (main,) = await neutron.list("segment", f"network_id={flat['id']}")
    assert (main["network_type"], main["physical_network"], main["segmentation_id"]) == ("flat", "fabric", None)
    assert [each["id"] for each in await neutron.list("network", f"{TYPE}=flat")] == [flat["id"]]
    assert [each["id"] for each in await neutron.list("network", f"{NUMBER}=3")] == [many[2]["id"]]
    await neutron.delete("network", many[0]["id"])
    await neutron.delete("network", flat["id"])
    assert (await neutron.create("network", **vlan))[NUMBER] == 1
    await neutron.create("network", **{TYPE: "flat", PHYSICAL: "fabric"})


async def test_what_networks_of_a_type_cannot_be_is_refused(neutron: Neutron) -> None:
    await neutron.create_bulk(
        "network", {TYPE: "flat", PHYSICAL: "fabric"}, {TYPE: "vlan", PHYSICAL: "fabric", NUMBER: 7}
    )
    for said, status, kind, message in (
        ({TYPE: "flat"}, 400, "InvalidInput", "physical_network required for flat provider network"),
        ({TYPE: "flat", PHYSICAL: "x", NUMBER: 1}, 400, "InvalidInput", "segmentation_id prohibited for flat provider"),
        ({TYPE: "flat", PHYSICAL: "fabric"}, 409, "FlatNetworkInUse", "Physical network fabric is in use"),
        ({TYPE: "vlan"}, 400, "InvalidInput", "physical_network required for vlan provider network"),
        ({TYPE: "vlan", NUMBER: 5}, 400, "InvalidInput", "segmentation_id requires physical_network for VLAN"),
        ({TYPE: "vlan", PHYSICAL: "x", NUMBER: 4095}, 400, "InvalidInput", "out of range (1 through 4094)"),
        ({TYPE: "vlan", PHYSICAL: "fabric", NUMBER: 7}, 409, "VlanIdInUse", "The VLAN 7 on physical network fabric"),
        ({PHYSICAL: "fabric"}, 400, "InvalidInput", "provider:physical_network specified for vxlan network"),
    ):
        refused = await neutron.refused("POST", "networks", {"network": said})
        assert refused[:2] == (status, kind), said
        assert message in refused[2], said
    assert len(await neutron.list("network")) == 2


async def test_a_vlan_gets_another_number(neutron: Neutron) -> None:
    vlan = {TYPE: "vlan", PHYSICAL: "fabric"}
    first, second = await neutron.create_bulk("network", vlan, vlan)
    shown(await neutron.http.post("/nodes", json={"host_info": {"node_id": "h", "local_ip": "192.0.2.1"}}), 201)
    port = await neutron.create("port", network_id=first["id"], **{"binding:host_id": "h"})
    changed = await neutron.update("network", first["id"], **vlan, **{NUMBER: 77})
    assert (changed[NUMBER], changed["revision_number"]) == (77, first["revision_number"] + 1)
    (main,) = await neutron.list("segment", f"network_id={first['id']}")
    assert (main["segmentation_id"], main["revision_number"]) == (77, 2)
    assert (await neutron.create("network", **vlan))[NUMBER] == 1  # given back
    assert await neutron.refused("PUT", f"networks/{second['id']}", {"network": {NUMBER: 77}}) == (
        409, "VlanIdInUse", "Unable to create the network. The VLAN 77 on physical network fabric is in use."
    )  # fmt: skip
    assert (await neutron.update("network", second["id"], name="n", **{NUMBER: 2}))["name"] == "n"  # as it is
    await neutron.delete("port", port["id"])
    await neutron.delete("network", first["id"])
    assert (await neutron.update("network", second["id"], **{NUMBER: 77}))[NUMBER] == 77


async def test_nothing_else_of_what_a_network_is_can_change(neutron: Neutron) -> None:
    vlan = {TYPE: "vlan", PHYSICAL: "fabric"}
    plain, only, flat = await neutron.create_bulk("network", {}, vlan, {TYPE: "flat", PHYSICAL: "fabric"})
    several = await neutron.create("network", segments=[vlan, vlan])
    for network, said, message in (
        (plain, {NUMBER: 99}, "Only VLAN type networks can be updated."),
        (flat, {NUMBER: 99}, "Only VLAN type networks can be updated."),
        (only, {NUMBER: 4095}, "segmentation_id out of range (1 through 4094)"),
        (only, {TYPE: "flat"}, f"following provider network attributes: {TYPE}"),
        (only, {PHYSICAL: "x", NUMBER: 9}, f"following provider network attributes: {PHYSICAL}"),
        (several, {NUMBER: 99}, "can be updated only in provider networks with a single segment."),
    ):
        refused = await neutron.refused("PUT", f"networks/{network['id']}", {"network": said})
        assert refused[:2] == (400, "InvalidInput"), said
        assert message in refused[2], said
        assert await neutron.show("network", network["id"]) == network


async def test_segments_of_one_request_have_numbers_of_their_own(neutron: Neutron) -> None:
    vlan, flat = {TYPE: "vlan", PHYSICAL: "fabric"}, {TYPE: "flat", PHYSICAL: "fabric"}
    network = await neutron.create("network", segments=[vlan, vlan, flat])
    assert [each[NUMBER] for each in network["segments"]] == [1, 2, None]
    assert (network[TYPE], network[NUMBER]) == ("vlan", 1)
    twice = await neutron.refused("POST", "networks", {"network": {"segments": [{TYPE: "flat", PHYSICAL: "x"}] * 2}})
    assert twice[:2] == (409, "FlatNetworkInUse")


async def test_networks_carry_no_vlan_tags_of_workloads_and_say_so(neutron: Neutron) -> None:
    network = await neutron.create("network", vlan_transparent="no", qinq=False)
    for name, kind, message in (
        ("vlan_transparent", "VlanTransparencyDriverError", "Backend does not support VLAN Transparency."),
        ("qinq", "VlanQinqDriverError", "Backend does not support VLAN QinQ."),
    ):
        assert network[name] is False
        assert await neutron.refused("POST", "networks", {"network": {name: True}}) == (400, kind, message)
        assert (await neutron.refused("PUT", f"networks/{network['id']}", {"network": {name: False}}))[0] == 400
        assert await neutron.list("network", f"{name}=false") == [network]
        assert await neutron.list("network", f"{name}=true") == []


async def test_networks_say_whether_they_are_their_projects_default(neutron: Neutron) -> None:
    network = await neutron.create("network", project_default=True)
    assert (await neutron.show("network", network["id"]))["project_default"] is True
    assert (await neutron.update("network", network["id"], project_default="false"))["project_default"] is False
    body = {"network": {"project_default": "perhaps"}}
    assert (await neutron.refused("PUT", f"networks/{network['id']}", body))[0] == 400
