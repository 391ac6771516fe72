"""Revision numbers and times, and updates that insist on what they have seen."""

import asyncio
import datetime

from tests.integration.api.neutron.requests import Neutron, refusal, shown


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
    for path in (f"ports/{port['id']}", f"subnets/{subnet['id']}", f"networks/{network['id']}"):
        refused = await neutron.refused("DELETE", path, headers=insisting("revision_number=7"))
        assert refused[:2] == (412, "RevisionNumberConstraintFailed")
        response = await neutron.http.delete(f"/v2.0/{path}", headers=insisting("revision_number=1"))
        assert response.status_code == 204


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
