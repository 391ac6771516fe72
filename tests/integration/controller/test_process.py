"""A controller process: comes up, stops in order, survives being killed, says plainly why it cannot start."""

import asyncio
import contextlib
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from sqlalchemy import create_engine, text

from alcor.channels.fast_path.connected_hosts import GO_ELSEWHERE
from alcor.channels.fast_path.options import END_OF_STREAM
from alcor.store import later_database
from alcor.store.store import Store
from tests.integration.southbound.asking import asking, end_of
from tests.integration.southbound.cloud_rows import Cloud
from tests.integration.southbound.conftest import HOSTS, active, eventually
from tests.integration.southbound.fake_agent import FakeAgent

ROOT = Path(__file__).parents[3]
Start = Callable[..., Awaitable[Process]]


@pytest.fixture
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="alcor-controller-") as name:
        yield Path(name)


@pytest.fixture
async def start(directory: Path, database_url: str) -> AsyncIterator[Start]:
    """Starts a controller on the test's database; kills what is left of it at the end."""
    processes: list[Process] = []

    async def start_one(*arguments: str, database: str = database_url, own: Path = directory) -> Process:
        command = [sys.executable, "-m", "tests.integration.controller.bare_controller", str(own), database]
        process = await asyncio.create_subprocess_exec(*command, *arguments, cwd=ROOT, stderr=PIPE)
        processes.append(process)
        return process

    yield start_one
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def is_ready(directory: Path) -> bool:
    transport = httpx.AsyncHTTPTransport(uds=f"{directory}/api")
    async with httpx.AsyncClient(transport=transport, base_url="http://controller") as client:
        try:
            return (await client.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False


async def refusal(process: Process) -> str:
    """What a process that cannot start says last."""
    async with asyncio.timeout(20):
        _, errors = await process.communicate()
    assert process.returncode == 1
    return errors.decode().splitlines()[-1]


async def test_it_serves_until_told_to_stop_and_stops_in_order(start: Start, directory: Path) -> None:
    process = await start()
    await eventually(lambda: is_ready(directory), "ready", seconds=20)
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert "Traceback" not in errors.decode()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_its_hosts_go_on_to_another_controller_when_it_stops(start: Start, directory: Path, store: Store) -> None:
    cloud = Cloud(store)
    await cloud.create(HOSTS)
    places = [directory / "1", directory / "2"]
    for place in places:
        place.mkdir()
    stopping, staying = [await start(own=place) for place in places]
    await eventually(lambda: is_ready(places[0]), "ready", seconds=20)
    agents = [FakeAgent(host_id, [f"unix:{place}/agents" for place in places]) for host_id in HOSTS]
    for agent in agents:
        agent.start()
    ports = await cloud.create_ports(*HOSTS)
    await active(cloud, *ports, seconds=20)
    await eventually(lambda: is_ready(places[1]), "ready", seconds=20)
    stopping.send_signal(signal.SIGTERM)
    async with asyncio.timeout(20):
        _, errors = await stopping.communicate()
    assert stopping.returncode == 0 and "Traceback" not in errors.decode(), errors.decode()

    def all_are_elsewhere() -> bool:
        addresses = {agent.connection.address for agent in agents if agent.connection is not None}
        return addresses == {f"unix:{places[1]}/agents"}

    await eventually(all_are_elsewhere, "every host is on the other controller")
    await active(cloud, *ports, *await cloud.create_ports(*HOSTS), seconds=20)
    assert staying.returncode is None
    for agent in agents:
        await agent.stop()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_it_ends_when_a_later_version_migrates_the_database(
    start: Start, directory: Path, database_url: str
) -> None:
    process = await start()
    await eventually(lambda: is_ready(directory), "ready", seconds=20)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        later_database.part_others(connection, "alcor 9999")
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    assert "has been migrated by a later version of Alcor (to 9999; " in await refusal(process)


async def test_who_asks_it_is_sent_elsewhere_when_it_stops(start: Start, directory: Path) -> None:
    process = await start()
    await eventually(lambda: is_ready(directory), "ready", seconds=20)
    async with asking(f"unix:{directory}/agents") as stream:
        assert await stream.read() is not END_OF_STREAM, "it is welcomed"
        process.send_signal(signal.SIGTERM)
        assert await end_of(stream) == (grpc.StatusCode.RESOURCE_EXHAUSTED, GO_ELSEWHERE)
    async with asyncio.timeout(10):
        await process.communicate()
    assert process.returncode == 0


async def test_killed_again_and_again_it_still_brings_every_port_up(
    start: Start, directory: Path, store: Store
) -> None:
    cloud = Cloud(store)
    await cloud.create(HOSTS)
    agents = [FakeAgent(host_id, [f"unix:{directory}/agents"]) for host_id in HOSTS]
    for agent in agents:
        agent.start()
    ports: list[str] = []
    for _ in range(3):
        process = await start()
        await eventually(lambda: is_ready(directory), "ready", seconds=20)
        for number in range(30):
            ports += await cloud.create_ports(HOSTS[number % 3], HOSTS[(number + 1) % 3])
        process.kill()
        await process.wait()
    await start()
    await active(cloud, *ports, seconds=20)
    assert sorted(port for agent in agents for port in agent.ports) == sorted(ports)
    for agent in agents:
        await agent.stop()


async def test_a_taken_port_is_named(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert address in await refusal(await start(address))


async def test_a_second_controller_on_one_sqlite_file_is_refused(start: Start, directory: Path) -> None:
    database = f"sqlite:///{directory}/own.db"
    await start(database=database)
    await eventually(lambda: is_ready(directory), "ready", seconds=20)
    message = await refusal(await start(f"unix:{directory}/other", database=database))
    assert "another controller is using" in message


@pytest.mark.parametrize("database", ["mysql://somewhere", "nonsense", "postgresql+psycopg://nobody@127.0.0.1:1/none"])
async def test_an_unusable_database_is_explained(start: Start, database: str) -> None:
    assert "database" in await refusal(await start(database=database))
