"""Logs of what security groups decide."""

from typing import Any

from tests.integration.api.neutron.requests import Json, Neutron, refusal, shown

LOGS = "/v2.0/log/logs"


async def log(neutron: Neutron, **attributes: Any) -> Json:
    said = {"resource_type": "security_group"} | attributes
    made: Json = shown(await neutron.http.post(LOGS, json={"log": said}), 201)["log"]
    return made


async def test_a_log_goes_with_its_group_and_with_its_port(neutron: Neutron) -> None:
    group = await neutron.create("security_group", name="web")
    network = await neutron.create("network")
    port = await neutron.create("port", network_id=network["id"], security_groups=[group["id"]])
    of_group = await log(neutron, resource_id=group["id"])
    of_port = await log(neutron, target_id=port["id"], event="DROP")
    await log(neutron, resource_id=group["id"], target_id=port["id"])
    everything = await log(neutron)
    changed = await neutron.http.put(f"{LOGS}/{of_group['id']}", json={"log": {"enabled": False, "name": "g"}})
    assert shown(changed)["log"]["enabled"] is False
    dropped = shown(await neutron.http.get(f"{LOGS}?event=DROP"))["logs"]
    assert [each["id"] for each in dropped] == [of_port["id"]]
    await neutron.delete("port", port["id"])
    left = shown(await neutron.http.get(LOGS))["logs"]
    assert {each["id"] for each in left} == {of_group["id"], everything["id"]}
    await neutron.delete("security_group", group["id"])
    gone = refusal(await neutron.http.get(f"{LOGS}/{of_group['id']}"))
    assert gone == (404, "LogResourceNotFound", f"Log resource {of_group['id']} could not be found.")


async def test_only_what_there_is_can_be_logged(neutron: Neutron) -> None:
    assert shown(await neutron.http.get("/v2.0/log/loggable-resources")) == {
        "loggable_resources": [{"type": "security_group"}]
    }
    absent = "0" * 8 + "-0000-4000-8000-" + "0" * 12
    group = await neutron.create("security_group")
    network = await neutron.create("network")
    port = await neutron.create("port", network_id=network["id"])
    for wrong, status, kind in (
        ({"resource_type": "router"}, 400, "InvalidLogResourceType"),
        ({"resource_id": absent}, 404, "ResourceNotFound"),
        ({"target_id": absent}, 404, "TargetResourceNotFound"),
        ({"resource_id": group["id"], "target_id": port["id"]}, 400, "InvalidResourceConstraint"),
    ):
        body = {"log": {"resource_type": "security_group"} | wrong}
        assert (await neutron.refused("POST", "log/logs", body))[:2] == (status, kind), wrong
