"""Nodes are registered, changed and removed, and hosts hear of it."""

import httpx
import orjson
import pytest

from alcor.model.addresses import ipv4_number
from alcor.model.node_health import GONE, UNREACHABLE
from alcor.model.records import NodeDeleted, NodeRecord, Record
from alcor.services.hosts import host_session, node_health
from alcor.services.hosts.node_health import Told
from alcor.store import change_log
from alcor.store.store import Store
from alcor.store.transaction import Transaction
from tests.integration.api.alcor.requests import PROJECT, add_node, node, refusal, shown


async def records(store: Store) -> list[Record]:
    entries = await store.read(lambda connection: change_log.read_entries(connection, 0, 100))
    return [record for entry in entries for record in entry.records]


async def bound_port(client: httpx.AsyncClient, host_id: str) -> str:
    network = shown(await client.post("/v2.0/networks", json={"network": {}}), 201)["network"]["id"]
    body = {"port": {"network_id": network, "binding:host_id": host_id}}
    port_id: str = shown(await client.post("/v2.0/ports", json=body), 201)["port"]["id"]
    return port_id


async def test_a_node_is_shown_with_all_that_was_said_of_it(client: httpx.AsyncClient) -> None:
    said = node(
        1,
        node_name="compute9",
        mac_address="90:17:ac:c1:34:5d",
        veth="eth1",
        server_port=8080,
        host_dvr_mac="74:70:fd:73:09:07",
        ncm_id="ncm-1",
    ) | {"data-path-ip": "198.51.100.1", "unicast_topic": "u", "multicast_topic": "m", "group_topic": "g"}
    created = shown(await client.post("/nodes", json={"host_info": said}), 201)["host_info"]
    assert said.items() <= created.items()
    assert shown(await client.get("/nodes/host-1")) == {"host_info": created}
    assert shown(await client.get("/nodes")) == {"nodeInfos": [created]}


async def in_states(store: Store, served: list[str], told: dict[str, Told]) -> None:
    """A controller serves these hosts, and this is what they told of themselves."""
    sessions = [host_session.HostSession(host_id, host_id.encode().rjust(16)) for host_id in served]

    def write(transaction: Transaction) -> None:
        host_session.heartbeat(transaction, "controller", 60)
        host_session.claim(transaction, "controller", sessions)
        node_health.put(transaction, told)

    await store.write(write)


async def ids(client: httpx.AsyncClient, query: str) -> list[str]:
    """Of all pages, in their order."""
    found: list[str] = []
    address = f"/nodes?{query}"
    while address:
        answer = shown(await client.get(address))
        found += [each["node_id"] for each in answer["nodeInfos"]]
        address = next((link["href"] for link in answer.get("nodeInfos_links", ()) if link["rel"] == "next"), "")
    return found


async def test_nodes_are_listed_by_their_state(client: httpx.AsyncClient, store: Store) -> None:
    for number in range(1, 10):
        await add_node(client, number)
    # host-1 reaches neither host-2 nor host-3 and is at fault itself, so these are up.
    told = {
        "host-1": Told(probed=2, unreached={"host-2": UNREACHABLE, "host-3": UNREACHABLE}),
        "host-5": Told(data_plane=GONE),
        "host-8": Told(trouble="no room on its disk"),
        "host-9": Told(data_plane=GONE),
    }
    await in_states(store, [f"host-{number}" for number in range(1, 9)], told)
    up = ["host-2", "host-3", "host-4", "host-6", "host-7"]
    degraded = ["host-1", "host-5", "host-8"]
    for paging in ("", "&limit=1", "&limit=2", "&limit=3", "&limit=4"):
        assert await ids(client, f"state=up&sort_key=node_id&sort_dir=asc{paging}") == up
        assert await ids(client, f"state=degraded&sort_key=node_id&sort_dir=asc{paging}") == degraded
        assert await ids(client, f"state=down&sort_key=node_id&sort_dir=asc{paging}") == ["host-9"]
        both = await ids(client, f"state=down&state=degraded&sort_key=node_id&sort_dir=asc{paging}")
        assert both == [*degraded, "host-9"]
    first = shown(await client.get("/nodes?state=up&sort_key=node_id&sort_dir=asc&limit=3"))["nodeInfos"]
    assert [each["node_id"] for each in first] == up[:3], "a page is full where there are more"
    back = shown(
        await client.get("/nodes?state=up&sort_key=node_id&sort_dir=asc&limit=2&page_reverse=True&marker=host-7")
    )
    assert [each["node_id"] for each in back["nodeInfos"]] == ["host-4", "host-6"]
    assert [each["node_id"] for each in shown(await client.get("/nodes?state=up&node_id=host-5"))["nodeInfos"]] == []


async def test_nodes_are_in_no_other_state(client: httpx.AsyncClient) -> None:
    assert "state" in refusal(await client.get("/nodes?state=sideways"), 400)


