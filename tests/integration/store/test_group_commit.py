"""Writes share transactions, fail alone, and are never said to be stored when they are not."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from alcor.store import bulk, change_log
from alcor.store.group_commit import CommitUnknown, StoreClosed
from alcor.store.store import Store, open_store
from alcor.store.tables import network
from alcor.store.transaction import Transaction
from tests.databases import PostgreSQL
from tests.integration.store.rows import add_network, network_row, stored_vnis


@contextlib.asynccontextmanager
async def busy_writer(store: Store) -> AsyncIterator[None]:
    """What is submitted inside waits, and so becomes one group."""
    begun, done = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold(_: Transaction) -> None:
        loop.call_soon_threadsafe(begun.set)
        done.wait(30)

    held = asyncio.create_task(store.write(hold))
    await begun.wait()
    yield
    await asyncio.sleep(0)  # lets the tasks made inside submit their writes
    done.set()
    await held


async def together(store: Store, *operations: Callable[[Transaction], Any]) -> list[Any]:
    """Results and errors of operations in one group."""
    async with busy_writer(store):
        tasks = [asyncio.create_task(store.write(operation)) for operation in operations]
    return await asyncio.gather(*tasks, return_exceptions=True)


async def log(store: Store) -> list[list[int]]:
    """The VNIs of each entry's records."""
    entries = await store.read(partial(change_log.read_entries, after=0, limit=1000))
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    return [[record.vni for record in entry.records] for entry in entries]  # type: ignore[union-attr]


async def test_waiting_writes_share_one_transaction(store: Store) -> None:
    await together(store, *(partial(add_network, vni=vni) for vni in range(1, 11)))
    assert await log(store) == [list(range(1, 11))]


async def test_requests_for_one_handler_come_in_one_call(store: Store) -> None:
    calls: list[Sequence[int]] = []

    def handler(transaction: Transaction, vnis: Sequence[int]) -> list[str]:
        calls.append(vnis)
        return [add_network(transaction, vni) for vni in vnis]

    async with busy_writer(store):
        tasks = [asyncio.create_task(store.write_batch(handler, vni)) for vni in (5, 6, 7)]
    assert len(set(await asyncio.gather(*tasks))) == 3
    assert calls == [[5, 6, 7]]


async def test_a_write_without_records_leaves_the_log_alone(store: Store) -> None:
    assert await store.write(lambda _: "result") == "result"
    assert await log(store) == []


async def test_only_the_write_that_fails_is_undone(store: Store) -> None:
    def fail(transaction: Transaction) -> None:
        add_network(transaction, 100)
        raise LookupError("changed my mind")

    outcomes = await together(
        store, partial(add_network, vni=1), fail, partial(add_network, vni=2), fail, partial(add_network, vni=3)
    )
    assert [type(outcome) for outcome in outcomes] == [str, LookupError, str, LookupError, str]
    assert await store.read(stored_vnis) == {1, 2, 3}
    assert await log(store) == [[1, 2, 3]]


async def test_a_lone_write_that_fails_is_undone(store: Store) -> None:
    def fail(transaction: Transaction) -> None:
        add_network(transaction, 100)
        raise LookupError("changed my mind")

    with pytest.raises(LookupError, match="changed my mind"):
        await store.write(fail)
    assert await store.read(stored_vnis) == set()
    assert await log(store) == []


async def test_a_constraint_refuses_only_its_culprit(store: Store) -> None:
    def handler(transaction: Transaction, vnis: Sequence[int]) -> list[str]:
        return [add_network(transaction, vni) for vni in vnis]

    vnis = [*range(1, 21), 7]
    async with busy_writer(store):
        tasks = [asyncio.create_task(store.write_batch(handler, vni)) for vni in vnis]
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(outcome, IntegrityError) for outcome in outcomes] == [False] * 20 + [True]
    assert await store.read(stored_vnis) == set(range(1, 21))
    assert await log(store) == [list(range(1, 21))]


async def test_a_returned_exception_is_raised_to_its_caller_only(store: Store) -> None:
    def handler(transaction: Transaction, vnis: Sequence[int]) -> list[str | Exception]:
        return [add_network(transaction, vni) if vni < 10 else ValueError(f"{vni} is too large") for vni in vnis]

    async with busy_writer(store):
        tasks = [asyncio.create_task(store.write_batch(handler, vni)) for vni in (1, 11, 2)]
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert str(outcomes[1]) == "11 is too large"
    assert await store.read(stored_vnis) == {1, 2}


