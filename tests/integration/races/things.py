"""What races are about: networks, ports and routers to meet on."""

from tests.integration.races.racing import Cloud, Json, put


async def network(cloud: Cloud, cidr: str = "10.0.0.0/24", **attributes: object) -> tuple[Json, Json]:
    """A network and its subnet."""
    made = await cloud.make("networks", "network", **attributes)
    return made, await cloud.make("subnets", "subnet", network_id=made["id"], cidr=cidr)


async def port(cloud: Cloud, network: Json, **attributes: object) -> Json:
    """A port of a network."""
    return await cloud.make("ports", "port", network_id=network["id"], **attributes)


async def outside(cloud: Cloud) -> Json:
    """An external network."""
    made, _ = await network(cloud, "198.51.100.0/24", **{"router:external": True})
    return made


async def router(cloud: Cloud, external: Json | None, *subnets: Json) -> Json:
    """A router with a gateway, if any, and interfaces."""
    gateway = {"external_gateway_info": {"network_id": external["id"]}} if external else {}
    made = await cloud.make("routers", "router", **gateway)
    for each in subnets:
        await cloud.do(put(f"routers/{made['id']}/add_router_interface", subnet_id=each["id"]))
    return made
