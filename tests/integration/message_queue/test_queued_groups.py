"""Hosts of a big security group learn of its rules by its topic, and of its members by that of their VPC."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alcor.dataplane.security_groups import SecurityGroup
from alcor.model.identifiers import id_bytes
from tests.brokers import Broker
from tests.integration.message_queue.region import HOSTS, PATIENCE_SECONDS, PORTS_FIRST, Region
from tests.integration.southbound.conftest import eventually

pytestmark = pytest.mark.timeout(300)  # the first of them starts the broker


class Groups:
    """Of a region: one of all its ports, and one that is the remote of a rule of it."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.many = self.remote = ""

    async def make(self) -> None:
        self.many, self.remote = [await self._group(name) for name in ("many", "remote")]
        await self.rule(remote_group_id=self.remote)
        for host_id in HOSTS:
            await self.region.create_port(host_id, security_groups=[self.many])

    async def _group(self, name: str) -> str:
        group_id: str = (await self.region.ask("POST", "/v2.0/security-groups", {"security_group": {"name": name}}))[
            "security_group"
        ]["id"]
        return group_id

    async def rule(self, **values: object) -> str:
        """A new rule of the group of all."""
        body = {"security_group_id": self.many, "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"} | values
        rule: str = (await self.region.ask("POST", "/v2.0/security-group-rules", {"security_group_rule": body}))[
            "security_group_rule"
        ]["id"]
        return rule

    def on(self, host_id: str) -> SecurityGroup | None:
        """The group of all as a host's data plane has it."""
        return self.region.data_planes[host_id].switch.firewall.groups.get(id_bytes(self.many))

    async def all_have_rules_for(self, *ports: int) -> None:
        """Every host's data plane has exactly these rules that name a port, of the group of all."""

        def is_so() -> bool:
            groups = [self.on(host_id) for host_id in HOSTS]
            named = [{rule.port_range_min for rule in group.rules if rule.port_range_min} for group in groups if group]
            return named == [set(ports)] * len(HOSTS)

        await eventually(is_so, f"every host has rules for {ports}", PATIENCE_SECONDS)

    async def remote_has(self, members: int) -> None:
        """Every host's data plane knows so many addresses of members of the remote group."""

        def is_so() -> bool:
            key = id_bytes(self.remote)
            firewalls = [self.region.data_planes[host_id].switch.firewall for host_id in HOSTS]
            found = [sum(len(some) for (_, group), some in each.members.items() if group == key) for each in firewalls]
            return found == [members] * len(HOSTS)

        await eventually(is_so, f"every host knows {members} members", PATIENCE_SECONDS)


OF_GROUPS = ("--queue-above", "none", "--queue-groups-above", str(PORTS_FIRST - 1))
SOON = ("--topic-interval", "5")  # who comes back has to hear something first


@pytest.fixture
async def groups(broker: Broker, namespace: str, request: pytest.FixtureRequest) -> AsyncIterator[Groups]:
    with tempfile.TemporaryDirectory(prefix="alcor-topics-") as directory:
        region = Region(Path(directory), broker, namespace, options=(*SOON, *request.param))
        await region.start()
        made = Groups(region)
        await made.make()
        await region.all_read()
        yield made
        await region.stop()


@pytest.mark.parametrize("groups", [OF_GROUPS], ids=["groups"], indirect=True)
async def test_rules_come_and_go_by_the_topic_and_by_streams_while_the_broker_is_away(groups: Groups) -> None:
    topics = (await groups.region.status())["topics"]
    assert (topics["vpcs"], topics["security_groups"], topics["turns"]) == (0, 1, 1)
    controller = groups.region.controller
    rule = await groups.rule(port_range_min=22, port_range_max=22)
    await groups.all_have_rules_for(22)
    await groups.rule(port_range_min=23, port_range_max=23)
    await groups.region.ask("DELETE", f"/v2.0/security-group-rules/{rule}")
    await groups.all_have_rules_for(23)
    assert (await groups.region.status())["topics"]["hosts"] == len(HOSTS), "none fell back"

    await asyncio.to_thread(groups.region.broker.kill)
    await groups.rule(port_range_min=24, port_range_max=24)
    await groups.all_have_rules_for(23, 24)
    assert sum((await groups.region.status())["topics"]["fallen_back"].values()) >= len(HOSTS)
    groups.region.broker.start()  # in this thread, with which it would go
    await groups.region.all_read()
    await groups.rule(port_range_min=25, port_range_max=25)
    await groups.all_have_rules_for(23, 24, 25)

    await asyncio.to_thread(controller.kill)
    controller.start()
    await groups.rule(port_range_min=26, port_range_max=26)
    await groups.all_have_rules_for(23, 24, 25, 26)
    await groups.region.all_read()


@pytest.mark.parametrize("groups", [()], ids=["VPCs"], indirect=True)
async def test_members_of_a_remote_group_come_and_go_by_the_topic_of_their_vpc(groups: Groups) -> None:
    port = next(iter(groups.region.ports))
    await groups.region.change_port(port, security_groups=[groups.many, groups.remote])
    await groups.remote_has(1)
    await groups.region.create_port(HOSTS[1], security_groups=[groups.remote])
    await groups.remote_has(2)
    await groups.region.change_port(port, security_groups=[groups.many])
    await groups.remote_has(1)
    assert (await groups.region.status())["topics"]["hosts"] == len(HOSTS), "none fell back"
