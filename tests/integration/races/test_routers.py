"""Routers and floating IPs, and what they need, that come and go at once."""

from tests.integration.races import things
from tests.integration.races.racing import Cloud, Json, Request, create, delete, put, update

LATE = (400, 404, 409)
"""Routers refuse also with 400, as Neutron's do: what they are to be in is gone, or overlaps."""


def interface(router: Json, verb: str = "add", **names: str) -> Request:
    return put(f"routers/{router['id']}/{verb}_router_interface", **names)


def leads_to(floating: Json, port: Json) -> Request:
    return update(f"floatingips/{floating['id']}", "floatingip", port_id=port["id"])


async def test_a_subnet_goes_or_gets_a_router(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        _, subnet = await things.network(cloud)
        router = await things.router(cloud, None)
        await cloud.gone_or_used(delete(f"subnets/{subnet['id']}"), interface(router, subnet_id=subnet["id"]))

    await cloud.rounds(race)


async def test_a_port_goes_or_becomes_an_interface(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        port, router = await things.port(cloud, network), await things.router(cloud, None)
        await cloud.gone_or_used(delete(f"ports/{port['id']}"), interface(router, port_id=port["id"]))

    await cloud.rounds(race)


async def test_a_port_becomes_an_interface_of_one_router(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        port = await things.port(cloud, network)
        routers = [await things.router(cloud, None) for _ in range(3)]
        await cloud.one_of(*(interface(each, port_id=port["id"]) for each in routers))

    await cloud.rounds(race)


async def test_one_router_is_the_gateway_of_a_subnet(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        _, subnet = await things.network(cloud)
        routers = [await things.router(cloud, None) for _ in range(3)]
        await cloud.one_of(*(interface(each, subnet_id=subnet["id"]) for each in routers))

    await cloud.rounds(race)


async def test_subnets_of_a_router_do_not_overlap(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        subnets = [(await things.network(cloud))[1] for _ in range(3)]
        router = await things.router(cloud, None)
        await cloud.one_of(*(interface(router, subnet_id=each["id"]) for each in subnets), refused=(400,))

    await cloud.rounds(race)


async def test_a_router_goes_or_gets_an_interface(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        _, subnet = await things.network(cloud)
        router = await things.router(cloud, None)
        await cloud.gone_or_used(delete(f"routers/{router['id']}"), interface(router, subnet_id=subnet["id"]))

    await cloud.rounds(race)


async def test_a_router_goes_with_its_helpers_and_tags(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        router = await things.router(cloud, None)
        path = f"routers/{router['id']}"
        helper = create(f"{path}/conntrack_helpers", "conntrack_helper", protocol="udp", port=69, helper="tftp")
        await cloud.gone_or_used(delete(path), helper, put(f"{path}/tags", tags=["red"]), frees=True)

    await cloud.rounds(race)


async def test_interfaces_come_and_go(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        _, subnet = await things.network(cloud)
        router = await things.router(cloud, None, subnet)
        names = {"subnet_id": subnet["id"]}
        both = [interface(router, "remove", **names), interface(router, **names)]
        await cloud.at_once(*both * 3, refused=LATE)

    await cloud.rounds(race)


async def test_an_external_network_goes_or_is_used(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        external, router = await things.outside(cloud), await things.router(cloud, None)
        gateway = update(f"routers/{router['id']}", "router", external_gateway_info={"network_id": external["id"]})
        await cloud.gone_or_used(delete(f"networks/{external['id']}"), gateway, refused=LATE)

    await cloud.rounds(race)


async def test_an_external_network_goes_with_floating_ips_that_lead_nowhere(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        external, (network, subnet) = await things.outside(cloud), await things.network(cloud)
        await things.router(cloud, external, subnet)
        port = await things.port(cloud, network)
        leading = {"floating_network_id": external["id"], "port_id": port["id"]}
        idle = create("floatingips", "floatingip", floating_network_id=external["id"])
        await cloud.at_once(delete(f"networks/{external['id']}"), idle, create("floatingips", "floatingip", **leading))

    await cloud.rounds(race)


async def test_an_address_has_one_floating_ip(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        external, (network, subnet) = await things.outside(cloud), await things.network(cloud)
        await things.router(cloud, external, subnet)
        port = await things.port(cloud, network)
        old = [await cloud.make("floatingips", "floatingip", floating_network_id=external["id"]) for _ in range(2)]
        new = create("floatingips", "floatingip", floating_network_id=external["id"], port_id=port["id"])
        await cloud.one_of(*(leads_to(each, port) for each in old), new, new)

    await cloud.rounds(race)


async def test_a_floating_ip_and_what_it_leads_to_come_and_go(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        external, (network, subnet) = await things.outside(cloud), await things.network(cloud)
        router = await things.router(cloud, external, subnet)
        port = await things.port(cloud, network)
        floating = await cloud.make("floatingips", "floatingip", floating_network_id=external["id"])
        path = f"ports/{port['id']}"
        ends = [
            delete(path),
            update(path, "port", fixed_ips=[{"ip_address": "10.0.0.99"}]),
            interface(router, "remove", subnet_id=subnet["id"]),
            update(f"routers/{router['id']}", "router", external_gateway_info={}),
            delete(f"routers/{router['id']}"),
            delete(f"floatingips/{floating['id']}"),
            update(f"floatingips/{floating['id']}", "floatingip", port_id=None),
        ]
        await cloud.at_once(leads_to(floating, port), *cloud.random.sample(ends, 3), refused=LATE)

    await cloud.rounds(race, times=6)


async def test_gateways_come_and_go(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        external = await things.outside(cloud)
        router = await things.router(cloud, external)
        path, info = f"routers/{router['id']}", {"network_id": external["id"]}
        more = {"router": {"external_gateways": [info]}}
        await cloud.at_once(
            update(path, "router", external_gateway_info={}),
            update(path, "router", external_gateway_info=info),
            put(f"{path}/add_external_gateways", **more),
            put(f"{path}/remove_external_gateways", **more),
            put(f"{path}/update_external_gateways", **more),
            delete(path),
            refused=LATE,
        )

    await cloud.rounds(race)
