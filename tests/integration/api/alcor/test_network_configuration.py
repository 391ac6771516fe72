"""What the Java Alcor's managers send its Data Plane Manager: applied all or none, as often as one likes."""

from typing import Any

import httpx
import pytest

from alcor.model.identifiers import id_bytes, new_id
from alcor.model.records import PortRecord
from alcor.services.hosts import host_session
from alcor.store import change_log
from alcor.store.store import Store
from tests.integration.api.alcor.requests import PROJECT, add_node, add_port, add_subnet, add_vpc, refusal, shown
from tests.integration.services.accounts import everything

PATH = "/network-configuration"
VPC, SUBNET, PORT = (new_id() for _ in range(3))


def configuration(**others: Any) -> dict[str, Any]:
    """A port in a subnet of a VPC, with the fields that the Java Port Manager sends, many of them null."""
    vpc = {"id": VPC, "project_id": "p1", "name": "v", "cidr": "10.0.0.0/16", "routes": None, "segments": None}
    subnet = {
        "id": SUBNET, "project_id": "p1", "network_id": VPC, "name": "s", "cidr": "10.0.1.0/24", "tunnel_id": 77,
        "gateway_ip": "10.0.1.1", "gateway_port_detail": {"gateway_macAddress": "02:00:00:00:00:01"}, "routes": [],
    }  # fmt: skip
    port = {
        "id": PORT, "project_id": "p1", "network_id": VPC, "name": "p", "mac_address": "02:00:00:00:00:05",
        "fixed_ips": [{"subnet_id": SUBNET, "ip_address": "10.0.1.5"}], "binding_host_ip": "192.0.2.1",
        "is_zeta_gateway_port": None, "routes": None, "fast_path": True, "security_groups": [],
        "device_owner": "compute:nova", "device_id": "vm",
    }  # fmt: skip
    usual = {
        "rsType": "PORT", "opType": "CREATE", "vpcs_internal": [vpc], "subnets_internal": [subnet],
        "ports_internal": [port], "security_groups_internal": None, "neighbor_info": {}, "neighbor_table": {},
        "routers_internal": None,
    }  # fmt: skip
    return usual | others


def changed(member: str, **values: Any) -> dict[str, Any]:
    """The configuration with other values in the first item of a member."""
    usual = configuration()
    return usual | {member: [usual[member][0] | values]}


async def show(client: httpx.AsyncClient, collection: str, name: str, resource_id: str) -> dict[str, Any]:
    found: dict[str, Any] = shown(await client.get(f"{PROJECT}/{collection}/{resource_id}"))[name]
    return found


async def test_what_is_not_there_is_made_with_the_ids_and_hosts_that_are_said(client: httpx.AsyncClient) -> None:
    await add_node(client, 1)
    answer = shown(await client.post(PATH, json=configuration()), 201)
    assert (answer["resultMessage"], answer["overrallTime"] >= 0) == ("Successfully Handle request !!", True)
    (result,) = answer["resultList"]
    assert (result["resource_type"], result["operation_status"]) == ("PORT", "Successfully Handle request !!")
    assert (await show(client, "vpcs", "network", VPC))["provider:segmentation_id"] == 77
    assert (await show(client, "subnets", "subnet", SUBNET))["network_id"] == VPC
    assert (await show(client, "ports", "port", PORT)).items() >= {
        "binding:host_id": "host-1", "mac_address": "02:00:00:00:00:05", "device_id": "vm",
        "fixed_ips": [{"subnet_id": SUBNET, "ip_address": "10.0.1.5"}],
    }.items()  # fmt: skip


async def test_hosts_that_are_away_are_named(client: httpx.AsyncClient, store: Store) -> None:
    await add_node(client, 1)
    answer = shown(await client.post(PATH, json=configuration()), 201)
    assert answer["resultList"][0]["failed_hosts"] == ["host-1"]
    session = host_session.HostSession("host-1", b"0123456789abcdef")
    await store.write(lambda transaction: host_session.claim(transaction, "controller", [session]))
    answer = shown(await client.put(PATH, json=configuration()))
    assert answer["resultList"][0]["failed_hosts"] == []


async def test_what_is_said_again_changes_nothing(client: httpx.AsyncClient, store: Store) -> None:
    await add_node(client, 1)
    shown(await client.post(PATH, json=configuration()), 201)
    before = await store.read(everything)
    for method in ("POST", "PUT"):
        assert (await client.request(method, f"/v4{PATH}", json=configuration())).is_success
    assert await store.read(everything) == before


async def test_what_differs_is_changed(client: httpx.AsyncClient) -> None:
    await add_node(client, 1)
    await add_node(client, 2)
    shown(await client.post(PATH, json=configuration()), 201)
    moved = changed("ports_internal", name="q", binding_host_ip="192.0.2.2")
    shown(await client.put(PATH, json=moved | {"opType": "UPDATE"}))
    port = await show(client, "ports", "port", PORT)
    assert (port["name"], port["binding:host_id"], port["revision_number"]) == ("q", "host-2", 2)
    assert (await show(client, "vpcs", "network", VPC))["name"] == "v"


