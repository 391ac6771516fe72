"""What is foreseen is read by the event loop itself, as it would be read otherwise, and nothing depends on it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import Connection, func, literal_column, select

from alcor.model.identifiers import new_id
from alcor.store import bulk, sql
from alcor.store.foreseen import Foreseen
from alcor.store.foresight import Beside, Foresight, of_keys
from alcor.store.store import Store
from alcor.store.tables import network, node, port
from alcor.store.transaction import Transaction
from tests.databases import PostgreSQL
from tests.integration.store.rows import add_network, network_row, node_row, port_row, stored_vnis, write

_LOCK = 7
_NETWORKS = sql.among(select(network.c.id, network.c.vni), network.c.id)
_WAITING = sql.among(select(network.c.id, func.pg_advisory_xact_lock(literal_column(str(_LOCK)))), network.c.id)
_FAILING = sql.among(select(network.c.id, func.no_such_function(network.c.id)), network.c.id)
_PORTS = sql.among(select(port), port.c.id)
_WHOLE_NETWORKS = sql.among(select(network), network.c.id)
_NODES = sql.among(select(node.c.id), node.c.id)
_BESIDE = (Beside(_NODES, port.c.host_id), Beside(_WHOLE_NETWORKS, port.c.network_id))


class Reader:
    """A handler that reads networks by their ids, and remembers whether they were read directly."""

    def __init__(self) -> None:
        self.direct: list[bool] = []

    def __call__(self, connection: Connection, ids: Sequence[str]) -> list[int | None]:
        self.direct.append(isinstance(connection, Foreseen))
        found = {row.id: row.vni for row in _NETWORKS(connection, ids)}
        return [found.get(each) for each in ids]


def foresee(ids: Sequence[str]) -> list[Foresight]:
    return [Foresight((_NETWORKS,), _NETWORKS, ids)]


def wait_until_somebody_waits(connection: psycopg.Connection) -> None:
    """Return when somebody waits for the lock."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = %s"
    deadline = time.monotonic() + 60
    while connection.execute(waiting, (_LOCK,)).fetchone() != (1,):
        assert time.monotonic() < deadline, "nobody waits for the lock"
        time.sleep(0.01)


async def test_what_is_foreseen_is_read_alike_on_each_database(store: Store) -> None:
    ids = [await store.write(partial(add_network, vni=vni)) for vni in (1, 2, 3)]
    reader = Reader()
    asked = [store.read_batch(reader, each, foresee) for each in [*ids, "none", ids[0], "x" * 20_000_000]]
    assert await asyncio.gather(*asked) == [1, 2, 3, None, 1, None]


async def test_the_event_loop_reads_itself(store: Store) -> None:
    network_id = await store.write(partial(add_network, vni=1))
    reader = Reader()
    assert [await store.read_batch(reader, network_id, foresee) for _ in range(3)] == [1, 1, 1]
    assert reader.direct == [True] * 3


async def test_a_handler_that_does_something_else_is_called_in_the_usual_way(store: Store) -> None:
    network_id = await store.write(partial(add_network, vni=1))
    others: list[Callable[[Connection], Any]] = [stored_vnis, lambda connection: _PORTS(connection, ["none"])]
    for other in others:
        reader = Reader()

        def handler(
            connection: Connection, ids: Sequence[str], reader: Reader = reader, other: Callable[..., Any] = other
        ) -> Any:
            found = reader(connection, ids)
            other(connection)
            return found

        assert await store.read_batch(handler, network_id, foresee) == 1
        assert reader.direct == [True, False]


async def test_rows_beside_others_are_read_with_them(store: Store) -> None:
    alone, shared = network_row(1), network_row(2)
    rows = [port_row(alone[0], 1, "h1"), port_row(shared[0], 2, "h2"), port_row(shared[0], 3)]
    await write(store, network=[alone, shared], node=[node_row("h1", 1)], port=rows)
    direct = []

    def with_beside(connection: Connection, ids: Sequence[str]) -> list[Any]:
        direct.append(isinstance(connection, Foreseen))
        ports = {row.id: row for row in _PORTS(connection, ids)}
        networks = {row.id: row for row in _WHOLE_NETWORKS(connection, [row.network_id for row in ports.values()])}
        hosts = {row.id for row in _NODES(connection, [row.host_id for row in ports.values()])}
        return [(row, networks[row.network_id], row.host_id in hosts) for row in map(ports.get, ids) if row]

    ids = [row[0] for row in rows]
    foreseen = partial(of_keys, _PORTS, port.c.id, beside=_BESIDE)
    usual = await asyncio.gather(*(store.read_batch(with_beside, each) for each in ids))
    assert [is_known for _, _, is_known in usual] == [True, False, False]
    assert (
        await asyncio.gather(*(store.read_batch(with_beside, each, lambda ids: [foreseen(ids)]) for each in ids))
        == usual
    )
    assert direct == [False, True]


async def test_what_cannot_be_read_directly_is_read_in_the_usual_way(store: Store) -> None:
    network_id = await store.write(partial(add_network, vni=1))
    reader = Reader()
    fails = Foresight((_NETWORKS,), _FAILING, [network_id])
    assert await store.read_batch(reader, network_id, lambda _: [fails]) == 1
    assert await store.read_batch(reader, network_id, foresee) == 1
    assert reader.direct == [False, True]


async def test_all_is_read_on_one_snapshot(served: Store, postgresql: PostgreSQL, database: str) -> None:
    first, second = await served.write(partial(add_network, vni=1)), new_id()

    def both(ids: Sequence[str]) -> list[Foresight]:
        return [Foresight((_WAITING,), _WAITING, [first]), *foresee(ids)]

    def add_second(transaction: Transaction) -> None:
        bulk.insert_rows(transaction.connection, network, [network_row(2, second)])

    with postgresql.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        read = asyncio.create_task(served.read_batch(Reader(), second, both))
        await asyncio.to_thread(wait_until_somebody_waits, other)
        await served.write(add_second)
        other.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
        assert await read is None
    assert await served.read_batch(Reader(), second, foresee) == 2


async def test_reads_go_on_when_the_connection_is_lost(served: Store, postgresql: PostgreSQL, database: str) -> None:
    network_id = await served.write(partial(add_network, vni=1))
    reader = Reader()
    assert await served.read_batch(reader, network_id, foresee) == 1
    postgresql.execute(
        f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{database}'"  # type: ignore[arg-type]
    )
    assert await served.read_batch(reader, network_id, foresee) == 1
    assert not reader.direct[-1]
    async with asyncio.timeout(60):
        while not reader.direct[-1]:
            assert await served.read_batch(reader, network_id, foresee) == 1
