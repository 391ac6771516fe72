"""NDP proxies, at once with the ends of what they need."""

from tests.integration.races.racing import Cloud, Json, Request, create, delete, put, succeeded, update

LATE = (400, 404, 409)


async def site(cloud: Cloud) -> tuple[Json, Json, Json]:
    """A subnet of a pool, a router that proxies between it and outside, and a port behind it."""
    scope = await cloud.make("address-scopes", "address_scope", name="s", ip_version=6)
    values = {"prefixes": ["2001:db8::/48"], "default_prefixlen": 64, "address_scope_id": scope["id"]}
    pool = await cloud.make("subnetpools", "subnetpool", name="p", **values)
    of_pool = {"subnetpool_id": pool["id"], "ip_version": 6}
    outside = await cloud.make("networks", "network", **{"router:external": True})
    await cloud.make("subnets", "subnet", network_id=outside["id"], **of_pool)
    inside = await cloud.make("networks", "network")
    subnet = await cloud.make("subnets", "subnet", network_id=inside["id"], **of_pool)
    gateway = {"external_gateway_info": {"network_id": outside["id"]}, "enable_ndp_proxy": True}
    router = await cloud.make("routers", "router", **gateway)
    await cloud.do(put(f"routers/{router['id']}/add_router_interface", subnet_id=subnet["id"]))
    return subnet, router, await cloud.make("ports", "port", network_id=inside["id"])


def proxy(router: Json, port: Json) -> Request:
    return create("ndp_proxies", "ndp_proxy", router_id=router["id"], port_id=port["id"])


async def test_an_address_has_one_proxy(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        _, router, port = await site(cloud)
        await cloud.one_of(*[proxy(router, port)] * 3)

    await cloud.rounds(race)


async def test_an_interface_goes_or_is_proxied_for(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        subnet, router, port = await site(cloud)
        gone = put(f"routers/{router['id']}/remove_router_interface", subnet_id=subnet["id"])
        await cloud.gone_or_used(gone, proxy(router, port))

    await cloud.rounds(race)


async def test_a_gateway_goes_or_is_proxied_at(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        _, router, port = await site(cloud)
        gone = update(f"routers/{router['id']}", "router", external_gateway_info={})
        await cloud.gone_or_used(gone, proxy(router, port))

    await cloud.rounds(race)


async def test_a_proxy_goes_with_its_port(cloud: Cloud) -> None:
    async def race(cloud: Cloud) -> None:
        subnet, router, port = await site(cloud)
        interface = put(f"routers/{router['id']}/remove_router_interface", subnet_id=subnet["id"])
        gone, *_ = await cloud.at_once(
            delete(f"ports/{port['id']}"),
            proxy(router, port),
            update(f"ports/{port['id']}", "port", fixed_ips=[]),
            update(f"routers/{router['id']}", "router", enable_ndp_proxy=False),
            cloud.random.choice([interface, update(f"routers/{router['id']}", "router", external_gateway_info={})]),
            refused=LATE,
        )
        assert succeeded(gone)

    await cloud.rounds(race)
