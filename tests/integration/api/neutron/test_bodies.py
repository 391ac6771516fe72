"""Bodies of all kinds, right and wrong: the answer is never the server's own failure."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alcor.model.resource import Resource
from alcor.model.resources.network import NETWORK
from alcor.model.resources.port import PORT
from alcor.model.resources.subnet import SUBNET
from tests.integration.api.neutron.requests import Json, Neutron, refusal, shown

RESOURCES = (NETWORK, SUBNET, PORT)

NOT_JSON = [
    b"", b"{", b"nonsense", b'{"network": }', b'{"network": {"name": "a" "b"}}', b"\xff\xfe", b'{"network": "\xff"}',
    b'{"network": {"name": "\xed\xa0\x80"}}', b'{"network": {"name": "\\ud800"}}', b"\x00", b"NaN", b"{'network': {}}",
    b'{"network": {"mtu": 1e999}}', b"[" * 100_000, b'{"network":' * 2000, "☁".encode("utf-16"),
]  # fmt: skip


async def test_what_is_no_json_is_refused(neutron: Neutron) -> None:
    for content in NOT_JSON:
        status, kind, message = refusal(await neutron.http.post("/v2.0/networks", content=content))
        assert (status, kind) == (400, "HTTPBadRequest"), content[:30]
        assert message.startswith("Body contains invalid data"), content[:30]


async def test_a_body_must_hold_the_resource(neutron: Neutron) -> None:
    network = await neutron.create("network")
    cases: list[tuple[Any, str]] = [
        ([], "Unable to find 'network' in request body"),
        (7, "Unable to find 'network' in request body"),
        (None, "Unable to find 'network' in request body"),
        ("network", "Unable to find 'network' in request body"),
        ({}, "Unable to find 'network' in request body"),
        ({"port": {}}, "Unable to find 'network' in request body"),
        ({"network": None}, "Unable to find 'network' in request body"),
        ({"network": []}, "Object 'network' contains invalid data"),
        ({"network": "x"}, "Object 'network' contains invalid data"),
        ({"network": 0}, "Object 'network' contains invalid data"),
    ]
    for body, said in cases:
        for method, path in (("POST", "networks"), ("PUT", f"networks/{network['id']}")):
            status, kind, message = await neutron.refused(method, path, content=json.dumps(body))
            assert (status, kind) == (400, "HTTPBadRequest")
            assert message.startswith(said), body
    for body in ({"networks": []}, {"networks": None}, {"networks": {}}, {"networks": "x"}):
        assert (await neutron.refused("POST", "networks", body))[2].startswith("Resources required")


async def test_the_content_type_does_not_matter(neutron: Neutron) -> None:
    """curl says that all it sends is a form."""
    for content_type in ("application/json", "application/x-www-form-urlencoded", "text/plain", "nonsense", ""):
        response = await neutron.http.post(
            "/v2.0/networks", content=b'{"network": {}}', headers={"Content-Type": content_type}
        )
        assert shown(response, 201)["network"]["status"] == "ACTIVE"


async def test_a_large_request_is_carried_out(neutron: Neutron) -> None:
    network = await neutron.create("network")
    await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/16")
    created = await neutron.create_bulk("port", *[{"network_id": network["id"], "description": "d" * 255}] * 3000)
    assert len({port["fixed_ips"][0]["ip_address"] for port in created}) == 3000


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"a": [value]}
    return value


json_text = st.text(st.characters(codec="utf-8"), max_size=8)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**66), 2**66),
    st.floats(allow_nan=False, allow_infinity=False),
    json_text,
    st.sampled_from(
        ["10.0.0.0/24", "10.0.0.5", "::1", "2001:db8::/64", "fa:16:3e:00:00:01", "slaac", "vxlan", "true", "4", "\0",
         "x" * 300, "11111111-1111-4111-8111-111111111111", "a.b.", "169.254.0.0/16", "255.255.255.255/32"]
    ),
)  # fmt: skip
members = st.sampled_from(
    ["ip_address", "subnet_id", "start", "end", "destination", "nexthop", "opt_name", "opt_value"]
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members | json_text, inner, max_size=3),
    max_leaves=8,
)
strange = anything | st.sampled_from([nested(5), nested(100), nested(400), [[]] * 1000, "x" * 100_000])


def attributes_of(resource: Resource, known: Json) -> st.SearchStrategy[Json]:
    """Attributes of a resource with strange values, and some sound ones, so that requests get far."""
    names = st.sampled_from(list(resource.attributes)) | json_text
    return st.tuples(st.dictionaries(names, strange, max_size=4), st.sampled_from([known, {}])).map(
        lambda both: both[1] | both[0]
    )


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
async def test_no_body_is_too_strange(neutron: Neutron, resource: Resource) -> None:
    """Whatever is taken can be shown and deleted again."""
    network = await neutron.create("network")
    await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24")
    port = await neutron.create("port", network_id=network["id"])
    known = {
        "network": {},
        "subnet": {"network_id": network["id"], "cidr": "10.0.1.0/24"},
        "port": {"network_id": network["id"]},
    }[resource.name]
    target = {"network": network["id"], "subnet": network["subnets"], "port": port["id"]}
    target["subnet"] = (await neutron.list("subnet"))[0]["id"]
    creates: list[Any] = []
    updates: list[Any] = []

    @settings(max_examples=250, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(
        attributes_of(resource, known).map(lambda one: {resource.name: one}),
        st.lists(attributes_of(resource, known), max_size=3).map(lambda items: {resource.collection: items}),
        strange,
    ))  # fmt: skip
    def collect(body: Any) -> None:
        creates.append(body)

    @settings(max_examples=250, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(attributes_of(resource, {"name": "n"}).map(lambda one: {resource.name: one}))
    def collect_updates(body: Any) -> None:
        updates.append(body)

    collect()
    collect_updates()
    for body in creates:
        response = await neutron.http.post(f"/v2.0/{resource.collection}", content=json.dumps(body))
        assert response.status_code in (201, 400, 404, 409), (body, response.text)
        assert len(response.content) < 10_000 or response.status_code == 201
        if response.status_code == 201:
            for view in created_by(response.json(), resource):
                assert await neutron.show(resource.name, view["id"]) == view
                await neutron.delete(resource.name, view["id"])
    for body in updates:
        path = f"/v2.0/{resource.collection}/{target[resource.name]}"
        response = await neutron.http.put(path, content=json.dumps(body))
        assert response.status_code in (200, 400, 404, 409), (body, response.text)
        if response.status_code == 200:
            assert await neutron.show(resource.name, target[resource.name]) == response.json()[resource.name]


def created_by(body: Json, resource: Resource) -> list[Json]:
    return body[resource.collection] if resource.collection in body else [body[resource.name]]
