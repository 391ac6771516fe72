"""From a request about a network ACL to what the hosts with ports in its subnets hold."""

from typing import Any

from alcor.model.identifiers import id_bytes
from alcor.model.records import NetworkAclRule
from alcor.services.manager import Create, Delete, Manager, Update
from alcor.services.security.network_acl import NETWORK_ACLS
from alcor.services.security.network_acl_rule import NETWORK_ACL_RULES
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import HOSTS, Agents, Controller, active, eventually
from tests.integration.southbound.fake_agent import FakeAgent
from tests.integration.southbound.test_delivery import expected
from tests.integration.southbound.test_drift import compared, until_compared


async def create(cloud: Cloud, manager: Manager, **values: Any) -> str:
    """A new resource; returns its id."""
    checked = Create([manager.resource.check_create(values | {"project_id": "p"})])
    (view,) = await cloud.store.write_batch(manager.create, checked)
    return str(view["id"])


async def update(cloud: Cloud, manager: Manager, resource_id: str, **values: Any) -> None:
    await cloud.store.write_batch(manager.update, Update(resource_id, manager.resource.check_update(values)))


async def holds(cloud: Cloud, agent: FakeAgent, *rules: NetworkAclRule) -> None:
    """Wait until the host's only ACL has just these rules of ingress before the last, and is that of its subnet."""

    def does() -> bool:
        acls = list(agent.state.network_acls.values())
        found = [tuple(rule for rule in acl.rules if rule.ingress and rule.number < 32767) for acl in acls]
        held = agent.state.subnets[id_bytes(cloud.subnet_id)].network_acl
        return (found, [acl.id for acl in acls]) == ([rules], [held])

    await eventually(does, f"{agent.host_id} has these rules")


async def has_none(cloud: Cloud, agent: FakeAgent) -> None:
    """Wait until no ACL holds for the host's subnet any more."""
    subnets = agent.state.subnets
    await eventually(lambda: not subnets[id_bytes(cloud.subnet_id)].network_acl, f"{agent.host_id} has no ACL")
    assert not agent.state.network_acls


def is_as_expected(controller: Controller, agent: FakeAgent) -> bool:
    wanted = expected(controller, agent.host_id)
    return (wanted.network_acls, wanted.subnets) == (agent.state.network_acls, agent.state.subnets)


async def test_hosts_with_ports_in_a_subnet_follow_its_acl(
    cloud: Cloud, controller: Controller, agents: Agents
) -> None:
    one, other, neither = map(agents, HOSTS)
    await active(cloud, *await cloud.create_ports(HOSTS[0], HOSTS[1], HOSTS[0]))
    acl_id = await create(cloud, NETWORK_ACLS, vpc_id=cloud.network_id, associated_subnets=[cloud.subnet_id])
    values = {"network_acl_id": acl_id, "number": 100, "direction": "ingress", "action": "allow", "protocol": "tcp"}
    rule_id = await create(cloud, NETWORK_ACL_RULES, **values, ip_prefix="10.0.0.0/8")
    for agent in (one, other):
        await holds(cloud, agent, NetworkAclRule(100, True, True, False, "10.0.0.0/8", 6))
    seen = len(one.received)
    await update(cloud, NETWORK_ACL_RULES, rule_id, action="deny")
    for agent in (one, other):
        await holds(cloud, agent, NetworkAclRule(100, True, False, False, "10.0.0.0/8", 6))
    (delta,) = one.received[seen:]
    assert (delta.item_count(), delta.network_acls.keys()) == (1 + 5, {id_bytes(acl_id)})
    assert is_as_expected(controller, one) and is_as_expected(controller, other)
    assert not neither.state.network_acls
    await active(cloud, *await cloud.create_ports(HOSTS[2]))
    await holds(cloud, neither, NetworkAclRule(100, True, False, False, "10.0.0.0/8", 6))
    await update(cloud, NETWORK_ACLS, acl_id, associated_subnets=[])
    for agent in (one, other, neither):
        await has_none(cloud, agent)


async def test_a_default_acl_is_that_of_subnets_without_one(
    cloud: Cloud, controller: Controller, agents: Agents
) -> None:
    agent = agents(HOSTS[0])
    await active(cloud, *await cloud.create_ports(HOSTS[0]))
    default = await create(cloud, NETWORK_ACLS, vpc_id=cloud.network_id, is_default=True)
    await holds(cloud, agent)
    assert agent.state.network_acls.keys() == {id_bytes(default)}
    await update(cloud, NETWORK_ACLS, default, is_default=False)
    await has_none(cloud, agent)
    await cloud.store.write_batch(NETWORK_ACLS.delete, Delete(default))
    assert is_as_expected(controller, agent)


async def test_a_host_that_was_away_gets_the_acl_as_it_is(cloud: Cloud, controller: Controller, agents: Agents) -> None:
    agent = agents(HOSTS[0])
    await active(cloud, *await cloud.create_ports(HOSTS[0]))
    await agent.stop()
    await create(cloud, NETWORK_ACLS, vpc_id=cloud.network_id, associated_subnets=[cloud.subnet_id])
    agent.start()
    await holds(cloud, agent)
    await until_compared(controller, agent, "same")
    assert compared(controller, "different") == 0
