"""What is of another project is to a caller as if it were not there."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from alcor.api.app import ApiSettings, create_app
from alcor.api.identity.authenticate import keystone_authenticate
from alcor.api.identity.policy import RulePolicy
from alcor.api.rules import all_rules
from alcor.model.identifiers import new_id
from alcor.store.store import Store
from tests.fake_keystone import SETTINGS, FakeKeystone

As = Callable[..., httpx.AsyncClient]
COLLECTIONS = ("networks", "subnets", "ports")
PATHS = [
    *(f"/v2.0/{each}/{{id}}" for each in COLLECTIONS),
    *(f"/v2.0/{each}/{{id}}/tags" for each in COLLECTIONS),
    *(f"/v2.0/{each}/{{id}}/tags/red" for each in COLLECTIONS),
    *(f"/project/blue/{each}/{{id}}" for each in ("vpcs", "subnets", "ports")),
    *(f"/project/red/{each}/{{id}}" for each in ("vpcs", "subnets", "ports")),
    "/v2.0/network-ip-availabilities/{id}",
]


@pytest.fixture
async def sign_in(store: Store, tmp_path: Path) -> AsyncIterator[As]:
    """Clients of one controller, each with a token for a project and roles there."""
    keystone, clients = FakeKeystone(), []
    policy = tmp_path / "policy.yaml"
    policy.write_text('"get_port": "rule:admin_only or (project_id:%(project_id)s and not field:ports:name=secret)"\n')
    authenticate = keystone_authenticate(SETTINGS, RulePolicy(all_rules(), policy), keystone.client())
    settings = ApiSettings(page_limit=2)
    application = create_app(store, settings, lambda: None, CollectorRegistry(), authenticate=authenticate)

    def client(project: str, *roles: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(application)
        token = {"X-Auth-Token": keystone.token(project, *roles)}
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://neutron:9696", headers=token))
        return clients[-1]

    yield client
    for each in clients:
        await each.aclose()


async def created(client: httpx.AsyncClient, resource: str, **attributes: Any) -> str:
    answer = await client.post(f"/v2.0/{resource}s", json={resource: attributes})
    assert answer.status_code == 201, answer.text
    return str(answer.json()[resource]["id"])


async def cloud(client: httpx.AsyncClient) -> dict[str, str]:
    """A network of the client's project, with a subnet and a port, each by its collection."""
    network_id = await created(client, "network", name="n")
    subnet_id = await created(client, "subnet", network_id=network_id, cidr="10.0.0.0/24")
    port_id = await created(client, "port", network_id=network_id)
    for path in (f"networks/{network_id}", f"subnets/{subnet_id}", f"ports/{port_id}"):
        assert (await client.put(f"/v2.0/{path}/tags/red")).status_code == 201
    return {"networks": network_id, "vpcs": network_id, "network-ip-availabilities": network_id,
            "subnets": subnet_id, "ports": port_id}  # fmt: skip


async def test_a_stranger_gets_what_it_gets_for_what_is_not_there(sign_in: As) -> None:
    theirs, stranger = await cloud(sign_in("blue", "member", "reader")), sign_in("red", "member", "reader")
    for path in PATHS:
        resource_id, other_id = theirs[path.split("/{id}")[0].rsplit("/", 1)[1]], new_id()
        for method in ("GET", "PUT", "DELETE", "POST"):
            body = {"tags": ["x"]} if path.endswith("/tags") else {_one(path): {"name": "mine"}}
            found, absent = [
                await stranger.request(method, path.format(id=each), json=body) for each in (resource_id, other_id)
            ]
            assert found.status_code in (404, 405), (method, path, found.text)
            same = found.text.replace(resource_id, other_id)
            assert (found.status_code, same) == (absent.status_code, absent.text), (method, path)


def _one(path: str) -> str:
    return "network" if "vpcs" in path else path.split("/{id}")[0].rsplit("/", 1)[1].removesuffix("s")


async def test_a_stranger_builds_on_nothing_of_others(sign_in: As) -> None:
    theirs, stranger = await cloud(sign_in("blue", "member", "reader")), sign_in("red", "member", "reader")
    for resource, more in (("subnet", {"cidr": "10.1.0.0/24"}), ("port", {})):
        answers = [
            await stranger.post(f"/v2.0/{resource}s", json={resource: {"network_id": each, **more}})
            for each in (theirs["networks"], new_id())
        ]
        assert [answer.status_code for answer in answers] == [404, 404]


async def test_lists_filters_and_markers_tell_nothing_of_others(sign_in: As) -> None:
    theirs, stranger = await cloud(sign_in("blue", "member", "reader")), sign_in("red", "member", "reader")
    for collection in COLLECTIONS:
        path = f"/v2.0/{collection}"
        for query in ("", "?project_id=blue", f"?id={theirs[collection]}", "?tags=red", "?sort_key=id&sort_dir=asc"):
            assert (await stranger.get(path + query)).json() == {collection: []}
        assert (await stranger.get(f"{path}?marker={theirs[collection]}")).status_code == 404
        assert (await stranger.get(f"/project/blue/{collection.replace('networks', 'vpcs')}")).status_code == 404
    assert (await stranger.get("/nodes")).json() == {"nodeInfos": []}
    assert (await stranger.get("/v2.0/network-ip-availabilities")).json() == {"network_ip_availabilities": []}


async def test_a_rule_of_the_operator_hides_of_a_list_what_it_refuses(sign_in: As) -> None:
    owner = sign_in("blue", "member", "reader")
    network_id = await created(owner, "network")
    hidden = [await created(owner, "port", network_id=network_id, name="secret") for _ in range(5)]
    shown = await created(owner, "port", network_id=network_id, name="plain")
    answer = await owner.get("/v2.0/ports?sort_key=name&sort_dir=desc")
    assert [port["id"] for port in answer.json()["ports"]] == [shown]
    assert not any(each in answer.text for each in hidden)
    assert (await owner.get(f"/v2.0/ports/{hidden[0]}")).status_code == 404


async def test_quotas_of_others_are_for_administrators(sign_in: As) -> None:
    member, admin = sign_in("red", "member", "reader"), sign_in("ops", "admin")
    answers: list[Awaitable[httpx.Response]] = [
        member.get("/v2.0/quotas/red"),
        member.get("/v2.0/quotas/blue"),
        member.get("/v2.0/quotas"),
        member.put("/v2.0/quotas/red", json={"quota": {"port": 5}}),
        member.delete("/v2.0/quotas/red"),
        admin.put("/v2.0/quotas/red", json={"quota": {"port": 5}}),
        admin.get("/v2.0/quotas/red"),
    ]
    assert [(await each).status_code for each in answers] == [200, 403, 403, 403, 403, 200, 200]
