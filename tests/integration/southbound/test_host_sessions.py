"""Sessions and statuses of many hosts at once: in turns, and never a status before the session it came over."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select

from alcor.dpm import host_writer
from alcor.dpm.host_writer import HostWriter
from alcor.dpm.metrics import DpmMetrics
from alcor.services.hosts import host_session
from alcor.services.hosts.host_session import HostSession
from alcor.services.ports.port_status import ACTIVE, PortStatus
from alcor.store import tables
from alcor.store.store import Store
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import HOSTS, active, eventually

CONTROLLER = "c1"


def session(host_id: str) -> HostSession:
    return HostSession(host_id, os.urandom(16))


def is_up(port_id: str, said_over: HostSession) -> PortStatus:
    return PortStatus(port_id, said_over.host_id, said_over.session_id, ACTIVE, revision=1000)


class Writer:
    """A writer, the hosts it found lost, and what each of its transactions wrote."""

    def __init__(self, store: Store) -> None:
        self.lost: list[str] = []
        self.writer = HostWriter(store, CONTROLLER, DpmMetrics(CollectorRegistry()), self.lost.extend)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.writer.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def writer(store: Store, monkeypatch: pytest.MonkeyPatch) -> Writer:
    """One that writes a little in each transaction."""
    monkeypatch.setattr(host_writer, "_CLAIMS_AT_ONCE", 2)
    monkeypatch.setattr(host_writer, "_STATUSES_AT_ONCE", 2)
    monkeypatch.setattr(host_writer, "_LOST_AT_ONCE", 2)
    return Writer(store)


async def sessions(store: Store) -> int:
    query = select(func.count()).select_from(tables.host_session)
    count: int = await store.read(lambda connection: connection.execute(query).scalar_one())
    return count


async def test_all_that_many_hosts_bring_is_written(store: Store, cloud: Cloud, writer: Writer) -> None:
    hosts = [f"host-{number}" for number in range(1, 8)]
    ports = await cloud.create_ports(*HOSTS, *HOSTS)
    of_hosts = {host: session(host) for host in hosts}
    writer.writer.claim(of_hosts.values())
    writer.writer.report(is_up(port, of_hosts[host]) for port, host in zip(ports, [*HOSTS, *HOSTS], strict=True))
    async with writer.running():
        await active(cloud, *ports)

        async def all_are_there() -> bool:
            return await sessions(store) == len(hosts)

        await eventually(all_are_there, "every session is written")


async def test_a_status_is_not_written_before_its_session(
    cloud: Cloud, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    claim, set_statuses = host_session.claim, host_writer.set_statuses

    def note_claims(transaction: object, controller_id: str, claimed: object) -> None:
        found = list(claimed)  # type: ignore[call-overload]
        written.extend(one.host_id for one in found)
        claim(transaction, controller_id, found)  # type: ignore[arg-type]

    def check_statuses(transaction: object, statuses: object) -> None:
        found = list(statuses)  # type: ignore[call-overload]
        assert {status.host_id for status in found} <= set(written)
        set_statuses(transaction, found)  # type: ignore[arg-type]

    monkeypatch.setattr(host_session, "claim", note_claims)
    monkeypatch.setattr(host_writer, "set_statuses", check_statuses)
    (port,) = await cloud.create_ports(HOSTS[2])
    its = session(HOSTS[2])
    writer.writer.report([is_up(port, its)])
    writer.writer.claim([*map(session, ["a", "b", "c", "d"]), its])
    async with writer.running():
        await active(cloud, port)


async def test_a_session_given_up_before_it_was_written_does_not_stay(store: Store, writer: Writer) -> None:
    claimed = [session(f"host-{number}") for number in range(7)]
    writer.writer.claim(claimed)
    writer.writer.give_up(claimed)
    async with writer.running():
        await eventually(lambda: len(writer.lost) == len(claimed), "all hosts are lost")
    assert await sessions(store) == 0


async def test_a_session_that_ended_before_it_was_written_takes_the_host_from_nobody(
    store: Store, cloud: Cloud, writer: Writer
) -> None:
    port, other = await cloud.create_ports(HOSTS[0], HOSTS[1])
    earlier, latest = session(HOSTS[0]), session(HOSTS[0])
    writer.writer.claim([earlier])
    writer.writer.report([is_up(port, earlier)])
    writer.writer.unclaim(earlier)
    await store.write(lambda transaction: host_session.claim(transaction, "another", [latest]))
    its = session(HOSTS[1])
    writer.writer.claim([its])
    writer.writer.report([is_up(other, its)])
    async with writer.running():
        await active(cloud, other)
    assert await cloud.status(port) == "DOWN"
    found = await store.read(lambda connection: host_session.latest(connection, HOSTS))
    assert found == {HOSTS[0]: latest.session_id, HOSTS[1]: its.session_id}


async def test_only_the_sessions_of_silent_controllers_are_abandoned(store: Store) -> None:
    mine, others = session("host-1"), [session("host-2"), session("host-3")]
    await store.write(lambda transaction: host_session.claim(transaction, "living", [mine]))
    await store.write(lambda transaction: host_session.claim(transaction, "silent", others))
    now = await store.write(lambda transaction: transaction.now)

    def make_silent(transaction: object) -> None:
        statement = tables.controller.update().where(tables.controller.c.id == "silent")
        transaction.connection.execute(statement.values(heartbeat_at=now - 60))  # type: ignore[attr-defined]

    await store.write(make_silent)
    found = await store.read(lambda connection: host_session.abandoned(connection, now - 30, 10))
    assert sorted(found, key=lambda one: one.host_id) == others
    found = await store.read(lambda connection: host_session.abandoned(connection, now - 30, 1))
    assert len(found) == 1
