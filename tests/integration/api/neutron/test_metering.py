"""Metering labels and their rules."""

from typing import Any

from tests.integration.api.neutron.requests import Json, Neutron, refusal, shown

PATH = "/v2.0/metering"


async def create(neutron: Neutron, resource: str, **attributes: Any) -> Json:
    answer = await neutron.http.post(f"{PATH}/{resource.replace('_', '-')}s", json={resource: attributes})
    made: Json = shown(answer, 201)[resource]
    return made


async def test_a_label_goes_with_its_rules(neutron: Neutron) -> None:
    label = await create(neutron, "metering_label", name="web", description="d" * 1024)
    one = {"metering_label_id": label["id"], "direction": "ingress", "remote_ip_prefix": "10.0.0.0/24"}
    rule = await create(neutron, "metering_label_rule", **one)
    assert {name: rule[name] for name in one} == one
    assert rule["excluded"] is False
    rules = f"{PATH}/metering-label-rules"
    found = shown(await neutron.http.get(f"{rules}?metering_label_id={label['id']}"))["metering_label_rules"]
    assert found == [rule]
    assert (await neutron.http.delete(f"{PATH}/metering-labels/{label['id']}")).status_code == 204
    refused = refusal(await neutron.http.get(f"{rules}/{rule['id']}"))
    assert refused == (404, "MeteringLabelRuleNotFound", f"Metering label rule '{rule['id']}' does not exist.")


async def test_rules_that_cannot_be_are_refused(neutron: Neutron) -> None:
    label = await create(neutron, "metering_label")
    said = {"metering_label_id": label["id"], "direction": "egress"}
    await create(neutron, "metering_label_rule", **said, remote_ip_prefix="10.0.0.0/8")
    await create(neutron, "metering_label_rule", **said, remote_ip_prefix="10.0.0.0/8", excluded=True)
    await create(neutron, "metering_label_rule", **said, source_ip_prefix="10.0.0.0/8", destination_ip_prefix="::/0")
    absent = {"metering_label_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12}
    for wrong, status, kind in (
        ({"remote_ip_prefix": "10.1.0.0/16"}, 409, "MeteringLabelRuleOverlaps"),
        ({}, 400, "Invalid"),
        ({"remote_ip_prefix": "10.0.0.0/8", "source_ip_prefix": "10.0.0.0/8"}, 400, "Invalid"),
        ({"source_ip_prefix": "nowhere"}, 400, "HTTPBadRequest"),
        (absent | {"source_ip_prefix": "10.0.0.0/8"}, 404, "MeteringLabelNotFound"),
    ):
        body = {"metering_label_rule": said | wrong}
        refused = await neutron.refused("POST", "metering/metering-label-rules", body)
        assert refused[:2] == (status, kind), wrong
