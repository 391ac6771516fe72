"""``…/ports/{id}/trace``: what decides about a packet is what the API was told, and others' resources are not named."""

from typing import Any

import httpx
import pytest

from alcor.model.identifiers import new_id
from alcor.services.hosts import host_session
from alcor.services.hosts.host_session import HostSession
from alcor.services.ports.port_status import ACTIVE, PortStatus, set_statuses
from alcor.store import change_log
from alcor.store.store import Store
from tests.integration.api.neutron.callers import As
from tests.integration.api.neutron.requests import Json, Neutron, refusal, shown

HOSTS = ("host-1", "host-2")


def session_of(host: str) -> bytes:
    return host.encode().ljust(16)


class Site:
    """Two subnets of two networks, joined by a router, with a port each that its host carries."""

    def __init__(self, store: Store, admin: httpx.AsyncClient, owner: httpx.AsyncClient) -> None:
        self._store, self._admin = store, Neutron(admin)
        self.api = Neutron(owner)
        self.ports: dict[str, Json] = {}
        self.subnets: dict[str, Json] = {}
        self.router: Json = {}

    async def build(self) -> None:
        for number, host in enumerate(HOSTS):
            node = {"node_id": host, "node_name": host, "local_ip": f"192.0.2.{number + 1}"}
            assert (await self._admin.http.post("/nodes", json={"host_info": node})).status_code == 201
        sessions = [HostSession(host, session_of(host)) for host in HOSTS]
        await self._store.write(lambda transaction: host_session.claim(transaction, "c", sessions))
        await self._store.write(lambda transaction: host_session.heartbeat(transaction, "c", 60))
        self.router = await self.api.create("router", name="joins")
        for number, name in enumerate(("a", "b")):
            network = await self.api.create("network", name=name)
            subnet = await self.api.create("subnet", network_id=network["id"], cidr=f"10.{number}.0.0/24", name=name)
            self.subnets[name] = subnet
            self.ports[name] = await self.add_port(self.api, network["id"], name, HOSTS[number])
            path = f"/v2.0/routers/{self.router['id']}/add_router_interface"
            shown(await self.api.http.put(path, json={"subnet_id": subnet["id"]}))

    async def add_port(self, api: Neutron, network_id: str, name: str, host: str, **attributes: Any) -> Json:
        """A port that is bound to a host, as administrators do, and that its host says it carries."""
        port = await api.create("port", network_id=network_id, name=name, **attributes)
        await self._admin.update("port", port["id"], **{"binding:host_id": host})
        statuses = [PortStatus(port["id"], host, session_of(host), ACTIVE, await self._store.read(change_log.head))]
        await self._store.write(lambda transaction: set_statuses(transaction, statuses))
        return port

    def address(self, name: str) -> str:
        """The address of a port."""
        return str(self.ports[name]["fixed_ips"][0]["ip_address"])

    async def trace(self, sender: str, **packet: Any) -> Json:
        """The owner's trace of a packet."""
        path = f"/v2.0/ports/{self.ports[sender]['id']}/trace"
        found: Json = shown(await self.api.http.post(path, json=packet))["trace"]
        return found


@pytest.fixture
async def site(store: Store, sign_in: As) -> Site:
    made = Site(store, sign_in("blue", "admin", "service"), sign_in("blue", "member", "reader"))
    await made.build()
    return made


def stopping(trace: Json) -> list[tuple[str, str, str]]:
    """The steps that stop a packet, with the type and id of what to change."""
    return [
        (each["step"], *((each["resource"]["type"], each["resource"]["id"]) if each["resource"] else ("", "")))
        for each in trace["steps"]
        if each["verdict"] == "stops"
    ]


async def test_members_of_a_group_reach_each_other_through_a_router(site: Site) -> None:
    trace = await site.trace("a", to=site.address("b"), protocol="tcp", port=443)
    assert (trace["verdict"], stopping(trace)) == ("passes", [])
    assert {each["way"] for each in trace["steps"]} == {"there", "back"}
    route = next(each for each in trace["steps"] if each["step"] == "route")
    assert route["resource"] == {"type": "router", "id": site.router["id"], "name": "joins"}
    assert route["detail"] == "10.1.0.0/24"


