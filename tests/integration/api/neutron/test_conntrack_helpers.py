"""Conntrack helpers, which are parts of routers."""

from tests.integration.api.neutron.requests import Neutron, refusal, shown


async def test_a_router_shows_its_helpers_until_they_or_it_are_deleted(neutron: Neutron) -> None:
    router = await neutron.create("router")
    helpers = f"routers/{router['id']}/conntrack_helper"
    made = await neutron.http.post(
        f"/v2.0/{helpers}s", json={"conntrack_helper": {"protocol": "udp", "port": 69, "helper": "tftp"}}
    )
    created = shown(made, 201)["conntrack_helper"]
    assert [each["id"] for each in shown(await neutron.http.get(f"/v2.0/{helpers}s"))["conntrack_helpers"]] == [
        created["id"]
    ]
    path = f"/v2.0/{helpers}s/{created['id']}"
    changed = await neutron.http.put(path, json={"conntrack_helper": {"port": 6969}})
    assert shown(changed)["conntrack_helper"]["port"] == 6969
    assert (await neutron.show("router", router["id"]))["conntrack_helpers"] == [
        {"protocol": "udp", "port": 6969, "helper": "tftp"}
    ]
    other = await neutron.create("router")
    elsewhere = await neutron.http.get(f"/v2.0/routers/{other['id']}/conntrack_helpers/{created['id']}")
    assert refusal(elsewhere)[:2] == (404, "ConntrackHelperNotFound")
    await neutron.delete("router", router["id"])
    assert refusal(await neutron.http.get(path))[0] == 404


async def test_what_a_helper_cannot_be_is_refused(neutron: Neutron) -> None:
    router = await neutron.create("router")
    path = f"routers/{router['id']}/conntrack_helpers"

    async def refused(**values: object) -> str:
        status, kind, _ = await neutron.refused("POST", path, {"conntrack_helper": values})
        assert status == 400
        return kind

    said = {"protocol": "tcp", "port": 21, "helper": "ftp"}
    await neutron.http.post(f"/v2.0/{path}", json={"conntrack_helper": said})
    assert await refused(**said) == "BadRequest"
    assert await refused(protocol="udp", port=21, helper="ftp") == "InvalidProtocolForHelper"
    assert await refused(protocol="udp", port=21, helper="nothing") == "ConntrackHelperNotAllowed"
    assert await refused(protocol="tcp", port=0, helper="ftp") == "HTTPBadRequest"
    nowhere = f"routers/{'0' * 8}-0000-4000-8000-{'0' * 12}/conntrack_helpers"
    assert (await neutron.refused("POST", nowhere, {"conntrack_helper": said}))[:2] == (404, "RouterNotFound")


async def test_a_part_that_is_no_object_is_refused(neutron: Neutron) -> None:
    router = await neutron.create("router")
    path = f"routers/{router['id']}/conntrack_helpers"
    assert (await neutron.refused("POST", path, {"conntrack_helpers": [[None]]}))[0] == 400
