"""A short page is read by the event loop itself, and is the page that a reader would have read."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, or_, select

from alcor.model.identifiers import new_id
from alcor.store import sql
from alcor.store.direct_reads import leave_event_loop
from alcor.store.foresight import Beside
from alcor.store.listing.foreseen_page import foresee_page, is_short
from alcor.store.listing.marker import MarkerNotFound
from alcor.store.listing.page import list_rows
from alcor.store.listing.query import Query
from alcor.store.store import Store
from alcor.store.tables import network, port, rbac_policy
from tests.integration.store.rows import network_row, port_row, write

_NETWORKS = sql.among(select(network), network.c.id)
_BESIDE = (Beside(_NETWORKS, port.c.network_id),)
_OWN = port.c.project_id == "p"
_SHARED = port.c.network_id.in_(select(rbac_policy.c.object_id).where(rbac_policy.c.target_project == "p"))
_MAY_SEE = or_(_OWN, _SHARED)


class Pages:
    """Reads pages of ports and the networks they are in, and remembers which of them were read directly."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.direct = False

    async def read(self, **query: Any) -> tuple[list[Any], list[Any]]:
        """A page as it is foreseen, after it was seen to be what a reader finds."""
        wanted = Query(**query)

        def page(connection: Connection) -> tuple[list[Any], list[Any]]:
            self.direct = in_event_loop()
            rows = list_rows(connection, port, wanted)
            return rows, sorted(_NETWORKS(connection, sorted({row.network_id for row in rows})))

        usual = await self._store.read(page)
        assert not self.direct
        found = await read_page(self._store, page, wanted)
        assert found == usual
        return found


def in_event_loop() -> bool:
    return threading.current_thread() is threading.main_thread()


async def read_page(store: Store, page: Callable[[Connection], Any], wanted: Query) -> Any:
    foresee = partial(foresee_page, port, wanted, _BESIDE)
    return await store.read(page, is_short=is_short(port, wanted), foresee=foresee)


@pytest.fixture
async def pages(store: Store) -> Pages:
    """With the connection made: what is known of rows is forgotten when one is."""
    made = Pages(store)
    await made.read(limit=1)
    return made


async def two_networks(store: Store, ports: int = 6) -> list[Any]:
    """Ports of two networks, by their ids."""
    networks = [network_row(1), network_row(2)]
    rows = [port_row(networks[number % 2][0], number, device_id=f"d{number % 3}") for number in range(ports)]
    await write(store, network=networks, port=rows)
    return sorted(rows)


@pytest.mark.parametrize("condition", [None, _OWN, _MAY_SEE])
async def test_pages_are_read_directly_from_any_place_in_either_direction(
    store: Store, pages: Pages, condition: Any
) -> None:
    rows = await two_networks(store)
    for marker in (None, *(row[0] for row in rows)):
        for backwards in (False, True):
            found, _ = await pages.read(limit=3, marker=marker, page_reverse=backwards, condition=condition)
            assert pages.direct
            ids = [row[0] for row in rows]
            place = len(ids) if marker is None else ids.index(marker)
            before = ids[max(place - 3, 0) : place]
            after = ids[:3] if marker is None else ids[place + 1 : place + 4]
            assert [row.id for row in found] == (before if backwards else after)


async def test_what_is_found_by_an_index_is_read_directly_and_nothing_else(store: Store, pages: Pages) -> None:
    rows = await two_networks(store)
    some = ("id", "network_id")
    for wanted in ({}, {"columns": some}, {"columns": some, "is_known": True}):
        found, networks = await pages.read(limit=9, filters={"device_id": ["d1"]}, **wanted)
        assert pages.direct
        assert [row.id for row in found] == [row[0] for row in rows if row[11] == "d1"]
        assert len(networks) == 2
    for query in ({"filters": {"name": [""]}}, {"sort": [("name", True)]}, {"limit": 1000}):
        await pages.read(**{"limit": 9, **query})
        assert not pages.direct


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("columns", [(), ("id", "name", "network_id", "host_id")])
async def test_a_row_that_is_new_or_changed_is_shown_at_once(
    store: Store, pages: Pages, columns: tuple[str, ...], is_known: bool
) -> None:
    rows = await two_networks(store)
    await pages.read(limit=10, columns=columns, is_known=is_known)
    assert pages.direct
    changed = rows[2][0]
    await store.write(
        lambda transaction: transaction.connection.execute(port.update().where(port.c.id == changed).values(name="new"))
    )
    await write(store, port=[port_row(rows[0][7], 99)])
    wanted = Query(limit=10, columns=columns, is_known=is_known)
    found = await read_page(store, lambda connection: list_rows(connection, port, wanted), wanted)
    assert len(found) == 7
    assert [row.name for row in found if row.id == changed] == ["new"]


async def test_what_others_let_one_see_is_seen(store: Store, pages: Pages, database_url: str) -> None:
    theirs = network_row(3, project_id="q")
    of_theirs = port_row(theirs[0], 7)
    await write(store, network=[theirs], port=[(of_theirs[0], "q", *of_theirs[2:])])
    assert await pages.read(limit=9, condition=_MAY_SEE) == ([], [])
    policy = (new_id(), "q", "network", theirs[0], "access_as_shared", "p", 0, 0, 0, "{}")
    await write(store, rbac_policy=[policy])
    found, _ = await pages.read(limit=9, condition=_MAY_SEE)
    assert pages.direct is database_url.startswith("sqlite"), "on PostgreSQL that is not foreseen"
    assert [row.id for row in found] == [of_theirs[0]]


async def test_a_marker_that_is_not_there_is_refused(store: Store, pages: Pages) -> None:
    await two_networks(store)
    wanted = Query(limit=2, marker=new_id())
    with pytest.raises(MarkerNotFound):
        await read_page(store, lambda connection: list_rows(connection, port, wanted), wanted)


class Placed:
    """A query that remembers where it was run."""

    def __init__(self, query: Callable[[Connection], Any]) -> None:
        self._query = query
        self.in_event_loop: list[bool] = []

    def __call__(self, connection: Connection) -> Any:
        self.in_event_loop.append(in_event_loop())
        return self._query(connection)


async def test_what_turns_out_to_take_long_is_read_by_a_thread(embedded: Store) -> None:
    counted = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000000) SELECT count(*) FROM n"
    long = Placed(lambda connection: sql.fetch(connection, counted, ()))
    assert await embedded.read(long, is_short=True) == [(1_000_000,)]
    assert long.in_event_loop == [True, False]
    short = Placed(lambda connection: sql.fetch(connection, "SELECT 1", ()))
    assert await embedded.read(short, is_short=True) == [(1,)]
    assert short.in_event_loop == [True]


async def test_a_query_that_must_go_on_leaves_the_event_loop(store: Store, database_url: str) -> None:
    def goes_on(connection: Connection) -> int:
        leave_event_loop(connection)
        return 1

    query = Placed(goes_on)
    assert await store.read(query, is_short=True) == 1
    assert query.in_event_loop == ([True, False] if database_url.startswith("sqlite") else [False])
