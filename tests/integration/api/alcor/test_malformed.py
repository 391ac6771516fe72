"""Whatever a client sends, it is told what was wrong with it: no answer says that the server failed."""

import asyncio
from collections.abc import Callable
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
    right = st.sampled_from(sorted(known)).map(lambda name: (name, known[name])) if known else st.nothing()
    wrong = st.tuples(st.sampled_from(sorted(resource.attributes)) | TEXTS, VALUES)
    item = st.lists(right | wrong, max_size=6).map(lambda pairs: known | dict(pairs)) | VALUES
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
    vpc = server.run(add_vpc(server.client))["id"]
    subnet = server.run(add_subnet(server.client, vpc))["id"]
    port = server.run(add_port(server.client, vpc))["id"]
    resource, known, item = {
        "vpcs": (VPC, {"name": "v"}, vpc),
        "subnets": (PROJECT_SUBNET, {"network_id": vpc, "cidr": "10.0.9.0/24"}, subnet),
        "ports": (PROJECT_PORT, {"network_id": vpc, "id": port}, port),
    }[kind]
    requests = [("POST", f"{PROJECT}/{kind}"), ("POST", f"{PROJECT}/{kind}/bulk"), ("PUT", f"{PROJECT}/{kind}/{item}")]
    if kind == "subnets":
        requests.append(("PUT", f"{PROJECT}/subnets/{item}/update_routes"))
    if kind == "ports":
        requests.append(("PUT", f"{PROJECT}/ports/bulk"))
    check_never_fails(server, st.sampled_from(requests), bodies(resource, known, resource.name, resource.collection))


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


@pytest.mark.parametrize("text", ["%00", "%FF", "%ED%A0%80", "a" * 300, "%2F", "..", new_id().upper(), "%F0%9F%8D%8E"])
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
