"""What leads to ports and networks from elsewhere, and goes with them or keeps them, at once with these."""

from tests.integration.races import things
from tests.integration.races.racing import Cloud, Json, Request, create, delete, put, update

LATE = (400, 404, 409)
PROJECT = "/project/default"


async def way_out(cloud: Cloud) -> tuple[Json, Json, Json, Json]:
    """An external network, a router to it from a subnet, that subnet, and a port in it."""
    external, (network, subnet) = await things.outside(cloud), await things.network(cloud)
    router = await things.router(cloud, external, subnet)
    return external, router, subnet, await things.port(cloud, network)


async def test_ports_are_forwarded_while_what_they_need_goes(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        external, router, subnet, port = await way_out(cloud)
        floating = await cloud.make("floatingips", "floatingip", floating_network_id=external["id"])
        path = f"floatingips/{floating['id']}"
        said = {"internal_port_id": port["id"], "internal_port": 80, "protocol": "tcp"}
        forward = [create(f"{path}/port_forwardings", "port_forwarding", **said, external_port=n) for n in (80, 80)]
        ends = [
            delete(f"ports/{port['id']}"),
            delete(path),
            update(path, "floatingip", port_id=port["id"]),
            update(f"ports/{port['id']}", "port", fixed_ips=[{"ip_address": "10.0.0.99"}]),
            put(f"routers/{router['id']}/remove_router_interface", subnet_id=subnet["id"]),
            update(f"routers/{router['id']}", "router", external_gateway_info={}),
        ]
        await cloud.at_once(*forward, *cloud.random.sample(ends, 2), refused=LATE)

    await cloud.rounds(race)


async def test_a_local_ip_or_a_port_goes_while_it_answers(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        port = await things.port(cloud, network)
        local = await cloud.make("local_ips", "local_ip", network_id=network["id"])
        answering = {"fixed_port_id": port["id"], "fixed_ip": port["fixed_ips"][0]["ip_address"]}
        path = f"local_ips/{local['id']}"
        await cloud.at_once(
            create(f"{path}/port_associations", "port_association", **answering),
            create(f"{path}/port_associations", "port_association", **answering),
            delete(f"ports/{port['id']}"),
            update(f"ports/{port['id']}", "port", fixed_ips=[]),
            delete(path),
            refused=LATE,
        )

    await cloud.rounds(race)


async def test_a_network_goes_or_gets_a_local_ip(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        await cloud.gone_or_used(
            delete(f"networks/{network['id']}"), create("local_ips", "local_ip", network_id=network["id"])
        )

    await cloud.rounds(race)


async def test_acls_and_attachments_are_of_what_is_there(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, subnet = await things.network(cloud)
        gateway = (await cloud.do(Request("POST", f"{PROJECT}/gateways", {"gateway": {"type": "tgw"}})))["gateway"]
        acl = {"vpc_id": network["id"], "associated_subnets": [subnet["id"]]}
        attachment = {"resource_id": network["id"], "subnets": [subnet["id"]]}
        ends = [delete(f"subnets/{subnet['id']}"), delete(f"networks/{network['id']}")]
        await cloud.at_once(
            Request("POST", f"{PROJECT}/network-acls", {"network_acl": acl}),
            Request("POST", f"{PROJECT}/gateways/{gateway['id']}/attachments", {"attachment": attachment}),
            cloud.random.choice(ends),
            Request("DELETE", f"{PROJECT}/gateways/{gateway['id']}"),
            refused=LATE,
        )

    await cloud.rounds(race)


async def test_a_vpc_has_one_default_acl(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        network, _ = await things.network(cloud)
        acl = {"vpc_id": network["id"], "is_default": True}
        await cloud.at_once(*[Request("POST", f"{PROJECT}/network-acls", {"network_acl": acl})] * 3, refused=LATE)

    await cloud.rounds(race)
