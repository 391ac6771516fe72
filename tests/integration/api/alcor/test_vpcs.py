"""A project's VPCs: Neutron's networks with what Alcor adds, and only the project's own."""

import httpx
import pytest

from alcor.model.identifiers import new_id
from tests.integration.api.alcor.requests import (
    ELSEWHERE,
    PROJECT,
    add_port,
    add_subnet,
    add_vpc,
    by_id,
    refusal,
    shown,
)

ROUTE = {"destination": "10.9.0.0/16", "target": "local", "priority": 100}


async def test_a_vpc_is_shown_with_what_alcor_adds_to_a_network(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client, name="v", cidr="10.0.0.0/8", routes=[ROUTE], is_default=True, mtu=1400)
    assert (vpc["cidr"], vpc["routes"], vpc["is_default"]) == ("10.0.0.0/8", [ROUTE], True)
    assert (vpc["project_id"], vpc["tenant_id"], vpc["mtu"]) == ("p1", "p1", 1400)
    assert vpc["provider:segmentation_id"] >= 1
    assert shown(await client.get(f"{PROJECT}/vpcs/{vpc['id']}")) == {"network": vpc}
    assert shown(await client.get(f"{PROJECT}/vpcs")) == {"networks": [vpc]}


async def test_neutron_shows_the_same_network_without_it(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client, name="v", cidr="10.0.0.0/8", routes=[ROUTE], is_default=True)
    network = shown(await client.get(f"/v2.0/networks/{vpc['id']}"))["network"]
    assert vpc.keys() - network.keys() == {"cidr", "programming", "routes"}
    assert network.items() <= vpc.items()
    assert shown(await client.get("/v2.0/networks"))["networks"] == [network]
    refusal(await client.put(f"/v2.0/networks/{vpc['id']}", json={"network": {"cidr": "10.0.0.0/8"}}), 400)
    refusal(await client.post("/v2.0/networks", json={"network": {"cidr": "10.0.0.0/8"}}), 400)


async def test_what_neutron_does_not_show_survives_its_updates(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client, cidr="10.0.0.0/8", routes=[ROUTE], is_default=True)
    changed = shown(await client.put(f"/v2.0/networks/{vpc['id']}", json={"network": {"name": "new"}}))["network"]
    assert "cidr" not in changed
    after = shown(await client.get(f"{PROJECT}/vpcs/{vpc['id']}"))["network"]
    assert (after["name"], after["cidr"], after["routes"], after["is_default"]) == ("new", "10.0.0.0/8", [ROUTE], True)


async def test_a_network_made_through_neutron_is_a_vpc_of_its_project(client: httpx.AsyncClient) -> None:
    body = {"network": {"name": "n", "project_id": "p1"}}
    network = shown(await client.post("/v2.0/networks", json=body), 201)["network"]
    vpc = shown(await client.get(f"{PROJECT}/vpcs/{network['id']}"))["network"]
    assert (vpc["cidr"], vpc["routes"], vpc["is_default"]) == (None, [], False)
    refusal(await client.get(f"{ELSEWHERE}/vpcs/{network['id']}"), 404)


async def test_a_vpc_is_changed(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    change = {"name": "new", "cidr": "10.0.0.0/16", "routes": [ROUTE], "is_default": True, "mtu": 1300}
    changed = shown(await client.put(f"{PROJECT}/vpcs/{vpc['id']}", json={"network": change}))["network"]
    assert change.items() <= changed.items()
    assert changed["revision_number"] == 2


async def test_a_vpc_that_was_shown_may_be_sent_back_changed(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client, name="old")
    changed = shown(await client.put(f"{PROJECT}/vpcs/{vpc['id']}", json={"network": vpc | {"name": "new"}}))["network"]
    assert changed["name"] == "new"


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("id", "01a20000-0000-7000-8000-0000000000ab", "id"),
        ("provider:segmentation_id", 77, "Only VLAN type networks"),
        ("project_id", "p2", "project_id"),
        ("tenant_id", "p2", "project_id"),
    ],
)
async def test_what_cannot_change_is_not_changed(
    client: httpx.AsyncClient, field: str, value: object, named: str
) -> None:
    vpc = await add_vpc(client)
    message = refusal(await client.put(f"{PROJECT}/vpcs/{vpc['id']}", json={"network": {field: value}}), 400)
    assert named in message
    assert shown(await client.get(f"{PROJECT}/vpcs/{vpc['id']}"))["network"] == vpc


