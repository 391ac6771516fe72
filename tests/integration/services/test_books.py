"""Whatever sequence of requests comes, also refused ones and many at once: nothing leaks, and hosts learn what is."""

import asyncio
from functools import partial
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Row

from alcor.model.choices import Choices
from alcor.model.errors import AlcorError
from alcor.model.programming import SETTINGS, is_on_demand
from alcor.services.manager import Manager
from alcor.services.networks.vpc import NETWORKS, VPCS
from alcor.services.ports.port import PORTS
from alcor.services.subnets.subnet import SUBNETS
from alcor.store.store import open_store
from alcor.store.tables import network
from tests.integration.services import accounts
from tests.integration.services.cloud import Cloud, outcomes
from tests.integration.services.conftest import NewDatabase

NODES = ["host-1", "host-2"]
HOSTS = ["", "", *NODES, "nobody"]
ON_DEMAND_ABOVE = 2
CIDRS = ["10.0.0.0/29", "10.0.1.0/28", "10.0.1.8/29", "2001:db8::/124", "2001:db8:1::/64"]
ADDRESSES = ["10.0.0.1", "10.0.0.3", "10.0.0.6", "10.0.1.5", "2001:db8::3", "192.0.2.1"]
POOLS = [
    [],
    [{"start": "10.0.0.3", "end": "10.0.0.4"}],
    [{"start": "10.0.0.2", "end": "10.0.0.2"}, {"start": "10.0.0.5", "end": "10.0.0.6"}],
    [{"start": "10.0.1.2", "end": "10.0.1.9"}],
    [{"start": "2001:db8::3", "end": "2001:db8::4"}],
]
MACS = ["02:00:00:00:00:01", "02:00:00:00:00:02", "fa:16:3e:00:00:02", "fa:16:3e:00:00:05"]
INDEXES = st.integers(0, 5)

subnet_values = st.fixed_dictionaries(
    {"network_id": INDEXES, "cidr": st.sampled_from(CIDRS)},
    optional={
        "allocation_pools": st.sampled_from(POOLS),
        "gateway_ip": st.none() | st.sampled_from(ADDRESSES),
        "ipv6_address_mode": st.sampled_from([None, "slaac"]),
    },
)
fixed_ip = st.fixed_dictionaries({}, optional={"subnet_id": INDEXES, "ip_address": st.sampled_from(ADDRESSES)}).filter(
    bool
)
fixed_ips = st.lists(fixed_ip, max_size=3, unique_by=lambda each: each.get("ip_address", str(id(each))))
changes = {
    "mac_address": st.sampled_from(MACS),
    "fixed_ips": fixed_ips,
    "binding:host_id": st.sampled_from(HOSTS),
    "admin_state_up": st.booleans(),
    "device_id": st.sampled_from(["", "vm"]),
}
port_values = st.fixed_dictionaries({"network_id": INDEXES}, optional=changes)

network_values = st.sampled_from([{}, {"provider:segmentation_id": 7}])
pool_changes = {"allocation_pools": st.sampled_from(POOLS), "gateway_ip": st.none() | st.sampled_from(ADDRESSES)}