async def test_nodes_are_served_under_v4_too(client: httpx.AsyncClient) -> None:
    created = shown(await client.post("/v4/nodes", json={"host_info": node(1)}), 201)
    assert shown(await client.get("/nodes/host-1")) == shown(await client.get("/v4/nodes/host-1")) == created


async def test_a_node_is_announced_to_hosts_with_its_vtep(client: httpx.AsyncClient, store: Store) -> None:
    await add_node(client, 1)
    shown(await client.put("/nodes/host-1", json={"host_info": {"local_ip": "192.0.2.77"}}))
    shown(await client.delete("/nodes/host-1"))
    first, moved, gone = await records(store)
    assert isinstance(first, NodeRecord) and isinstance(moved, NodeRecord)
    assert (first.host_id, first.local_ip) == ("host-1", ipv4_number("192.0.2.1"))
    assert (moved.host_index, moved.local_ip) == (first.host_index, ipv4_number("192.0.2.77"))
    assert gone == NodeDeleted("host-1")


async def test_what_hosts_do_not_use_is_changed_without_telling_them(client: httpx.AsyncClient, store: Store) -> None:
    await add_node(client, 1)
    changed = shown(await client.put("/nodes/host-1", json={"host_info": {"node_name": "new", "veth": "eth7"}}))
    assert (changed["host_info"]["node_name"], changed["host_info"]["veth"]) == ("new", "eth7")
    assert changed["host_info"]["revision_number"] == 2
    assert len(await records(store)) == 1


async def test_a_host_index_is_not_used_again(client: httpx.AsyncClient, store: Store) -> None:
    for _ in range(2):
        await add_node(client, 1)
        shown(await client.delete("/nodes/host-1"))
    indexes = [record.host_index for record in await records(store) if isinstance(record, NodeRecord)]
    assert len(set(indexes)) == 2


async def test_a_node_is_changed_and_removed_by_what_the_body_names(client: httpx.AsyncClient) -> None:
    shown_before = await add_node(client, 1, unicast_topic="u", group_topic="g")
    changed = shown(await client.put("/v4/nodes", json={"host_info": node(1, unicast_topic="v")}))["host_info"]
    assert changed.items() >= {"node_id": "host-1", "unicast_topic": "v", "group_topic": "g"}.items()
    assert changed["revision_number"] == shown_before["revision_number"] + 1
    for method in ("PUT", "DELETE"):
        assert "node_id" in refusal(await client.request(method, "/nodes", json={"host_info": {}}), 400)
        assert "host_info" in refusal(await client.request(method, "/nodes", json={}), 400)
        refusal(await client.request(method, "/nodes", json={"host_info": node(2)}), 404)
    assert shown(await client.request("DELETE", "/nodes", json={"host_info": node(1)})) == {"id": "host-1"}
    refusal(await client.get("/nodes/host-1"), 404)


async def test_a_node_may_be_registered_after_ports_were_bound_to_it(client: httpx.AsyncClient, store: Store) -> None:
    port_id = await bound_port(client, "host-1")
    before = shown(await client.get(f"/v2.0/ports/{port_id}"))["port"]
    await add_node(client, 1)
    after = shown(await client.get(f"/v2.0/ports/{port_id}"))["port"]
    assert (before["binding:vif_type"], after["binding:vif_type"]) == ("binding_failed", "ovs")
    assert isinstance((await records(store))[-1], NodeRecord)


