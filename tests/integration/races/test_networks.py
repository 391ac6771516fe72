"""Networks, subnets and ports that come and go at once."""

import pytest

from tests.integration.races import things
from tests.integration.races.racing import Cloud, Request, create, delete, succeeded, update


async def test_a_network_goes_or_gets_ports(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        one = create("ports", "port", network_id=network["id"])
        several = Request("POST", "/v2.0/ports", {"ports": [{"network_id": network["id"]}] * 3})
        await cloud.gone_or_used(delete(f"networks/{network['id']}"), one, several, one)

    await cloud.rounds(race)


async def test_a_network_goes_with_its_subnets_and_segments(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        subnet = create("subnets", "subnet", network_id=network["id"], cidr="10.1.0.0/24")
        segment = create("segments", "segment", network_id=network["id"], network_type="vxlan")
        await cloud.gone_or_used(delete(f"networks/{network['id']}"), subnet, segment, frees=True)

    await cloud.rounds(race)


async def test_a_subnet_goes_or_gives_an_address(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, subnet = await things.network(cloud)
        port = await things.port(cloud, network, fixed_ips=[])
        fixed_ips = [{"subnet_id": subnet["id"]}]
        new = create("ports", "port", network_id=network["id"], fixed_ips=fixed_ips)
        old = update(f"ports/{port['id']}", "port", fixed_ips=fixed_ips)
        # A port cannot ask for an address of a subnet that is none of its network's, Neutron says 400.
        await cloud.gone_or_used(delete(f"subnets/{subnet['id']}"), new, old, refused=(400, 404, 409))

    await cloud.rounds(race)


async def test_a_subnet_goes_while_addresses_are_given_out_to_no_port(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        _, subnet = await things.network(cloud)
        reserve = Request("POST", "/ips", {"range_id": subnet["id"]})
        await cloud.gone_or_used(delete(f"subnets/{subnet['id']}"), reserve, reserve, frees=True)

    await cloud.rounds(race)


async def test_subnets_that_overlap_are_not_created_both(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network = await cloud.make("networks", "network")
        cidrs = ["10.0.0.0/16", "10.0.0.0/24", "10.0.0.128/25"]
        asked = [create("subnets", "subnet", network_id=network["id"], cidr=each) for each in cidrs[:2] * 2]
        await cloud.one_of(*asked, refused=(400,))

    await cloud.rounds(race)


@pytest.mark.parametrize("wanted", [{"fixed_ips": [{"ip_address": "10.0.0.9"}]}, {"mac_address": "02:00:00:00:00:09"}])
async def test_one_of_many_gets_what_all_want(cloud: Cloud, wanted: dict[str, object]) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        port = await things.port(cloud, network)
        new = create("ports", "port", network_id=network["id"], **wanted)
        await cloud.one_of(new, new, update(f"ports/{port['id']}", "port", **wanted), new)

    await cloud.rounds(race)


async def test_every_address_is_given_out_and_none_twice(cloud: Cloud) -> None:
    """Six are there; ports that go make room for others."""

    async def race(cloud: Cloud) -> None:
        network, subnet = await things.network(cloud, "10.0.0.0/29")
        first = [await things.port(cloud, network) for _ in range(2)]
        new = create("ports", "port", network_id=network["id"])
        reserve = Request("POST", "/ips", {"range_id": subnet["id"]})
        statuses = await cloud.at_once(*[new] * 6, reserve, reserve, delete(f"ports/{first[0]['id']}"))
        given = sum(map(succeeded, statuses[:-1]))
        assert given in (3, 4), statuses  # of five, one was held all the time, and one until it was given back

    await cloud.rounds(race)


async def test_pools_change_while_addresses_are_taken_and_given_back(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, subnet = await things.network(cloud)
        ports = [await things.port(cloud, network) for _ in range(3)]
        new = create("ports", "port", network_id=network["id"])
        pools = [
            update(f"subnets/{subnet['id']}", "subnet", allocation_pools=[{"start": "10.0.0.2", "end": f"10.0.0.{n}"}])
            for n in (3, 9, 200)
        ]
        await cloud.at_once(*pools, *[new] * 6, *(delete(f"ports/{port['id']}") for port in ports))

    await cloud.rounds(race)


async def test_of_those_who_insist_on_a_revision_one_wins(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        port = await things.port(cloud, network)
        said = {"If-Match": f"revision_number={port['revision_number']}"}
        asked = [Request("PUT", f"/v2.0/ports/{port['id']}", {"port": {"name": f"n{n}"}}, said) for n in range(4)]
        await cloud.one_of(*asked, Request("DELETE", f"/v2.0/ports/{port['id']}", headers=said), refused=(404, 412))

    await cloud.rounds(race)


async def test_a_port_goes_once_whatever_is_done_to_it(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        owned = {"device_owner": "compute:nova", "device_id": "vm"}
        port = await things.port(cloud, network, **owned, **{"binding:host_id": "host-1"})
        path = f"ports/{port['id']}"
        gone, again, *_ = await cloud.at_once(
            delete(path),
            delete(path),
            update(path, "port", **{"binding:host_id": "host-2"}),
            update(path, "port", fixed_ips=[{"ip_address": "10.0.0.77"}]),
            update(path, "port", **{"binding:host_id": ""}),
            Request("PUT", f"/v2.0/{path}/tags", {"tags": ["red", "blue"]}),
            Request("POST", f"/v2.0/{path}/bindings", {"binding": {"host": "host-2"}}),
            Request("PUT", f"/v2.0/{path}/bindings/host-2/activate"),
        )
        assert sorted((gone, again)) == [204, 404]

    await cloud.rounds(race)


async def test_a_segment_goes_or_gets_a_subnet(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network = await cloud.make("networks", "network")
        segment = await cloud.make("segments", "segment", network_id=network["id"], network_type="vxlan")
        on = {"network_id": network["id"], "segment_id": segment["id"]}
        subnets = [create("subnets", "subnet", **on, cidr=f"10.{n}.0.0/24") for n in range(2)]
        await cloud.gone_or_used(delete(f"segments/{segment['id']}"), *subnets)

    await cloud.rounds(race)


async def test_a_number_of_a_network_is_given_once(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        vni = cloud.random.randrange(10_000, 10_000_000)
        wanted = {"provider:network_type": "vxlan", "provider:segmentation_id": vni}
        network = await cloud.make("networks", "network")
        segment = {"network_id": network["id"], "network_type": "vxlan", "segmentation_id": vni}
        new = create("networks", "network", **wanted)
        await cloud.one_of(new, new, create("segments", "segment", **segment))

    await cloud.rounds(race)


async def test_ranges_of_numbers_are_of_one_project(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        first = cloud.random.randrange(10_000_000, 15_000_000)
        said = {"name": "r", "network_type": "vxlan", "minimum": first, "maximum": first + 3}
        asked = [
            create("network_segment_ranges", "network_segment_range", **said, shared=False, project_id=f"p{first + n}")
            for n in range(3)
        ]
        await cloud.one_of(*asked)
        networks = [create("networks", "network", project_id=f"p{first + n}") for n in range(3)]
        await cloud.at_once(*networks * 3)

    await cloud.rounds(race)


async def test_ranges_of_mac_addresses_are_apart(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        start = (
            f"06:{cloud.random.randrange(256):02x}:{cloud.random.randrange(256):02x}:{cloud.random.randrange(256):02x}"
        )
        said = {"from": f"{start}:00:00", "to": f"{start}:00:07", "state": "Active"}
        new = Request("POST", "/macs/ranges", {"mac_range": said})
        await cloud.one_of(new, new, new)
        network, _ = await things.network(cloud)
        chosen = create("ports", "port", network_id=network["id"], mac_address=f"{start}:00:01")
        reserved = Request("POST", "/macs", {"mac_state": {"mac_address": f"{start}:00:01"}})
        await cloud.at_once(chosen, reserved, create("ports", "port", network_id=network["id"]))

    await cloud.rounds(race)


async def test_a_vlan_is_of_one_network(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        vlan = {"provider:network_type": "vlan", "provider:physical_network": f"f{cloud.random.randrange(10**9)}"}
        networks = [await cloud.make("networks", "network", **vlan) for _ in range(3)]
        wanted = {"provider:segmentation_id": 77}
        changes = [update(f"networks/{each['id']}", "network", **wanted) for each in networks]
        segment = {"network_id": networks[0]["id"], "network_type": "vlan"}
        its = create("segments", "segment", **segment, physical_network=vlan["provider:physical_network"])
        await cloud.one_of(*changes, create("networks", "network", **vlan, **wanted))
        await cloud.at_once(
            delete(f"networks/{networks[0]['id']}"),
            its,
            update(f"networks/{networks[0]['id']}", "network", **{"provider:segmentation_id": 78}),
            update(f"networks/{networks[1]['id']}", "network", **{"provider:segmentation_id": 78}),
            refused=(400, 404, 409),
        )

    await cloud.rounds(race)