async def test_a_client_may_choose_the_id(client: httpx.AsyncClient) -> None:
    chosen = new_id()
    assert (await add_vpc(client, id=chosen))["id"] == chosen
    refusal(await client.post(f"{PROJECT}/vpcs", json={"network": {"id": chosen}}), 409)
    refusal(await client.post(f"{ELSEWHERE}/vpcs", json={"network": {"id": chosen}}), 409)
    assert "id" in refusal(await client.post(f"{PROJECT}/vpcs", json={"network": {"id": "mine"}}), 400)
    assert "id" in refusal(await client.post("/v2.0/networks", json={"network": {"id": new_id()}}), 400)


async def test_a_refused_id_takes_no_vni(client: httpx.AsyncClient) -> None:
    first = await add_vpc(client)
    refusal(await client.post(f"{PROJECT}/vpcs", json={"network": {"id": first["id"]}}), 409)
    second = await add_vpc(client)
    assert second["provider:segmentation_id"] == first["provider:segmentation_id"] + 1


async def test_null_and_what_the_server_sets_are_the_same_as_nothing_said(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(
        client,
        **{"mtu": None, "provider:segmentation_id": None, "id": None, "description": None, "cidr": None},
        revision_number=0,
        status="BUILD",
        created_at="yesterday",
        subnets=None,
        default=True,
    )
    assert (vpc["mtu"], vpc["description"], vpc["revision_number"], vpc["status"]) == (1450, "", 1, "ACTIVE")


async def test_a_project_has_its_own_vpcs_only(client: httpx.AsyncClient) -> None:
    own, other = await add_vpc(client), await add_vpc(client, ELSEWHERE)
    path = f"{PROJECT}/vpcs/{other['id']}"
    refusal(await client.get(path), 404)
    refusal(await client.put(path, json={"network": {"name": "mine"}}), 404)
    refusal(await client.delete(path), 404)
    assert shown(await client.get(f"{PROJECT}/vpcs"))["networks"] == [own]
    assert shown(await client.get(f"{PROJECT}/vpcs?project_id=p2"))["networks"] == []
    assert shown(await client.get(f"{ELSEWHERE}/vpcs/{other['id']}"))["network"] == other


async def test_a_body_cannot_name_another_project(client: httpx.AsyncClient) -> None:
    for field in ("project_id", "tenant_id"):
        body = {"network": {field: "p2"}}
        assert "project_id" in refusal(await client.post(f"{PROJECT}/vpcs", json=body), 400)
    assert (await add_vpc(client, project_id="p1", tenant_id="p1"))["project_id"] == "p1"
    response = await client.post(f"{PROJECT}/vpcs", json={"network": {}}, headers={"X-Project-Id": "p2"})
    assert shown(response, 201)["network"]["project_id"] == "p1"


async def test_many_vpcs_are_created_together_or_none(client: httpx.AsyncClient) -> None:
    made = shown(await client.post(f"{PROJECT}/vpcs/bulk", json={"networks": [{"name": "a"}, {"name": "b"}]}), 201)
    assert [each["name"] for each in made["networks"]] == ["a", "b"]
    same = {"id": new_id()}
    refusal(await client.post(f"{PROJECT}/vpcs/bulk", json={"networks": [same, same]}), 409)
    refusal(await client.post(f"{PROJECT}/vpcs/bulk", json={"networks": [{"name": "c"}, {"mtu": 9000}]}), 400)
    refusal(await client.post(f"{PROJECT}/vpcs/bulk", json={"networks": [{}, {"project_id": "p2"}]}), 400)
    assert shown(await client.get(f"{PROJECT}/vpcs"))["networks"] == by_id(made["networks"])


async def test_vpcs_are_counted(client: httpx.AsyncClient) -> None:
    await add_vpc(client, ELSEWHERE)
    for name in ("a", "a", "b"):
        await add_vpc(client, name=name)
    assert shown(await client.get(f"{PROJECT}/vpcs/count")) == {"Count": 3}
    assert shown(await client.get(f"{PROJECT}/vpcs/count?name=a")) == {"Count": 2}


async def test_a_vpc_with_subnets_or_ports_stays(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    subnet, port = await add_subnet(client, vpc["id"]), await add_port(client, vpc["id"])
    assert subnet["id"] in refusal(await client.delete(f"{PROJECT}/vpcs/{vpc['id']}"), 409)
    shown(await client.delete(f"{PROJECT}/ports/{port['id']}"))
    assert subnet["id"] in refusal(await client.delete(f"{PROJECT}/vpcs/{vpc['id']}"), 409)
    shown(await client.delete(f"{PROJECT}/subnets/{subnet['id']}"))
    assert shown(await client.delete(f"{PROJECT}/vpcs/{vpc['id']}")) == {"id": vpc["id"]}
    refusal(await client.get(f"{PROJECT}/vpcs/{vpc['id']}"), 404)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cidr", "10.0.0.0"),
        ("cidr", 10),
        ("is_default", "maybe"),
        ("routes", "none"),
        ("routes", [{"destination": "10.0.0.0/8"}]),
        ("routes", [ROUTE | {"priority": -1}]),
        ("routes", [ROUTE | {"colour": "blue"}]),
        ("mtu", 65536),
        ("provider:network_type", "stt"),
        ("security_groups", []),
        ("colour", "blue"),
    ],
)
async def test_a_wrong_field_is_named(client: httpx.AsyncClient, field: str, value: object) -> None:
    assert field in refusal(await client.post(f"{PROJECT}/vpcs", json={"network": {field: value}}), 400)


