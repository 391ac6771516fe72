"""Trunks and the ports they are of, that come and go at once."""

from tests.integration.races import things
from tests.integration.races.racing import Cloud, Json, Request, create, delete, put, succeeded, update


def carried(port: Json, segment: int = 7) -> dict[str, object]:
    return {"port_id": port["id"], "segmentation_type": "vlan", "segmentation_id": segment}


def add(trunk: Json, port: Json, segment: int = 7) -> Request:
    return put(f"trunks/{trunk['id']}/add_subports", sub_ports=[carried(port, segment)])


async def test_a_port_is_the_parent_of_one_trunk(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        port = await things.port(cloud, network)
        await cloud.one_of(*[create("trunks", "trunk", port_id=port["id"])] * 4)

    await cloud.rounds(race)


async def test_a_port_goes_or_is_a_trunks(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        port, parent, other = [await things.port(cloud, network) for _ in range(3)]
        trunk = await cloud.make("trunks", "trunk", port_id=parent["id"])
        new = create("trunks", "trunk", port_id=other["id"], sub_ports=[carried(port)])
        await cloud.gone_or_used(delete(f"ports/{port['id']}"), add(trunk, port), new)

    await cloud.rounds(race)


async def test_a_port_is_carried_by_one_trunk_or_carries(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        port, *parents = [await things.port(cloud, network) for _ in range(3)]
        trunks = [await cloud.make("trunks", "trunk", port_id=each["id"]) for each in parents]
        await cloud.one_of(*(add(each, port) for each in trunks), create("trunks", "trunk", port_id=port["id"]))

    await cloud.rounds(race)


async def test_a_segment_of_a_trunk_is_of_one_port(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        parent, *ports = [await things.port(cloud, network) for _ in range(4)]
        trunk = await cloud.make("trunks", "trunk", port_id=parent["id"])
        await cloud.one_of(*(add(trunk, each) for each in ports))

    await cloud.rounds(race)


async def test_a_trunk_goes_with_its_sub_ports(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        parent, port = [await things.port(cloud, network) for _ in range(2)]
        trunk = await cloud.make("trunks", "trunk", port_id=parent["id"])
        await cloud.at_once(
            delete(f"trunks/{trunk['id']}"),
            add(trunk, port),
            put(f"trunks/{trunk['id']}/remove_subports", sub_ports=[{"port_id": port["id"]}]),
            update(f"ports/{parent['id']}", "port", **{"binding:host_id": "host-1"}),
            update(f"ports/{parent['id']}", "port", name="parent"),
            delete(f"ports/{parent['id']}"),
            delete(f"ports/{port['id']}"),
        )

    await cloud.rounds(race)


async def test_a_parent_is_not_bound_before_it_is_one(cloud: Cloud) -> None:
    """A port that is bound to a host cannot become a parent: of both requests, binding it always succeeds."""

    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        port = await things.port(cloud, network)
        bind = update(f"ports/{port['id']}", "port", **{"binding:host_id": "host-1"})
        bound, _ = await cloud.at_once(bind, create("trunks", "trunk", port_id=port["id"]))
        assert succeeded(bound)

    await cloud.rounds(race)
