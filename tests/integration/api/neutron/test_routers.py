"""Routers, their interfaces and gateways, and floating IPs."""

import itertools
import time
from typing import Any

import pytest

from alcor.model import identifiers
from tests.integration.api.neutron.requests import Neutron

Body = dict[str, Any]


async def make(neutron: Neutron, resource: str, **values: Any) -> Body:
    answer = await neutron.http.post(f"/v2.0/{resource}s", json={resource: values})
    assert answer.status_code == 201, answer.text
    created: Body = answer.json()[resource]
    return created


async def refused(neutron: Neutron, method: str, path: str, body: Body | None = None) -> tuple[int, str]:
    answer = await neutron.http.request(method, f"/v2.0/{path}", json=body)
    return answer.status_code, answer.json()["NeutronError"]["type"]


@pytest.fixture
async def site(neutron: Neutron) -> dict[str, Body]:
    """A router between a subnet and an external network, with a port behind it."""
    outside = await make(neutron, "network", **{"router:external": True})
    await make(neutron, "subnet", network_id=outside["id"], cidr="192.0.2.0/24", enable_dhcp=False)
    inside = await make(neutron, "network")
    subnet = await make(neutron, "subnet", network_id=inside["id"], cidr="10.0.0.0/24")
    router = await make(neutron, "router", external_gateway_info={"network_id": outside["id"]})
    added = await neutron.http.put(
        f"/v2.0/routers/{router['id']}/add_router_interface", json={"subnet_id": subnet["id"]}
    )
    assert added.status_code == 200, added.text
    port = await make(neutron, "port", network_id=inside["id"])
    return {
        "outside": outside,
        "inside": inside,
        "subnet": subnet,
        "router": router,
        "port": port,
        "info": added.json(),
    }


async def test_an_interface_has_the_gateways_address_and_holds_its_subnet(
    neutron: Neutron, site: dict[str, Body]
) -> None:
    interface = (await neutron.http.get(f"/v2.0/ports/{site['info']['port_id']}")).json()["port"]
    assert interface["device_owner"] == "network:router_interface"
    assert [each["ip_address"] for each in interface["fixed_ips"]] == ["10.0.0.1"]
    subnet, router = f"subnets/{site['subnet']['id']}", f"routers/{site['router']['id']}"
    assert await refused(neutron, "DELETE", subnet) == (409, "SubnetInUse")
    assert await refused(neutron, "DELETE", router) == (409, "RouterInUse")
    assert (await refused(neutron, "DELETE", f"ports/{interface['id']}"))[0] == 409
    assert (await refused(neutron, "PUT", subnet, {"subnet": {"gateway_ip": "10.0.0.9"}}))[0] == 409
    again = await refused(neutron, "PUT", f"{router}/add_router_interface", {"subnet_id": site["subnet"]["id"]})
    assert again[0] == 400
    removed = {"subnet_id": site["subnet"]["id"]}
    assert (await neutron.http.put(f"/v2.0/{router}/remove_router_interface", json=removed)).status_code == 200
    assert (await neutron.http.delete(f"/v2.0/{router}")).status_code == 204


async def test_a_floating_ip_leads_to_a_port_behind_the_router(neutron: Neutron, site: dict[str, Body]) -> None:
    floating = await make(neutron, "floatingip", floating_network_id=site["outside"]["id"], port_id=site["port"]["id"])
    assert floating["router_id"] == site["router"]["id"]
    assert floating["fixed_ip_address"] == site["port"]["fixed_ips"][0]["ip_address"]
    taken = {"floating_network_id": site["outside"]["id"], "port_id": site["port"]["id"]}
    assert (await refused(neutron, "POST", "floatingips", {"floatingip": taken}))[0] == 409
    gone = {"router": {"external_gateway_info": None}}
    assert (await refused(neutron, "PUT", f"routers/{site['router']['id']}", gone))[0] == 409
    assert (await neutron.http.delete(f"/v2.0/ports/{site['port']['id']}")).status_code == 204
    left = (await neutron.http.get(f"/v2.0/floatingips/{floating['id']}")).json()["floatingip"]
    assert (left["port_id"], left["router_id"], left["status"]) == (None, None, "DOWN")


async def test_a_floating_ip_may_lead_to_the_router_itself_but_to_no_dhcp_server(
    neutron: Neutron, site: dict[str, Body]
) -> None:
    (interface,) = await neutron.list("port", "device_owner=network:router_interface")
    server = await make(neutron, "port", network_id=site["inside"]["id"], device_owner="network:dhcp")
    wanted = {"floating_network_id": site["outside"]["id"]}
    floating = await make(neutron, "floatingip", **wanted, port_id=interface["id"])
    assert floating["fixed_ip_address"] == interface["fixed_ips"][0]["ip_address"]
    refusal = await refused(neutron, "POST", "floatingips", {"floatingip": wanted | {"port_id": server["id"]}})
    assert refusal == (400, "BadRequest")