def creates(manager: Manager, values: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[Any]:
    return st.tuples(st.just("create"), st.just(manager), st.lists(values, min_size=1, max_size=most))


def updates(manager: Manager, optional: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just("update"), st.just(manager), INDEXES, st.fixed_dictionaries({}, optional=optional))


requests = st.one_of(
    creates(NETWORKS, network_values, 3),
    creates(SUBNETS, subnet_values, 2),
    creates(PORTS, port_values, 4),
    creates(PORTS, port_values, 1),
    updates(NETWORKS, {"mtu": st.just(1400)}),
    updates(VPCS, {"programming": st.sampled_from(SETTINGS)}),
    updates(SUBNETS, pool_changes),
    updates(PORTS, changes),
    updates(PORTS, changes),
    st.tuples(st.just("delete"), st.sampled_from([NETWORKS, SUBNETS, PORTS, PORTS]), INDEXES),
)


class Books(RuleBasedStateMachine):
    """Requests of all kinds on a few small networks, so that they meet."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.cloud = Cloud(self.runner.run(open_store(url, Choices(ON_DEMAND_ABOVE))))
        self.views: dict[str, dict[str, dict[str, Any]]] = {}
        self.runner.run(self.begin())

    async def begin(self) -> None:
        for number, node_id in enumerate(NODES, 1):
            await self.cloud.node(node_id, f"192.0.2.{number}")
        for _ in range(2):
            network = await self.cloud.network()
            await self.cloud.subnet(network, CIDRS[0])
            await self.cloud.subnet(network, CIDRS[1])
        await self.read()

    async def read(self) -> None:
        for manager in (VPCS, SUBNETS, PORTS):
            self.views[manager.resource.name] = await self.cloud.all(manager)

    def nth(self, resource: str, index: int) -> str:
        ids = sorted(self.views[resource])
        return ids[index % len(ids)] if ids else "11111111-1111-4111-8111-111111111111"

    def named(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values with ids in the place of indexes."""
        named = dict(values)
        if "network_id" in named:
            named["network_id"] = self.nth("network", named["network_id"])
        if "fixed_ips" in named:
            named["fixed_ips"] = [
                each | ({"subnet_id": self.nth("subnet", each["subnet_id"])} if "subnet_id" in each else {})
                for each in named["fixed_ips"]
            ]
        return named

    async def carry_out(self, verb: str, manager: Manager, *rest: Any) -> Any:
        if verb == "create":
            return await self.cloud.create(manager, *map(self.named, rest[0]))
        resource_id = self.nth(manager.resource.name, rest[0])
        if verb == "delete":
            return await self.cloud.delete(manager, resource_id)
        return await self.cloud.update(manager, resource_id, **self.named(rest[1]))

    @rule(request=requests)
    def one(self, request: Any) -> None:
        """A request that is refused changes nothing; one that is not is seen."""
        before, networks = self.runner.run(self.cloud.store.read(accounts.everything)), self.networks()
        (result,) = self.runner.run(outcomes(self.carry_out(*request)))
        if isinstance(result, AlcorError):
            assert 400 <= result.status < 500
            assert self.runner.run(self.cloud.store.read(accounts.everything)) == before
            return
        self.runner.run(self.read())
        kind = self.views[request[1].resource.name]
        for view in result if request[0] == "create" else [result] if request[0] == "update" else []:
            assert {name: kind[view["id"]][name] for name in view} == view
        for network_id, row in self.networks().items():
            was = network_id in networks and networks[network_id].on_demand
            setting = self.views["network"][network_id]["programming"]
            assert row.on_demand == is_on_demand(setting, row.bound_ports, was, ON_DEMAND_ABOVE)

    def networks(self) -> dict[str, Row[Any]]:
        rows = self.runner.run(self.cloud.store.read(lambda connection: connection.execute(network.select()).all()))
        return {row.id: row for row in rows}

    @rule(several=st.lists(requests, min_size=2, max_size=8))
    def many_at_once(self, several: list[Any]) -> None:
        """Requests that share a transaction: each is carried out whole or not at all."""
        results = self.runner.run(self.all_at_once(several))
        self.runner.run(self.read())
        for result, (verb, manager, *_) in zip(results, several, strict=True):
            if isinstance(result, AlcorError):
                assert 400 <= result.status < 500
            elif verb == "create" and not any(other[0] == "delete" for other in several):
                assert {view["id"] for view in result} <= self.views[manager.resource.name].keys()

    async def all_at_once(self, several: list[Any]) -> list[Any]:
        return await outcomes(*(self.carry_out(*request) for request in several))

    @invariant()
    def books_agree(self) -> None:
        self.runner.run(self.cloud.store.read(partial(accounts.check, choices=Choices(ON_DEMAND_ABOVE))))

    def teardown(self) -> None:
        """When all is deleted, all numbers are free."""
        try:
            self.runner.run(self.clear())
        finally:
            self.runner.run(self.cloud.store.close())
            self.runner.close()

    async def clear(self) -> None:
        await self.read()
        await asyncio.gather(*(self.cloud.delete(PORTS, port_id) for port_id in self.views["port"]))
        await asyncio.gather(*(self.cloud.delete(NETWORKS, network_id) for network_id in self.views["network"]))
        await self.cloud.store.read(accounts.check)
        await self.read()
        assert not any(self.views.values())


def test_numbers_never_leak_and_the_change_log_tells_all(new_database: NewDatabase) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Books(new_database()),
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # to shorten a failing sequence on a database takes minutes
        ),
    )
