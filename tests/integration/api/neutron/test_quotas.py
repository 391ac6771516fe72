"""Projects have no more than they may, however many ask at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from alcor.model.choices import Choices
from alcor.services.quota import RESOURCES
from alcor.store.store import open_store
from tests.integration.api.neutron.conftest import client_of
from tests.integration.api.neutron.requests import Neutron, refusal, shown

PATH = "/v2.0/quotas"
UNLIMITED = dict.fromkeys(RESOURCES, -1)


async def limits(neutron: Neutron, project: str, suffix: str = "") -> Any:
    return shown(await neutron.http.get(f"{PATH}/{project}{suffix}"))["quota"]


async def limit(neutron: Neutron, project: str, **most: Any) -> Any:
    return shown(await neutron.http.put(f"{PATH}/{project}", json={"quota": most}))["quota"]


async def test_limits_are_set_shown_and_forgotten(neutron: Neutron) -> None:
    assert await limits(neutron, "p") == await limits(neutron, "p", "/default") == UNLIMITED
    assert await limit(neutron, "p", network=2, port="7") == UNLIMITED | {"network": 2, "port": 7}
    assert await limit(neutron, "p", network=3) == UNLIMITED | {"network": 3, "port": 7}
    await neutron.create("network", project_id="p")
    nothing = {kind: {"limit": -1, "used": 0, "reserved": 0} for kind in RESOURCES}
    nothing["security_group"]["used"], nothing["security_group_rule"]["used"] = 1, 4  # the default group
    assert await limits(neutron, "p", "/details.json") == nothing | {
        "network": {"limit": 3, "used": 1, "reserved": 0},
        "port": {"limit": 7, "used": 0, "reserved": 0},
    }
    listed = shown(await neutron.http.get(PATH))["quotas"]
    assert listed == [UNLIMITED | {"project_id": "p", "tenant_id": "p", "network": 3, "port": 7}]
    assert (await neutron.http.delete(f"{PATH}/p")).status_code == 204
    assert await limits(neutron, "p") == UNLIMITED
    assert refusal(await neutron.http.delete(f"{PATH}/p"))[:2] == (404, "TenantQuotaNotFound")
    assert shown(await neutron.http.get(f"{PATH}/tenant")) == {"tenant": {"tenant_id": "default"}}


async def test_what_is_beyond_the_limit_is_refused_and_others_are_not(neutron: Neutron) -> None:
    for kind in ("network", "subnet", "port"):
        await limit(neutron, "p", **{kind: 2})
    network = await neutron.create("network", project_id="p", shared=True)
    await neutron.create("network", project_id="p")
    refused = await neutron.refused("POST", "networks", {"network": {"project_id": "p"}})
    assert refused == (409, "OverQuota", "Quota exceeded for resources: ['network'].")
    await neutron.create("network", project_id="q")
    for number in range(2):
        own = {"network_id": network["id"], "project_id": "p"}
        await neutron.create("subnet", **own, cidr=f"10.{number}.0.0/24", ip_version=4)
        await neutron.create("port", **own)
    body = {"subnet": own | {"cidr": "10.9.0.0/24", "ip_version": 4}}
    assert (await neutron.refused("POST", "subnets", body))[1] == "OverQuota"
    assert (await neutron.refused("POST", "ports", {"port": own}))[1] == "OverQuota"
    await neutron.create("port", network_id=network["id"], project_id="q")
    port = (await neutron.list("port", "project_id=p"))[0]
    await neutron.delete("port", port["id"])
    await neutron.create("port", **own)


async def test_routers_have_no_more_routes_than_they_may(neutron: Neutron) -> None:
    """It is of each router: what others have counts for nothing. Who has more already may take some away."""
    routers = []
    for _ in range(2):
        routers.append(await neutron.create("router", project_id="p"))
        network = await neutron.create("network", project_id="p")
        subnet = await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24", project_id="p")
        path = f"/v2.0/routers/{routers[-1]['id']}/add_router_interface"
        shown(await neutron.http.put(path, json={"subnet_id": subnet["id"]}))
    routes = [{"destination": f"10.1.{number}.0/24", "nexthop": "10.0.0.9"} for number in range(4)]
    await limit(neutron, "p", router_route=3)
    for router in routers:
        await neutron.update("router", router["id"], routes=routes[:3])
    path = f"routers/{routers[0]['id']}"
    exceeded = (409, "OverQuota", "Quota exceeded for resources: ['router_route'].")
    assert await neutron.refused("PUT", path, {"router": {"routes": routes}}) == exceeded
    more = {"router": {"routes": routes[3:]}}
    assert await neutron.refused("PUT", f"{path}/add_extraroutes", more) == exceeded
    await limit(neutron, "p", router_route=1)
    fewer = {"router": {"routes": routes[:1]}}
    left = shown(await neutron.http.put(f"/v2.0/{path}/remove_extraroutes", json=fewer))["router"]
    assert left["routes"] == routes[1:3]
    assert (await limits(neutron, "p", "/details.json"))["router_route"] == {"limit": 1, "used": 0, "reserved": 0}


async def test_several_are_created_together_or_not_at_all(neutron: Neutron) -> None:
    network = await neutron.create("network")
    await limit(neutron, "p", port=3)
    ports = [{"network_id": network["id"], "project_id": "p"}] * 4
    assert (await neutron.refused("POST", "ports", {"ports": ports}))[1] == "OverQuota"
    assert await neutron.list("port") == []
    await neutron.create_bulk("port", *ports[:3])


async def test_many_at_once_get_what_there_is_and_no_more(neutron: Neutron) -> None:
    network = await neutron.create("network")
    await limit(neutron, "p", port=10)
    bodies = [
        {"port": {"network_id": network["id"] if number % 3 else "0" * 8 + network["id"][8:], "project_id": "p"}}
        for number in range(45)
    ]
    answers = await asyncio.gather(*(neutron.http.post("/v2.0/ports", json=body) for body in bodies))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(404) + statuses.count(409)) == (10, 35)
    assert len(await neutron.list("port", "project_id=p")) == 10


async def test_a_limit_below_what_there_is_must_be_forced(neutron: Neutron) -> None:
    for _ in range(2):
        await neutron.create("network", project_id="p")
    for body in ({"network": 1}, {"network": 1, "force": False}, {"network": 1, "check_limit": True}):
        refused = await neutron.refused("PUT", "quotas/p", {"quota": body})
        assert refused == (
            400,
            "HTTPBadRequest",
            "Quota limit 1 for network must be greater than or equal to already used 2",
        )
    assert await limits(neutron, "p") == UNLIMITED
    assert await limit(neutron, "p", network=1, force=True) == UNLIMITED | {"network": 1}
    assert (await neutron.refused("POST", "networks", {"network": {"project_id": "p"}}))[1] == "OverQuota"


@pytest.fixture
async def limited(database_url: str) -> AsyncIterator[Neutron]:
    """A client of a cloud where a project may have two networks by default."""
    store = await open_store(database_url, Choices(default_limits={"network": 2}))
    async with client_of(store) as client:
        yield client
    await store.close()


async def test_defaults_hold_where_nothing_is_set(limited: Neutron) -> None:
    two = UNLIMITED | {"network": 2}
    assert await limits(limited, "p") == await limits(limited, "p", "/default") == two
    assert (await limits(limited, "p", "/details"))["network"] == {"limit": 2, "used": 0, "reserved": 0}
    networks = [{"project_id": "p"}] * 3
    assert (await limited.refused("POST", "networks", {"networks": networks}))[1] == "OverQuota"
    await limited.create_bulk("network", *networks[:2])
    assert (await limited.refused("POST", "networks", {"network": {"project_id": "p"}}))[1] == "OverQuota"
    await limited.create("network", project_id="q")
    assert await limit(limited, "p", network=-1) == UNLIMITED
    await limited.create("network", project_id="p")
    assert (await limited.http.delete(f"{PATH}/p")).status_code == 204
    assert await limits(limited, "p") == two
    assert (await limited.refused("POST", "networks", {"network": {"project_id": "p"}}))[1] == "OverQuota"
    assert await limit(limited, "q", port=7) == two | {"port": 7}
    assert shown(await limited.http.get(PATH))["quotas"] == [{"project_id": "q", "tenant_id": "q"} | two | {"port": 7}]


@pytest.mark.parametrize(
    "body",
    [None, {}, {"quota": 7}, {"quota": {"port": -2}}, {"quota": {"port": "many"}}, {"quota": {"port": 2**31}},
     {"quota": {"port": None}}, {"quota": {"teapot": 1}}, {"quota": {"check_limit": "perhaps"}}],
)  # fmt: skip
async def test_limits_that_cannot_be_are_refused(neutron: Neutron, body: Any) -> None:
    assert (await neutron.http.put(f"{PATH}/p", json=body)).status_code == 400
    assert await limits(neutron, "p") == UNLIMITED