async def test_a_port_that_no_router_reaches_gets_no_floating_ip(neutron: Neutron, site: dict[str, Body]) -> None:
    alone = await make(neutron, "network")
    await make(neutron, "subnet", network_id=alone["id"], cidr="10.9.0.0/24")
    port = await make(neutron, "port", network_id=alone["id"])
    wanted = {"floating_network_id": site["outside"]["id"], "port_id": port["id"]}
    status, kind = await refused(neutron, "POST", "floatingips", {"floatingip": wanted})
    assert (status, kind) == (404, "ExternalGatewayForFloatingIPNotFound")


async def test_routes_need_a_next_hop_within_reach(neutron: Neutron, site: dict[str, Body]) -> None:
    path = f"/v2.0/routers/{site['router']['id']}"
    near = [{"destination": "10.7.0.0/16", "nexthop": "10.0.0.7"}]
    added = await neutron.http.put(f"{path}/add_extraroutes", json={"router": {"routes": near}})
    assert added.json()["router"]["routes"] == near
    far = {"router": {"routes": [{"destination": "10.7.0.0/16", "nexthop": "10.99.0.7"}]}}
    assert (await refused(neutron, "PUT", path.removeprefix("/v2.0/"), far))[0] == 400
    gone = await neutron.http.put(f"{path}/remove_extraroutes", json={"router": {"routes": near}})
    assert gone.json()["router"]["routes"] == []


async def test_floating_ips_that_lead_nowhere_go_with_their_network(neutron: Neutron, site: dict[str, Body]) -> None:
    floating = await make(neutron, "floatingip", floating_network_id=site["outside"]["id"])
    gateway = {"router": {"external_gateway_info": None}}
    assert (await neutron.http.put(f"/v2.0/routers/{site['router']['id']}", json=gateway)).status_code == 200
    assert (await neutron.http.delete(f"/v2.0/networks/{site['outside']['id']}")).status_code == 204
    assert (await refused(neutron, "GET", f"floatingips/{floating['id']}"))[0] == 404


async def test_floating_ips_that_lead_nowhere_go_when_their_network_is_external_no_more(
    neutron: Neutron, site: dict[str, Body]
) -> None:
    used = await make(neutron, "floatingip", floating_network_id=site["outside"]["id"], port_id=site["port"]["id"])
    idle = await make(neutron, "floatingip", floating_network_id=site["outside"]["id"])
    network, internal = f"networks/{site['outside']['id']}", {"network": {"router:external": False}}
    assert await refused(neutron, "PUT", network, internal) == (409, "ExternalNetworkInUse")
    assert {each["id"] for each in await neutron.list("floatingip")} == {used["id"], idle["id"]}
    await neutron.update("floatingip", used["id"], port_id=None)
    await neutron.update("router", site["router"]["id"], external_gateway_info=None)
    await neutron.update("network", site["outside"]["id"], name="still outside")
    assert len(await neutron.list("floatingip")) == 2
    await neutron.update("network", site["outside"]["id"], **{"router:external": False})
    assert await neutron.list("floatingip") == []
    assert await neutron.list("port", f"network_id={site['outside']['id']}") == []


async def test_the_end_of_the_last_entry_makes_a_network_internal_for_floating_ips_too(neutron: Neutron) -> None:
    network = await make(neutron, "network", **{"router:external": True})
    await make(neutron, "subnet", network_id=network["id"], cidr="192.0.2.0/24")
    await make(neutron, "floatingip", floating_network_id=network["id"])
    everybodys, *_ = await neutron.list("rbac_policy", f"object_id={network['id']}")
    await neutron.delete("rbac_policy", everybodys["id"])
    assert await neutron.list("floatingip") == []


async def test_an_interface_on_an_external_network_is_a_way_out_for_floating_ips(
    neutron: Neutron, site: dict[str, Body]
) -> None:
    other = await make(neutron, "network", **{"router:external": True})
    subnet = await make(neutron, "subnet", network_id=other["id"], cidr="198.51.100.0/24")
    router = f"/v2.0/routers/{site['router']['id']}"
    added = await neutron.http.put(f"{router}/add_router_interface", json={"subnet_id": subnet["id"]})
    assert added.status_code == 200, added.text
    floating = await make(neutron, "floatingip", floating_network_id=other["id"], port_id=site["port"]["id"])
    assert floating["router_id"] == site["router"]["id"]
    path, body = f"{router.removeprefix('/v2.0/')}/remove_router_interface", {"subnet_id": subnet["id"]}
    assert await refused(neutron, "PUT", path, body) == (409, "RouterInterfaceInUseAsGatewayByFloatingIP")
    await neutron.update("floatingip", floating["id"], port_id=None)
    assert (await neutron.http.put(f"/v2.0/{path}", json=body)).status_code == 200


async def test_pools_of_floating_ips_are_the_subnets_of_external_networks(
    neutron: Neutron, site: dict[str, Body]
) -> None:
    (pool,) = (await neutron.http.get("/v2.0/floatingip_pools")).json()["floatingip_pools"]
    assert (pool["network_id"], pool["cidr"]) == (site["outside"]["id"], "192.0.2.0/24")
    floating = await make(neutron, "floatingip", floating_network_id=pool["network_id"], subnet_id=pool["subnet_id"])
    assert floating["floating_ip_address"].startswith("192.0.2.")


