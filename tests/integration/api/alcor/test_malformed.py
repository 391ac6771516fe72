"""Whatever a client sends, it is told what was wrong with it: no answer says that the server failed."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from alcor.api.app import ApiSettings, create_app
from alcor.model.identifiers import new_id
from alcor.model.resource import Resource
from alcor.model.resources.alcor import PROJECT_PORT, PROJECT_SUBNET, VPC
from alcor.model.resources.gateway import ATTACHMENT, GATEWAY, ROUTE_TABLE
from alcor.model.resources.network_acl import NETWORK_ACL, NETWORK_ACL_RULE
from alcor.model.resources.node import NODE
from alcor.store.store import open_store
from tests.integration.api.alcor.requests import PROJECT, add_node, add_port, add_subnet, add_vpc

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["", "\0", "10.0.0.1", "10.0.0.0/24", "fd00::/64", "::ffff:10.0.0.1", "fe80::1%eth0", "host-1", "p1", "a" * 300]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["subnet_id", "ip_address", "start", "end", "destination", "nexthop", "target", "priority"])
            | TEXTS,
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def bodies(resource: Resource, known: dict[str, Any], one: str, several: str) -> st.SearchStrategy[Any]:
    """Bodies that are nearly right: some attributes as they should be, some of other kinds, in the right wrapping."""
    wrong = st.tuples(st.sampled_from(sorted(resource.attributes)), VALUES) | st.tuples(TEXTS, VALUES)
    item = st.lists(wrong, min_size=1, max_size=2).map(lambda pairs: known | dict(pairs)) | VALUES
    return (
        item.map(lambda each: {one: each})
        | st.lists(item, max_size=3).map(lambda items: {several: items})
        | st.dictionaries(st.sampled_from([one, several, "hostRoutes"]), VALUES)
        | VALUES
    )


class Server:
    """The API on a database, for a test that is no coroutine itself."""

    def __init__(self, database_url: str) -> None:
        self._runner = asyncio.Runner()
        self._store = self.run(open_store(database_url))
        application = create_app(self._store, ApiSettings(), lambda: None, CollectorRegistry())
        transport = httpx.ASGITransport(application)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://alcor")

    def run(self, coroutine: Any) -> Any:
        return self._runner.run(coroutine)

    def close(self) -> None:
        self.run(self.client.aclose())
        self.run(self._store.close())
        self._runner.close()


@pytest.fixture
def server(database_url: str) -> Any:
    opened = Server(database_url)
    yield opened
    opened.close()


def check_never_fails(
    server: Server, requests: st.SearchStrategy[tuple[str, str]], content: st.SearchStrategy[Any]
) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(request=requests, body=content)
    def check(request: tuple[str, str], body: Any) -> None:
        method, path = request
        response = server.run(server.client.request(method, path, json=body))
        assert response.status_code < 500, response.text
        if response.status_code >= 400:
            assert response.json()["NeutronError"]["message"]

    check()


def test_bodies_of_nodes(server: Server) -> None:
    server.run(add_node(server.client, 1))
    requests = st.sampled_from([("POST", "/nodes"), ("POST", "/nodes/bulk"), ("PUT", "/nodes/host-1")])
    known = {"node_id": "host-2", "local_ip": "192.0.2.2"}
    check_never_fails(server, requests, bodies(NODE, known, "host_info", "host_infos"))


@pytest.mark.parametrize("kind", ["vpcs", "subnets", "ports"])
def test_bodies_of_a_projects_resources(server: Server, kind: str) -> None:
    resource, known, item = server.run(some_resources(server.client))[kind]
    requests = [("POST", f"{PROJECT}/{kind}"), ("POST", f"{PROJECT}/{kind}/bulk"), ("PUT", f"{PROJECT}/{kind}/{item}")]
    if kind == "subnets":
        requests.append(("PUT", f"{PROJECT}/subnets/{item}/update_routes"))
    if kind == "ports":
        requests.append(("PUT", f"{PROJECT}/ports/bulk"))
    check_never_fails(server, st.sampled_from(requests), bodies(resource, known, resource.name, resource.collection))


NO_ONES = "01a20000-0000-7000-8000-0000000000ab"  # in the names of tests, which must be the same in every process

STRANGE: list[Any] = [
    *(None, True, 0, -1, 7, 2**63, 2**64 - 1, -(2**63), 0.5, 1e300, "", " ", "\0", "7", "x" * 70_000, "é\U0001f34e"),
    *("10.0.0.5", "10.0.0.0/24", "0.0.0.0/0", "::1", "fe80::1%eth0", "01:00:00:00:00:00", "true", new_id()),
    *([], [None], [7], ["10.0.0.5"], [[]], [{}], [{}, {}], {}, {"a": {"b": []}}, {"subnet_id": new_id()}, ["\0"]),
    *([{"ip_address": "10.0.0.5"}], [{"start": "10.0.0.9", "end": "10.0.0.2"}], [{"start": "::", "end": "10.0.0.9"}]),
    *([{"destination": "::/0", "nexthop": "10.0.0.1"}], [{"opt_name": "mtu", "opt_value": None}]),
]


@pytest.mark.parametrize(
    "kind",
    [
        "nodes",
        "vpcs",
        "subnets",
        "ports",
        "network-acls",
        "network-acl-rules",
        "gateways",
        "attachments",
        "routetables",
    ],
)
def test_every_attribute_with_strange_values(server: Server, kind: str) -> None:
    resource, known, item = server.run(some_resources(server.client))[kind]
    collection, one = ("/nodes", "host_info") if kind == "nodes" else (f"{PROJECT}/{kind}", resource.name)
    if kind in ("attachments", "routetables"):
        collection = f"{PROJECT}/gateways/{server.run(some_gateway(server.client))}/{kind}"

    async def sent(method: str, path: str, name: str, value: Any) -> Any:
        body = {one: (known if method == "POST" else {}) | {name: value}}
        response = await server.client.request(method, path, json=body)
        assert response.status_code < 500, (method, name, value, response.text)
        answer = response.json()
        if response.status_code == 400 and answer["NeutronError"]["type"] == "HTTPBadRequest":
            named = (name, "project_id") if name == "tenant_id" else (name,)
            assert any(each in answer["NeutronError"]["message"] for each in named), response.text
        return answer.get(one) if response.status_code == 201 else None

    async def send() -> None:
        for name in resource.attributes:
            await asyncio.gather(*(sent("PUT", f"{collection}/{item}", name, value) for value in STRANGE))
            for value in STRANGE:
                if made := await sent("POST", collection, name, value):
                    await server.client.delete(f"{collection}/{made.get('id') or made['node_id']}")

    server.run(send())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{PROJECT}/gatewayinfo", {"vpcinfo": {"vpc_id": new_id(), "vni": "1", "owner": "p1"}}),
        (
            "PUT",
            f"{PROJECT}/gatewayinfo/{NO_ONES}",
            {"gatewayinfo": {"resource_id": new_id(), "gateways": [{"type": "zeta", "status": "ready", "ips": []}]}},
        ),
        (
            "PUT",
            f"{PROJECT}/update-l3-neighbors",
            {"vpc_id": new_id(), "subnet_id": new_id(), "operation_type": "add", "gateway_port_ids": []},
        ),
        (
            "PUT",
            "/network-configuration",
            {
                "rsType": "PORT",
                "opType": "CREATE",
                "vpcs_internal": [{"id": new_id(), "project_id": "p1", "cidr": "10.0.0.0/16"}],
                "subnets_internal": [
                    {"id": new_id(), "project_id": "p1", "network_id": new_id(), "cidr": "10.0.0.0/24", "tunnel_id": 7}
                ],
                "ports_internal": [
                    {"id": new_id(), "project_id": "p1", "network_id": new_id(), "binding_host_ip": "192.0.2.1"}
                ],
            },
        ),
        (
            "PUT",
            "/network-configuration",
            {"rsType": "NEIGHBOR", "opType": "UPDATE", "neighbor_info": [{"port_id": new_id()}]},
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_every_member_of_a_report_with_strange_values(server: Server, method: str, path: str, body: Any) -> None:
    async def send() -> None:
        for strange in variants(body):
            response = await server.client.request(method, path, json=strange)
            assert response.status_code < 500, (strange, response.text)
            if response.status_code >= 400:
                assert response.json()["NeutronError"]["message"]

    server.run(send())


def variants(body: Any) -> Iterator[Any]:
    """The body with strange values in the place of each of its parts, and of itself."""
    yield from STRANGE
    parts = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, part in parts:
        for strange in variants(part):
            yield body | {key: strange} if isinstance(body, dict) else [strange]


async def some_gateway(client: httpx.AsyncClient) -> str:
    """The id of a gateway."""
    answer = await client.post(f"{PROJECT}/gateways", json={"gateway": {"type": "tgw"}})
    return str(answer.json()["gateway"]["id"])


async def some_resources(client: httpx.AsyncClient) -> dict[str, tuple[Resource, dict[str, Any], str]]:
    """For each kind of resource its definition, what creates another one, and the id of one that exists."""
    await add_node(client, 1)
    vpc = (await add_vpc(client))["id"]
    subnet = (await add_subnet(client, vpc))["id"]
    port = (await add_port(client, vpc))["id"]
    answer = await client.post(f"{PROJECT}/network-acls", json={"network_acl": {"vpc_id": vpc}})
    acl = answer.json()["network_acl"]
    return {
        "nodes": (NODE, {"node_id": "host-2", "local_ip": "192.0.2.2"}, "host-1"),
        "vpcs": (VPC, {"name": "v"}, vpc),
        "subnets": (PROJECT_SUBNET, {"network_id": vpc, "cidr": "10.0.9.0/24"}, subnet),
        "ports": (PROJECT_PORT, {"network_id": vpc}, port),
        "network-acls": (NETWORK_ACL, {"vpc_id": vpc}, acl["id"]),
        "network-acl-rules": (
            NETWORK_ACL_RULE,
            {"network_acl_id": acl["id"], "number": 1, "direction": "ingress", "action": "deny"},
            acl["network_acl_rules"][0]["id"],
        ),
        "gateways": (GATEWAY, {"type": "igw"}, await some_gateway(client)),
        "attachments": (ATTACHMENT, {"resource_id": vpc}, new_id()),
        "routetables": (ROUTE_TABLE, {}, new_id()),
    }


def test_uploads(server: Server) -> None:
    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        content=st.binary()
        | st.builds(
            lambda head, tail: b"--x" + head + b'Content-Disposition: form-data; name="file"; filename="n"' + tail,
            st.sampled_from([b"", b"\r\n", b"--\r\n"]),
            st.sampled_from([b"", b"\r\n", b"\r\n\r\n{}", b"\r\n\r\n{}\r\n--x--", b"\r\n\r\n{}\r\n--x\r\n"]),
        ),
        content_type=st.sampled_from(
            ["multipart/form-data; boundary=x", "multipart/form-data", "Multipart/Form-Data; =;", ";"]
        ),
    )
    def check(content: bytes, content_type: str) -> None:
        headers = {"Content-Type": content_type}
        response = server.run(server.client.post("/nodes/upload", content=content, headers=headers))
        assert response.status_code == 400, response.text

    check()


PATHS: list[Callable[[str], str]] = [
    lambda text: f"/nodes/{text}",
    lambda text: f"/project/{text}/vpcs",
    lambda text: f"/project/p1/vpcs/{text}",
    lambda text: f"/project/p1/ports?name={text}&marker={text}",
    lambda text: f"/project/p1/subnet-port-count/{text}",
    lambda text: f"/project/p1/vpcs/count?{text}={text}",
    lambda text: f"/v2.0/networks/{text}",
]


@pytest.mark.parametrize("text", ["%00", "%FF", "%ED%A0%80", "a" * 300, "%2F", "..", NO_ONES.upper(), "%F0%9F%8D%8E"])
def test_paths_and_queries(server: Server, text: str) -> None:
    for path in PATHS:
        for method in ("GET", "PUT", "DELETE", "POST", "PATCH"):
            body = {name: {} for name in ("host_info", "network", "subnet", "port")}
            response = server.run(server.client.request(method, path(text), json=body))
            assert response.status_code < 500, (method, path(text), response.text)


def test_a_project_has_a_name_of_bearable_length(server: Server) -> None:
    for headers, path in (({}, f"/project/{'a' * 300}/vpcs"), ({"X-Project-Id": "a" * 300}, "/v2.0/networks")):
        response = server.run(server.client.post(path, json={"network": {}}, headers=headers))
        assert (response.status_code, "project_id" in response.text) == (400, True)
