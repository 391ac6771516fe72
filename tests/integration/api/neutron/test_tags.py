"""Tags of resources are set one by one or together, shown, and looked for."""

import asyncio

import pytest
from sqlalchemy import select

from alcor.store.store import Store
from alcor.store.tables import tag
from tests.integration.api.neutron.requests import Neutron

KINDS = ("network", "subnet", "port")


@pytest.fixture
async def ids(neutron: Neutron) -> dict[str, str]:
    """One resource of each kind."""
    network = await neutron.create("network")
    subnet = await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", ip_version=4)
    port = await neutron.create("port", network_id=network["id"])
    return {"network": network["id"], "subnet": subnet["id"], "port": port["id"]}


def path(kind: str, resource_id: str, tag: str = "") -> str:
    return f"/v2.0/{kind}s/{resource_id}/tags" + (f"/{tag}" if tag else "")


@pytest.mark.parametrize("kind", KINDS)
async def test_tags_are_replaced_added_shown_and_removed(neutron: Neutron, ids: dict[str, str], kind: str) -> None:
    client, its = neutron.http, path(kind, ids[kind])
    assert (await client.get(its)).json() == {"tags": []}
    replaced = await client.put(its, json={"tags": ["red", "blue"]})
    assert (replaced.status_code, replaced.json()) == (200, {"tags": ["red", "blue"]})
    assert (await client.put(f"{its}/green")).status_code == 201
    more = await client.post(its, json={"tags": ["green", "grey"]})
    assert (more.status_code, more.json()) == (201, {"tags": ["red", "blue", "green", "grey"]})
    assert (await client.get(f"{its}/green")).status_code == 204
    assert (await client.delete(f"{its}/red")).status_code == 204
    assert (await neutron.show(kind, ids[kind]))["tags"] == ["blue", "green", "grey"]
    missing = await client.get(f"{its}/red")
    assert missing.status_code == 404
    assert missing.json()["NeutronError"]["type"] == "TagNotFound"
    assert (await client.delete(f"{its}/red")).status_code == 404
    assert (await client.delete(its)).status_code == 204
    assert (await neutron.show(kind, ids[kind]))["tags"] == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_change_of_tags_is_a_new_revision_and_nothing_else(
    neutron: Neutron, ids: dict[str, str], kind: str
) -> None:
    await neutron.update(kind, ids[kind], description="mine")
    before = await neutron.show(kind, ids[kind])
    await neutron.http.put(path(kind, ids[kind]), json={"tags": ["red"]})
    await neutron.http.put(path(kind, ids[kind]), json={"tags": ["red"]})
    after = await neutron.show(kind, ids[kind])
    assert after["revision_number"] == before["revision_number"] + 1
    assert after | {"tags": [], "revision_number": 0, "updated_at": ""} == before | {
        "revision_number": 0,
        "updated_at": "",
    }
    changed = await neutron.update(kind, ids[kind], description="yours")
    assert changed["tags"] == ["red"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tags=red", {"r", "rb", "rg"}),
        ("tags=red,blue", {"rb"}),
        ("tags=red&tags=blue", {"rb"}),
        ("tags-any=blue,green", {"rb", "rg"}),
        ("not-tags=red,blue", {"", "r", "rg"}),
        ("not-tags-any=blue,green", {"", "r"}),
        ("tags=red&not-tags-any=green", {"r", "rb"}),
        ("tags=red&name=rg", {"rg"}),
        ("tags=purple", set()),
    ],
)
async def test_resources_are_looked_for_by_tags(neutron: Neutron, query: str, found: set[str]) -> None:
    tags = {"": [], "r": ["red"], "rb": ["red", "blue"], "rg": ["red", "green"]}
    for name, its in tags.items():
        network = await neutron.create("network", name=name)
        await neutron.http.put(path("network", network["id"]), json={"tags": its})
    answer = await neutron.http.get(f"/v2.0/networks?{query}")
    assert {network["name"] for network in answer.json()["networks"]} == found


async def test_ports_may_be_created_with_tags(neutron: Neutron, ids: dict[str, str]) -> None:
    await neutron.create("port", network_id=ids["network"], tags=["red"])
    body = {"ports": [{"network_id": ids["network"], "tags": ["red", "blue"]}, {"network_id": ids["network"]}]}
    created = (await neutron.http.post("/v2.0/ports", json=body)).json()["ports"]
    assert [port["tags"] for port in created] == [["red", "blue"], []]
    answer = await neutron.http.get("/v2.0/ports?tags=red")
    assert len(answer.json()["ports"]) == 2


async def test_tags_go_with_their_resources(neutron: Neutron, ids: dict[str, str], store: Store) -> None:
    more = await neutron.create("subnet", network_id=ids["network"], cidr="10.1.0.0/24", ip_version=4)
    for kind, resource_id in (*ids.items(), ("subnet", more["id"])):
        await neutron.http.put(path(kind, resource_id), json={"tags": ["red"]})
    await neutron.delete("port", ids["port"])
    await neutron.delete("subnet", ids["subnet"])
    await neutron.delete("network", ids["network"])  # and the other subnet with it
    assert await store.read(lambda connection: connection.execute(select(tag)).all()) == []


async def test_tags_set_by_many_at_once_are_all_there(neutron: Neutron, ids: dict[str, str]) -> None:
    names = [f"tag-{number}" for number in range(20)]
    answers = await asyncio.gather(*(neutron.http.put(path("port", ids["port"], name)) for name in names))
    assert {answer.status_code for answer in answers} == {201}
    assert set((await neutron.show("port", ids["port"]))["tags"]) == set(names)


@pytest.mark.parametrize(
    "body",
    [None, {}, [], {"tags": "red"}, {"tags": [1]}, {"tags": ["red", "red"]}, {"tags": ["x" * 256]}, {"tags": ["\0"]}],
)
async def test_tags_that_cannot_be_are_refused(neutron: Neutron, ids: dict[str, str], body: object) -> None:
    refused = await neutron.http.put(path("port", ids["port"]), json=body)
    assert refused.status_code == 400
    assert (await neutron.http.get(path("port", ids["port"]))).json() == {"tags": []}


async def test_a_resource_has_so_many_tags_at_most(neutron: Neutron, ids: dict[str, str]) -> None:
    its = path("port", ids["port"])
    assert (await neutron.http.put(its, json={"tags": [str(number) for number in range(50)]})).status_code == 200
    refused = await neutron.http.put(f"{its}/more")
    assert refused.status_code == 400
    assert "50" in refused.json()["NeutronError"]["message"]
    assert (await neutron.http.put(f"{its}/{'x' * 256}")).status_code == 400


async def test_what_is_not_there_has_no_tags(neutron: Neutron, ids: dict[str, str]) -> None:
    for request in ("get", "delete"):
        answer = await getattr(neutron.http, request)(path("port", ids["network"]))
        assert answer.status_code == 404
        assert answer.json()["NeutronError"]["type"] == "PortNotFound"


async def test_tags_go_with_what_goes_with_its_network(neutron: Neutron, store: Store) -> None:
    network = await neutron.create("network", **{"router:external": True})
    subnet = await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24")
    segment = await neutron.create("segment", network_id=network["id"], network_type="vxlan")
    floating = await neutron.create("floatingip", floating_network_id=network["id"])
    for kind, its in (("network", network), ("subnet", subnet), ("segment", segment), ("floatingip", floating)):
        assert (await neutron.http.put(path(kind, its["id"]), json={"tags": ["red"]})).status_code == 200
    await neutron.delete("network", network["id"])
    assert await store.read(lambda connection: connection.execute(select(tag)).all()) == []
