"""What is of another project is to a caller as if it were not there."""

from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from alcor.api.neutron.routes import neutron_routes
from alcor.api.routes import Route
from alcor.api.vpc.routes import alcor_routes
from alcor.model.identifiers import new_id
from alcor.store.store import Store
from tests.integration.api.neutron.callers import As, signing_in
from tests.integration.api.neutron.theirs import NOBODYS, SAME, THEIRS, build

REFUSALS = (400, 403, 404)  # 400: of a body that no resource of the kind could have
COLLECTIONS = ("networks", "subnets", "ports")
NAMES = {
    "tag": "red",
    "alias": "x",
    "type": "x",
    "ip": "10.0.0.9",
    "mac": "fa:16:3e:00:00:01",
    "profile_id": "x",
    "tenant_id": "blue",
    "names": "broker.example",
}
"""What stands for parameters of paths that are no ids."""


@pytest.fixture
async def sign_in(store: Store, tmp_path: Path) -> AsyncIterator[As]:
    """Clients of a controller whose operator hides some ports."""
    policy = tmp_path / "policy.yaml"
    policy.write_text('"get_port": "rule:admin_only or (project_id:%(project_id)s and not field:ports:name=secret)"\n')
    async with signing_in(store, policy, page_limit=2) as clients:
        yield clients


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


def paths(store: Store, made: Mapping[str, str], absent: str) -> Iterator[tuple[str, str, str]]:
    """Of each route with something of a project in its path: its method, the path to that, and to what is not there."""
    routes: list[Route] = [*neutron_routes(store, 2), *alcor_routes(store, 2)]
    for route in routes:
        for project in ("blue", "red") if "{project_id}" in route.template else ("",):
            template = route.template.replace("{project_id}", project)
            found = path(template, made)
            if found != template and not NOBODYS & set(template.split("/")):
                yield route.method, found, path(template, dict.fromkeys(made, absent))


def path(template: str, ids: Mapping[str, str]) -> str:
    """The path with these ids: what comes after the name of a collection is of it."""
    parts = template.split("/")
    for index, part in enumerate(parts):
        if part.startswith("{") and parts[index - 1] not in NOBODYS:
            name, collection = part.strip("{}"), parts[index - 1]
            assert name in NAMES or collection in ids, f"{template}: one of {collection} has to be made by theirs.py"
            parts[index] = NAMES.get(name) or ids[collection]
    return "/".join(parts)


async def test_a_stranger_gets_what_it_gets_for_what_is_not_there(store: Store, sign_in: As) -> None:
    made = await build(sign_in("blue", "member", "reader"), sign_in("blue", "admin", "service"), "blue")
    stranger, absent = sign_in("red", "member", "reader", "manager"), new_id()
    asked = 0
    for method, theirs, nothing in paths(store, made, absent):
        body = {"tags": ["x"]} if theirs.endswith("/tags") else {_one(theirs): {}}
        answers = [await stranger.request(method, each, json=body) for each in (theirs, nothing)]
        found, missing = [_anonymous(answer.text, {*made.values(), absent}) for answer in answers]
        is_empty = answers[0].status_code == 200 and list(answers[0].json().values()) == [[]]
        assert is_empty or answers[0].status_code in REFUSALS, (method, theirs, answers[0].text)
        assert (answers[0].status_code, found) == (answers[1].status_code, missing), (method, theirs)
        asked += answers[0].status_code == 404
    assert asked > 100, "nearly all say that there is no such thing"


def _one(path: str) -> str:
    """What a body for the path calls the resource."""
    names = {kind.path.rsplit("/", 1)[-1]: kind.name for kind in THEIRS}
    collection = path.split("/")[-2]
    return names.get(SAME.get(collection, collection), "resource")


def _anonymous(text: str, ids: set[str]) -> str:
    for each in ids:
        text = text.replace(each, "ID")
    return text


async def test_a_stranger_builds_on_nothing_of_others(sign_in: As) -> None:
    theirs, stranger = await cloud(sign_in("blue", "member", "reader")), sign_in("red", "member", "reader")
    for resource, more in (("subnet", {"cidr": "10.1.0.0/24"}), ("port", {})):
        answers = [
            await stranger.post(f"/v2.0/{resource}s", json={resource: {"network_id": each, **more}})
            for each in (theirs["networks"], new_id())
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
    network_id, absent = await created(stranger, "network"), new_id()
    said = []
    for subnet_id in (theirs["subnets"], absent):
        port = {"network_id": network_id, "fixed_ips": [{"subnet_id": subnet_id}]}
        answer = await stranger.post("/v2.0/ports", json={"port": port})
        said.append((answer.status_code, _anonymous(answer.text, {subnet_id})))
    assert said[0] == said[1] and said[0][0] == 404


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


async def test_a_stranger_makes_no_port_an_interface_of_anothers_router(sign_in: As) -> None:
    """The port's network would be connected to those of the router."""
    owner, stranger = sign_in("blue", "member", "reader"), sign_in("red", "member", "reader")
    theirs, network = await created(owner, "router"), await created(stranger, "network")
    interface = {"device_id": theirs, "device_owner": "network:router_interface"}
    making = await stranger.post("/v2.0/ports", json={"port": {"network_id": network, **interface}})
    own = await created(stranger, "port", network_id=network)
    changing = await stranger.put(f"/v2.0/ports/{own}", json={"port": interface})
    for answer in (making, changing):
        assert answer.status_code == 409
        assert answer.json()["NeutronError"]["type"] == "DeviceIDNotOwnedByTenant"
    own_router = await created(stranger, "router")
    allowed = await stranger.put(f"/v2.0/ports/{own}", json={"port": interface | {"device_id": own_router}})
    assert allowed.status_code == 200