async def test_a_node_with_ports_stays(client: httpx.AsyncClient) -> None:
    await add_node(client, 1)
    port_id = await bound_port(client, "host-1")
    assert port_id in refusal(await client.delete("/nodes/host-1"), 409)
    await client.put(f"/v2.0/ports/{port_id}", json={"port": {"binding:host_id": ""}})
    assert shown(await client.delete("/nodes/host-1")) == {"id": "host-1"}
    refusal(await client.get("/nodes/host-1"), 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_an_unknown_node_is_not_found(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/nodes/nobody", json={"host_info": {"veth": "eth1"}})
    assert "nobody" in refusal(response, 404)


async def test_an_id_and_a_vtep_belong_to_one_node(client: httpx.AsyncClient) -> None:
    await add_node(client, 1)
    await add_node(client, 2)
    assert "host-1" in refusal(await client.post("/nodes", json={"host_info": node(1, local_ip="192.0.2.9")}), 409)
    assert "192.0.2.1" in refusal(await client.post("/nodes", json={"host_info": node(9, local_ip="192.0.2.1")}), 409)
    change = {"host_info": {"local_ip": "192.0.2.1"}}
    assert "host-1" in refusal(await client.put("/nodes/host-2", json=change), 409)


async def test_an_update_may_insist_on_the_revision_it_knows(client: httpx.AsyncClient) -> None:
    await add_node(client, 1)
    change = {"host_info": {"veth": "eth1"}}
    shown(await client.put("/nodes/host-1", json=change, headers={"If-Match": "revision_number=1"}))
    refusal(await client.put("/nodes/host-1", json=change, headers={"If-Match": "revision_number=1"}), 412)
    refusal(await client.delete("/nodes/host-1", headers={"If-Match": "revision_number=1"}), 412)


async def test_many_nodes_are_registered_together(client: httpx.AsyncClient) -> None:
    said = [node(number) for number in range(1, 4)]
    answered = shown(await client.post("/nodes/bulk", json={"host_infos": said}))
    assert [each["node_id"] for each in answered] == ["host-1", "host-2", "host-3"]
    assert shown(await client.get("/nodes"))["nodeInfos"] == answered


async def test_of_many_nodes_all_or_none_are_registered(client: httpx.AsyncClient) -> None:
    await add_node(client, 2)
    refusal(await client.post("/nodes/bulk", json={"host_infos": [node(1), node(2)]}), 409)
    refusal(await client.post("/nodes/bulk", json={"host_infos": [node(1), node(1)]}), 409)
    refusal(await client.post("/nodes/bulk", json={"host_infos": [node(1), {"node_id": "host-3"}]}), 400)
    assert [each["node_id"] for each in shown(await client.get("/nodes"))["nodeInfos"]] == ["host-2"]


async def test_more_nodes_than_a_statement_has_parameters_are_registered(client: httpx.AsyncClient) -> None:
    said = [node(1, node_id=f"n{i}", local_ip=f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}") for i in range(70_000)]
    assert len(shown(await client.post("/nodes/bulk", json={"host_infos": said}))) == 70_000
    refusal(await client.post("/nodes/bulk", json={"host_infos": said}), 409)


async def test_nodes_are_registered_from_a_file(client: httpx.AsyncClient) -> None:
    content = orjson.dumps({"host_infos": [node(1), node(2)]})
    answered = shown(await client.post("/nodes/upload", files={"file": ("nodes.json", content)}))
    assert [each["node_id"] for each in answered] == ["host-1", "host-2"]
    assert shown(await client.get("/nodes"))["nodeInfos"] == answered


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"other": ("nodes.json", b"{}")}, "no file in the field 'file'"),
        ({"file": ("nodes.json", b"no JSON")}, "not JSON"),
        ({"file": ("nodes.json", b"[1]")}, "host_infos"),
        ({"file": ("nodes.json", b'{"host_infos": []}')}, "host_infos"),
        ({"file": ("nodes.json", b'{"host_infos": [{"node_id": "a"}]}')}, "local_ip"),
    ],
)
async def test_a_file_that_is_no_list_of_nodes_is_refused(
    client: httpx.AsyncClient, files: dict[str, tuple[str, bytes]], reason: str
) -> None:
    assert reason in refusal(await client.post("/nodes/upload", files=files), 400)


async def test_an_upload_that_is_no_form_is_refused(client: httpx.AsyncClient) -> None:
    assert "multipart/form-data" in refusal(await client.post("/nodes/upload", json={"host_infos": [node(1)]}), 400)
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        refusal(await client.post("/nodes/upload", content=b"--y", headers={"Content-Type": content_type}), 400)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("node_id", ""),
        ("node_id", "a/b"),
        ("node_id", ".."),
        ("node_id", "bulk"),
        ("node_id", "x" * 256),
        ("node_id", 7),
        ("local_ip", "192.0.2"),
        ("local_ip", "::1"),
        ("local_ip", None),
        ("mac_address", "90:17"),
        ("server_port", 65_536),
        ("server_port", "many"),
        ("data-path-ip", "here"),
        ("ncm_id", {}),
        ("colour", "blue"),
    ],
)
async def test_a_wrong_field_is_named(client: httpx.AsyncClient, field: str, value: object) -> None:
    assert field in refusal(await client.post("/nodes", json={"host_info": node(1) | {field: value}}), 400)


async def test_nodes_are_listed_by_the_page_and_by_name(client: httpx.AsyncClient) -> None:
    said = [node(number, node_name=f"name-{number % 2}") for number in range(1, 8)]
    shown(await client.post("/nodes/bulk", json={"host_infos": said}))
    seen, url, pages = [], "/nodes?limit=3", 0
    while url:
        page = shown(await client.get(url))
        seen += [each["node_id"] for each in page["nodeInfos"]]
        url = next((link["href"] for link in page.get("nodeInfos_links", ()) if link["rel"] == "next"), "")
        pages += 1
    assert (seen, pages) == ([f"host-{number}" for number in range(1, 8)], 3)
    found = shown(await client.get("/nodes?node_name=name-0"))["nodeInfos"]
    assert [each["node_id"] for each in found] == ["host-2", "host-4", "host-6"]


@pytest.mark.parametrize("path", [f"{PROJECT}/nodes", "/nodes/a/b"])
async def test_there_is_nothing_elsewhere(client: httpx.AsyncClient, path: str) -> None:
    refusal(await client.get(path), 404)
