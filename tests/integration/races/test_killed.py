"""A controller is killed in the midst of many requests: what was answered is there, and the whole is as it must be."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.databases import PostgreSQL
from tests.integration.races.conftest import check
from tests.integration.races.racing import Json
from tests.integration.running import Controller

CALLERS = 12
LIVES = 2
SECONDS_OF_LIFE = 1.2
PATIENCE_SECONDS = 30
REFUSED = {400, 404, 409}


@pytest.fixture(params=["sqlite", "postgresql"])
def controllers(request: pytest.FixtureRequest) -> Iterator[tuple[str, list[Controller]]]:
    """The URL of a database, and the controllers on it: two where it is PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="alcor-killed-", dir="/tmp") as name:
        directories = [Path(name) / str(number) for number in range(2 if request.param == "postgresql" else 1)]
        url = f"sqlite:///{name}/alcor.db"
        if request.param == "postgresql":
            server: PostgreSQL = request.getfixturevalue("postgresql")
            database = server.create_database(request.getfixturevalue("postgresql_template"))
            url = server.url(database)
        made = []
        for each in directories:
            each.mkdir()
            made.append(Controller(each, "--database", url))
            made[-1].start()
        yield url, made
        for each in made:
            each.kill()
        if request.param == "postgresql":
            server.drop_database(database)


class Caller:
    """A client that makes and changes things at random, and remembers what it was told."""

    def __init__(self, clients: list[httpx.AsyncClient], random: Random, networks: list[Json]) -> None:
        self.clients, self.random, self.networks = clients, random, networks
        self.there: dict[str, str] = {}
        """What was created, as the answers said: path → the name last given to it."""
        self.gone: set[str] = set()
        self.doubtful: set[str] = set()
        """Where no answer came: it may have been done or not."""
        self.answers = 0

    async def run(self, ended: asyncio.Event) -> None:
        while not ended.is_set():
            await self.random.choice([self.create, self.create, self.change, self.delete])()

    async def create(self) -> None:
        name = f"n{self.random.randrange(10**9)}"
        network = self.random.choice(self.networks)["id"]
        wanted: list[tuple[str, str, Json]] = [
            ("ports", "port", {"network_id": network, "binding:host_id": self.random.choice(["", "host-1"])}),
            ("networks", "network", {}),
            ("security-groups", "security_group", {}),
            ("routers", "router", {}),
            ("ports", "port", {"network_id": network}),
        ]
        path, member, attributes = self.random.choice(wanted)
        answer = await self.ask("POST", path, {member: {"name": name, **attributes}})
        if answer is not None and answer.status_code == 201:
            self.there[f"{path}/{answer.json()[member]['id']}"] = name

    async def change(self) -> None:
        if self.there:
            path, name = self.random.choice(list(self.there)), f"n{self.random.randrange(10**9)}"
            member = path.split("/")[0].removesuffix("s").replace("-", "_")
            answer = await self.ask("PUT", path, {member: {"name": name}})
            if answer is not None and answer.status_code == 200:
                self.there[path] = name

    async def delete(self) -> None:
        if self.there:
            path = self.random.choice(list(self.there))
            answer = await self.ask("DELETE", path, None)
            if answer is not None and answer.status_code == 204:
                del self.there[path]
                self.gone.add(path)

    async def ask(self, method: str, path: str, body: Json | None) -> httpx.Response | None:
        """The answer; None when the controller went before it came."""
        client = self.random.choice(self.clients)
        try:
            answer = await client.request(method, f"/v2.0/{path}", json=body)
        except httpx.TransportError:
            self.doubtful.add(path)
            await asyncio.sleep(0.05)
            return None
        assert answer.is_success or answer.status_code in REFUSED, (method, path, answer.status_code, answer.text)
        self.answers += 1
        return answer


async def test_what_was_answered_outlives_the_controller(
    controllers: tuple[str, list[Controller]], random: Random
) -> None:
    url, processes = controllers
    clients = [httpx.AsyncClient(base_url=f"http://{each.address}", timeout=PATIENCE_SECONDS) for each in processes]
    node = {"node_id": "host-1", "local_ip": "192.0.2.1"}
    assert (await clients[0].post("/nodes", json={"host_info": node})).status_code == 201
    networks = [await new_network(clients[0], number) for number in range(2)]
    ended = asyncio.Event()
    callers = [Caller(clients, Random(random.random()), networks) for _ in range(CALLERS)]
    working = [asyncio.create_task(caller.run(ended)) for caller in callers]
    for _ in range(LIVES):
        await asyncio.sleep(SECONDS_OF_LIFE * random.uniform(0.5, 1))
        killed = random.choice(processes)
        await asyncio.to_thread(killed.kill)
        await asyncio.to_thread(check, url)
        await asyncio.to_thread(killed.start)
    await asyncio.sleep(SECONDS_OF_LIFE / 2)
    ended.set()
    await asyncio.gather(*working)
    assert all(caller.answers for caller in callers)
    assert any(caller.doubtful for caller in callers), "nobody waited for an answer when a controller was killed"
    for caller in callers:
        await kept(clients[-1], caller)
    for client in clients:
        await client.aclose()
    check(url)
    for each in processes:
        assert "Traceback" not in each.log(), each.log()


async def new_network(client: httpx.AsyncClient, number: int) -> Json:
    answer = await client.post("/v2.0/networks", json={"network": {}})
    made: Json = answer.raise_for_status().json()["network"]
    subnet = {"network_id": made["id"], "ip_version": 4, "cidr": f"10.{number}.0.0/16"}
    (await client.post("/v2.0/subnets", json={"subnet": subnet})).raise_for_status()
    return made


async def kept(client: httpx.AsyncClient, caller: Caller) -> None:
    """What was answered is so: nothing that is there was lost, nothing that went is back."""
    for path, name in caller.there.items():
        answer = await client.get(f"/v2.0/{path}")
        if path not in caller.doubtful:
            assert answer.status_code == 200, (path, answer.text)
            (shown,) = answer.json().values()
            assert shown["name"] == name
    for path in caller.gone:
        assert (await client.get(f"/v2.0/{path}")).status_code == 404, path
