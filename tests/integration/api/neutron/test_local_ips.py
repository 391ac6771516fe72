"""Local IPs, and the ports that answer to them."""

from typing import Any

import pytest

from tests.integration.api.neutron.requests import Json, Neutron, shown


@pytest.fixture
async def network(neutron: Neutron) -> Json:
    made = await neutron.create("network")
    await neutron.create("subnet", network_id=made["id"], cidr="10.0.0.0/24")
    return made


async def local_ip(neutron: Neutron, **values: Any) -> Json:
    made: Json = shown(await neutron.http.post("/v2.0/local_ips", json={"local_ip": values}), 201)["local_ip"]
    return made


async def associated(neutron: Neutron, local: Json, port: Json, **values: Any) -> Json:
    body = {"port_association": {"fixed_port_id": port["id"], **values}}
    answer = await neutron.http.post(f"/v2.0/local_ips/{local['id']}/port_associations", json=body)
    made: Json = shown(answer, 201)["port_association"]
    return made


async def refused(neutron: Neutron, path: str, **values: Any) -> tuple[int, str]:
    name = "local_ip" if path == "local_ips" else "port_association"
    return (await neutron.refused("POST", path, {name: values}))[:2]


async def test_a_local_ip_is_the_address_of_a_port_or_has_one_of_its_own(neutron: Neutron, network: Json) -> None:
    port = await neutron.create("port", network_id=network["id"])
    elsewhere = await neutron.create("network")
    made = await local_ip(neutron, local_port_id=port["id"], network_id=elsewhere["id"], name="dns")  # the port counts
    address = port["fixed_ips"][0]["ip_address"]
    assert (made["network_id"], made["local_ip_address"], made["ip_mode"]) == (network["id"], address, "translate")
    own = await local_ip(neutron, network_id=network["id"], local_ip_address="10.0.0.77", ip_mode="passthrough")
    holder = await neutron.show("port", own["local_port_id"])
    assert (holder["device_owner"], holder["device_id"]) == ("network:local_ip", own["id"])
    assert [each["ip_address"] for each in holder["fixed_ips"]] == ["10.0.0.77"]
    renamed = await neutron.http.put(f"/v2.0/local_ips/{own['id']}", json={"local_ip": {"name": "ntp"}})
    assert shown(renamed)["local_ip"]["name"] == "ntp"


async def test_what_no_address_can_be_found_for_is_refused(neutron: Neutron, network: Json) -> None:
    bare = await neutron.create("network")
    both = [{"ip_address": "10.0.0.5"}, {"ip_address": "10.0.0.6"}]
    port = await neutron.create("port", network_id=network["id"], fixed_ips=both)
    without = await neutron.create("port", network_id=bare["id"])
    for values, expected in (
        ({}, (400, "LocalIPPortOrNetworkRequired")),
        ({"network_id": bare["id"]}, (400, "BadRequest")),
        ({"network_id": port["id"]}, (404, "NetworkNotFound")),
        ({"local_port_id": network["id"]}, (400, "BadRequest")),
        ({"local_port_id": without["id"]}, (400, "LocalIPNoIP")),
        ({"local_port_id": port["id"]}, (400, "LocalIPNoRequestedIP")),
        ({"local_port_id": port["id"], "local_ip_address": "10.0.0.99"}, (400, "LocalIPRequestedIPNotFound")),
    ):
        assert await refused(neutron, "local_ips", **values) == expected, values


async def test_ports_answer_to_it_until_they_do_no_longer(neutron: Neutron, network: Json) -> None:
    local = await local_ip(neutron, network_id=network["id"])
    port = await neutron.create("port", network_id=network["id"], **{"binding:host_id": "host-1"})
    made = await associated(neutron, local, port)
    assert made == {
        "local_ip_id": local["id"],
        "local_ip_address": local["local_ip_address"],
        "fixed_port_id": port["id"],
        "fixed_ip": port["fixed_ips"][0]["ip_address"],
        "host": "host-1",
    }
    path = f"local_ips/{local['id']}/port_associations"
    assert await refused(neutron, path, fixed_port_id=port["id"]) == (409, "LocalIPAssociationExists")
    assert shown(await neutron.http.get(f"/v2.0/{path}"))["port_associations"] == [made]
    assert shown(await neutron.http.get(f"/v2.0/{path}/{port['id']}"))["port_association"] == made
    assert (await neutron.refused("DELETE", f"local_ips/{local['id']}"))[:2] == (409, "LocalIPInUse")
    assert (await neutron.http.delete(f"/v2.0/{path}/{port['id']}")).status_code == 204
    assert (await neutron.refused("GET", f"{path}/{port['id']}"))[0] == 404
    assert (await neutron.http.delete(f"/v2.0/local_ips/{local['id']}")).status_code == 204
    assert (await neutron.refused("GET", f"ports/{local['local_port_id']}"))[0] == 404


async def test_associations_go_with_the_ports_and_addresses_they_are_of(neutron: Neutron, network: Json) -> None:
    local = await local_ip(neutron, network_id=network["id"])
    moved, gone = await neutron.create_bulk("port", *[{"network_id": network["id"]}] * 2)
    for port in (moved, gone):
        await associated(neutron, local, port)
    await neutron.update("port", moved["id"], fixed_ips=[{"ip_address": "10.0.0.200"}])
    await neutron.delete("port", gone["id"])
    left = shown(await neutron.http.get(f"/v2.0/local_ips/{local['id']}/port_associations"))
    assert left == {"port_associations": []}


async def test_the_port_that_holds_the_address_stays(neutron: Neutron, network: Json) -> None:
    port = await neutron.create("port", network_id=network["id"])
    local = await local_ip(neutron, local_port_id=port["id"])
    assert (await neutron.refused("DELETE", f"ports/{port['id']}"))[:2] == (409, "ServicePortInUse")
    assert (await neutron.http.delete(f"/v2.0/local_ips/{local['id']}")).status_code == 204
    await neutron.delete("port", port["id"])


async def test_an_interface_that_holds_the_address_stays(neutron: Neutron, network: Json) -> None:
    port = await neutron.create("port", network_id=network["id"])
    await local_ip(neutron, local_port_id=port["id"])
    router = f"/v2.0/routers/{(await neutron.create('router'))['id']}"
    interface = {"port_id": port["id"]}
    shown(await neutron.http.put(f"{router}/add_router_interface", json=interface))
    refused = await neutron.refused("PUT", f"{router.removeprefix('/v2.0/')}/remove_router_interface", interface)
    assert refused[:2] == (409, "ServicePortInUse")
