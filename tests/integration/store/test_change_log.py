"""The change log is ordered and gap-free for its readers, however transactions overlap, fail or die."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import Connection, Engine, RootTransaction

from alcor.model.records import LogEntry, VpcRecord
from alcor.store import change_log
from alcor.store.change_log import LogTrimmed
from alcor.store.engine import reading
from alcor.store.store import Store, open_store
from alcor.store.transaction import Transaction
from tests.integration.store import writer_process
from tests.integration.store.rows import add_network

FIRST, SECOND = 101, 102


class Writer:
    """One transaction of one connection, a step at a time."""

    def __init__(self, engine: Engine, vni: int) -> None:
        self._connection = engine.connect().execution_options(writes=True)
        self._vni = vni
        self._begun: RootTransaction | None = None

    def begin(self) -> None:
        """Write a row, before any position is taken: of a project of its own, whose rows nobody else counts."""
        self._begun = self._connection.begin()
        self._transaction = Transaction(self._connection, 0)
        add_network(self._transaction, self._vni, f"project-{self._vni}")

    def append(self) -> int:
        return change_log.append(self._connection, self._transaction.records)

    def commit(self) -> None:
        assert self._begun is not None
        self._begun.commit()
        self._connection.close()

    def roll_back(self) -> None:
        assert self._begun is not None
        self._begun.rollback()
        self._connection.close()

    def run(self) -> int:
        """All of it."""
        self.begin()
        position = self.append()
        self.commit()
        return position


def vnis(entries: list[LogEntry]) -> list[int]:
    return [record.vni for entry in entries for record in entry.records if isinstance(record, VpcRecord)]


def entries_after(engine: Engine, after: int = 0, limit: int = 1000) -> list[LogEntry]:
    with reading(engine) as connection:
        return change_log.read_entries(connection, after, limit)


def read_vnis(engine: Engine) -> list[int]:
    """What a reader from the start sees; checks that there is no gap."""
    entries = entries_after(engine)
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    return vnis(entries)


def waits(engine: Engine, future: "Future[int]") -> bool:
    """Whether the other transaction is held up by a lock; returns as soon as that is known."""
    deadline = time.monotonic() + 10
    while not future.done() and time.monotonic() < deadline:
        if engine.dialect.name == "sqlite":  # its one writer's lock cannot be observed: held up if not done by then
            return isinstance(_done_within(future, 0.2), TimeoutError)
        with engine.connect() as connection:
            query = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if connection.exec_driver_sql(query).scalar_one():
                return True
    return not future.done()


def _done_within(future: "Future[int]", seconds: float) -> int | TimeoutError:
    try:
        return future.result(seconds)
    except TimeoutError as error:
        return error


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_the_first_to_begin_may_be_the_second_to_commit(engine: Engine, threads: ThreadPoolExecutor) -> None:
    first, second = Writer(engine, FIRST), Writer(engine, SECOND)
    first.begin()
    running = threads.submit(second.run)
    if waits(engine, running):
        assert engine.dialect.name == "sqlite", "on PostgreSQL only the position is worth waiting for"
        assert read_vnis(engine) == []
        assert first.append() == 1
        first.commit()
        assert running.result(10) == 2
        assert read_vnis(engine) == [FIRST, SECOND]
    else:
        assert running.result() == 1
        assert read_vnis(engine) == [SECOND]
        assert first.append() == 2
        assert read_vnis(engine) == [SECOND]
        first.commit()
        assert read_vnis(engine) == [SECOND, FIRST]


def test_no_entry_is_seen_before_an_earlier_one_in_flight(engine: Engine, threads: ThreadPoolExecutor) -> None:
    first, second = Writer(engine, FIRST), Writer(engine, SECOND)
    first.begin()
    assert first.append() == 1
    running = threads.submit(second.run)
    assert waits(engine, running)
    assert read_vnis(engine) == []
    first.commit()
    assert running.result(10) == 2
    assert read_vnis(engine) == [FIRST, SECOND]


def test_a_position_rolled_back_is_taken_by_the_next(engine: Engine, threads: ThreadPoolExecutor) -> None:
    first, second = Writer(engine, FIRST), Writer(engine, SECOND)
    first.begin()
    assert first.append() == 1
    running = threads.submit(second.run)
    assert waits(engine, running)
    first.roll_back()
    assert running.result(10) == 1
    assert read_vnis(engine) == [SECOND]


_HOLDER = """
import sys, time
from alcor.store.engine import open_engine
from tests.integration.store.test_change_log import FIRST, Writer
writer = Writer(open_engine(sys.argv[1], 1), FIRST)
writer.begin()
print(writer.append(), flush=True)
time.sleep(60)
"""


def test_a_process_that_dies_holding_a_position_leaves_no_gap(
    engine: Engine, database_url: str, threads: ThreadPoolExecutor
) -> None:
    command = [sys.executable, "-c", _HOLDER, database_url]
    holder = subprocess.Popen(command, cwd=writer_process.ROOT, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "1\n"
    running = threads.submit(Writer(engine, SECOND).run)
    assert waits(engine, running)
    holder.kill()
    assert holder.wait(10) == -signal.SIGKILL
    holder.stdout.close()
    assert running.result(30) == 1
    assert read_vnis(engine) == [SECOND]


async def test_many_writers_in_threads_and_processes(store: Store, database_url: str) -> None:
    """A reader that runs all the while sees 1, 2, 3, …, every acknowledged write, and each once."""
    each, workers = 600, 8
    others = [writer_process.start(database_url, first, each, workers) for first in (10_000, 20_000)]
    outputs = [other.stdout for other in others if other.stdout is not None]
    acknowledged = [await asyncio.to_thread(output.readline) for output in outputs]  # all are at work
    neighbour = await open_store(database_url)
    seen: list[int] = []

    async def read(following: Store) -> None:
        position = 0
        while len(seen) < 4 * each:
            await following.wait_for_entries(position, 5)
            for entry in await following.read(partial(change_log.read_entries, after=position, limit=7)):
                assert entry.position == position + 1
                position = entry.position
                seen.extend(vnis([entry]))

    async def write(through: Store, first: int) -> None:
        numbers = iter(range(first, first + each))

        async def work() -> None:
            for vni in numbers:
                await through.write(partial(add_network, vni=vni))

        await asyncio.gather(*(work() for _ in range(workers)))

    async with asyncio.timeout(60):
        await asyncio.gather(read(neighbour), write(store, 30_000), write(neighbour, 40_000))
    for other, output in zip(others, outputs, strict=True):
        acknowledged += await asyncio.to_thread(output.readlines)
        assert other.wait(10) == 0
        output.close()
    assert len(acknowledged) == 2 * each
    assert len(seen) == len(set(seen))
    assert set(seen) == {first + number for first in (10_000, 20_000, 30_000, 40_000) for number in range(each)}
    await neighbour.close()


def log_of(engine: Engine, length: int) -> None:
    for vni in range(1, length + 1):
        Writer(engine, vni).run()


def test_a_reader_gets_what_it_asks_for(engine: Engine) -> None:
    log_of(engine, 5)
    assert vnis(entries_after(engine, 0, 2)) == [1, 2]
    assert vnis(entries_after(engine, 2, 10)) == [3, 4, 5]
    assert entries_after(engine, 5) == []


def trim(engine: Engine, keep: int) -> int:
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        return change_log.trim(connection, keep)


def test_a_reader_too_far_behind_is_told(engine: Engine) -> None:
    log_of(engine, 5)
    assert trim(engine, 2) == 3
    assert trim(engine, 2) == 0
    assert vnis(entries_after(engine, 3)) == [4, 5]
    for after in (0, 1, 2):
        with pytest.raises(LogTrimmed, match=f"entry {after + 1}$"):
            entries_after(engine, after)


def test_positions_go_on_after_everything_was_trimmed(engine: Engine) -> None:
    log_of(engine, 3)
    assert trim(engine, 0) == 3
    assert entries_after(engine, 3) == []
    with pytest.raises(LogTrimmed):
        entries_after(engine, 2)
    assert Writer(engine, 4).run() == 4
    assert vnis(entries_after(engine, 3)) == [4]


def head(connection: Connection) -> int:
    return change_log.head(connection)


async def test_followers_wake_at_their_own_process_commits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alcor.store.store._POLL_SECONDS", 3600)  # nobody asks the database
    waiting = asyncio.create_task(store.wait_for_entries(0, 3600))
    await asyncio.sleep(0)
    await store.write(partial(add_network, vni=1))
    async with asyncio.timeout(10):
        await waiting
    await store.wait_for_entries(0, 0)


async def test_followers_notice_other_processes_commits(store: Store, database_url: str) -> None:
    other = await open_store(database_url)
    async with asyncio.timeout(10):
        waiting = asyncio.create_task(store.wait_for_entries(0, 60))
        await other.write(partial(add_network, vni=1))
        await waiting
    assert await store.read(head) == 1
    await other.close()


async def test_waiting_for_entries_ends(store: Store) -> None:
    async with asyncio.timeout(10):
        await store.wait_for_entries(0, 0.05)
    assert await store.read(head) == 0
