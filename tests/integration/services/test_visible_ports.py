"""A caller is shown the ports of its project and those of others in its networks, page by page, and no others."""

from typing import Any

import pytest
from sqlalchemy import event

from alcor.model.context import Context
from alcor.model.errors import AlcorError
from alcor.services.manager import Create
from alcor.services.networks.vpc import NETWORKS
from alcor.services.ports.port import PORTS
from alcor.services.rows import View
from alcor.store.listing.marker import MarkerNotFound
from alcor.store.listing.page import list_rows
from alcor.store.listing.query import Query
from tests.integration.services.cloud import Cloud

PROJECTS = ("a", "b", "c")


async def _ports(cloud: Cloud) -> list[View]:
    """Ports of each project in the network of each, all with names that repeat."""
    ports: list[View] = []
    for owner in PROJECTS:
        network = await cloud.network(project_id=owner, shared=True)
        for project in PROJECTS if owner != "c" else ("c",):
            ports += [await cloud.port(network, project_id=project, name=name) for name in ("x", "y", "x")]
    return ports


@pytest.mark.parametrize("sort", [(), (("name", True),), (("name", False), ("mac_address", True))])
@pytest.mark.parametrize("reverse", [False, True])
async def test_pages_together_are_all_that_is_shown(
    cloud: Cloud, sort: tuple[tuple[str, bool], ...], reverse: bool
) -> None:
    ports = await _ports(cloud)
    owners = {view["id"]: view["project_id"] for view in (await cloud.all(NETWORKS)).values()}
    for project in (*PROJECTS, "nobody"):
        expected = {each["id"] for each in ports if project in (each["project_id"], owners[each["network_id"]])}
        one = _shown_to(project, sort=sort, page_reverse=reverse)
        everything = [row.id for row in await cloud.store.read(lambda read, q=one: list_rows(read, PORTS.table, q))]
        assert set(everything) == expected
        paged: list[str] = []
        marker = None
        while True:
            query = _shown_to(project, sort=sort, page_reverse=reverse, limit=2, marker=marker)
            page = [row.id for row in await cloud.store.read(lambda read, q=query: list_rows(read, PORTS.table, q))]
            if not page:
                break
            paged = page + paged if reverse else paged + page
            marker = page[0] if reverse else page[-1]
        assert paged == everything


async def test_ports_of_others_are_looked_for_where_there_may_be_any(cloud: Cloud) -> None:
    own, theirs = await cloud.network(project_id="a"), await cloud.network(project_id="b", shared=True)
    for each, project in ((own, "a"), (theirs, "b")):
        await cloud.port(each, project_id=project)
    executed: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        executed.append(statement)

    event.listen(cloud.store._engine, "before_cursor_execute", keep)
    for guests in (0, 1):
        if guests:
            await cloud.port(theirs, project_id="a")
        for project, shown in (("a", 1 + guests), ("b", 1 + guests)):
            executed.clear()
            query = _shown_to(project, limit=10)
            rows = await cloud.store.read(lambda read, q=query: list_rows(read, PORTS.table, q))
            assert len(rows) == shown
            assert any("UNION" in each for each in executed) == (project == "b" and bool(guests))


async def test_a_network_that_is_not_shown_is_not_there_for_ports(cloud: Cloud) -> None:
    network = await cloud.network(project_id="a")
    stranger = Context("b", is_admin=False)
    values = PORTS.resource.check_create({"network_id": network["id"], "project_id": "b"})
    with pytest.raises(AlcorError) as refused:
        await cloud.store.write_batch(PORTS.create, Create([values], stranger))
    assert (refused.value.status, refused.value.kind) == (404, "NetworkNotFound")


async def test_a_marker_that_is_no_port_is_refused(cloud: Cloud) -> None:
    query = _shown_to("a", limit=2, marker="nothing")
    with pytest.raises(MarkerNotFound):
        await cloud.store.read(lambda connection: list_rows(connection, PORTS.table, query))


def _shown_to(project: str, **asked: Any) -> Query:
    caller, access = Context(project, is_admin=False), PORTS.access
    return Query(condition=access.condition(caller), parameters=access.parameters(caller), **asked)
