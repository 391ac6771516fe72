"""What requests look at does not follow how many ports there are: of networks, of projects, of groups."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from alcor.model.context import OPERATOR, Context
from alcor.store.store import Store
from tests.any_caller import SignIn, asking_as_any
from tests.integration.api.neutron.requests import Json, Neutron
from tests.integration.services.test_list_plans import statements

PORTS = 2_000
MOST_ROWS = 500  # that PostgreSQL looks at, in all steps of its plan
MOST_STEPS = 6_000  # of SQLite's machine, which takes several a row
MOST_STATEMENTS = 60
_LOCKS = re.compile(r" FOR (UPDATE|NO KEY UPDATE|KEY SHARE|SHARE)")


def looks_at_much(connection: Connection, statement: str, parameters: Any) -> str:
    """What the statement did, when it was much; else nothing."""
    if connection.dialect.name == "sqlite":
        steps = _steps(connection, statement, parameters)
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        return f"{steps} steps: {plan}" if steps > MOST_STEPS else ""
    explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {_LOCKS.sub('', statement)}"
    (plan,) = connection.exec_driver_sql(explained, parameters).scalar_one()
    rows = sum(_rows(plan["Plan"]))
    return f"{rows} rows: {json.dumps(plan)}" if rows > MOST_ROWS else ""


def _steps(connection: Connection, statement: str, parameters: Any) -> int:
    driver_connection: Any = connection.connection.driver_connection
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 100

    driver_connection.set_progress_handler(count, 100)
    connection.exec_driver_sql(statement, parameters).all()
    driver_connection.set_progress_handler(None, 0)
    return steps


def _rows(node: Json) -> Iterator[int]:
    yield (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    for part in node.get("Plans", ()):
        yield from _rows(part)


class Watched:
    """The API on a store, and how much is looked at for a request."""

    def __init__(self, store: Store, neutron: Neutron, sign_in: SignIn) -> None:
        self._store = store
        self.neutron = neutron
        self.sign_in = sign_in

    async def little(self, request: Awaitable[Any]) -> Any:
        """The answer to a request that looks at little."""
        with statements(self._store) as seen:
            answer = await request
        assert 0 < len(seen) <= MOST_STATEMENTS
        for statement, parameters in seen:
            much = await self._store.read(lambda connection, s=statement, p=parameters: looks_at_much(connection, s, p))
            assert not much, (statement, much)
        return answer

    async def fill(self, network: Json, **values: Any) -> list[Json]:
        """Many ports of the network, which the database knows of."""
        made = []
        for _ in range(PORTS // 500):
            made += await self.neutron.create_bulk("port", *[{"network_id": network["id"], **values}] * 500)
        await self.analyze()
        return made

    async def analyze(self) -> None:
        """Have PostgreSQL know how much there is."""
        if self._store._engine.dialect.name == "postgresql":
            await self._store.write(lambda transaction: transaction.connection.exec_driver_sql("ANALYZE").close())


@pytest.fixture
async def watched(store: Store) -> AsyncIterator[Watched]:
    async with asking_as_any(store) as (client, sign_in):
        yield Watched(store, Neutron(client), sign_in)


async def test_whether_a_network_is_used_by_others(watched: Watched) -> None:
    neutron = watched.neutron
    network = await neutron.create("network", project_id="owner", shared=True)
    await neutron.create("subnet", network_id=network["id"], project_id="owner", cidr="10.0.0.0/16", ip_version=4)
    await watched.fill(network, project_id="owner")
    await neutron.create("port", network_id=network["id"], project_id="guest")
    unshared = {"network": {"shared": False}}
    refused = await watched.little(neutron.refused("PUT", f"networks/{network['id']}", unshared))
    assert refused[1] == "InvalidSharedSetting"
    about = {"object_type": "network", "object_id": network["id"], "action": "access_as_shared"}
    entries = {each: await neutron.create("rbac_policy", **about, target_tenant=each) for each in ("guest", "other")}
    await watched.little(neutron.update("network", network["id"], shared=False))
    await watched.little(neutron.delete("rbac_policy", entries["other"]["id"]))
    refused = await watched.little(neutron.refused("DELETE", f"rbac-policies/{entries['guest']['id']}"))
    assert refused[1] == "RbacPolicyInUse"


async def test_whether_a_security_group_is_used_by_others(watched: Watched) -> None:
    neutron = watched.neutron
    network = await neutron.create("network", project_id="owner", shared=True)
    await neutron.create("subnet", network_id=network["id"], project_id="owner", cidr="10.0.0.0/16", ip_version=4)
    group = await neutron.create("security_group", project_id="owner", name="g")
    about = {"object_type": "security_group", "object_id": group["id"], "action": "access_as_shared"}
    entries = {each: await neutron.create("rbac_policy", **about, target_tenant=each) for each in ("guest", "other")}
    members = {"security_groups": [group["id"]]}
    await watched.fill(network, project_id="owner", **members)
    await watched.little(neutron.delete("rbac_policy", entries["other"]["id"]))
    await watched.fill(network, project_id="guest", **members)
    refused = await watched.little(neutron.refused("DELETE", f"rbac-policies/{entries['guest']['id']}"))
    assert refused[1] == "RbacPolicyInUse"


async def test_where_a_floating_ip_can_lead(watched: Watched) -> None:
    neutron = watched.neutron
    external = await neutron.create("network", **{"router:external": True})
    await neutron.create("subnet", network_id=external["id"], cidr="172.16.0.0/16", ip_version=4)
    network = await neutron.create("network")
    subnet = await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/16", ip_version=4)
    ports = await watched.fill(network)
    await watched.fill(external)
    router = await neutron.create("router", external_gateway_info={"network_id": external["id"]})
    path = f"/v2.0/routers/{router['id']}"
    interface = {"subnet_id": subnet["id"]}
    assert (await watched.little(neutron.http.put(f"{path}/add_router_interface", json=interface))).is_success
    target = {"floating_network_id": external["id"], "port_id": ports[0]["id"]}
    floating_ip = await watched.little(neutron.create("floatingip", **target))
    assert floating_ip["router_id"] == router["id"]
    again = await watched.little(neutron.update("floatingip", floating_ip["id"], port_id=ports[1]["id"]))
    assert again["router_id"] == router["id"]
    internal = {"network": {"router:external": False}}
    refused = await watched.little(neutron.refused("PUT", f"networks/{external['id']}", internal))
    assert refused[1] == "ExternalNetworkInUse"
    await watched.little(neutron.delete("floatingip", floating_ip["id"]))
    assert (await watched.little(neutron.http.put(f"{path}/remove_router_interface", json=interface))).is_success
    await watched.little(neutron.update("router", router["id"], external_gateway_info=None))


async def test_whether_floating_ips_need_an_interface(watched: Watched) -> None:
    neutron = watched.neutron
    external = await neutron.create("network", **{"router:external": True})
    await neutron.create("subnet", network_id=external["id"], cidr="172.16.0.0/16", ip_version=4)
    network = await neutron.create("network")
    subnets = [
        await neutron.create("subnet", network_id=network["id"], cidr=f"10.{number}.0.0/16", ip_version=4)
        for number in range(2)
    ]
    router = await neutron.create("router", external_gateway_info={"network_id": external["id"]})
    path = f"/v2.0/routers/{router['id']}"
    for subnet in subnets:
        added = await neutron.http.put(f"{path}/add_router_interface", json={"subnet_id": subnet["id"]})
        assert added.is_success
    held = {"network_id": network["id"], "fixed_ips": [{"subnet_id": subnets[0]["id"]}]}
    ports = await neutron.create_bulk("port", *[held] * MOST_STATEMENTS)
    leading = [{"floating_network_id": external["id"], "port_id": port["id"]} for port in ports]
    await neutron.create_bulk("floatingip", *leading)
    needed, other = (
        watched.little(neutron.http.put(f"{path}/remove_router_interface", json={"subnet_id": subnet["id"]}))
        for subnet in subnets
    )
    assert [(await needed).status_code, (await other).status_code] == [409, 200]


async def test_ports_and_subnets_of_a_network_with_many_subnets(watched: Watched) -> None:
    neutron = watched.neutron
    network = await neutron.create("network")
    cidrs = (f"10.{number // 256}.{number % 256}.0/24" for number in range(2 * MOST_ROWS + 1))
    *others, last = ({"network_id": network["id"], "cidr": cidr, "ip_version": 4} for cidr in cidrs)
    subnets = await neutron.create_bulk("subnet", *others)
    await watched.analyze()
    asked = [{"subnet_id": subnets[-1]["id"]}], [{"ip_address": "10.1.0.9"}]
    ports = [await watched.little(neutron.create("port", network_id=network["id"]))]
    ports += [await watched.little(neutron.create("port", network_id=network["id"], fixed_ips=each)) for each in asked]
    for port in ports:
        await watched.little(neutron.update("port", port["id"], fixed_ips=[{"subnet_id": subnets[500]["id"]}]))
        await watched.little(neutron.delete("port", port["id"]))
    beside = await watched.little(neutron.create("subnet", **last))
    await watched.little(neutron.delete("subnet", beside["id"]))


async def test_pages_of_ports(watched: Watched) -> None:
    """For administrators, the owner of a network, and a guest who has few of its ports."""
    neutron = watched.neutron
    network = await neutron.create("network", project_id="owner", shared=True)
    on = {"network_id": network["id"]}
    subnet = await neutron.create("subnet", **on, project_id="owner", cidr="10.0.0.0/16", ip_version=4)
    common = {"device_owner": "compute:nova", "tags": ["blue"]}
    await watched.fill(network, project_id="owner", **common)
    guests = await neutron.create_bulk("port", *[{**on, "project_id": "guest", "device_id": "d"}] * 30)
    owners = await neutron.create("port", **on, project_id="owner", device_id="e", **common)
    router = await neutron.create("router", project_id="owner")
    interface = {"subnet_id": subnet["id"]}
    assert (await neutron.http.put(f"/v2.0/routers/{router['id']}/add_router_interface", json=interface)).is_success
    await watched.analyze()
    for caller, port, wide in (("", owners, True), ("owner", owners, True), ("guest", guests[-1], False)):
        watched.sign_in(Context(project_id=caller, is_admin=False) if caller else OPERATOR)
        filters = [
            f"device_id={port['device_id']}",
            f"mac_address={port['mac_address']}",
            f"fixed_ips=ip_address%3D{port['fixed_ips'][0]['ip_address']}",
            f"fixed_ips=ip_address%3D{port['fixed_ips'][0]['ip_address']}&fixed_ips=subnet_id%3D{subnet['id']}",
        ]
        if wide:
            filters += ["", f"network_id={network['id']}", "status=DOWN", "tags=blue", "device_owner=compute:nova"]
            filters += [f"security_groups={port['security_groups'][0]}"]
            filters += [f"fixed_ips=subnet_id%3D{subnet['id']}", "device_owner=network:router_interface"]
        for each in filters:
            assert await watched.little(neutron.list("port", f"limit=20&{each}")), each
        for each in ("status=ERROR", "name=nobody"):
            assert not await watched.little(neutron.list("port", f"limit=20&{each}")), each


async def test_pages_of_a_guest_who_has_many_ports(watched: Watched) -> None:
    neutron = watched.neutron
    network = await neutron.create("network", project_id="owner", shared=True)
    await neutron.create("subnet", network_id=network["id"], project_id="owner", cidr="10.0.0.0/16", ip_version=4)
    ports = await watched.fill(network, project_id="guest")
    one = await neutron.create("port", network_id=network["id"], project_id="guest", device_id="d", name="one")
    watched.sign_in(Context(project_id="guest", is_admin=False))
    for query in ("device_id=d", f"mac_address={one['mac_address']}", "name=one"):
        assert [port["id"] for port in await watched.little(neutron.list("port", f"limit=20&{query}"))] == [one["id"]]
    for query in ("device_id=e", "status=ERROR", "name=nobody"):
        assert await watched.little(neutron.list("port", f"limit=20&{query}")) == []
    page = f"limit=20&network_id={network['id']}"
    assert len(await watched.little(neutron.list("port", f"{page}&marker={ports[-1]['id']}&page_reverse=true"))) == 20


async def test_pages_of_an_owner_in_whose_network_guests_have_many_ports(watched: Watched) -> None:
    neutron = watched.neutron
    network = await neutron.create("network", project_id="owner", shared=True)
    beside = await neutron.create("network", project_id="owner", shared=True)
    on = {"network_id": network["id"], "project_id": "owner"}
    await neutron.create("subnet", **on, cidr="10.0.0.0/16", ip_version=4)
    await watched.fill(network, project_id="guest", device_owner="compute:nova")
    own = [await neutron.create("port", **on, device_owner="compute:nova") for _ in range(2)]
    guest = {"project_id": "guest", "device_owner": "compute:nova"}
    own += [await neutron.create("port", network_id=beside["id"], **guest)]
    await watched.analyze()
    watched.sign_in(Context(project_id="owner", is_admin=False))
    for query in ("", f"network_id={network['id']}", "device_owner=compute:nova", "status=DOWN"):
        page = await watched.little(neutron.list("port", f"limit=20&{query}"))
        assert len(page) == 20, query
        back = f"limit=20&{query}&marker={own[-1]['id']}&page_reverse=true"
        page = await watched.little(neutron.list("port", back))
        assert [port["id"] for port in page[-2:]] == [port["id"] for port in own[:2]], query
    for query in (f"network_id={beside['id']}", "device_owner=network:dhcp", "name=nobody"):
        page = await watched.little(neutron.list("port", f"limit=20&{query}"))
        assert [port["id"] for port in page] == ([own[-1]["id"]] if "network_id" in query else []), query