async def test_a_rule_that_is_removed_is_what_is_missing(site: Site) -> None:
    (group_id,) = site.ports["b"]["security_groups"]
    rules = [each for each in await site.api.list("security_group_rule") if each["direction"] == "ingress"]
    for rule in rules:
        await site.api.delete("security_group_rule", rule["id"])
    trace = await site.trace("a", to=site.address("b"))
    assert stopping(trace) == [("security groups of receiver", "security_group", group_id)]
    rule = await site.api.create(
        "security_group_rule", security_group_id=group_id, direction="ingress", protocol="icmp",
        remote_ip_prefix="10.0.0.0/24",
    )  # fmt: skip
    trace = await site.trace("a", to=site.address("b"))
    assert trace["verdict"] == "passes"
    assert any(rule["id"] in each["detail"] for each in trace["steps"])


async def test_an_address_group_says_who_comes_in(site: Site) -> None:
    group = await site.api.create("address_group", name="partners", addresses=["10.0.0.0/24"])
    web = await site.api.create("security_group", name="web")
    rule = {"security_group_id": web["id"], "direction": "ingress", "remote_address_group_id": group["id"]}
    await site.api.create("security_group_rule", **rule)
    await site.api.update("port", site.ports["b"]["id"], security_groups=[web["id"]])
    assert (await site.trace("a", to=site.address("b")))["verdict"] == "passes"
    path = f"/v2.0/address-groups/{group['id']}/remove_addresses"
    shown(await site.api.http.put(path, json={"addresses": ["10.0.0.0/24"]}))
    assert stopping(await site.trace("a", to=site.address("b"))) == [
        ("security groups of receiver", "security_group", web["id"])
    ]


async def test_routes_and_route_tables_are_named(site: Site) -> None:
    far = "198.51.100.7"
    trace = await site.trace("a", to=far)
    assert stopping(trace) == [("route", "router", site.router["id"])]
    table = {"name": "t", "route_table_type": "private_subnet",
             "routes": [{"destination": "198.51.100.0/24", "target": "nowhere"}]}  # fmt: skip
    path = f"/project/blue/subnets/{site.subnets['a']['id']}/routetable"
    made = shown(await site.api.http.post(path, json={"routetable": table}), 201)["routetable"]
    assert stopping(await site.trace("a", to=far)) == [("route", "routetable", made["id"])]
    routes = [{"destination": "198.51.100.0/24", "nexthop": site.address("b")}]
    await site.api.update("router", site.router["id"], routes=routes)
    assert (await site.api.http.delete(path)).status_code in (200, 204)
    trace = await site.trace("a", to=far)
    workload = next(each for each in trace["steps"] if each["step"] == "workload")
    assert (workload["verdict"], workload["resource"]["id"]) == ("unknown", site.ports["b"]["id"])
    assert stopping(trace)[0] == ("source", "port", site.ports["b"]["id"]), "it may not send what others sent"


async def test_a_port_of_no_host_and_an_address_of_nobody(site: Site) -> None:
    unbound = await site.api.create("port", network_id=site.ports["a"]["network_id"])
    trace = await site.trace("a", to=unbound["fixed_ips"][0]["ip_address"])
    assert stopping(trace) == [("receiver", "port", unbound["id"])]
    assert stopping(await site.trace("a", to="10.1.0.200")) == [("receiver", "", "")]
    assert stopping(await site.trace("a", to="10.0.0.200")) == [("receiver", "", "")]
    await site.api.update("port", unbound["id"], allowed_address_pairs=[{"ip_address": "10.0.0.192/26"}])
    shared = await site.trace("a", to="10.0.0.200")
    assert (shared["verdict"], shared["steps"][-1]["resource"]["id"]) == ("unknown", unbound["id"])
    assert stopping(await site.trace("a", to=site.address("b"), **{"from": "192.0.2.9"}))[0][:2] == ("source", "port")


async def test_what_cannot_be_asked_is_refused_with_the_field(site: Site) -> None:
    path = f"/v2.0/ports/{site.ports['a']['id']}/trace"
    for body, field in (
        ({}, "'to'"),
        ({"to": "nowhere"}, "to"),
        ({"to": "10.1.0.1", "protocol": "teapot"}, "protocol"),
        ({"to": "10.1.0.1", "protocol": "any"}, "protocol"),
        ({"to": "10.1.0.1", "protocol": "tcp"}, "port"),
        ({"to": "10.1.0.1", "protocol": "tcp", "port": 0}, "port"),
        ({"to": "10.1.0.1", "port": 80}, "port"),
        ({"to": "10.1.0.1", "protocol": "tcp", "port": 80, "icmp_type": 8}, "icmp_type"),
        ({"to": "10.1.0.1", "icmp_type": 256}, "icmp_type"),
        ({"to": "10.1.0.1", "from": "fd00::1"}, "from"),
        ({"to": "10.1.0.1", "protocol": "58"}, "protocol"),
        ({"to": "10.1.0.1", "teapot": 1}, "teapot"),
        ([], "trace"),
    ):
        status, _, message = refusal(await site.api.http.post(path, json=body))
        assert status == 400 and field in message, (body, message)


