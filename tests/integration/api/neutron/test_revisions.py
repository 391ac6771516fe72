"""Revision numbers and times, and updates that insist on what they have seen."""

import asyncio
import datetime
from typing import Any

from tests.integration.api.neutron.requests import Json, Neutron, refusal, shown


def insisting(tag: str) -> dict[str, str]:
    return {"If-Match": tag}


async def test_every_update_is_a_revision(neutron: Neutron) -> None:
    network = await neutron.create("network")
    assert network["revision_number"] == 1
    for revision in (2, 3, 4):
        assert (await neutron.update("network", network["id"], name=f"n{revision}"))["revision_number"] == revision
    other = await neutron.create("network")
    assert other["revision_number"] == 1


async def test_an_update_may_insist_on_the_revision_it_has_seen(neutron: Neutron) -> None:
    network = await neutron.create("network")
    path = f"/v2.0/networks/{network['id']}"
    body = {"network": {"name": "x"}}
    for number, tag in enumerate(
        ("revision_number={}", '"revision_number={}"', '"other", "revision_number={}"', 'W/"revision_number={}"'), 1
    ):
        stale = refusal(await neutron.http.put(path, json=body, headers=insisting(tag.format(number - 1))))
        assert stale == (
            412,
            "RevisionNumberConstraintFailed",
            f"Constrained to {number - 1}, but current revision is {number}",
        )
        shown(await neutron.http.put(path, json=body, headers=insisting(tag.format(number))))
    assert (await neutron.show("network", network["id"]))["revision_number"] == 5


async def test_a_deletion_may_insist_too(neutron: Neutron) -> None:
    network = await neutron.create("network")
    subnet = await neutron.create("subnet", network_id=network["id"], cidr="10.0.0.0/24")
    port = await neutron.create("port", network_id=network["id"])
    revisions = {f"ports/{port['id']}": 1, f"subnets/{subnet['id']}": 1, f"networks/{network['id']}": 3}
    for path, revision in revisions.items():
        refused = await neutron.refused("DELETE", path, headers=insisting("revision_number=7"))
        assert refused[:2] == (412, "RevisionNumberConstraintFailed")
        response = await neutron.http.delete(f"/v2.0/{path}", headers=insisting(f"revision_number={revision}"))
        assert response.status_code == 204


async def post(neutron: Neutron, path: str, **attributes: Any) -> str:
    """Create a resource by its path. Returns the path of it."""
    member = path.rpartition("/")[2].removesuffix("s").replace("-", "_").replace("policie", "policy")
    made = shown(await neutron.http.post(f"/v2.0/{path}", json={member: attributes}), 201)[member]
    return f"{path}/{made['id']}"


async def revision(neutron: Neutron, path: str) -> int:
    [view] = shown(await neutron.http.get(f"/v2.0/{path}")).values()
    return int(view["revision_number"])


async def test_a_part_that_comes_changes_or_goes_is_a_revision_of_the_whole(neutron: Neutron) -> None:
    network, router, policy = [await post(neutron, path) for path in ("networks", "routers", "qos/policies")]
    changes: list[tuple[str, str, Json, Json]] = [
        (network, "subnets", {"network_id": network.rpartition("/")[2], "cidr": "10.0.0.0/24"}, {"name": "n"}),
        (router, f"{router}/conntrack_helpers", {"helper": "ftp", "protocol": "tcp", "port": 21}, {"port": 22}),
        (policy, f"{policy}/dscp_marking_rules", {"dscp_mark": 8}, {"dscp_mark": 16}),
    ]
    for whole, parts, body, change in changes:
        assert await revision(neutron, whole) == 1
        part = await post(neutron, parts, **body)
        assert await revision(neutron, whole) == 2
        member = parts.rpartition("/")[2].removesuffix("s")
        shown(await neutron.http.put(f"/v2.0/{part}", json={member: change}))
        assert await revision(neutron, whole) == 3
        assert (await neutron.http.delete(f"/v2.0/{part}")).status_code == 204
        assert await revision(neutron, whole) == 4


async def test_a_rule_that_comes_or_goes_is_a_revision_of_its_group(neutron: Neutron) -> None:
    group = await post(neutron, "security-groups")
    rule = {"security_group_id": group.rpartition("/")[2], "direction": "ingress"}
    path = await post(neutron, "security-group-rules", **rule)
    assert await revision(neutron, group) == 2
    assert (await neutron.http.delete(f"/v2.0/{path}")).status_code == 204
    assert await revision(neutron, group) == 3


async def test_other_tags_say_nothing_and_broken_ones_are_refused(neutron: Neutron) -> None:
    network = await neutron.create("network")
    path = f"networks/{network['id']}"
    for tag in ("*", '"abc"', ""):
        shown(await neutron.http.put(f"/v2.0/{path}", json={"network": {}}, headers=insisting(tag)))
    for tag in ("revision_number=x", "revision_number=", "revision_number=1,revision_number=2", "revision_number=-1"):
        refused = await neutron.refused("PUT", path, {"network": {}}, headers=insisting(tag))
        assert refused[:2] == (400, "BadRequest")


async def test_of_updates_at_once_that_insist_one_wins(neutron: Neutron) -> None:
    port = await neutron.create("port", network_id=(await neutron.create("network"))["id"])
    requests = [
        neutron.http.put(
            f"/v2.0/ports/{port['id']}", json={"port": {"name": str(n)}}, headers=insisting("revision_number=1")
        )
        for n in range(8)
    ]
    responses = await asyncio.gather(*requests)
    assert sorted(response.status_code for response in responses) == [200, *[412] * 7]


async def test_times_are_utc_in_seconds(neutron: Neutron) -> None:
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    network = await neutron.create("network")
    updated = await neutron.update("network", network["id"], name="n")
    after = datetime.datetime.now(datetime.UTC)
    times = [network["created_at"], network["updated_at"], updated["updated_at"]]
    assert updated["created_at"] == network["created_at"] == network["updated_at"]
    for text in times:
        assert before <= datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z") <= after
