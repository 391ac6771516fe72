"""What holds for every collection alike: projection, sorting, paging, filters and revisions."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from alcor.api.neutron.routes import MANAGERS
from alcor.model.context import DEFAULT_PROJECT
from alcor.services.manager import LIST, UPDATE, Manager
from tests.integration.api.neutron.requests import Neutron, refusal, shown
from tests.integration.api.neutron.theirs import THEIRS, build

ABSENT = "6a7b8c9d-0000-4000-8000-000000000001"

Json = dict[str, Any]


@pytest.fixture
async def made(neutron: Neutron) -> Mapping[str, str]:
    """One resource of each kind: their ids by the names of collections in paths."""
    return await build(neutron.http, neutron.http, DEFAULT_PROJECT)


def kinds() -> dict[str, Manager]:
    """The manager of each kind of resource that is made, by where it is listed (below /v2.0, for ``format``)."""
    managers = {manager.resource.name: manager for manager in MANAGERS if LIST in manager.operations}
    managers = {name: each for name, each in managers.items() if not each.resource.attributes["id"].hidden}
    paths = {kind.path: kind.name for kind in THEIRS}
    return {path: managers[name] for path, name in paths.items() if name in managers}


async def listed(neutron: Neutron, manager: Manager, path: str, query: str = "") -> list[Json]:
    found: list[Json] = shown(await neutron.http.get(f"/v2.0/{path}?{query}"))[manager.resource.collection]
    return found


async def test_answers_have_the_fields_that_are_asked_for(neutron: Neutron, made: Mapping[str, str]) -> None:
    for path, manager in kinds().items():
        for each in await listed(neutron, manager, path.format_map(made), "fields=id"):
            assert each.keys() == {"id"}, path


async def test_pages_in_any_order_are_the_whole(neutron: Neutron, made: Mapping[str, str]) -> None:
    for path, manager in kinds().items():
        collection = path.format_map(made)
        sortable = [name for name, each in manager.resource.attributes.items() if each.column and not each.alias_of]
        for key in sortable:
            for direction in ("asc", "desc"):
                order = f"sort_key={key}&sort_dir={direction}"
                whole = [each["id"] for each in await listed(neutron, manager, collection, order)]
                assert made[path.rsplit("/", 1)[-1]] in whole, path
                assert await by_the_page(neutron, manager, collection, order) == whole, (path, order)


async def by_the_page(neutron: Neutron, manager: Manager, collection: str, order: str) -> list[str]:
    """The ids of all resources, two to a page, following the links."""
    ids: list[str] = []
    following = f"/v2.0/{collection}?limit=2&{order}"
    while following:
        body = shown(await neutron.http.get(following))
        ids += [each["id"] for each in body[manager.resource.collection]]
        links = {link["rel"]: link["href"] for link in body.get(f"{manager.resource.collection}_links", ())}
        following = links.get("next", "")
    return ids


async def test_nothing_has_no_parts(neutron: Neutron) -> None:
    """It is not there: that is another answer than that it has none."""
    below = [manager for manager in MANAGERS if manager.parent is not None and LIST in manager.operations]
    assert below
    for manager in below:
        assert manager.parent is not None
        path = f"{manager.parent.path}/{ABSENT}/{manager.path or manager.resource.collection}"
        kind = (await neutron.refused("GET", f"{manager.parent.path}/{ABSENT}"))[1]
        assert (await neutron.refused("GET", path))[:2] == (404, kind), path


async def test_each_filter_finds_what_has_the_value(neutron: Neutron, made: Mapping[str, str]) -> None:
    for path, manager in kinds().items():
        collection = path.format_map(made)
        one, *_ = [
            each for each in await listed(neutron, manager, collection) if each["id"] == made[path.rsplit("/", 1)[-1]]
        ]
        for name, attribute in manager.resource.attributes.items():
            value = one.get(name)
            if attribute.parse_filter is None or value is None or isinstance(value, list | dict):
                continue
            found = await listed(neutron, manager, collection, str(httpx.QueryParams({name: str(value)})))
            assert one in found and all(each[name] == value for each in found), (path, name, value)


async def test_what_cannot_be_filtered_by_is_refused(neutron: Neutron, made: Mapping[str, str]) -> None:
    for path in kinds():
        status, _, message = refusal(await neutron.http.get(f"/v2.0/{path.format_map(made)}?colour=red"))
        assert status == 400 and "colour" in message, path


async def test_whoever_insists_on_a_revision_changes_no_other(neutron: Neutron, made: Mapping[str, str]) -> None:
    for path, manager in kinds().items():
        if "revision_number" not in manager.resource.attributes:
            continue
        item = f"/v2.0/{path.format_map(made)}/{made[path.rsplit('/', 1)[-1]]}"
        stale = {"If-Match": "revision_number=999"}
        if UPDATE in manager.operations:
            refused = await neutron.http.put(item, json={manager.resource.name: {}}, headers=stale)
            assert refusal(refused)[:2] == (412, "RevisionNumberConstraintFailed"), path
        assert refusal(await neutron.http.delete(item, headers=stale))[0] == 412, path
        assert (await neutron.http.get(item)).status_code == 200


async def test_tags_are_asked_for_in_every_way(neutron: Neutron, made: Mapping[str, str]) -> None:
    tagged = [(path, manager) for path, manager in kinds().items() if "tags" in manager.resource.attributes]
    assert len(tagged) >= 8
    for path, manager in tagged:
        collection, its = path.format_map(made), made[path.rsplit("/", 1)[-1]]
        shown(await neutron.http.put(f"/v2.0/{collection}/{its}/tags", json={"tags": ["red", "blue"]}))
        for query, is_found in (
            ("tags=red,blue", True),
            ("tags=red,green", False),
            ("tags-any=red,green", True),
            ("not-tags=red,blue", False),
            ("not-tags=red,green", True),
            ("not-tags-any=green", True),
            ("not-tags-any=red,green", False),
        ):
            ids = [each["id"] for each in await listed(neutron, manager, collection, query)]
            assert (its in ids) is is_found, (path, query)
