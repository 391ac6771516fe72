"""A network that works at once, for whoever asks for one."""

import asyncio

from tests.integration.api.neutron.callers import As
from tests.integration.api.neutron.requests import Json, Neutron, refusal, shown

PATH = "/v2.0/auto-allocated-topology"


async def default_outside(neutron: Neutron) -> Json:
    network = await neutron.create("network", is_default=True, **{"router:external": True})
    return await neutron.create("subnet", network_id=network["id"], cidr="192.0.2.0/24")


async def default_pools(neutron: Neutron) -> None:
    pool = {"is_default": True, "shared": True}
    await neutron.create("subnetpool", name="v4", prefixes=["10.0.0.0/16"], default_prefixlen=26, **pool)
    await neutron.create("subnetpool", name="v6", prefixes=["fd00:db8::/56"], **pool)


async def topology(neutron: Neutron, project_id: str = "None") -> Json:
    found: Json = shown(await neutron.http.get(f"{PATH}/{project_id}"))["auto_allocated_topology"]
    return found


async def test_a_network_is_made_once_with_a_way_to_the_outside_and_goes_again(neutron: Neutron) -> None:
    outside = await default_outside(neutron)
    await default_pools(neutron)
    before = [await neutron.list(each) for each in ("network", "subnet", "router", "port")]
    found = await asyncio.gather(*(topology(neutron, "blue") for _ in range(5)))
    assert found == [{"id": found[0]["id"], "project_id": "blue", "tenant_id": "blue"}] * 5
    network = await neutron.show("network", found[0]["id"])
    assert (network["name"], network["project_id"], network["admin_state_up"]) == (
        "auto_allocated_network",
        "blue",
        True,
    )
    subnets = await neutron.list("subnet", f"network_id={network['id']}&sort_key=ip_version&sort_dir=asc")
    assert [(each["name"], each["cidr"]) for each in subnets] == [
        ("auto_allocated_subnet_v4", "10.0.0.0/26"),
        ("auto_allocated_subnet_v6", "fd00:db8::/64"),
    ]
    (router,) = await neutron.list("router", "name=auto_allocated_router")
    assert router["external_gateway_info"]["network_id"] == outside["network_id"]
    interfaces = await neutron.list("port", f"device_id={router['id']}&network_id={network['id']}")
    assert {ip["subnet_id"] for each in interfaces for ip in each["fixed_ips"]} == {each["id"] for each in subnets}
    port = await neutron.create("port", network_id=network["id"])
    in_use = 409, "NetworkInUse"
    assert refusal(await neutron.http.delete(f"{PATH}/blue"))[:2] == in_use
    assert await topology(neutron, "blue") == found[0]
    await neutron.delete("port", port["id"])
    for _ in range(2):
        assert (await neutron.http.delete(f"{PATH}/blue")).status_code == 204
    assert [await neutron.list(each) for each in ("network", "subnet", "router", "port")] == before


async def test_whatever_was_deleted_by_hand_is_made_anew(neutron: Neutron) -> None:
    await default_outside(neutron)
    await default_pools(neutron)
    first = await topology(neutron)
    (router,) = await neutron.list("router")
    for port in await neutron.list("port", f"network_id={first['id']}"):
        shown(
            await neutron.http.put(
                f"/v2.0/routers/{router['id']}/remove_router_interface", json={"port_id": port["id"]}
            )
        )
    await neutron.delete("router", router["id"])
    assert await topology(neutron) == first
    await neutron.delete("network", first["id"])
    assert (await topology(neutron))["id"] != first["id"]


async def test_what_is_missing_is_said(neutron: Neutron) -> None:
    async def failure(query: str = "") -> tuple[int, str, str]:
        return refusal(await neutron.http.get(f"{PATH}/blue{query}"))

    def of(reason: str) -> tuple[int, str, str]:
        return 409, "AutoAllocationFailure", f"Deployment error: {reason}."

    for query in ("", "?fields=dry-run"):
        assert await failure(query) == of("No default router:external network")
    await default_outside(neutron)
    assert await failure("?fields=dry-run") == of("No default subnetpools defined")
    assert await failure() == of("Unable to provide project private network")
    full = await neutron.create("subnetpool", name="f", prefixes=["10.0.0.0/24"], default_prefixlen=23, is_default=True)
    assert await failure() == of("Unable to provide project private network")
    assert [each["is_default"] for each in await neutron.list("network")] == [True]  # nothing is left half made
    await neutron.update("subnetpool", full["id"], default_prefixlen=26)
    passed = shown(await neutron.http.get(f"{PATH}/blue?fields=dry-run"))["auto_allocated_topology"]
    assert (passed["id"], passed["project_id"]) == ("dry-run=pass", "blue")
    assert (await failure("?fields=x"))[:2] == (400, "BadRequest")


async def test_a_project_has_its_own_and_no_other(sign_in: As) -> None:
    admin, red = Neutron(sign_in("ops", "admin")), Neutron(sign_in("red", "member", "reader"))
    await default_outside(admin)
    await default_pools(admin)
    assert (await red.refused("GET", "auto-allocated-topology/blue"))[0] == 403
    assert (await red.refused("DELETE", "auto-allocated-topology/blue"))[0] == 403
    its = await topology(red)
    assert its == await topology(red, "red") == await topology(admin, "red")
    assert (await red.show("network", its["id"]))["project_id"] == "red"
    assert (await red.http.delete(f"{PATH}/None")).status_code == 204
