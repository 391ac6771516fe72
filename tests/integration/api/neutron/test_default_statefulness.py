"""Whether new security groups are stateful that do not say: as is set for their project, else for any."""

from typing import Any

from tests.integration.api.neutron.callers import As
from tests.integration.api.neutron.requests import Json, Neutron, shown

PATH = "security-groups-default-statefulness"
ONE, SEVERAL = "security_group_default_statefulness", "security_groups_default_statefulness"


async def setting(neutron: Neutron, **attributes: Any) -> Json:
    created: Json = shown(await neutron.http.post(f"/v2.0/{PATH}", json={ONE: attributes}), 201)[ONE]
    return created


async def settings(neutron: Neutron, query: str = "") -> list[Json]:
    found: list[Json] = shown(await neutron.http.get(f"/v2.0/{PATH}?{query}"))[SEVERAL]
    return found


async def is_stateful(neutron: Neutron, **attributes: Any) -> bool:
    return bool((await neutron.create("security_group", **attributes))["stateful"])


async def test_that_of_the_project_counts_more_than_that_of_any(sign_in: As) -> None:
    admin = Neutron(sign_in("ops", "admin"))
    blue, red = (Neutron(sign_in(project, "member", "reader")) for project in ("blue", "red"))
    assert await is_stateful(blue) is True
    for_all = await setting(admin, project_id=None, stateful=False)
    assert for_all == {"id": for_all["id"], "project_id": None, "tenant_id": None, "stateful": False}
    assert await is_stateful(blue) is False
    assert await is_stateful(blue, stateful=True) is True
    blues = await setting(admin, project_id="blue")
    assert (blues["project_id"], blues["stateful"]) == ("blue", True)
    assert await is_stateful(blue) is True
    assert await is_stateful(red) is False
    await admin.http.put(f"/v2.0/{PATH}/{blues['id']}", json={ONE: {"stateful": False}})
    assert await is_stateful(blue) is False
    assert [each["id"] for each in await settings(admin, "sort_key=project_id&sort_dir=asc")] == [
        for_all["id"],
        blues["id"],
    ]
    assert [each["id"] for each in await settings(admin, "stateful=false&project_id=blue")] == [blues["id"]]
    for each in (for_all, blues):
        assert (await admin.http.delete(f"/v2.0/{PATH}/{each['id']}")).status_code == 204
    assert await is_stateful(blue) is True


async def test_there_is_one_of_a_project_and_one_of_any(neutron: Neutron) -> None:
    for project_id, name in ((None, "system-wide"), ("blue", "blue")):
        await setting(neutron, project_id=project_id)
        assert await neutron.refused("POST", PATH, {ONE: {"project_id": project_id}}) == (
            409,
            "SecurityGroupDefaultStatefulnessAlreadyExists",
            f"A security group default statefulness setting already exists for project '{name}'.",
        )


async def test_a_projects_group_default_is_stateful_whatever_is_set(neutron: Neutron) -> None:
    await setting(neutron, project_id=None, stateful=False)
    (group,) = await neutron.list("security_group")
    assert (group["name"], group["stateful"]) == ("default", True)


async def test_managers_set_that_of_their_project_and_readers_see_it(sign_in: As) -> None:
    admin = Neutron(sign_in("ops", "admin"))
    manager, reader = Neutron(sign_in("blue", "manager", "member", "reader")), Neutron(sign_in("blue", "reader"))
    for_all = await setting(admin, project_id=None)
    own = await setting(manager, stateful=False)
    assert own["project_id"] == "blue"
    assert await settings(reader) == await settings(manager) == [own]
    change = {ONE: {"stateful": True}}
    assert (await reader.refused("PUT", f"{PATH}/{own['id']}", change))[0] == 403
    assert (await reader.refused("POST", PATH, {ONE: {}}))[0] == 403
    for method, body in (("GET", None), ("PUT", change), ("DELETE", None)):
        status, kind, message = await manager.refused(method, f"{PATH}/{for_all['id']}", body)
        assert (status, kind) == (404, "SecurityGroupDefaultStatefulnessNotFound")
        assert message == f"Security group default statefulness {for_all['id']} could not be found."
    assert (await manager.refused("POST", PATH, {ONE: {"project_id": None}}))[0] == 400
    assert (await manager.http.delete(f"/v2.0/{PATH}/{own['id']}")).status_code == 204


async def test_what_cannot_be_said_is_refused(neutron: Neutron) -> None:
    made = await setting(neutron)
    for attributes in ({"stateful": "perhaps"}, {"stateful": None}, {"project_id": 7}, {"name": "x"}):
        assert (await neutron.refused("POST", PATH, {ONE: attributes}))[0] == 400
    assert (await neutron.refused("PUT", f"{PATH}/{made['id']}", {ONE: {"project_id": "x"}}))[0] == 400