async def test_vpcs_are_listed_by_the_page(client: httpx.AsyncClient) -> None:
    made = [(await add_vpc(client))["id"] for _ in range(7)]
    await add_vpc(client, ELSEWHERE)
    seen, url = [], f"{PROJECT}/vpcs"
    while url:
        page = shown(await client.get(url))
        seen += [each["id"] for each in page["networks"]]
        url = next((link["href"] for link in page.get("networks_links", ()) if link["rel"] == "next"), "")
    assert seen == sorted(made)


async def test_the_same_is_served_under_v4(client: httpx.AsyncClient) -> None:
    vpc = shown(await client.post(f"/v4{PROJECT}/vpcs", json={"network": {}}), 201)["network"]
    assert shown(await client.get(f"/v4{PROJECT}/vpcs/{vpc['id']}")) == {"network": vpc}
    assert shown(await client.get(f"{PROJECT}/vpcs/{vpc['id']}")) == {"network": vpc}


async def test_a_project_has_ranges_of_vnis_of_its_own(client: httpx.AsyncClient) -> None:
    ranges = "/project/blue/network_segment_ranges"
    said = {"network_type": "vxlan", "minimum": 70, "maximum": 79, "shared": False}
    made = shown(await client.post(ranges, json={"network_segment_range": said}), 201)["network_segment_range"]
    assert [each["id"] for each in shown(await client.get(ranges))["network_segment_ranges"]] == [made["id"]]
    assert shown(await client.get("/project/red/network_segment_ranges"))["network_segment_ranges"] == []
    vpc = shown(await client.post("/project/blue/vpcs", json={"network": {}}), 201)["network"]
    assert vpc["provider:segmentation_id"] == 70
    assert (await client.delete(f"/project/blue/vpcs/{vpc['id']}")).status_code == 200
    assert shown(await client.delete(f"{ranges}/{made['id']}")) == {"id": made["id"]}


async def test_it_is_told_how_many_addresses_a_vpc_has(client: httpx.AsyncClient) -> None:
    vpc = await add_vpc(client)
    await add_subnet(client, vpc["id"], "10.0.0.0/29")
    await add_port(client, vpc["id"])
    told = shown(await client.get(f"/network-ip-availabilities/{vpc['id']}"))
    its = told["network_ip_availability"]
    assert (its["network_id"], its["total_ips"], its["used_ips"]) == (vpc["id"], 5, 1)
    listed = shown(await client.get(f"/v4/network-ip-availabilities?network_id={vpc['id']}"))
    assert listed["network_ip_availabilities"] == [its]
    refusal(await client.get(f"/network-ip-availabilities/{new_id()}"), 404)
