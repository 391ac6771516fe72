"""Flavors, the service profiles that make them, and routers that have one."""

from typing import Any

from tests.integration.api.neutron.requests import Json, Neutron, refusal, shown

SINGLE_NODE = "neutron.services.l3_router.service_providers.single_node.SingleNodeDriver"
PROFILES = "/v2.0/service_profiles"


async def profile(neutron: Neutron, **attributes: Any) -> Json:
    made: Json = shown(await neutron.http.post(PROFILES, json={"service_profile": attributes}), 201)["service_profile"]
    return made


async def made_by(neutron: Neutron, flavor: Json, its_profile: Json) -> Any:
    body = {"service_profile": {"id": its_profile["id"]}}
    return await neutron.http.post(f"/v2.0/flavors/{flavor['id']}/service_profiles", json=body)


async def test_a_flavor_is_made_by_its_first_profile(neutron: Neutron) -> None:
    flavor = await neutron.create("flavor", name="gold", service_type="L3_ROUTER_NAT")
    first, second = await profile(neutron, driver=SINGLE_NODE), await profile(neutron, metainfo="{}")
    providers = f"flavors/{flavor['id']}/next_providers"
    assert (await neutron.refused("GET", providers))[:2] == (404, "FlavorServiceProfileBindingNotFound")
    for each in (first, second):
        shown(await made_by(neutron, flavor, each), 201)
    assert refusal(await made_by(neutron, flavor, first))[:2] == (409, "FlavorServiceProfileBindingExists")
    assert (await neutron.show("flavor", flavor["id"]))["service_profiles"] == [first["id"], second["id"]]
    found = shown(await neutron.http.get(f"/v2.0/{providers}"))["next_providers"]
    assert found == [{"driver": SINGLE_NODE, "provider": "single_node"}]
    held = await neutron.refused("DELETE", f"service_profiles/{first['id']}")
    assert held[:2] == (409, "ServiceProfileInUse")
    below = f"/v2.0/flavors/{flavor['id']}/service_profiles/{first['id']}"
    assert (await neutron.http.delete(below)).status_code == 204
    assert refusal(await neutron.http.delete(below))[0] == 404
    assert (await neutron.http.delete(f"{PROFILES}/{first['id']}")).status_code == 204
    await neutron.delete("flavor", flavor["id"])
    assert (await neutron.http.delete(f"{PROFILES}/{second['id']}")).status_code == 204


async def test_a_router_has_a_flavor_that_can_be(neutron: Neutron) -> None:
    flavor = await neutron.create("flavor", service_type="L3_ROUTER_NAT")
    await made_by(neutron, flavor, await profile(neutron, driver=SINGLE_NODE))
    router = await neutron.create("router", flavor_id=flavor["id"])
    assert (await neutron.refused("DELETE", f"flavors/{flavor['id']}"))[:2] == (409, "FlavorInUse")
    distributed = {"router": {"flavor_id": flavor["id"], "distributed": True}}
    assert (await neutron.refused("POST", "routers", distributed))[:2] == (400, "InvalidInput")
    await neutron.update("router", router["id"], admin_state_up=False)
    change = {"router": {"distributed": True}}
    assert (await neutron.refused("PUT", f"routers/{router['id']}", change))[:2] == (400, "InvalidInput")
    await neutron.update("flavor", flavor["id"], enabled=False)
    disabled = await neutron.http.post("/v2.0/routers", json={"router": {"flavor_id": flavor["id"]}})
    assert (disabled.status_code, disabled.json()["NeutronError"]["type"]) == (503, "FlavorDisabled")
    await neutron.delete("router", router["id"])
    await neutron.delete("flavor", flavor["id"])


async def test_what_flavors_and_profiles_cannot_be_is_refused(neutron: Neutron) -> None:
    async def refused(resource: str, **attributes: Any) -> tuple[int, str]:
        status, kind, _ = await neutron.refused("POST", f"{resource}s", {resource: attributes})
        return status, kind

    assert await refused("flavor", service_type="NOTHING") == (400, "HTTPBadRequest")
    assert await refused("service_profile") == (400, "ServiceProfileEmpty")
    assert await refused("service_profile", driver="none") == (404, "ServiceProfileDriverNotFound")
    absent = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    assert await refused("router", flavor_id=absent) == (404, "FlavorNotFound")
    providers = shown(await neutron.http.get("/v2.0/service-providers"))["service_providers"]
    assert [each["name"] for each in providers if each["default"]] == ["alcor"]