async def test_alcors_api_traces_the_ports_of_its_project(site: Site) -> None:
    for prefix in ("/project/blue", "/v4/project/blue", "/v4/blue"):
        path = f"{prefix}/ports/{site.ports['a']['id']}/trace"
        found = shown(await site.api.http.post(path, json={"to": site.address("b")}))["trace"]
        assert found["verdict"] == "passes"


async def test_strangers_and_owners_of_the_network_trace_no_port_of_others(site: Site, sign_in: As) -> None:
    path, body = f"/v2.0/ports/{site.ports['a']['id']}/trace", {"to": site.address("b")}
    stranger = sign_in("red", "member", "reader")
    assert refusal(await stranger.post(path, json=body))[:2] == (404, "PortNotFound")
    assert refusal(await stranger.post(f"/v2.0/ports/{new_id()}/trace", json=body))[:2] == (404, "PortNotFound")
    assert refusal(await site.api.http.post(path.replace("/v2.0", "/project/red"), json=body))[0] == 404
    guest = await _guest(site, sign_in)
    path = f"/v2.0/ports/{guest['id']}/trace"
    assert refusal(await site.api.http.post(path, json=body))[:2] == (403, "PolicyNotAuthorized")
    assert (await sign_in("ops", "admin").post(path, json=body)).status_code == 200


async def _guest(site: Site, sign_in: As) -> Json:
    """A port of the project red in a network of the project blue."""
    network_id = site.ports["b"]["network_id"]
    policy = {"object_type": "network", "object_id": network_id, "action": "access_as_shared", "target_tenant": "red"}
    await site.api.create("rbac_policy", **policy)
    guest = Neutron(sign_in("red", "member", "reader"))
    return await site.add_port(guest, network_id, "secret name", HOSTS[1])


async def test_what_is_of_others_on_the_way_has_neither_id_nor_name(site: Site, sign_in: As) -> None:
    guest = await _guest(site, sign_in)
    red = sign_in("red", "member", "reader")
    answer = await red.post(f"/v2.0/ports/{guest['id']}/trace", json={"to": site.address("b")})
    trace = shown(answer)["trace"]
    assert stopping(trace) == [("security groups of receiver", "security_group", None)]
    for secret in (site.ports["b"]["id"], *site.ports["b"]["security_groups"], site.router["id"], *HOSTS, "192.0.2.2"):
        assert secret not in answer.text
    (refused,) = [each for each in trace["steps"] if each["verdict"] == "stops"]
    assert (refused["detail"], refused["resource"]["name"]) == ("", "")
    assert "not of your project" in refused["advice"]
    answer = await site.api.http.post(f"/v2.0/ports/{site.ports['a']['id']}/trace", json={"to": _address(guest)})
    assert stopping(shown(answer)["trace"]) == [("security groups of receiver", "security_group", None)]
    assert all(secret not in answer.text for secret in guest["security_groups"])
    everything = await sign_in("ops", "admin").post(f"/v2.0/ports/{guest['id']}/trace", json={"to": site.address("b")})
    assert site.ports["b"]["security_groups"][0] in everything.text
    assert HOSTS[1] in everything.text


def _address(port: Json) -> str:
    return str(port["fixed_ips"][0]["ip_address"])


async def test_the_network_acl_of_a_subnet_is_asked_at_its_border(site: Site) -> None:
    project, subnet = site.router["project_id"], site.subnets["b"]
    acl = {"vpc_id": subnet["network_id"], "is_default": True, "name": "strict"}
    made = await site.api.http.post(f"/project/{project}/network-acls", json={"network_acl": acl})
    acl_id = shown(made, 201)["network_acl"]["id"]
    trace = await site.trace("a", to=site.address("b"))
    assert stopping(trace) == [("network ACL of receiver's subnet", "network_acl", acl_id)]
    (step,) = [each for each in trace["steps"] if each["verdict"] == "stops"]
    assert step["detail"] == "ingress rule 32767 denies IPv4 any protocol from 0.0.0.0/0"
    for direction in ("ingress", "egress"):
        rule = {"network_acl_id": acl_id, "number": 1, "direction": direction, "action": "allow", "protocol": "icmp"}
        shown(await site.api.http.post(f"/project/{project}/network-acl-rules", json={"network_acl_rule": rule}), 201)
    assert (await site.trace("a", to=site.address("b")))["verdict"] == "passes"