async def test_a_router_shows_whether_its_gateway_translates_addresses(neutron: Neutron, site: dict[str, Body]) -> None:
    router = site["router"]
    assert router["enable_snat"] is True
    gateway = {"network_id": site["outside"]["id"], "enable_snat": False}
    changed = await neutron.update("router", router["id"], external_gateway_info=gateway)
    assert (changed["enable_snat"], changed["external_gateway_info"]["enable_snat"]) == (False, False)
    assert [each["id"] for each in await neutron.list("router", "enable_snat=false")] == [router["id"]]
    assert await neutron.list("router", "enable_snat=true") == []
    assert (await neutron.update("router", router["id"], name="r"))["enable_snat"] is False
    gone = await neutron.update("router", router["id"], external_gateway_info=None)
    assert gone["enable_snat"] is True
    for method, path in (("POST", "routers"), ("PUT", f"routers/{router['id']}")):
        assert (await refused(neutron, method, path, {"router": {"enable_snat": False}}))[0] == 400


async def test_a_router_keeps_the_service_type_it_was_made_with(neutron: Neutron) -> None:
    service_type = "22222222-2222-4222-8222-222222222222"
    router = await make(neutron, "router", service_type_id=service_type)
    assert (await neutron.show("router", router["id"]))["service_type_id"] == service_type
    assert (await make(neutron, "router"))["service_type_id"] is None
    for method, path, value in (("POST", "routers", "x"), ("PUT", f"routers/{router['id']}", service_type)):
        assert (await refused(neutron, method, path, {"router": {"service_type_id": value}}))[0] == 400


async def test_ports_keep_the_addresses_that_floating_ips_are_and_lead_to(
    neutron: Neutron, site: dict[str, Body]
) -> None:
    floating = await make(neutron, "floatingip", floating_network_id=site["outside"]["id"], port_id=site["port"]["id"])
    (holder,) = await neutron.list("port", f"device_id={floating['id']}")
    for port, address in ((site["port"], "10.0.0.77"), (holder, "192.0.2.77")):
        for fixed_ips in ([{"ip_address": address}], []):
            path, body = f"ports/{port['id']}", {"port": {"fixed_ips": fixed_ips}}
            assert await refused(neutron, "PUT", path, body) == (400, "BadRequest")
        more = [*({"ip_address": each["ip_address"]} for each in port["fixed_ips"]), {"ip_address": address}]
        assert len((await neutron.update("port", port["id"], fixed_ips=more))["fixed_ips"]) == 2
    await neutron.update("floatingip", floating["id"], port_id=None)
    await neutron.update("port", site["port"]["id"], fixed_ips=[{"ip_address": "10.0.0.78"}])


async def test_one_destination_is_reached_by_way_of_several_next_hops(neutron: Neutron, site: dict[str, Body]) -> None:
    routes = [{"destination": "10.7.0.0/16", "nexthop": f"10.0.0.{number}"} for number in (7, 8, 9)]
    router_id = site["router"]["id"]
    assert (await neutron.update("router", router_id, routes=routes[:2]))["routes"] == routes[:2]
    path = f"/v2.0/routers/{router_id}"
    await neutron.http.put(f"{path}/add_extraroutes", json={"router": {"routes": routes[1:]}})
    assert (await neutron.show("router", router_id))["routes"] == routes
    await neutron.http.put(f"{path}/remove_extraroutes", json={"router": {"routes": routes[:1]}})
    assert (await neutron.show("router", router_id))["routes"] == routes[1:]
    twice = {"router": {"routes": [routes[0], routes[0]]}}
    assert (await refused(neutron, "PUT", f"routers/{router_id}", twice))[0] == 400


async def test_of_two_routers_a_floating_ip_is_the_older_ones(
    neutron: Neutron, site: dict[str, Body], monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = await make(neutron, "network")
    await make(neutron, "subnet", network_id=inside["id"], cidr="10.0.1.0/24", gateway_ip=None)
    routers = []
    now = time.time()
    for count, later in ((itertools.count(1 << 39), 0), (itertools.count(1), 1)):  # another process, of a lower count
        monkeypatch.setattr(identifiers, "_count_of", lambda _, count=count: count)
        monkeypatch.setattr(time, "time", lambda later=later: now + later)
        router = await make(neutron, "router", external_gateway_info={"network_id": site["outside"]["id"]})
        port = await make(neutron, "port", network_id=inside["id"])
        path = f"/v2.0/routers/{router['id']}/add_router_interface"
        assert (await neutron.http.put(path, json={"port_id": port["id"]})).status_code == 200
        routers.append(router["id"])
    port = await make(neutron, "port", network_id=inside["id"])
    wanted = {"floating_network_id": site["outside"]["id"], "port_id": port["id"]}
    assert (await make(neutron, "floatingip", **wanted))["router_id"] == routers[0]
