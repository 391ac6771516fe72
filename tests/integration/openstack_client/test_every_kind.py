"""The SDK drives every kind of resource that Neutron's API serves: each is made, shown, listed, changed and deleted."""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import msgspec
import openstack.network.v2
import pytest
from openstack.connection import Connection
from openstack.network.v2._proxy import Proxy
from openstack.resource import Resource

from alcor.api.neutron.routes import MANAGERS
from alcor.model.context import DEFAULT_PROJECT
from alcor.services.manager import CREATE, LIST, SHOW, UPDATE, Manager
from tests.integration.api.neutron.theirs import HOST, THEIRS, Kind

pytestmark = pytest.mark.filterwarnings("ignore:::openstack.*")  # of its own coming versions

_INTERFACE = "add_router_interface"
_OF_OPERATORS = (
    Kind("default-security-group-rules", "default_security_group_rule", lambda _: {"direction": "ingress"}),
    Kind("flavors", "flavor", lambda _: {"name": "gold", "service_type": "L3_ROUTER_NAT"}),
    Kind("service_profiles", "service_profile", lambda _: {"metainfo": "{}"}),
)
_BY_NAME = {manager.resource.name: manager for manager in MANAGERS}
KINDS = [kind for kind in (*THEIRS, *_OF_OPERATORS) if kind.under == "/v2.0" and kind.name in ("", *_BY_NAME)]


class Made(msgspec.Struct, frozen=True):
    """A resource that the SDK has made, and what its URI needs."""

    kind: Kind
    resource: Resource
    uri: Mapping[str, str]

    @property
    def manager(self) -> Manager:
        return _BY_NAME[self.kind.name]

    @property
    def key(self) -> str:
        """What paths name it by."""
        found: str = getattr(self.resource, self.kind.key)
        return found


def _path(template: str) -> str:
    return re.sub(r"%\(\w+\)s|{\w+}", "{}", template).strip("/").replace("_", "-")


def _classes() -> dict[str, type[Resource]]:
    """The SDK's classes, by the path of their collection."""
    modules = [each.name for each in pkgutil.iter_modules(openstack.network.v2.__path__)]
    found = [vars(importlib.import_module(f"openstack.network.v2.{name}")) for name in modules]
    classes = [each for module in found for each in module.values() if isinstance(each, type)]
    return {_path(each.base_path): each for each in classes if issubclass(each, Resource) and each.base_path}


CLASSES = _classes()
"""The SDK has none for logs and for pools of floating IPs: these are asked for by its session."""


@pytest.fixture(scope="module")
def network(endpoint: str) -> Iterator[Proxy]:
    node = {"node_id": HOST, "local_ip": "192.0.2.200"}
    assert httpx.post(f"{endpoint}/nodes", json={"host_info": node}).status_code == 201
    with Connection(auth_type="none", endpoint=endpoint) as cloud:
        yield cloud.network
    assert httpx.delete(f"{endpoint}/nodes/{HOST}").status_code == 200


@pytest.fixture(scope="module")
def made(network: Proxy) -> Iterator[list[Made]]:
    """One of each kind, in the order in which one builds on another; they are deleted in the other order."""
    ids: dict[str, str] = {}
    resources: list[Made] = []
    undo: list[Any] = []
    for kind in KINDS:
        path = f"/{kind.path.format_map(ids)}"
        if not kind.name:
            _act(network, path, kind.attributes(ids))
            if _INTERFACE in path:
                undo.append((path.replace("add", "remove"), kind.attributes(ids)))
            continue
        if _path(kind.path) not in CLASSES:
            answer = network.post(path, json={kind.name: kind.attributes(ids)})
            assert answer.status_code == 201, answer.text
            undo.append(f"{path}/{answer.json()[kind.name]['id']}")
            continue
        which = CLASSES[_path(kind.path)]
        parents = re.findall(r"{(\w+)}", kind.path)
        uri = dict(zip(re.findall(r"%\((\w+)\)s", which.base_path), (ids[each] for each in parents), strict=True))
        new = Made(kind, which.new(**kind.attributes(ids), **uri).create(network), uri)
        resources.append(new)
        undo.append(new)
        ids[kind.called or kind.path.rsplit("/", 1)[-1]] = new.key
    yield resources
    for each in reversed(undo):
        if isinstance(each, Made):
            type(each.resource).new(id=each.key, **each.uri).delete(network)
        elif isinstance(each, tuple):
            _act(network, *each)
        else:
            assert network.delete(each).status_code == 204
    assert not [each for each in network.networks() if each.project_id == DEFAULT_PROJECT]