async def test_a_cancelled_caller_does_not_disturb_its_neighbours(store: Store) -> None:
    async with busy_writer(store):
        tasks = [asyncio.create_task(store.write(partial(add_network, vni=vni))) for vni in (1, 2, 3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert {1, 3} <= await store.read(stored_vnis)


@pytest.mark.parametrize("error", [StopIteration, SystemExit, KeyboardInterrupt])
async def test_the_writer_outlives_whatever_is_raised(store: Store, error: type[BaseException]) -> None:
    def fail(_: Transaction) -> None:
        raise error

    write = asyncio.create_task(store.write(fail))
    await asyncio.wait([write])
    assert isinstance(write.exception(), RuntimeError)
    assert await store.write(lambda _: "still here") == "still here"


async def test_a_handler_that_answers_too_few_is_refused(store: Store) -> None:
    def handler(transaction: Transaction, vnis: Sequence[int]) -> list[str]:
        return [add_network(transaction, vni) for vni in vnis][1:]

    with pytest.raises(RuntimeError, match="returned 0 results for 1 requests"):
        await store.write_batch(handler, 1)
    assert await store.read(stored_vnis) == set()


@pytest.mark.parametrize("neighbours", [0, 2])
async def test_a_swallowed_database_error_is_no_success_unless_stored(store: Store, neighbours: int) -> None:
    await store.write(partial(add_network, vni=1))

    def stubborn(transaction: Transaction) -> None:
        add_network(transaction, 2)
        with contextlib.suppress(IntegrityError):
            add_network(transaction, 1)
        transaction.records.clear()

    others = [partial(add_network, vni=vni) for vni in range(10, 10 + neighbours)]
    outcomes = await together(store, stubborn, *others)
    stored = await store.read(stored_vnis)
    assert (outcomes[0] is None) == (2 in stored)
    assert all(isinstance(outcome, str) for outcome in outcomes[1:])
    assert stored >= {10, 11} if neighbours else stored <= {1, 2}


async def test_closing_finishes_what_waits_and_refuses_more(database_url: str) -> None:
    store = await open_store(database_url)
    async with busy_writer(store):
        tasks = [asyncio.create_task(store.write(partial(add_network, vni=vni))) for vni in (1, 2)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(store.close())
        await asyncio.sleep(0)
        with pytest.raises(StoreClosed):
            await store.write(partial(add_network, vni=3))
    await asyncio.gather(*tasks, closing)
    again = await open_store(database_url)
    assert await again.read(stored_vnis) == {1, 2}
    await again.close()


async def test_two_stores_share_a_database(store: Store, database_url: str) -> None:
    other = await open_store(database_url)
    writes = [side.write(partial(add_network, vni=vni)) for vni in range(1, 101, 2) for side in (store,)]
    writes += [other.write(partial(add_network, vni=vni)) for vni in range(2, 101, 2)]
    await asyncio.gather(*writes)
    assert sorted(vni for vnis in await log(store) for vni in vnis) == list(range(1, 101))
    await other.close()


async def test_a_writer_that_reads_first_never_has_to_start_over(store: Store, database_url: str) -> None:
    other = await open_store(database_url)
    runs: list[int] = []

    def read_then_write(transaction: Transaction, vni: int) -> None:
        runs.append(vni)
        assert vni not in stored_vnis(transaction.connection)
        add_network(transaction, vni)

    async def write_in_turn(through: Store, first: int) -> None:
        for vni in range(first, first + 50):
            await through.write(partial(read_then_write, vni=vni))

    await asyncio.gather(write_in_turn(store, 1), write_in_turn(other, 101))
    assert len(runs) == 100
    await other.close()


async def test_a_commit_that_fails_on_the_disk_is_unknown(embedded: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failed flush to disk, what was written may come back with the next crash."""

    def fail(_: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(embedded._engine.dialect, "do_commit", fail)
        with pytest.raises(CommitUnknown, match="may or may not be there"):
            await embedded.write(partial(add_network, vni=1))
    await embedded.write(partial(add_network, vni=2))
    assert await embedded.read(stored_vnis) == {2}


async def test_a_commit_the_database_refused_is_tried_again(embedded: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = embedded._engine.dialect.do_commit
    commits: list[Any] = []

    def refuse_once(connection: Any) -> None:
        commits.append(connection)
        if len(commits) == 1:
            raise sqlite3.OperationalError("database is locked")
        commit(connection)

    monkeypatch.setattr(embedded._engine.dialect, "do_commit", refuse_once)
    await embedded.write(partial(add_network, vni=1))
    assert await embedded.read(stored_vnis) == {1}
    assert await log(embedded) == [[1]]


# What only a database server can do to its clients.


@pytest.fixture
async def served(postgresql: PostgreSQL, postgresql_template: str) -> AsyncIterator[Store]:
    """A store on PostgreSQL."""
    name = postgresql.create_database(postgresql_template)
    store = await open_store(postgresql.url(name))
    yield store
    await store.close()
    postgresql.drop_database(name)


def lose_connection(transaction: Transaction, postgresql: PostgreSQL) -> None:
    (backend,) = transaction.connection.exec_driver_sql("SELECT pg_backend_pid()").one()
    postgresql.execute(f"SELECT pg_terminate_backend({backend}, 10000)")


async def test_a_group_is_tried_again_when_the_connection_is_lost(served: Store, postgresql: PostgreSQL) -> None:
    tries: list[int] = []

    def unlucky(transaction: Transaction) -> str:
        tries.append(1)
        network_id = add_network(transaction, 1)
        if len(tries) <= 2:
            lose_connection(transaction, postgresql)
        return network_id

    outcomes = await together(served, unlucky, partial(add_network, vni=2))
    assert all(isinstance(outcome, str) for outcome in outcomes), outcomes
    assert await served.read(stored_vnis) == {1, 2}
    assert await log(served) == [[1, 2]]


async def test_a_connection_lost_before_a_bulk_insert_is_tried_again(served: Store, postgresql: PostgreSQL) -> None:
    tries: list[int] = []
    rows = [network_row(vni) for vni in range(1, 101)]

    def unlucky(transaction: Transaction) -> None:
        tries.append(1)
        if len(tries) == 1:
            lose_connection(transaction, postgresql)
        bulk.insert_rows(transaction.connection, network, rows)

    await served.write(unlucky)
    assert len(tries) == 2
    assert await served.read(stored_vnis) == set(range(1, 101))


async def test_tries_are_bounded(served: Store, postgresql: PostgreSQL) -> None:
    tries: list[int] = []

    def cursed(transaction: Transaction) -> None:
        tries.append(1)
        lose_connection(transaction, postgresql)
        add_network(transaction, 1)

    with pytest.raises(DBAPIError):
        await served.write(cursed)
    assert 2 <= len(tries) <= 10
    assert await served.write(partial(add_network, vni=2))
    assert await served.read(stored_vnis) == {2}


async def test_readers_survive_a_lost_connection(served: Store, postgresql: PostgreSQL) -> None:
    await asyncio.gather(*(served.read(stored_vnis) for _ in range(8)))
    name = await served.read(lambda connection: connection.exec_driver_sql("SELECT current_database()").scalar_one())
    with postgresql.connect(name) as connection:  # other databases of the server are other tests'
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert await served.read(stored_vnis) == set()
    assert await served.write(partial(add_network, vni=2))


def run_at_commit(transaction: Transaction, does: str) -> None:
    """Have a commit to PostgreSQL that adds a network do this, in the server."""
    transaction.connection.exec_driver_sql(
        f"CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does} RETURN NULL; END $$"
    )
    transaction.connection.exec_driver_sql(
        "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON network DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION at_commit()"
    )


async def test_a_commit_the_server_refused_is_tried_again(served: Store) -> None:
    refuse_once = "IF nextval('commits') = 1 THEN RAISE EXCEPTION 'refused' USING ERRCODE = '40001'; END IF;"
    await served.write(lambda transaction: transaction.connection.exec_driver_sql("CREATE SEQUENCE commits"))
    await served.write(partial(run_at_commit, does=refuse_once))
    await served.write(partial(add_network, vni=1))
    assert await served.read(stored_vnis) == {1}
    assert await log(served) == [[1]]


async def test_what_a_commit_is_refused_for_at_last_is_said(served: Store) -> None:
    await served.write(partial(run_at_commit, does="RAISE EXCEPTION 'refused for good';"))
    with pytest.raises(DBAPIError, match="refused for good"):
        await served.write(partial(add_network, vni=1))
    await served.write(lambda transaction: transaction.connection.exec_driver_sql("DROP TRIGGER at_commit ON network"))
    await served.write(partial(add_network, vni=2))
    assert await served.read(stored_vnis) == {2}
    assert await log(served) == [[2]]


async def test_an_unknown_outcome_is_said_to_be_unknown(served: Store) -> None:
    vanish = "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10);"
    await served.write(partial(run_at_commit, does=vanish))
    for outcome in await together(served, partial(add_network, vni=1), partial(add_network, vni=2)):
        assert isinstance(outcome, CommitUnknown)
        assert "may or may not be there" in str(outcome)
    await served.write(lambda transaction: transaction.connection.exec_driver_sql("DROP TRIGGER at_commit ON network"))
    assert await served.write(partial(add_network, vni=3))
    assert await served.read(stored_vnis) == {3}


async def test_a_deadlock_between_processes_is_resolved(served: Store, postgresql: PostgreSQL) -> None:
    other = await open_store(served._engine.url.render_as_string(hide_password=False))
    both_hold_one = threading.Barrier(2)
    await served.write(lambda transaction: [add_network(transaction, vni) for vni in (1, 2)])

    def lock(transaction: Transaction, vnis: Sequence[int]) -> str:
        for vni in vnis:
            transaction.connection.exec_driver_sql(
                "SELECT id FROM network WHERE segmentation_id = %s FOR UPDATE", (vni,)
            )
            with contextlib.suppress(threading.BrokenBarrierError):
                both_hold_one.wait(3)
            both_hold_one.abort()
        return add_network(transaction, sum(vnis) * 10 + vnis[0])

    outcomes = await asyncio.gather(served.write(partial(lock, vnis=(1, 2))), other.write(partial(lock, vnis=(2, 1))))
    assert len(outcomes) == 2
    assert await served.read(stored_vnis) == {1, 2, 31, 32}
    await other.close()
