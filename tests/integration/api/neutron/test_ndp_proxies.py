"""NDP proxies: a router answers outside for IPv6 addresses behind it."""

from typing import Any

import pytest

from tests.integration.api.neutron.requests import Json, Neutron, refusal, shown


async def make(neutron: Neutron, path: str, member: str, **values: Any) -> Json:
    made: Json = shown(await neutron.http.post(f"/v2.0/{path}", json={member: values}), 201)[member]
    return made


async def pool_of_a_scope(neutron: Neutron, prefix: str) -> str:
    scope = await make(neutron, "address-scopes", "address_scope", name="s", ip_version=6)
    values = {"prefixes": [prefix], "default_prefixlen": 64, "address_scope_id": scope["id"]}
    return str((await make(neutron, "subnetpools", "subnetpool", name="p", **values))["id"])


@pytest.fixture
async def site(neutron: Neutron) -> dict[str, Json]:
    """A router that proxies between a network and an external one, with subnets of one pool."""
    pool_id = await pool_of_a_scope(neutron, "2001:db8::/48")
    of_pool = {"subnetpool_id": pool_id, "ip_version": 6}
    outside = await make(neutron, "networks", "network", **{"router:external": True})
    await make(neutron, "subnets", "subnet", network_id=outside["id"], **of_pool)
    inside = await make(neutron, "networks", "network")
    subnet = await make(neutron, "subnets", "subnet", network_id=inside["id"], **of_pool)
    gateway = {"external_gateway_info": {"network_id": outside["id"]}, "enable_ndp_proxy": True}
    router = await make(neutron, "routers", "router", **gateway)
    await interface(neutron, router, subnet)
    port = await make(neutron, "ports", "port", network_id=inside["id"])
    return {"outside": outside, "inside": inside, "subnet": subnet, "router": router, "port": port}


async def interface(neutron: Neutron, router: Json, subnet: Json, action: str = "add") -> Any:
    path = f"/v2.0/routers/{router['id']}/{action}_router_interface"
    return await neutron.http.put(path, json={"subnet_id": subnet["id"]})


def behind(router: Json, port: Json, **more: Any) -> Json:
    return {"ndp_proxy": {"router_id": router["id"], "port_id": port["id"], **more}}


async def refused(neutron: Neutron, router: Json, port: Json, **more: Any) -> tuple[int, str]:
    return (await neutron.refused("POST", "ndp_proxies", behind(router, port, **more)))[:2]


async def proxied(neutron: Neutron, site: dict[str, Json], **more: Any) -> Json:
    answer = await neutron.http.post("/v2.0/ndp_proxies", json=behind(site["router"], site["port"], **more))
    made: Json = shown(answer, 201)["ndp_proxy"]
    return made


async def test_a_router_proxies_for_an_address_of_a_port(neutron: Neutron, site: dict[str, Json]) -> None:
    assert site["router"]["enable_ndp_proxy"] is True
    made = await proxied(neutron, site, name="web", description="D")
    assert made["ip_address"] == site["port"]["fixed_ips"][0]["ip_address"]
    renamed = await neutron.http.put(f"/v2.0/ndp_proxies/{made['id']}", json={"ndp_proxy": {"name": "www"}})
    assert shown(renamed)["ndp_proxy"]["name"] == "www"
    assert await refused(neutron, site["router"], site["port"]) == (409, "NDPProxyExists")
    assert (await neutron.http.delete(f"/v2.0/ndp_proxies/{made['id']}")).status_code == 204
    assert shown(await neutron.http.get("/v2.0/ndp_proxies")) == {"ndp_proxies": []}


async def test_what_a_proxy_goes_through_stays(neutron: Neutron, site: dict[str, Json]) -> None:
    await proxied(neutron, site)
    router = f"/v2.0/routers/{site['router']['id']}"
    without = await neutron.http.put(router, json={"router": {"external_gateway_info": None}})
    assert refusal(without)[:2] == (409, "RouterGatewayInUseByNDPProxy")
    removed = await interface(neutron, site["router"], site["subnet"], "remove")
    assert refusal(removed)[:2] == (409, "RouterInterfaceInUseByNDPProxy")


async def test_proxies_go_with_the_addresses_they_are_for(neutron: Neutron, site: dict[str, Json]) -> None:
    await proxied(neutron, site)
    other = site["subnet"]["cidr"].removesuffix("/64") + "abc"
    await neutron.update("port", site["port"]["id"], fixed_ips=[{"ip_address": other}])
    assert shown(await neutron.http.get("/v2.0/ndp_proxies")) == {"ndp_proxies": []}
    await proxied(neutron, site)
    await neutron.delete("port", site["port"]["id"])
    assert shown(await neutron.http.get("/v2.0/ndp_proxies")) == {"ndp_proxies": []}


async def test_a_router_proxies_only_through_a_gateway_of_an_address_scope(
    neutron: Neutron, site: dict[str, Json]
) -> None:
    plain = await make(neutron, "networks", "network", **{"router:external": True})
    await make(neutron, "subnets", "subnet", network_id=plain["id"], cidr="2001:db8:9::/64", ip_version=6)
    gateway = {"external_gateway_info": {"network_id": plain["id"]}}
    for values in ({"enable_ndp_proxy": True}, gateway | {"enable_ndp_proxy": True}):
        assert (await neutron.refused("POST", "routers", {"router": values}))[:2] == (409, "RouterGatewayNotValid")
    router = await make(neutron, "routers", "router", **gateway)
    enabled = {"router": {"enable_ndp_proxy": True}}
    assert (await neutron.refused("PUT", f"routers/{router['id']}", enabled))[:2] == (409, "RouterGatewayNotValid")
    cleared = await neutron.update("router", site["router"]["id"], external_gateway_info=None)
    assert cleared["enable_ndp_proxy"] is False
    both = {"router": {"enable_ndp_proxy": True, "external_gateway_info": None}}
    path = f"routers/{site['router']['id']}"
    assert (await neutron.refused("PUT", path, both))[:2] == (409, "RouterGatewayNotValid")


async def test_what_a_router_cannot_proxy_for_is_refused(neutron: Neutron, site: dict[str, Json]) -> None:
    far = await make(neutron, "networks", "network")
    values = {"subnetpool_id": await pool_of_a_scope(neutron, "2001:db8:1::/48"), "ip_version": 6}
    subnet = await make(neutron, "subnets", "subnet", network_id=far["id"], **values)
    port = await make(neutron, "ports", "port", network_id=far["id"])
    assert await refused(neutron, site["router"], port) == (409, "PortUnreachableRouter")
    shown(await interface(neutron, site["router"], subnet))
    assert await refused(neutron, site["router"], port) == (409, "AddressScopeConflict")
    wrong = await refused(neutron, site["router"], site["port"], ip_address="2001:db8::9999")
    assert wrong == (400, "InvalidAddress")
    await neutron.update("router", site["router"]["id"], enable_ndp_proxy=False)
    assert await refused(neutron, site["router"], site["port"]) == (409, "RouterNDPProxyNotEnable")
    assert await refused(neutron, {"id": port["id"]}, port) == (404, "RouterNotFound")
    assert await refused(neutron, site["router"], {"id": far["id"]}) == (404, "PortNotFound")
