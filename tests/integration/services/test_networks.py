"""Networks: each has a VNI of its own, and goes with its subnets but never with ports."""

import asyncio

import pytest

from alcor.model.identifiers import id_bytes
from alcor.model.records import SubnetDeleted, VpcDeleted, VpcRecord
from alcor.services.networks.vpc import NETWORKS
from alcor.services.ports.port import PORTS
from alcor.services.subnets.subnet import SUBNETS
from alcor.store import number_pools
from alcor.store.store import Store
from tests.integration.services.cloud import Cloud, recorded, refusal

VNI = "provider:segmentation_id"


async def test_every_network_has_its_own_vni(cloud: Cloud) -> None:
    single = [await cloud.network() for _ in range(3)]
    together = await asyncio.gather(*(cloud.network() for _ in range(20)))
    bulk = await cloud.create(NETWORKS, {}, {}, {})
    vnis = [network[VNI] for network in [*single, *together, *bulk]]
    assert sorted(vnis) == list(range(1, 27))


async def test_a_vni_can_be_chosen_once(cloud: Cloud) -> None:
    assert (await cloud.network(**{VNI: 77}))[VNI] == 77
    assert (await cloud.network(**{VNI: 2**24 - 1}))[VNI] == 2**24 - 1
    assert await refusal(cloud.network(**{VNI: 77})) == (409, "TunnelIdInUse")
    assert await refusal(cloud.create(NETWORKS, {VNI: 5}, {VNI: 5})) == (409, "TunnelIdInUse")
    assert len(await cloud.all(NETWORKS)) == 2


async def test_chosen_vnis_are_not_given_out_as_well(cloud: Cloud) -> None:
    created = await cloud.create(NETWORKS, {}, {VNI: 1}, {}, {VNI: 3})
    assert sorted(network[VNI] for network in created) == [1, 2, 3, 4]


async def test_a_freed_vni_rests_before_it_is_given_out_again(cloud: Cloud) -> None:
    first = await cloud.network()
    await cloud.delete(NETWORKS, first["id"])
    assert (await cloud.network())[VNI] == first[VNI] + 1
    assert (await cloud.network(**{VNI: first[VNI]}))[VNI] == first[VNI]


async def test_when_every_vni_is_in_use_that_is_said(store: Store) -> None:
    await store.write(lambda transaction: number_pools.resize(transaction, "vni", [(1, 2)], []))
    cloud = Cloud(store)
    assert await refusal(cloud.create(NETWORKS, {}, {}, {})) == (503, "NoNetworkAvailable")
    assert len(await cloud.create(NETWORKS, {}, {})) == 2
    assert await refusal(cloud.network()) == (503, "NoNetworkAvailable")


async def test_hosts_are_told_what_concerns_them(cloud: Cloud) -> None:
    created = await recorded(cloud, cloud.network(name="n", **{VNI: 9}))
    (network_id,) = await cloud.all(NETWORKS)
    assert created == [VpcRecord(id_bytes(network_id), 9, 1450)]
    assert await recorded(cloud, cloud.update(NETWORKS, network_id, name="m", shared=True)) == []
    changed = await recorded(cloud, cloud.update(NETWORKS, network_id, mtu=1400, dns_domain="example.org."))
    assert changed == [VpcRecord(id_bytes(network_id), 9, 1400, "example.org.")]


async def test_hosts_carry_every_network_as_a_vxlan_that_clients_seldom_ask_for(cloud: Cloud) -> None:
    flat = {"provider:network_type": "flat", "provider:physical_network": "fabric"}
    (told,) = await recorded(cloud, cloud.network(**flat))
    assert isinstance(told, VpcRecord) and told.vni == 2**23
    (network,) = (await cloud.all(NETWORKS)).values()
    assert network[VNI] is None
    assert (await cloud.network())[VNI] == 1
    assert await refusal(cloud.network(**{VNI: told.vni})) == (409, "TunnelIdInUse")
    await cloud.delete(NETWORKS, network["id"])
    assert (await cloud.network(**{VNI: told.vni}))[VNI] == told.vni


async def test_an_update_changes_what_it_names_and_is_a_revision(cloud: Cloud) -> None:
    network = await cloud.network(name="n", description="d")
    changed = await cloud.update(NETWORKS, network["id"], name="m")
    differing = {name for name in network if network[name] != changed[name]} - {"updated_at"}
    assert differing == {"name", "revision_number"}
    assert (network["revision_number"], changed["revision_number"]) == (1, 2)
    assert (await cloud.all(NETWORKS))[network["id"]] == changed


async def test_subnets_go_with_their_network(cloud: Cloud) -> None:
    network = await cloud.network()
    subnets = [await cloud.subnet(network, cidr) for cidr in ("10.0.0.0/24", "2001:db8::/64")]
    assert (await cloud.all(NETWORKS))[network["id"]]["subnets"] == [subnet["id"] for subnet in subnets]
    told = await recorded(cloud, cloud.delete(NETWORKS, network["id"]))
    assert told == [*(SubnetDeleted(id_bytes(subnet["id"])) for subnet in subnets), VpcDeleted(id_bytes(network["id"]))]
    assert not await cloud.all(SUBNETS)


@pytest.mark.parametrize("host_id", ["", "host-1"])
async def test_a_network_with_ports_stays(cloud: Cloud, host_id: str) -> None:
    network = await cloud.network()
    port = await cloud.port(network, **{"binding:host_id": host_id})
    assert await refusal(cloud.delete(NETWORKS, network["id"])) == (409, "NetworkInUse")
    await cloud.delete(PORTS, port["id"])
    await cloud.delete(NETWORKS, network["id"])
    assert await refusal(cloud.delete(NETWORKS, network["id"])) == (404, "NetworkNotFound")
