"""Hosts are told who may lead them to a controller, and an operator sees who is led."""

from pathlib import Path

from alcor.channels.rescue import handshake
from alcor.channels.rescue.handshake import LENGTHS_BYTES
from alcor.dpm.status import RelayedHost, southbound_status
from alcor.model.node_health import NodeState
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import HOSTS, Agents, Controller, active, eventually
from tests.integration.southbound.fake_agent import FakeAgent
from tests.integration.southbound.test_host_health import seen

ONE, TWO, THREE = HOSTS
ADDRESS = "192.0.2.1:9697"


async def told(agent: FakeAgent) -> None:
    await eventually(lambda: bool(agent.relays), f"{agent.host_id} is told who may lead it")


def admits(relay: FakeAgent, host: FakeAgent) -> bool:
    """Whether one lets the other be led by it."""
    (token,) = (each.token for each in host.relays[-1].candidates if each.host_id == relay.host_id)
    greeting = handshake.new_greeting()
    data = handshake.request(token, greeting, host.host_id, ADDRESS)
    wanted = handshake.read_request(data[:LENGTHS_BYTES], data[LENGTHS_BYTES:])
    return handshake.is_proven(relay.relays[-1].key, greeting, wanted)


async def test_hosts_are_told_of_others_that_know_them(cloud: Cloud, agents: Agents) -> None:
    found = [agents(host) for host in HOSTS]
    for agent in found:
        await told(agent)
        others = sorted(host for host in HOSTS if host != agent.host_id)
        assert sorted(each.host_id for each in agent.relays[-1].candidates) == others
    one, two, three = found
    assert admits(two, one) and admits(one, two) and admits(three, one)
    assert len({agent.relays[-1].key for agent in found}) == len(HOSTS)


async def test_all_controllers_of_a_region_tell_the_same(
    cloud: Cloud, controller: Controller, agents: Agents, directory: Path
) -> None:
    one = agents(ONE)
    await told(one)
    other = Controller(cloud.store, directory, "c2")
    async with other.serving():
        two = FakeAgent(TWO, [other.address])
        two.start()
        await told(two)
        assert admits(two, one) and admits(one, two)
        await two.stop()


async def test_a_host_that_is_led_works_and_is_seen_until_it_comes_by_itself(
    cloud: Cloud, controller: Controller, agents: Agents
) -> None:
    agents(TWO)
    one = FakeAgent(ONE, [controller.address])
    one.relayed_by = TWO
    one.start()
    (port,) = await cloud.create_ports(ONE)
    await active(cloud, port)
    await seen(cloud, ONE, NodeState.DEGRADED, f"it reaches no controller itself, and is led to one by {TWO}")
    status = await southbound_status(cloud.store, controller.manager, 10)
    assert (status.relayed.count, status.relayed.hosts) == (1, [RelayedHost(ONE, TWO)])
    assert controller.registry.get_sample_value("alcor_dpm_relayed_hosts") == 1
    await one.stop()
    one.relayed_by = ""
    one.start()
    await seen(cloud, ONE, NodeState.UP)
    assert (await southbound_status(cloud.store, controller.manager, 10)).relayed.count == 0
    await one.stop()