def _act(network: Proxy, path: str, body: Any) -> None:
    answer = network.put(path, json=body)
    assert answer.status_code == 200, answer.text


def test_there_is_one_of_every_kind_that_is_served() -> None:
    driven = {kind.name for kind in KINDS}
    others = {"agent", "floatingip_pool"} | {f"alias_{name}" for name in driven if name.endswith("_rule")}
    assert set(_BY_NAME) <= driven | others
    assert {name for name, manager in _BY_NAME.items() if CREATE in manager.operations} <= driven


def test_each_is_shown_and_listed(network: Proxy, made: list[Made]) -> None:
    for each in made:
        which = type(each.resource)
        if SHOW in each.manager.operations:
            shown = which.new(id=each.key, **each.uri).fetch(network)
            assert getattr(shown, each.kind.key) == each.key, each.kind.path
        if LIST in each.manager.operations:
            assert each.key in [getattr(it, each.kind.key) for it in which.list(network, **each.uri)], each.kind.path


def test_each_is_changed(network: Proxy, made: list[Made]) -> None:
    changed = 0
    for each in made:
        attribute = each.manager.resource.attributes.get("description")
        if UPDATE not in each.manager.operations or attribute is None or not attribute.update:
            continue
        wanted = type(each.resource).existing(id=each.key, **each.uri)
        wanted.description = "changed"
        assert wanted.commit(network).description == "changed", each.kind.path
        changed += 1
    assert changed > 15


def test_agents_are_the_nodes(network: Proxy) -> None:
    (agent,) = network.agents(host=HOST)
    assert network.update_agent(agent, description="in rack 1").description == "in rack 1"
    assert network.get_agent(agent.id).host == HOST


def test_what_the_sdk_has_no_class_for(network: Proxy, made: list[Made]) -> None:
    outside = {each.key for each in made if each.kind.called in ("outside", "outside6")}
    pools = network.get("/floatingip_pools").json()["floatingip_pools"]
    assert {each["subnet_id"] for each in pools} & outside
    assert [each["resource_type"] for each in network.get("/log/logs").json()["logs"]] == ["security_group"]
    for rule in (each for each in made if each.kind.path.startswith("qos/policies/")):
        name = f"alias_{rule.kind.name}"
        shown = network.get(f"/qos/{name.replace('_', '-')}s/{rule.key}")
        assert shown.json()[name]["id"] == rule.key
    assert network.get("/log/loggable-resources").json()["loggable_resources"] == [{"type": "security_group"}]


def test_onboarding_takes_the_subnets_of_a_network(network: Proxy) -> None:
    home = network.create_network(name="onboarded")
    subnet = network.create_subnet(network_id=home.id, cidr="10.180.0.0/24", ip_version=4)
    pool = network.create_subnet_pool(name="onboards", prefixes=["10.181.0.0/24"])
    _act(network, f"/subnetpools/{pool.id}/onboard_network_subnets", {"network_id": home.id})
    assert network.get_subnet(subnet.id).subnet_pool_id == pool.id
    network.delete_network(home)
    network.delete_subnet_pool(pool)


def test_what_there_is_to_choose_from(network: Proxy) -> None:
    assert {each.name for each in network.availability_zones()} >= {"nova"}
    assert {each.type for each in network.qos_rule_types()} >= {"bandwidth_limit", "dscp_marking"}
    assert network.get_qos_rule_type("dscp_marking").drivers
    assert [each.service_type for each in network.service_providers()]