async def test_only_what_the_type_says_is_deleted(client: httpx.AsyncClient) -> None:
    await add_node(client, 1)
    shown(await client.post(PATH, json=configuration()), 201)
    for kind, collection, resource_id in (("PORT", "ports", PORT), ("SUBNET", "subnets", SUBNET), ("VPC", "vpcs", VPC)):
        shown(await client.get(f"{PROJECT}/{collection}/{resource_id}"))
        for _ in range(2):  # what is gone already is no mistake
            body = configuration(rsType=kind, opType="DELETE")
            shown(await client.request("DELETE", PATH, json=body))
        refusal(await client.get(f"{PROJECT}/{collection}/{resource_id}"), 404)
    refusal(await client.put(PATH, json=configuration(rsType="VPC", opType="GET")), 400)


async def test_what_is_in_use_is_not_deleted(client: httpx.AsyncClient) -> None:
    await add_node(client, 1)
    shown(await client.post(PATH, json=configuration()), 201)
    for kind, holder in (("VPC", SUBNET), ("SUBNET", PORT)):
        body = configuration(rsType=kind, opType="DELETE")
        assert holder in refusal(await client.put(PATH, json=body), 409)


async def test_neighbours_that_are_named_are_told_to_their_hosts_again(client: httpx.AsyncClient, store: Store) -> None:
    vpc = await add_vpc(client)
    await add_subnet(client, vpc["id"])
    port = await add_port(client, vpc["id"], **{"binding:host_id": "host-1"})
    before = await store.read(change_log.head)
    for info in ([{"port_id": port["id"]}], {"any": {"port_id": port["id"], "host_ip": "192.0.2.1"}}):
        body = {"rsType": "NEIGHBOR", "opType": "UPDATE", "neighbor_info": info}
        answer = shown(await client.put(PATH, json=body))
        assert answer["resultList"][0]["failed_hosts"] == ["host-1"]
    entries = await store.read(lambda connection: change_log.read_entries(connection, before, 10))
    told = [record for entry in entries for record in entry.records]
    assert [record.id for record in told if isinstance(record, PortRecord)] == [id_bytes(port["id"])] * 2
    body = {"rsType": "NEIGHBOR", "opType": "DELETE", "neighbor_info": [{"port_id": new_id()}]}
    refusal(await client.request("DELETE", PATH, json=body), 404)


BASE = configuration()
WRONG = [
    ("object", 400, []),
    ("opType", 400, configuration(opType="DELETE")),
    ("opType", 400, configuration(opType=1)),
    ("rsType", 400, configuration(rsType="ROUTER")),
    ("rsType", 400, configuration(rsType=None)),
    ("vpcs_internal", 400, configuration(vpcs_internal={})),
    ("ports_internal", 400, configuration(ports_internal=[1])),
    ("ports_internal[0]", 400, changed("ports_internal", mac_address="x")),
    ("ports_internal[1]", 400, configuration(ports_internal=[BASE["ports_internal"][0], {}])),
    ("twice", 400, configuration(ports_internal=BASE["ports_internal"] * 2)),
    ("'id'", 400, changed("vpcs_internal", id=None)),
    ("'project_id'", 400, changed("subnets_internal", project_id=None)),
    ("'network_id'", 400, changed("subnets_internal", network_id=None)),
    ("tunnel_id", 400, changed("subnets_internal", tunnel_id=2**24)),
    ("tunnel_id", 400, changed("vpcs_internal", **{"provider:segmentation_id": 78})),
    ("binding_host_ip", 400, changed("ports_internal", binding_host_ip="192.0.2.99")),
    ("binding_host_ip", 400, changed("ports_internal", binding_host_ip="x")),
    ("fixed_ips", 400, changed("ports_internal", fixed_ips=[{"ip_address": "x"}])),
    ("", 404, changed("ports_internal", network_id=new_id())),
    ("", 404, changed("subnets_internal", project_id="p2")),
]


@pytest.mark.parametrize(("field", "status", "body"), WRONG)
async def test_of_a_configuration_with_a_fault_nothing_is_applied(
    client: httpx.AsyncClient, store: Store, field: str, status: int, body: Any
) -> None:
    await add_node(client, 1)
    before = await store.read(everything)
    assert field in refusal(await client.post(PATH, json=body), status)
    assert await store.read(everything) == before


async def test_what_cannot_change_is_not_changed(client: httpx.AsyncClient) -> None:
    await add_node(client, 1)
    shown(await client.post(PATH, json=configuration()), 201)
    assert "cidr" in refusal(await client.post(PATH, json=changed("subnets_internal", cidr="10.0.2.0/24")), 400)
    assert "project_id" in refusal(await client.post(PATH, json=changed("ports_internal", project_id="p2")), 400)
