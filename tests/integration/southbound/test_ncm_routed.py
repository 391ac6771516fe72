"""A Network Config Manager that is one of several answers hosts that reach a VPC by routers only."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from alcor.channels.ncm_messages import VpcQuestions
from alcor.model.addresses import ipv4_number, mac_number
from alcor.services.manager import Act
from alcor.services.ports.port import PORTS
from alcor.services.routers.router import ROUTERS
from alcor.store.store import Store
from tests.integration.services.cloud import Cloud
from tests.integration.southbound.conftest import HOSTS, eventually
from tests.integration.southbound.test_ncm_shard import OTHERS, Asker, Ncm

FAR_VNI = 4711
FIRST_OTHER = "10.8.0.77"


class Region(msgspec.Struct):
    """Two VPCs told ahead that a router joins: a port on the first host in one, one on the second in the other."""

    cloud: Cloud
    ncm: Ncm
    router: dict[str, Any]
    near: dict[str, Any]
    far: dict[str, Any]
    subnets: dict[str, Any]
    peer: dict[str, Any]

    async def act(self, action: str, subnet: str, router: dict[str, Any] | None = None) -> None:
        """Have a router come to a subnet, or go."""
        (chosen,) = (each for each in ROUTERS.actions if each.name == action)
        asked = Act((router or self.router)["id"], {"subnet_id": self.subnets[subnet]["id"]})
        await self.cloud.store.write(lambda transaction: chosen.operation(transaction, asked))

    def ask(self, host_id: str, *addresses: str) -> Asker:
        """A host asks about addresses of the far VPC."""
        asker = Asker(host_id)
        self.again(asker, *addresses)
        return asker

    def again(self, asker: Asker, *addresses: str) -> None:
        """It asks once more."""
        self.ncm.manager.asked(asker, {FAR_VNI: VpcQuestions(ipv4=set(map(ipv4_number, addresses)))})

    def address(self) -> str:
        """Of the far port."""
        address: str = self.peer["fixed_ips"][0]["ip_address"]
        return address

    def refusals(self) -> int:
        """Questions that were refused."""
        return self.ncm.manager.figures()["refusals"]


@pytest.fixture
async def region(store: Store) -> AsyncIterator[Region]:
    cloud, ncm = Cloud(store), Ncm(store, OTHERS[-1])
    for number, host_id in enumerate(HOSTS, 1):
        await cloud.node(host_id, f"192.168.0.{number}")
    near = await cloud.network()
    far = await cloud.network(**{"provider:network_type": "vxlan", "provider:segmentation_id": FAR_VNI})
    subnets = {"near": await cloud.subnet(near, "10.7.0.0/24"), "far": await cloud.subnet(far, "10.8.0.0/24")}
    (router,) = await cloud.create(ROUTERS, {"name": "r"})
    await cloud.port(near, **{"binding:host_id": HOSTS[0]})
    peer = await cloud.port(far, **{"binding:host_id": HOSTS[1]})
    region = Region(cloud, ncm, router, near, far, subnets, peer)
    for name in subnets:
        await region.act("add_router_interface", name)
    await ncm.start()
    ncm.shard.set_members(OTHERS)
    yield region
    await ncm.stop()


async def test_a_host_is_answered_about_a_vpc_that_is_told_ahead_to_others(region: Region) -> None:
    asker = region.ask(HOSTS[0], region.address())
    await eventually(lambda: bool(asker.known), "the host is answered")
    assert asker.known == {mac_number(region.peer["mac_address"]): 2}
    assert not region.refusals()


async def test_it_is_told_of_what_changes_for_as_long_as_it_knows_of_it(region: Region) -> None:
    asker = region.ask(HOSTS[0], region.address(), FIRST_OTHER)
    await eventually(lambda: len(asker.known) == 1, "the host is answered")
    fixed_ips = [{"ip_address": FIRST_OTHER}]
    another = await region.cloud.port(region.far, fixed_ips=fixed_ips, **{"binding:host_id": HOSTS[2]})
    await eventually(lambda: len(asker.known) == 2, "it is told of what it asked for too early")
    await region.cloud.update(PORTS, another["id"], **{"binding:host_id": HOSTS[1]})
    await eventually(lambda: set(asker.known.values()) == {2}, "it is told of a move")
    await region.cloud.delete(PORTS, another["id"])
    await eventually(lambda: len(asker.known) == 1, "it is told of what goes")
    for _ in range(2):
        region.ncm.manager.rotate()
    assert FAR_VNI not in region.ncm.shard.model.vnis, "nobody asks about it any more"


async def test_a_stranger_is_refused_and_makes_it_hold_nothing(region: Region) -> None:
    stranger = region.ask(HOSTS[2], region.address())
    await eventually(lambda: region.refusals() == 1, "the question is refused")
    assert not stranger.known
    assert FAR_VNI not in region.ncm.shard.model.vnis


async def test_who_comes_to_a_subnet_while_the_vpc_is_held_is_answered_and_a_stranger_is_not(region: Region) -> None:
    asker = region.ask(HOSTS[0], region.address())
    await eventually(lambda: bool(asker.known), "the host is answered")
    await region.cloud.port(region.near, **{"binding:host_id": HOSTS[2]})
    newcomer = region.ask(HOSTS[2], region.address())
    await eventually(lambda: bool(newcomer.known), "the host that came is answered")


async def test_a_router_that_goes_takes_the_right_to_ask_along_at_once(region: Region) -> None:
    asker = region.ask(HOSTS[0], region.address())
    await eventually(lambda: bool(asker.known), "the host is answered")
    await region.act("remove_router_interface", "near")

    def refused() -> bool:
        asker.known.clear()
        region.again(asker, region.address())
        return region.refusals() > 0

    await eventually(refused, "the host does not reach the VPC any more")
    assert not asker.known


async def test_a_host_that_keeps_asking_is_answered_lease_after_lease(region: Region) -> None:
    asker = region.ask(HOSTS[0], region.address())
    await eventually(lambda: bool(asker.known), "the host is answered")
    for _ in range(4):
        region.ncm.manager.rotate()
        asker.known.clear()
        region.again(asker, region.address())
        assert asker.known, "it is answered at once"
        await eventually(lambda: not region.ncm.shard.is_coming(FAR_VNI), "it is looked up again")


async def test_a_host_is_answered_that_comes_to_the_vpc_through_two_routers(region: Region) -> None:
    middle = await region.cloud.network()
    region.subnets["middle"] = await region.cloud.subnet(middle, "10.9.0.0/24")
    region.subnets["end"] = await region.cloud.subnet(await region.cloud.network(), "10.10.0.0/24")
    (second,) = await region.cloud.create(ROUTERS, {"name": "second"})
    await region.act("add_router_interface", "middle")
    shared = {"subnet_id": region.subnets["middle"]["id"], "ip_address": "10.9.0.2"}
    port = await region.cloud.port(middle, fixed_ips=[shared])
    (add,) = (each for each in ROUTERS.actions if each.name == "add_router_interface")
    asked = Act(second["id"], {"port_id": port["id"]})
    await region.cloud.store.write(lambda transaction: add.operation(transaction, asked))
    await region.act("add_router_interface", "end", second)
    end = region.subnets["end"]["network_id"]
    await region.cloud.create(PORTS, {"network_id": end, "binding:host_id": HOSTS[2]})
    stranger = region.ask(HOSTS[2], region.address())
    await eventually(lambda: region.refusals() == 1, "no route leads there")
    routes = [{"destination": "10.8.0.0/24", "nexthop": "10.9.0.1"}]
    await region.cloud.update(ROUTERS, second["id"], routes=routes)

    def answered() -> bool:
        region.again(stranger, region.address())
        return bool(stranger.known)

    await eventually(answered, "the host is answered")
